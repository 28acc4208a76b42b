import { sql, type Expression, type Kysely, type SelectQueryBuilder, type SqlBool } from 'kysely';
import type { StreamPartyRow } from '@hostledger/feed';
import type { AuditPartyRow } from './parties-projection.js';
import type { AuditEventRow, AuditTables } from './projection.js';

export interface HistoryTables extends AuditTables {
  audit_parties: AuditPartyRow;
  stream_parties: StreamPartyRow;
}

/** Positions after the first, up to the second. */
export interface Range {
  readonly after: bigint;
  readonly until: bigint;
}

export type Direction = 'asc' | 'desc';

export type Column = keyof AuditEventRow;

/**
 * By which index the history is walked: events of any of these values, or all events. Each is in the
 * order of positions by itself, so a piece of the walk costs the same wherever it is.
 */
export type Drive =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'values';
      readonly columns: readonly { readonly column: Column; readonly values: readonly string[] }[];
      /** Of what events concern beside their own stream. */
      readonly refs?: readonly string[];
      /** Machines that events name beside their own. */
      readonly machines?: readonly string[];
    };

export type EventsQuery<DB = HistoryTables> = SelectQueryBuilder<
  DB,
  keyof DB & string,
  AuditEventRow
>;

/** The first so many events in a range, whatever else is asked of them. */
export const windowOf = (
  db: Kysely<HistoryTables>,
  drive: Drive,
  range: Range,
  direction: Direction,
  size: number,
): EventsQuery => {
  if (drive.kind === 'all') {
    return bounded(db.selectFrom('audit_events').selectAll(), range, direction, size);
  }
  const branches = drive.columns.map(
    ({ column, values }) =>
      byValues(db, column, values, range, direction, size) as unknown as EventsQuery,
  );
  const { refs, machines } = drive;
  const named = [
    ...(refs ? [byNames(db, 'audit_parties', 'ref', refs, range, direction, size)] : []),
    ...(machines
      ? [byNames(db, 'audit_machines', 'serial', machines, range, direction, size)]
      : []),
  ];
  branches.push(...(named as unknown as EventsQuery[]));
  const [first, ...others] = branches.map((branch, index) =>
    db.selectFrom(branch.as(`b${index}`)).selectAll(),
  );
  // An event may be found by several of them.
  const together = others.reduce((all, one) => all.union(one as never), first!);
  return db
    .selectFrom(together.as('found'))
    .selectAll()
    .orderBy('position', direction)
    .limit(size) as unknown as EventsQuery;
};

const bounded = <Query extends object>(
  query: Query,
  { after, until }: Range,
  direction: Direction,
  size: number,
): Query =>
  (query as unknown as EventsQuery)
    .where(sql<SqlBool>`position > ${after.toString()}::bigint`)
    .where(sql<SqlBool>`position <= ${until.toString()}::bigint`)
    .orderBy('position', direction)
    .limit(size) as unknown as Query;

const wanted = (values: readonly string[]) =>
  sql<{ value: string }>`unnest(${[...values]}::text[])`.as<'wanted'>(sql`wanted(value)`);

/**
 * Each value by itself: for a list of them PostgreSQL would like to walk all events in order, and drop
 * what is not wanted.
 */
const byValues = (
  db: Kysely<HistoryTables>,
  column: Column,
  values: readonly string[],
  range: Range,
  direction: Direction,
  size: number,
) =>
  db
    .selectFrom(wanted(values))
    .innerJoinLateral(
      (eb) =>
        bounded(
          eb
            .selectFrom('audit_events')
            .selectAll()
            .where(sql<SqlBool>`${sql.ref(column)} = wanted.value`),
          range,
          direction,
          size,
        ).as('events'),
      (join) => join.onTrue(),
    )
    .selectAll('events')
    .orderBy('position', direction)
    .limit(size);

/** Events by what they name, of which a table tells. */
const byNames = (
  db: Kysely<HistoryTables>,
  table: 'audit_parties' | 'audit_machines',
  column: 'ref' | 'serial',
  names: readonly string[],
  range: Range,
  direction: Direction,
  size: number,
) => {
  const found = db
    .selectFrom(wanted(names))
    .innerJoinLateral(
      (eb) =>
        bounded(
          eb
            .selectFrom(table)
            .select('position')
            .where(sql<SqlBool>`${sql.ref(column)} = wanted.value`),
          range,
          direction,
          size,
        ).as('named'),
      (join) => join.onTrue(),
    )
    .select('named.position')
    .distinct()
    .orderBy('named.position', direction)
    .limit(size);
  return db
    .selectFrom(found.as('at'))
    .innerJoin('audit_events', 'audit_events.position', 'at.position')
    .selectAll('audit_events')
    .orderBy('audit_events.position', direction)
    .limit(size);
};

/** Those of a window of which the conditions hold. */
export const narrowed = (
  db: Kysely<HistoryTables>,
  window: EventsQuery,
  conditions: readonly Expression<SqlBool>[],
  direction: Direction,
  limit: number,
): EventsQuery => {
  const all = db.selectFrom(window.as('w')).selectAll() as unknown as EventsQuery;
  return conditions
    .reduce((query, condition) => query.where(condition), all)
    .orderBy('position', direction)
    .limit(limit);
};

/** Where a window ends that is full; nothing where the range ends within it. */
export const lastOf = async (
  db: Kysely<HistoryTables>,
  window: EventsQuery,
  direction: Direction,
  size: number,
): Promise<bigint | undefined> => {
  const row = await db
    .selectFrom(window.as('w'))
    .select('w.position')
    .orderBy('w.position', direction)
    .offset(size - 1)
    .limit(1)
    .executeTakeFirst();
  return row && BigInt(row.position);
};
