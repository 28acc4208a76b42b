import type { CompletenessReport, FactView } from '../completeness-views.js';
import { barChart, numberText } from './charts.js';
import { markup, type Markup } from './markup.js';
import { checkpointsADay, denialsADay, eventsADay, lateByDelay } from './counts.js';
import { durationText, instantText, table, type Column } from './tables.js';

const fact: readonly Column<FactView>[] = [
  { title: 'Position', of: ({ position }) => position, isNumber: true },
  { title: 'Event', of: ({ type }) => type },
  { title: 'Stream', of: ({ stream }) => stream },
  { title: 'By', of: ({ subject }) => subject },
  { title: 'Happened', of: ({ occurredAt }) => instantText(occurredAt) },
  { title: 'Recorded', of: ({ recordedAt }) => instantText(recordedAt) },
];
const reason: Column<FactView> = { title: 'Reason', of: (row) => row.reason };

/** Whether the history is whole, and what came to it out of its time. */
export const completenessPart = (report: CompletenessReport): Markup => markup`
<h2 id="completeness">Completeness</h2>
${eventsChart('Events a day by category', report, ({ category }) => category)}
${eventsChart('Events a day by type', report, ({ type }) => type)}
<h3>Late facts</h3>
<p>Recorded ${report.lateAfterHours} hours or more after they happened: ${numberText(report.lateCount)}.</p>
${barChart({ title: 'Late facts by how late they were recorded', ...lateByDelay(report) })}
${table(
  [
    ...fact,
    { title: 'Late', of: ({ secondsLate }) => durationText(secondsLate), isNumber: true },
    reason,
  ],
  report.late,
  report.lateCount,
)}
<h3>Backdated before a fact of the same stream</h3>
${table(
  [
    ...fact,
    {
      title: 'Before',
      of: (row) => `${instantText(row.beforeOccurredAt)}, at ${row.beforePosition}`,
    },
    reason,
  ],
  report.backdated,
  report.backdatedCount,
)}
<h3>In a month that had been closed</h3>
${table(
  [
    ...fact,
    { title: 'Contract', of: ({ contractId }) => contractId },
    { title: 'Month', of: ({ month }) => month },
    { title: 'Closed', of: ({ closedAt }) => instantText(closedAt) },
  ],
  report.inClosedMonths,
  report.inClosedMonthCount,
)}
<h3>From the future</h3>
${table(fact, report.fromFuture, report.fromFutureCount)}
<h3>Without a time, written past the system</h3>
${table(fact, report.withoutTime, report.withoutTimeCount)}
<h3>Gaps in streams</h3>
${table(
  [
    { title: 'Stream', of: ({ stream }) => stream },
    { title: 'Revision', of: ({ revision }) => revision, isNumber: true },
    { title: 'After', of: ({ previousRevision }) => previousRevision, isNumber: true },
    { title: 'Position', of: ({ position }) => position, isNumber: true },
  ],
  report.gaps,
  report.gapCount,
)}
<h3>Time of recording that goes back</h3>
${table(
  [
    { title: 'Position', of: ({ position }) => position, isNumber: true },
    { title: 'Recorded', of: ({ recordedAt }) => recordedAt },
    { title: 'The one before it', of: ({ previousRecordedAt }) => previousRecordedAt },
  ],
  report.disorder,
  report.disorderCount,
)}
${logPart(report)}
${checkpointsPart(report)}
${denialsPart(report)}`;

const logPart = ({ logCheck, systemChanges, projections }: CompletenessReport): Markup => markup`
<h3>The log against its index</h3>
<p>${numberText(logCheck.events)} events compared, ${
  logCheck.isComplete ? 'all of the period' : `up to position ${logCheck.throughPosition}`
}; ${numberText(logCheck.differenceCount)} differ.</p>
${table(
  [
    { title: 'Position', of: ({ position }) => position, isNumber: true },
    { title: 'What', of: ({ kind }) => DIFFERENCES[kind] },
    { title: 'Stream', of: ({ stream }) => stream },
    { title: 'Revision', of: ({ revision }) => revision, isNumber: true },
    { title: 'Event', of: ({ eventId }) => eventId },
  ],
  logCheck.differences,
  logCheck.differenceCount,
)}
<h3>Metadata of streams, deletions and settings</h3>
${systemChanges.isComplete ? undefined : markup`<p><strong>Not all of the period was looked through.</strong></p>`}
${table(
  [
    { title: 'Position', of: ({ position }) => position, isNumber: true },
    { title: 'Recorded', of: ({ recordedAt }) => instantText(recordedAt) },
    { title: 'Event', of: ({ type }) => type },
    { title: 'What it does', of: ({ meaning }) => meaning },
    { title: 'Data', of: ({ data }) => data },
  ],
  systemChanges.items,
)}
<h3>Read models and to-do lists that are stopped now</h3>
${table(
  [
    { title: 'Name', of: ({ name }) => name },
    { title: 'At', of: ({ position }) => position, isNumber: true },
    { title: 'Event', of: ({ eventType }) => eventType },
    { title: 'Cause', of: ({ cause }) => cause },
  ],
  projections.stopped,
)}
<h3>What operators did to them</h3>
${table([...fact, reason], projections.acts, projections.actCount)}`;

const DIFFERENCES = {
  notInLog: 'gone from the log',
  notInIndex: 'not in the index',
  differs: 'another event than in the index',
} as const;

const checkpointsPart = (report: CompletenessReport): Markup => {
  const { count, longestWithout } = report.checkpoints;
  return markup`<h3>Signed checkpoints</h3>
<p>${numberText(count)} in the period. ${
    longestWithout
      ? `Longest without one: ${durationText(longestWithout.seconds)}, from ${instantText(longestWithout.since)} to ${instantText(longestWithout.until)}.`
      : undefined
  }</p>
${barChart({ title: 'Checkpoints a day', ...checkpointsADay(report) })}`;
};

const denialsPart = (report: CompletenessReport): Markup => {
  const { denials } = report;
  return markup`<h3>Access denied</h3>
<p>${numberText(denials.count)} requests.</p>
${barChart({ title: 'Requests denied a day', ...denialsADay(report) })}
${table(
  [
    { title: 'Who', of: ({ who, subject }) => subject ?? who },
    { title: 'Method', of: ({ method }) => method },
    { title: 'Route', of: ({ route }) => route },
    { title: 'Status', of: ({ status }) => status, isNumber: true },
    { title: 'Times', of: ({ count }) => numberText(count), isNumber: true },
    { title: 'First', of: ({ firstAt }) => instantText(firstAt) },
    { title: 'Last', of: ({ lastAt }) => instantText(lastAt) },
  ],
  denials.sums,
)}`;
};

const eventsChart = (
  title: string,
  report: CompletenessReport,
  nameOf: (row: CompletenessReport['days'][number]) => string,
): Markup => barChart({ title, ...eventsADay(report, nameOf) });
