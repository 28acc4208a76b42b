import { sql, type Kysely, type SelectQueryBuilder } from 'kysely';
import type { MarketFactRow, PowerRateStatementRow, Series } from './projection.js';

// What was in force at an instant or on a day, by what had been recorded by a moment.

export interface MarketTables {
  market_facts: MarketFactRow;
  power_rate_statements: PowerRateStatementRow;
}

/** A statement with whether a later one corrected it, by what was known. */
export interface StandingRow extends MarketFactRow {
  readonly corrected: boolean;
}

/** @param knownAt a log position or an instant; everything recorded without one. */
const recordedBy = (alias: 'fact' | 'later' | 'rate', knownAt: string | undefined) => {
  if (knownAt === undefined) return sql<boolean>`true`;
  // Of 19 digits, which a bigint need not hold.
  return /^\d+$/.test(knownAt)
    ? sql<boolean>`${sql.ref(`${alias}.position`)} <= ${knownAt}::numeric`
    : sql<boolean>`${sql.ref(`${alias}.recorded_at`)} <= ${atLeastYearOne(knownAt)}::timestamptz`;
};

/** The calendar of PostgreSQL has no year 0. */
export const atLeastYearOne = (text: string): string =>
  text.startsWith('0000') ? `0001${text.slice(4)}` : text;

export interface FactsWanted {
  readonly series: Series;
  /** Of prices; those of every currency without it. */
  readonly currency?: string | undefined;
  /** Only what took effect by this instant. */
  readonly by?: string | undefined;
  readonly knownAt?: string | undefined;
  /** Also what was corrected since. */
  readonly withCorrected?: boolean;
}

/** The statements that hold, by what was known. */
export const statements = (
  db: Kysely<MarketTables>,
  { series, currency, by, knownAt, withCorrected = false }: FactsWanted,
): SelectQueryBuilder<{ told: StandingRow }, 'told', StandingRow> => {
  let facts = db
    .selectFrom('market_facts as fact')
    .selectAll('fact')
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom('market_facts as later')
            .select('later.position')
            .whereRef('later.series', '=', 'fact.series')
            .whereRef('later.currency', '=', 'fact.currency')
            .whereRef('later.subject', '=', 'fact.subject')
            .whereRef('later.position', '>', 'fact.position')
            .where(recordedBy('later', knownAt)),
        )
        .as('corrected'),
    )
    .where('series', '=', series)
    .where(recordedBy('fact', knownAt));
  if (currency !== undefined) facts = facts.where('currency', '=', currency);
  if (by !== undefined) facts = facts.where('effective_at', '<=', atLeastYearOne(by));
  const told = db.selectFrom(facts.as('told')).selectAll();
  const wanted = withCorrected ? told : told.where(sql<boolean>`not corrected`);
  return wanted as unknown as SelectQueryBuilder<{ told: StandingRow }, 'told', StandingRow>;
};

/** The latest statement in force at an instant, if any was. */
export const inForce = (
  db: Kysely<MarketTables>,
  wanted: FactsWanted & { readonly by: string },
): Promise<MarketFactRow | undefined> =>
  statements(db, wanted)
    .orderBy('effective_at', 'desc')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();

/** What energy cost each of the facilities on a day of its own, by what was known; those without a rate are missing. */
export const ratesOn = async (
  db: Kysely<MarketTables>,
  days: ReadonlyMap<string, string>,
  knownAt: string | undefined,
): Promise<ReadonlyMap<string, PowerRateStatementRow>> => {
  if (days.size === 0) return new Map();
  const byDay = Map.groupBy(days.keys(), (facility) => days.get(facility)!);
  const rates = await db
    .selectFrom('power_rate_statements as rate')
    .selectAll('rate')
    .distinctOn('facility')
    .where((eb) =>
      eb.or(
        [...byDay].map(([day, there]) =>
          eb.and([eb('facility', 'in', there), eb('effective_on', '<=', atLeastYearOne(day))]),
        ),
      ),
    )
    .where(recordedBy('rate', knownAt))
    .orderBy('facility')
    .orderBy('effective_on', 'desc')
    .orderBy('position', 'desc')
    .execute();
  return new Map(rates.map((rate) => [rate.facility, rate]));
};
