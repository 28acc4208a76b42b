import { ok, strictEqual } from 'node:assert';
import {
  deriveId,
  type AnyTableFold,
  type ColumnType,
  type DomainEvent,
  type RecordedEvent,
} from '@hostledger/eventsourcing';

type Row = Record<string, unknown>;

/**
 * The events of one stream as they would be read back, one second apart from
 * 2024-06-01T00:00:00Z, by the operator `ada`. `from` is the revision of the first.
 */
export const recorded = (
  stream: string,
  events: readonly DomainEvent[],
  from = 0,
): RecordedEvent[] =>
  events.map(({ type, data }, index) => {
    const revision = from + index;
    const at = new Date(Date.UTC(2024, 5, 1, 0, 0, revision)).toISOString();
    return {
      id: deriveId(stream, revision),
      type,
      data,
      metadata: {
        commandId: deriveId(stream, 'command', revision),
        commandHash: deriveId(stream, 'hash', revision),
        actor: { subject: 'ada', role: 'operator' },
        occurredAt: at,
        $correlationId: 'correlation-1',
        $causationId: 'request-1',
      },
      stream,
      revision: BigInt(revision),
      position: BigInt(revision + 1) * 100n,
      recordedAt: at,
    };
  });

/**
 * The rows a table holds after these events, in the order of their keys, as the runner would leave
 * them. Every row on the way must be what the table declares: all columns and no others, values of
 * the column's type, under the key it was looked up by. Rows are frozen, so a fold that changes
 * one in place fails.
 */
export const rowsOf = <R = Row>(
  { table, keys, otherKeys, evolve }: AnyTableFold,
  events: readonly RecordedEvent[],
): R[] => {
  const rows = new Map<string, Row>();
  for (const event of events) {
    const keysOf = Object.hasOwn(keys, event.type) ? keys[event.type] : otherKeys;
    for (const key of keysOf?.(event) ?? []) {
      const name = JSON.stringify(table.key.map((column) => String(key[column])));
      const before = rows.get(name);
      if (table.insertOnly)
        strictEqual(before, undefined, `${table.name} ${name} is there already`);
      const row = evolve(before, event, key);
      if (!row) rows.delete(name);
      else rows.set(name, checked(table, key, row));
    }
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row as R);
};

const checked = (table: AnyTableFold['table'], key: Row, row: Row): Row => {
  const columns = Object.keys(table.columns);
  strictEqual(
    Object.keys(row).sort().join(),
    [...columns].sort().join(),
    `columns of ${table.name}`,
  );
  for (const column of columns) {
    const value = row[column];
    const type = table.columns[column]!;
    const fits = value === null ? table.nullable?.includes(column) : isA[type](value);
    ok(fits, `${table.name}.${column} is ${type}, not ${String(value)}`);
  }
  for (const column of table.key) strictEqual(row[column], key[column], `key ${column}`);
  return Object.freeze(row);
};

const isInstant = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*Z$/.test(value);

const isA: Record<ColumnType, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  integer: (value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
  bigint: (value) => typeof value === 'bigint',
  numeric: (value) => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value),
  boolean: (value) => typeof value === 'boolean',
  date: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value),
  timestamptz: isInstant,
  jsonb: (value) => value !== undefined && typeof value !== 'bigint',
};
