import {
  Paper,
  PAPER_LEFT,
  PAPER_WIDTH,
  type PaperColumn,
  type PaperRow,
} from '@hostledger/billing';
import type { CompletenessReport, FactView } from '../completeness-views.js';
import type { SegregationReport } from '../views.js';
import { COLOURS, numberText } from './charts.js';
import { checkpointsADay, denialsADay, eventsADay, lateByDelay, type Counts } from './counts.js';
import { everyNth, scaleTo } from './scale.js';
import { durationText, instantText } from './tables.js';

/** Rows of a table on paper; all that is known is in the JSON. */
const MOST_ROWS = 60;
const CHART_HEIGHT = 130;
const AXIS = 40;
const LABELS = 10;

/** Both reports as a paper, with what is first to be looked at. @param position they are true at. */
export const reportPdf = (
  decided: SegregationReport,
  whole: CompletenessReport,
  position: bigint,
): Promise<Buffer> => {
  const { from, until } = decided;
  const title = 'Segregation and completeness';
  const paper = new Paper({
    ...{ title, author: 'Hostledger', subject: `${from} to ${until}`, madeOn: until },
    ...{ head: [title, `${from} to ${until}`], foot: `As of log position ${position}` },
  });
  paper.text(title, { size: 20 });
  paper.text(`Recorded from ${from}, and before ${until} (UTC), as of log position ${position}`);
  segregation(paper, decided);
  completeness(paper, whole);
  return paper.done();
};

const NUMBER = { title: 'Position', width: 70, align: 'right' } as const;

const segregation = (paper: Paper, report: SegregationReport): void => {
  heading(paper, 'Acts that take two subjects');
  table(
    paper,
    [
      { title: 'By the rules', width: 70 },
      { title: 'Act', width: 226 },
      ...['Asked', 'Approved', 'Refused', 'By who asked'].map(
        (name) => ({ title: name, width: 55, align: 'right' }) as const,
      ),
    ],
    report.twoPersonActs.map(
      ({ title, isEnforced, why, asked, approved, refused, selfApproved }) => ({
        cells: [
          ...[isEnforced ? 'enforced' : 'not enforced', title],
          ...[asked, approved, refused, selfApproved].map(numberText),
        ],
        notes: [why],
      }),
    ),
  );
  heading(paper, 'Approved by who had asked');
  table(
    paper,
    [NUMBER, { title: 'What', width: 266 }, { title: 'Subject', width: 180 }],
    report.selfApprovals.map(({ title, decided }) => ({
      cells: [decided.position, `${title}, ${decided.about}`, decided.subject],
      notes: decided.reason === null ? [] : [decided.reason],
    })),
    report.selfApprovalCount,
  );
  heading(paper, 'Decisions');
  table(
    paper,
    [
      NUMBER,
      { title: 'What', width: 206 },
      { title: 'Asked by', width: 90 },
      { title: 'Decided by', width: 90 },
      { title: 'Outcome', width: 60 },
    ],
    report.decisions.map(({ title, decided, asked, outcome, tokenByAsker }) => ({
      cells: [
        ...[decided.position, `${title}, ${decided.about}`],
        ...[asked?.subject ?? 'nobody in the log', decided.subject, outcome],
      ],
      notes: [
        ...(decided.reason === null ? [] : [decided.reason]),
        ...(tokenByAsker === null ? [] : [`With a token issued by who asked, at ${tokenByAsker}`]),
      ],
    })),
    report.decisionCount,
  );
  heading(paper, 'Both duties of a conflict');
  table(
    paper,
    [
      { title: 'Subject', width: 110 },
      { title: 'What', width: 296 },
      { title: 'First', width: 55, align: 'right' },
      { title: 'Other', width: 55, align: 'right' },
    ],
    report.conflicts.map(({ subject, one, other, about, why, onePosition, otherPosition }) => ({
      cells: [subject, `${one}; ${other}`, onePosition, otherPosition],
      notes: [about, why],
    })),
    report.conflictCount,
  );
  heading(paper, 'Overrides');
  table(
    paper,
    [NUMBER, { title: 'What', width: 326 }, { title: 'By', width: 120 }],
    report.overrides.map(({ position, about, rule, reason, subject }) => ({
      cells: [position, about, subject],
      notes: [rule, ...(reason === null ? [] : [reason])],
    })),
    report.overrideCount,
  );
};

const completeness = (paper: Paper, report: CompletenessReport): void => {
  const { logCheck, systemChanges, checkpoints, denials } = report;
  chart(
    paper,
    'Events a day by category',
    eventsADay(report, ({ category }) => category),
  );
  chart(paper, 'Late facts by how late they were recorded', lateByDelay(report));
  chart(paper, 'Signed checkpoints a day', checkpointsADay(report));
  chart(paper, 'Requests denied a day', denialsADay(report));
  heading(paper, 'Whether the history is whole');
  const { longestWithout } = checkpoints;
  const told: [string, string][] = [
    ['Events', numberText(report.eventCount)],
    ['Late', `${numberText(report.lateCount)}, ${report.lateAfterHours} hours or more`],
    ['Backdated', numberText(report.backdatedCount)],
    ['In closed months', numberText(report.inClosedMonthCount)],
    ['From the future', numberText(report.fromFutureCount)],
    ['Gaps', numberText(report.gapCount)],
    ['Disorder', numberText(report.disorderCount)],
    [
      'Log and index',
      `${numberText(logCheck.differenceCount)} differences in ${logCheck.isComplete ? 'all' : 'the first'} ${numberText(logCheck.events)} events`,
    ],
    ['Checkpoints', numberText(checkpoints.count)],
    ['Longest without', longestWithout ? durationText(longestWithout.seconds) : 'nothing recorded'],
    ['Denied', numberText(denials.count)],
  ];
  paper.facts(told, PAPER_LEFT, PAPER_WIDTH);
  facts(paper, 'Late facts', report.late, report.lateCount);
  facts(paper, 'Backdated facts', report.backdated, report.backdatedCount);
  facts(paper, 'Facts in closed months', report.inClosedMonths, report.inClosedMonthCount);
  heading(paper, 'Metadata of streams, deletions and settings');
  if (!systemChanges.isComplete) paper.text('Not all of the period was looked through.', BOLD);
  table(
    paper,
    [NUMBER, { title: 'What', width: 326 }, { title: 'Recorded', width: 120 }],
    systemChanges.items.map(({ position, meaning, recordedAt }) => ({
      cells: [position, meaning, instantText(recordedAt)],
    })),
  );
};

const BOLD = { bold: true } as const;

const facts = (paper: Paper, title: string, rows: readonly FactView[], count: number): void => {
  heading(paper, title);
  table(
    paper,
    [
      NUMBER,
      { title: 'What', width: 206 },
      { title: 'Happened', width: 90 },
      { title: 'Recorded', width: 90 },
      { title: 'By', width: 60 },
    ],
    rows.map(({ position, type, stream, occurredAt, recordedAt, subject, reason }) => ({
      cells: [
        ...[position, `${type}, ${stream}`, instantText(occurredAt), instantText(recordedAt)],
        subject ?? 'unknown',
      ],
      notes: reason === null ? [] : [reason],
    })),
    count,
  );
};

const heading = (paper: Paper, text: string): void => {
  paper.space(12);
  paper.need(60);
  paper.text(text, { size: 12, bold: true });
  paper.space(3);
};

const table = (
  paper: Paper,
  columns: readonly PaperColumn[],
  rows: readonly PaperRow[],
  count = rows.length,
): void => {
  if (rows.length === 0) return paper.text('None.', { faint: true });
  paper.table(columns, rows.slice(0, MOST_ROWS));
  const shown = Math.min(rows.length, MOST_ROWS);
  if (count > shown) {
    paper.text(`The first ${shown} of ${numberText(count)}; more are in the JSON.`, {
      faint: true,
    });
  }
};

/** Bars upon each other, as on the page. */
const chart = (paper: Paper, title: string, { labels, series }: Counts): void => {
  heading(paper, title);
  const totals = labels.map((_, index) =>
    series.reduce((sum, { values }) => sum + values[index]!, 0),
  );
  const scale = scaleTo(Math.max(0, ...totals));
  const left = PAPER_LEFT + AXIS;
  const band = (PAPER_WIDTH - AXIS) / Math.max(1, labels.length);
  const nth = everyNth(labels.length, LABELS);
  paper.drawing(CHART_HEIGHT + 14, (doc, top) => {
    const y = (value: number): number => top + 4 + (CHART_HEIGHT - 4) * (1 - scale.at(value));
    doc.font('Helvetica').fontSize(7);
    for (const tick of scale.ticks) {
      doc
        .moveTo(left, y(tick))
        .lineTo(PAPER_LEFT + PAPER_WIDTH, y(tick))
        .lineWidth(0.3)
        .stroke('#c4c7cc');
      const text = numberText(tick);
      doc.fillColor('#1a1a1a').text(text, left - 5 - doc.widthOfString(text), y(tick) - 3, LINE);
    }
    labels.forEach((label, index) => {
      let below = 0;
      series.forEach(({ values }, which) => {
        const value = values[index]!;
        if (value === 0) return;
        const height = y(below) - y(below + value);
        below += value;
        doc.rect(left + band * (index + 0.08), y(below), band * 0.84, height);
        doc.fill(COLOURS[which % COLOURS.length]);
      });
      if (index % nth !== 0) return;
      doc.fillColor('#1a1a1a').text(label, left + band * index, top + CHART_HEIGHT + 4, LINE);
    });
  });
  for (const [which, { name }] of series.entries()) {
    paper.drawing(0, (doc, top) => {
      doc.rect(PAPER_LEFT, top + 1, 7, 7).fill(COLOURS[which % COLOURS.length]);
    });
    paper.text(name, { x: PAPER_LEFT + 12, width: PAPER_WIDTH - 12, size: 8 });
  }
};

const LINE = { lineBreak: false } as const;
