import { Matches } from 'class-validator';
import type { Kysely } from 'kysely';
import { DomainError } from '@hostledger/eventsourcing';
import {
  IsCurrency,
  IsDayOrInstant,
  IsPositionOrInstant,
  MayBeAbsent,
  requestClock,
} from '@hostledger/http';
import { dayIn } from '@hostledger/quantities';
import type { FacilityRow } from '@hostledger/sites';
import type { MiningConditions } from '../../domain/profitability.js';
import { IsPercent, IsPositiveDecimal, IsRatePerKwh } from '../../http/forms.js';
import { inForce, ratesOn, type MarketTables } from '../market/in-force.js';
import type { MarketFactRow, PowerRateStatementRow, Series } from '../market/projection.js';
import { endOf, recordedOf } from '../market/query.js';
import type { InputsView, InputView, RateInputView } from './views.js';

export interface ConditionsTables extends MarketTables {
  facilities: FacilityRow;
}

const IsSats = (): PropertyDecorator =>
  Matches(/^\d{1,15}$/, { message: '$property is a whole number of satoshi' });

/** Under which conditions a figure is wanted; what is left out is what was in force. */
export class ConditionsQuery {
  /**
   * A day (UTC) or an instant that has come; now if left out. Machines are taken as that day ended.
   * @example 2024-04-20
   */
  @MayBeAbsent()
  @IsDayOrInstant()
  at?: string;

  /**
   * A log position, or an instant in UTC: only the market's facts and the power rates that had been
   * recorded by then count. Machines are taken by all that is recorded.
   * @example 2024-05-01T00:00:00Z
   */
  @MayBeAbsent()
  @IsPositionOrInstant()
  knownAt?: string;

  /**
   * What if the difficulty were this one?
   * @example 88104191118793.16
   */
  @MayBeAbsent()
  @IsPositiveDecimal()
  difficulty?: string;

  /**
   * What if a block paid this subsidy, in satoshi?
   * @example 312500000
   */
  @MayBeAbsent()
  @IsSats()
  subsidySats?: string;

  /**
   * Average fees of a block, in satoshi; 0 if left out.
   * @example 20000000
   */
  @MayBeAbsent()
  @IsSats()
  feesSats?: string;

  /**
   * What if a bitcoin were worth this, in the currency?
   * @example 60000
   */
  @MayBeAbsent()
  @IsPositiveDecimal()
  price?: string;

  /**
   * Of the price and of every amount; that of the power rates. USD if left out.
   * @example USD
   */
  @MayBeAbsent()
  @IsCurrency()
  currency?: string;

  /**
   * What the pool keeps; 0 if left out.
   * @example 1.5
   */
  @MayBeAbsent()
  @IsPercent()
  poolFeePercent?: string;

  /**
   * Share of the day that the machines run; 100 if left out.
   * @example 98
   */
  @MayBeAbsent()
  @IsPercent()
  availabilityPercent?: string;

  /**
   * What if energy cost this at every facility, in the currency?
   * @example 0.05
   */
  @MayBeAbsent()
  @IsRatePerKwh()
  ratePerKwh?: string;
}

/** When a figure is wanted of. */
export interface Moment {
  /** At which the market is asked. */
  readonly instant: string;
  /** The day that was asked for, or that the instant is on (UTC); undefined for now. */
  readonly day?: string;
  /** The day at a place: the one asked for, or the one that it was there at the instant. */
  readonly dayAt: (timeZone: string) => string;
}

/** @throws DomainError `profitability/not-come` */
export const momentOf = (at: string | undefined, now = requestClock.now()): Moment => {
  if (at === undefined) return { instant: now, dayAt: (timeZone) => dayIn(timeZone, now) };
  const isDay = !at.includes('T');
  const start = isDay ? `${at}T00:00:00.000Z` : new Date(at).toISOString();
  if (start > now) {
    throw new DomainError(
      'conflict',
      'profitability/not-come',
      `It is ${now}, and ${at} is still to come`,
      { now, at },
      '/at',
    );
  }
  const end = endOf(isDay ? at : start);
  const instant = end < now ? end : now;
  const dayAt = (timeZone: string): string => (isDay ? at : dayIn(timeZone, start));
  return { instant, day: start.slice(0, 10), dayAt };
};

/** What figures are computed with: pinned, with where every number comes from. */
export interface Pinned {
  readonly conditions: MiningConditions;
  readonly inputs: InputsView;
  /** Of a facility among those that were asked for. */
  readonly rateAt: (facility: string) => string;
}

/**
 * @param facilities where energy is drawn.
 * @throws DomainError naming what was not in force, and the parameter that gives it:
 *   `profitability/difficulty-unknown`, `/subsidy-unknown`, `/price-unknown`, `/rate-unknown`, and
 *   `/currency-mixed` for power that is paid in another currency.
 */
export const pinConditions = async (
  db: Kysely<ConditionsTables>,
  query: ConditionsQuery,
  moment: Moment,
  facilities: readonly string[],
): Promise<Pinned> => {
  const { knownAt, currency = 'USD' } = query;
  const ask = { by: moment.instant, knownAt };
  const recorded = async (series: Series, given: string | undefined, of: string) => {
    if (given !== undefined) return givenView(given);
    const fact = await inForce(db, { ...ask, series, currency: of });
    if (!fact) throw unknownInput(series, moment.instant, of);
    return factView(fact);
  };
  const difficulty = await recorded('difficulty', query.difficulty, '');
  const subsidySats = await recorded('subsidy', query.subsidySats, '');
  const price = await recorded('price', query.price, currency);
  const feesSats = givenOr(query.feesSats, '0');
  const poolFeePercent = givenOr(query.poolFeePercent, '0');
  const availabilityPercent = givenOr(query.availabilityPercent, '100');
  const rates = await ratesOf(db, query, moment, facilities, currency);
  const rateOf = new Map(rates.map(({ facility, ratePerKwh }) => [facility, ratePerKwh]));
  const market = { difficulty, subsidySats, feesSats, price };
  return {
    conditions: {
      difficulty: difficulty.value,
      subsidySats: Number(subsidySats.value),
      feesSats: Number(feesSats.value),
      price: price.value,
      currency,
      poolFeePercent: poolFeePercent.value,
      availabilityPercent: availabilityPercent.value,
    },
    inputs: { ...market, currency, poolFeePercent, availabilityPercent, rates },
    rateAt: (facility) => query.ratePerKwh ?? rateOf.get(facility)!,
  };
};

const ratesOf = async (
  db: Kysely<ConditionsTables>,
  { ratePerKwh, knownAt }: ConditionsQuery,
  moment: Moment,
  facilities: readonly string[],
  currency: string,
): Promise<RateInputView[]> => {
  if (ratePerKwh !== undefined) return [{ ratePerKwh, currency, origin: 'given' }];
  if (facilities.length === 0) return [];
  const sites = await db
    .selectFrom('facilities')
    .select(['facility', 'time_zone'])
    .where('facility', 'in', facilities)
    .orderBy('facility')
    .execute();
  const days = new Map(sites.map((site) => [site.facility, moment.dayAt(site.time_zone)]));
  const rates = await ratesOn(db, days, knownAt);
  const missing = facilities.filter((facility) => !rates.has(facility)).sort();
  if (missing.length > 0) throw rateUnknown(missing, moment.instant);
  const foreign = [...rates.values()].filter((rate) => rate.currency !== currency);
  if (foreign.length > 0) throw currencyMixed(currency, foreign);
  return [...rates.values()].map(rateView);
};

const givenView = (value: string): InputView => ({ value, origin: 'given' });

const givenOr = (given: string | undefined, value: string): InputView =>
  given === undefined ? { value, origin: 'assumed' } : givenView(given);

const factView = (fact: MarketFactRow): InputView => ({
  value: fact.value,
  origin: 'recorded',
  source: fact.source,
  effectiveAt: fact.effective_at,
  ...(fact.block_height !== null && { blockHeight: fact.block_height }),
  recorded: recordedOf(fact),
});

const rateView = (rate: PowerRateStatementRow): RateInputView => ({
  facility: rate.facility,
  ratePerKwh: rate.rate_per_kwh,
  currency: rate.currency,
  origin: 'recorded',
  effectiveOn: rate.effective_on,
  recorded: recordedOf(rate),
});

const unknownInput = (series: Series, instant: string, currency: string): DomainError => {
  switch (series) {
    case 'difficulty':
      return new DomainError(
        'conflict',
        'profitability/difficulty-unknown',
        `No difficulty is recorded that was in force at ${instant}; give one as difficulty`,
        { instant },
        '/difficulty',
      );
    case 'subsidy':
      return new DomainError(
        'conflict',
        'profitability/subsidy-unknown',
        `No subsidy is recorded that was in force at ${instant}; give one as subsidySats`,
        { instant },
        '/subsidySats',
      );
    case 'price':
      return new DomainError(
        'conflict',
        'profitability/price-unknown',
        `No price in ${currency} is recorded that was in force at ${instant}; give one as price`,
        { instant, currency },
        '/price',
      );
  }
};

const rateUnknown = (facilities: readonly string[], instant: string): DomainError =>
  new DomainError(
    'conflict',
    'profitability/rate-unknown',
    `No power rate was in force at ${instant} for ${facilities.join(', ')}; give one as ratePerKwh`,
    { facilities, instant },
    '/ratePerKwh',
  );

const currencyMixed = (
  currency: string,
  foreign: readonly PowerRateStatementRow[],
): DomainError => {
  const facilities = foreign.map((rate) => ({ facility: rate.facility, currency: rate.currency }));
  const named = facilities.map((one) => `${one.facility} in ${one.currency}`).join(', ');
  return new DomainError(
    'conflict',
    'profitability/currency-mixed',
    `Bitcoin is priced in ${currency}, and power is paid at ${named}`,
    { currency, facilities },
    '/currency',
  );
};
