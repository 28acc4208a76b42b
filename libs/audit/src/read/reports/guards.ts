import { sql } from 'kysely';
import type {
  CheckpointsView,
  DenialDayView,
  DenialsView,
  DenialSumView,
  FactView,
  WithoutCheckpointView,
} from './completeness-views.js';
import { eventsIn, factView, type Bounds } from './facts.js';
import { countOf, listedOf, type Listed } from './listed.js';
import { instantsOf, MAX_LISTED, type Period } from './period.js';
import type { Db } from './tables.js';

// What guards the history: checkpoints, acts on projections, and who was turned away.

const dayOf = (column: string) =>
  sql<string>`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD')`;

export const checkpointsIn = async (
  db: Db,
  period: Period,
  bounds: Bounds | undefined,
): Promise<CheckpointsView> => {
  const { begin } = instantsOf(period);
  if (!bounds) return { count: 0, perDay: [], longestWithout: null };
  const signed = eventsIn(db, period, bounds).where('fact.type', '=', 'CheckpointSigned');
  const perDay = await signed
    .select([dayOf('fact.recorded_at').as('day'), countOf.as('count')])
    .groupBy('day')
    .orderBy('day')
    .execute();
  const before = await db
    .selectFrom('audit_events')
    .where('type', '=', 'CheckpointSigned')
    .where('position', '<', bounds.first)
    .orderBy('position', 'desc')
    .limit(1)
    .select('recorded_at')
    .executeTakeFirst();
  const edges = await eventsIn(db, period, bounds)
    .select(sql<string>`min(fact.recorded_at)`.as('first'))
    .select(sql<string>`max(fact.recorded_at)`.as('last'))
    .executeTakeFirstOrThrow();
  const longest = await db
    .selectFrom(
      signed
        .select('fact.recorded_at as until')
        .select(sql<string | null>`lag(fact.recorded_at) over (order by fact.position)`.as('since'))
        .as('checkpoint'),
    )
    .where('since', 'is not', null)
    .select(['since', 'until'])
    .orderBy(sql`until - since`, 'desc')
    .limit(1)
    .executeTakeFirst();
  const firstAndLast = await signed
    .select(sql<string | null>`min(fact.recorded_at)`.as('first'))
    .select(sql<string | null>`max(fact.recorded_at)`.as('last'))
    .executeTakeFirstOrThrow();
  const start = before?.recorded_at ?? (edges.first > begin ? edges.first : begin);
  const spans = [
    withoutOne(start, firstAndLast.first ?? edges.last),
    ...(longest?.since ? [withoutOne(longest.since, longest.until)] : []),
    ...(firstAndLast.last === null ? [] : [withoutOne(firstAndLast.last, edges.last)]),
  ].sort((a, b) => b.seconds - a.seconds);
  return {
    count: perDay.reduce((sum, { count }) => sum + Number(count), 0),
    perDay: perDay.map(({ day, count }) => ({ day, checkpoints: Number(count) })),
    longestWithout: spans[0] ?? null,
  };
};

const withoutOne = (since: string, until: string): WithoutCheckpointView => ({
  since,
  until,
  seconds: Math.max(0, Math.round((Date.parse(until) - Date.parse(since)) / 1000)),
});

/** What operators did to read models and to-do lists. */
export const projectionActsIn = (
  db: Db,
  period: Period,
  bounds: Bounds,
): Promise<Listed<FactView>> =>
  listedOf(
    eventsIn(db, period, bounds)
      .where('fact.category', '=', 'projections')
      .select([
        'fact.position',
        'fact.event_id',
        'fact.type',
        'fact.stream',
        'fact.subject',
        'fact.reason',
        'fact.occurred_at',
        'fact.recorded_at',
      ]),
    (query) => query.orderBy('fact.position'),
    factView,
  );

/** By the day of the first of each sum: what was denied around midnight may be of both days. */
export const denialsIn = async (db: Db, period: Period): Promise<DenialsView> => {
  const { begin, end } = instantsOf(period);
  const denied = db
    .selectFrom('access_denials')
    .where('first_at', '>=', begin)
    .where('first_at', '<', end);
  const count = sql<string>`sum(count)`;
  const perDay = await denied
    .select([dayOf('first_at').as('day'), 'status', count.as('sum')])
    .groupBy(['day', 'status'])
    .orderBy('day')
    .orderBy('status')
    .execute();
  const sums = await denied
    .select(['who', 'subject', 'method', 'route', 'status', 'code', count.as('sum')])
    .select(sql<string>`min(first_at)`.as('first'))
    .select(sql<string>`max(last_at)`.as('last'))
    .groupBy(['who', 'subject', 'method', 'route', 'status', 'code'])
    .orderBy('sum', 'desc')
    .orderBy('first')
    .limit(MAX_LISTED)
    .execute();
  return {
    count: perDay.reduce((total, { sum }) => total + Number(sum), 0),
    perDay: perDay.map(({ day, status, sum }): DenialDayView => ({
      ...{ day, status, count: Number(sum) },
    })),
    sums: sums.map((row): DenialSumView => ({
      ...{ who: row.who, subject: row.subject, method: row.method, route: row.route },
      ...{ status: row.status, code: row.code, count: Number(row.sum) },
      ...{ firstAt: row.first, lastAt: row.last },
    })),
  };
};
