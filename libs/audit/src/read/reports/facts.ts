import { sql } from 'kysely';
import type { AuditTables } from '../history/projection.js';
import type {
  BackdatedFactView,
  ClosedMonthFactView,
  DayCountView,
  DelayCountView,
  FactView,
  LateFactView,
} from './completeness-views.js';
import { countOf, listedOf, type Listed } from './listed.js';
import { instantsOf, MAX_LISTED, type Period } from './period.js';
import type { Db } from './tables.js';

// What the index of the history says of the events of a period.

/** Hosts of the api and of the store do not tell the time alike to the second. */
const CLOCKS_DIFFER_SECONDS = 5;
/** From here on each delay is at least the one and less than the next. */
const DELAYS_HOURS = [24, 48, 7 * 24, 31 * 24, 62 * 24];

export interface Bounds {
  readonly first: bigint;
  readonly last: bigint;
}

/** Position of the last event before another one; 0 for none. Not every number is a position. */
export const positionBefore = async (db: Db, position: bigint): Promise<bigint> => {
  const row = await db
    .selectFrom('audit_events')
    .where('position', '<', position)
    .orderBy('position', 'desc')
    .limit(1)
    .select('position')
    .executeTakeFirst();
  return row?.position ?? 0n;
};

/** Between which positions the events of the period lie; undefined where there are none. */
export const boundsOf = async (db: Db, { from, until }: Period): Promise<Bounds | undefined> => {
  const { first, last } = await db
    .selectFrom('audit_days')
    .where('recorded_on', '>=', from)
    .where('recorded_on', '<', until)
    .select(sql<bigint | null>`min(first_position)`.as('first'))
    .select(sql<bigint | null>`max(last_position)`.as('last'))
    .executeTakeFirstOrThrow();
  return first === null || last === null ? undefined : { first, last };
};

export const daysIn = async (db: Db, { from, until }: Period): Promise<DayCountView[]> => {
  const rows = await db
    .selectFrom('audit_days')
    .where('recorded_on', '>=', from)
    .where('recorded_on', '<', until)
    .select(['recorded_on', 'category', 'type', 'events'])
    .orderBy('recorded_on')
    .orderBy('category')
    .orderBy('type')
    .execute();
  return rows.map(({ recorded_on: day, category, type, events }) => ({
    ...{ day, category, type, events: Number(events) },
  }));
};

const COLUMNS = [
  'position',
  'event_id',
  'type',
  'stream',
  'subject',
  'reason',
  'occurred_at',
  'recorded_at',
] as const;
const OF_FACT = COLUMNS.map((column) => `fact.${column}` as const);

type FactColumns = Pick<AuditTables['audit_events'], (typeof COLUMNS)[number]>;

export const factView = (row: FactColumns): FactView => ({
  position: row.position.toString(),
  eventId: row.event_id,
  type: row.type,
  stream: row.stream,
  subject: row.subject,
  reason: row.reason,
  occurredAt: row.occurred_at,
  recordedAt: row.recorded_at,
});

/** The events of the period, found by position, which the table is ordered by. */
export const eventsIn = (db: Db, period: Period, { first, last }: Bounds) => {
  const { begin, end } = instantsOf(period);
  return db
    .selectFrom('audit_events as fact')
    .where('fact.position', '>=', first)
    .where('fact.position', '<=', last)
    .where('fact.recorded_at', '>=', begin)
    .where('fact.recorded_at', '<', end);
};

const secondsLate = sql<number>`round(date_part('epoch', fact.recorded_at - fact.occurred_at))::float8`;
const isLateBy = (hours: number) =>
  sql<boolean>`fact.recorded_at - fact.occurred_at >= make_interval(hours => ${hours}::int)`;
const lateView = (row: FactColumns & { readonly late: number }): LateFactView => ({
  ...factView(row),
  secondsLate: row.late,
});

/** The latest first. */
export const lateIn = (
  db: Db,
  period: Period,
  bounds: Bounds,
  hours: number,
): Promise<Listed<LateFactView>> =>
  listedOf(
    eventsIn(db, period, bounds)
      .where(isLateBy(hours))
      .select([...OF_FACT, secondsLate.as('late')]),
    (query) => query.orderBy('late', 'desc').orderBy('fact.position'),
    lateView,
  );

/** From the threshold on; those of the days, the week, the months after it. */
export const delaysFrom = (hours: number): Omit<DelayCountView, 'events'>[] => {
  const from = [hours, ...DELAYS_HOURS.filter((later) => later > hours)];
  return from.map((fromHours, index) => ({ fromHours, underHours: from[index + 1] ?? null }));
};

export const delaysIn = async (
  db: Db,
  period: Period,
  bounds: Bounds,
  hours: number,
): Promise<DelayCountView[]> => {
  const delays = delaysFrom(hours);
  const bound = sql<number>`width_bucket(
    date_part('epoch', fact.recorded_at - fact.occurred_at)::float8,
    ${`{${delays.map(({ fromHours }) => fromHours * 3600).join(',')}}`}::float8[])`;
  const rows = await eventsIn(db, period, bounds)
    .where(isLateBy(hours))
    .select([bound.as('bucket'), countOf.as('count')])
    .groupBy('bucket')
    .execute();
  const counts = new Map(rows.map(({ bucket, count }) => [bucket, Number(count)]));
  return delays.map((delay, index) => ({ ...delay, events: counts.get(index + 1) ?? 0 }));
};

export const fromFutureIn = (db: Db, period: Period, bounds: Bounds): Promise<Listed<FactView>> =>
  listedOf(
    eventsIn(db, period, bounds)
      .where(
        sql<boolean>`fact.occurred_at - fact.recorded_at > make_interval(secs => ${CLOCKS_DIFFER_SECONDS}::int)`,
      )
      .select(OF_FACT),
    (query) => query.orderBy('fact.position'),
    factView,
  );

export const withoutTimeIn = (db: Db, period: Period, bounds: Bounds): Promise<Listed<FactView>> =>
  listedOf(
    eventsIn(db, period, bounds).where('fact.occurred_at', 'is', null).select(OF_FACT),
    (query) => query.orderBy('fact.position'),
    factView,
  );

/**
 * With the fact of the stream that was recorded before and happened last. That one is looked up for
 * what is listed alone: of every event of a long stream it would take as long as the stream squared.
 */
export const backdatedIn = async (
  db: Db,
  period: Period,
  bounds: Bounds,
): Promise<Listed<BackdatedFactView>> => {
  const facts = db
    .selectFrom(
      eventsIn(db, period, bounds)
        .select([...OF_FACT, latestSoFar.as('latest')])
        .as('fact'),
    )
    .leftJoin(latestBefore(db, period, bounds), 'before.stream', 'fact.stream')
    .where(sql<boolean>`fact.occurred_at < greatest(fact.latest, before.latest)`);
  const { count } = await facts.select(countOf.as('count')).executeTakeFirstOrThrow();
  const listed = facts
    .select([...OF_FACT, secondsLate.as('late')])
    .orderBy('fact.position')
    .limit(MAX_LISTED);
  const rows = await db
    .selectFrom(listed.as('fact'))
    .innerJoinLateral(
      (lateral) =>
        lateral
          .selectFrom('audit_events as earlier')
          .whereRef('earlier.stream', '=', 'fact.stream')
          .whereRef('earlier.position', '<', 'fact.position')
          .whereRef('earlier.occurred_at', '>', 'fact.occurred_at')
          .orderBy('earlier.occurred_at', 'desc')
          .orderBy('earlier.position')
          .limit(1)
          .select(['earlier.position as before_position', 'earlier.occurred_at as before_at'])
          .as('before'),
      (join) => join.onTrue(),
    )
    .select([...OF_FACT, 'fact.late', 'before_position', 'before_at'])
    .orderBy('fact.position')
    .execute();
  const views = rows.map((row): BackdatedFactView => ({
    ...lateView(row),
    beforePosition: row.before_position.toString(),
    beforeOccurredAt: row.before_at!,
  }));
  return { count: Number(count), listed: views };
};

/** When the latest of the events before one in its stream happened, of those of the period. */
const latestSoFar = sql<string | null>`max(fact.occurred_at) over (partition by fact.stream
  order by fact.position rows between unbounded preceding and 1 preceding)`;

/** The same of the events before the period, for streams that had begun by then. */
const latestBefore = (db: Db, period: Period, bounds: Bounds) =>
  db
    .selectFrom(
      eventsIn(db, period, bounds)
        .groupBy('fact.stream')
        .having(sql<boolean>`min(fact.revision) > 0`)
        .select(['fact.stream', sql<bigint>`min(fact.position)`.as('first')])
        .as('begun'),
    )
    .innerJoin('audit_events as earlier', (join) =>
      join
        .onRef('earlier.stream', '=', 'begun.stream')
        .onRef('earlier.position', '<', 'begun.first'),
    )
    .groupBy('begun.stream')
    .select(['begun.stream', sql<string | null>`max(earlier.occurred_at)`.as('latest')])
    .as('before');

/**
 * Facts of a month that had been closed for their contract when they were recorded. The contract is
 * that of the stream at the time; of readings, which tell of another time than their own, that of the
 * meter.
 */
export const inClosedMonthsIn = (
  db: Db,
  period: Period,
  bounds: Bounds,
): Promise<Listed<ClosedMonthFactView>> => {
  const monthBegins = sql<string>`(closed.month || '-01')::timestamp at time zone (closed.closed ->> 'timeZone')`;
  const monthEnds = sql<string>`((closed.month || '-01')::timestamp + interval '1 month') at time zone (closed.closed ->> 'timeZone')`;
  return listedOf(
    eventsIn(db, period, bounds)
      // No month is closed within a second of its end; most events are left out by that.
      .where(sql<boolean>`fact.recorded_at - fact.occurred_at >= interval '1 second'`)
      .leftJoinLateral(
        (lateral) =>
          lateral
            .selectFrom('stream_parties as party')
            .whereRef('party.stream', '=', 'fact.stream')
            .whereRef('party.position', '<=', 'fact.position')
            .where('party.contract_id', 'is not', null)
            .orderBy('party.position', 'desc')
            .limit(1)
            .select('party.contract_id as contract_id')
            .as('of_stream'),
        (join) => join.onTrue(),
      )
      .leftJoin('billing_meters as meter', (join) =>
        join
          .on('fact.category', '=', 'meterMonth')
          // meterMonth-<meter>.<YYYY-MM>
          .on(sql<boolean>`meter.meter_id = left(substr(fact.stream, 12), -8)`),
      )
      .innerJoin('billing_periods as closed', (join) =>
        join
          .on(sql<boolean>`closed.contract_id = coalesce(of_stream.contract_id, meter.contract_id)`)
          .onRef('closed.closed_at', '<', 'fact.recorded_at')
          .on(sql<boolean>`fact.occurred_at >= ${monthBegins}`)
          .on(sql<boolean>`fact.occurred_at < ${monthEnds}`),
      )
      .select([...OF_FACT, secondsLate.as('late')])
      .select(['closed.contract_id', 'closed.month', 'closed.closed_at']),
    (query) => query.orderBy('fact.position'),
    (row): ClosedMonthFactView => ({
      ...lateView(row),
      contractId: row.contract_id,
      month: row.month,
      closedAt: row.closed_at!,
    }),
  );
};
