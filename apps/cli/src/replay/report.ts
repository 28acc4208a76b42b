import {
  isSame,
  type Replay,
  type ReplayProgress,
  type RowDiff,
  type SchemaDiff,
  type TableDiff,
} from '@hostledger/eventsourcing/postgres';
import { count, elapsed, percent, table } from '../play/format.js';

/** How fast a replay gets on. Bytes of the log tell what is left: nobody knows how many events. */
export class Pace {
  private began: number | undefined;

  told({ position, end, events }: ReplayProgress): string {
    this.began ??= performance.now();
    const ms = performance.now() - this.began;
    const part = Number(position) / Number(end);
    const said = [`${count(events)} events`, percent(part, 1)];
    // Of the first moments nothing follows.
    if (ms > TELLING_AFTER_MS) {
      said.push(`${count((events * 1000) / ms)} events/s`);
      said.push(`${elapsed((ms * (1 - part)) / part)} left at most`);
    }
    return said.join(', ');
  }
}

const TELLING_AFTER_MS = 500;

export const saidOf = ({ schema, projections, position, events, lastEvent }: Replay): string[] => [
  `${schema} holds ${projections.length} read model${projections.length === 1 ? '' : 's'} ` +
    `as of position ${position}`,
  lastEvent
    ? `${count(Number(events))} events, the last one ${lastEvent.id}, ` +
      `recorded ${lastEvent.recordedAt} at position ${lastEvent.position}`
    : 'There was no event until then',
];

export const listOf = (replays: readonly Replay[]): string[] => {
  if (replays.length === 0) return ['There are no replays'];
  return replays.flatMap(
    ({ schema, asked, filled, position, events, lastEvent, projections, startedAt }) => [
      `${schema}: to ${asked}, made ${startedAt}`,
      filled
        ? `  at position ${position}, ${count(Number(events))} events, ` +
          `the last one recorded ${lastEvent?.recordedAt ?? 'never'}`
        : '  not filled: it is being made, or was cut off',
      `  ${projections.map(({ name, version }) => `${name} v${version}`).join(', ')}`,
    ],
  );
};

export const diffAsJson = (diff: SchemaDiff): string =>
  JSON.stringify(
    diff,
    (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
    2,
  );

export const diffAsText = (diff: SchemaDiff): string[] => {
  const different = diff.tables.filter((one) => !isSame(one));
  const same = diff.tables.filter(isSame);
  const rows = same.reduce((sum, one) => sum + one.same, 0);
  return [
    `A  ${sideOf(diff.a)}`,
    `B  ${sideOf(diff.b)}`,
    '',
    ...(different.length === 0 ? [] : [...figuresOf(different), '']),
    ...different.flatMap(rowsOf),
    `${count(same.length)} of ${count(diff.tables.length)} tables are the same (${count(rows)} rows)`,
    ...(['A', 'B'] as const).flatMap((side) => {
      const names = diff.notCompared.filter(({ onlyIn }) => onlyIn === side);
      const list = names.map(({ projection }) => projection).join(', ');
      return names.length === 0 ? [] : [`Not compared, only in ${side}: ${list}`];
    }),
  ];
};

const sideOf = ({ schema, positions: { least, greatest } }: SchemaDiff['a']): string =>
  `${schema} at position ${least === greatest ? least : `${least} to ${greatest}`}`;

const figuresOf = (tables: readonly TableDiff[]): string[] =>
  table(
    ['', 'same', 'changed', 'only in A', 'only in B'],
    tables.map(({ table: name, same, changed, onlyInA, onlyInB }) => [
      name,
      ...[same, changed, onlyInA, onlyInB].map(count),
    ]),
  );

const rowsOf = ({ table: name, shape, rows, changed, onlyInA, onlyInB }: TableDiff): string[] => {
  const more = changed + onlyInA + onlyInB - rows.length;
  return [
    name,
    ...shape.map((fault) => `  ${fault}`),
    ...rows.flatMap(rowOf),
    ...(more > 0 ? [`  and ${count(more)} more`] : []),
    '',
  ];
};

const MAX_VALUE = 60;

const rowOf = (row: RowDiff): string[] => {
  const key = Object.entries(row.key)
    .map(([column, value]) => `${column} ${shown(value)}`)
    .join(', ');
  if (row.kind !== 'changed') return [`  ${key}: only in ${row.kind === 'onlyInA' ? 'A' : 'B'}`];
  const columns = Object.entries(row.columns).map(
    ([column, { a, b }]) => `    ${column}: ${shown(a)} -> ${shown(b)}`,
  );
  return [`  ${key}`, ...columns];
};

/** Whole values are in the JSON form. */
const shown = (value: string | null): string => {
  if (value === null) return 'null';
  const text = value.length > MAX_VALUE ? `${value.slice(0, MAX_VALUE)}…` : value;
  return text === '' ? "''" : text;
};
