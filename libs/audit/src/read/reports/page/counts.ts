import type { CompletenessReport } from '../completeness-views.js';
import { daysOf } from '../period.js';
import { greatestOf, type BarChart, type Series } from './charts.js';

// What plots show, in HTML and on paper alike: a number for each label, in one or several series.

export type Counts = Omit<BarChart, 'title'>;

export const eventsADay = (
  report: CompletenessReport,
  nameOf: (row: CompletenessReport['days'][number]) => string,
): Counts => {
  const series = [...Map.groupBy(report.days, nameOf)].map(([name, rows]) =>
    seriesOf(report, name, rows, ({ events }) => events),
  );
  return { labels: labelsOf(report), series: greatestOf(series) };
};

export const checkpointsADay = (report: CompletenessReport): Counts => {
  const { perDay } = report.checkpoints;
  const series = seriesOf(report, 'checkpoints', perDay, ({ checkpoints }) => checkpoints);
  return { labels: labelsOf(report), series: [series] };
};

export const denialsADay = (report: CompletenessReport): Counts => {
  const byStatus = Map.groupBy(report.denials.perDay, ({ status }) => status);
  const series = [...byStatus]
    .sort(([a], [b]) => a - b)
    .map(([status, rows]) =>
      seriesOf(report, DENIALS[status] ?? String(status), rows, ({ count }) => count),
    );
  return { labels: labelsOf(report), series };
};

const DENIALS: Readonly<Record<number, string>> = {
  401: '401, no good token',
  403: '403, not allowed',
  429: '429, too many',
};

export const lateByDelay = ({ lateByDelay: delays }: CompletenessReport): Counts => ({
  labels: delays.map(({ fromHours, underHours }) => delayText(fromHours, underHours)),
  series: [{ name: 'late facts', values: delays.map(({ events }) => events) }],
});

const seriesOf = <Row extends { readonly day: string }>(
  report: CompletenessReport,
  name: string,
  rows: readonly Row[],
  countOf: (row: Row) => number,
): Series => {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(row.day, (counts.get(row.day) ?? 0) + countOf(row));
  return { name, values: daysOf(report).map((day) => counts.get(day) ?? 0) };
};

const labelsOf = (report: CompletenessReport): string[] =>
  daysOf(report).map((day) => day.slice('YYYY-'.length));

const delayText = (from: number, under: number | null): string =>
  under === null ? `${hoursText(from)} or more` : `${hoursText(from)} to ${hoursText(under)}`;

const hoursText = (hours: number): string => (hours % 24 === 0 ? `${hours / 24} d` : `${hours} h`);
