import type { Kysely } from 'kysely';
import { DomainError } from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import type { FacilityRow } from '@hostledger/sites';
import type {
  PinnedConditions,
  PinnedInput,
  PinnedInputs,
  PinnedSite,
  RelocationProposalRequested,
} from '../../domain/proposal-events.js';
import type { ProposalInputs } from '../../domain/proposal-classes.js';
import type { MiningConditions } from '../../domain/profitability.js';
import { inForce, ratesOn, type MarketTables } from '../market/in-force.js';
import type { MarketFactRow, Series } from '../market/projection.js';
import {
  candidates,
  contractsOn,
  destinationsOf,
  freeRacks,
  openMoves,
  type FloorTables,
  type PinnedRates,
} from './inputs-floor.js';

// Everything that a choice of moves depends on, read in one snapshot and pinned.

export interface InputTables extends MarketTables, FloorTables {
  facilities: FacilityRow;
}

type Asked = RelocationProposalRequested['data'];

export interface ReadInputs {
  readonly inputs: ProposalInputs;
  readonly pinned: Omit<PinnedInputs, 'logPosition' | 'digest'>;
}

/**
 * @param at the instant of which conditions, rates, terms and consents are asked.
 * @throws DomainError what is missing: `proposal/facility-unknown`, `/market-unknown`,
 *   `/rate-unknown` for a facility that was named; `/too-many-machines` to choose from.
 */
export const readInputs = async (
  db: Kysely<InputTables>,
  asked: Asked,
  at: string,
): Promise<ReadInputs> => {
  const sites = await db.selectFrom('facilities').selectAll().orderBy('facility').execute();
  mustBeKnown(asked, sites);
  const conditions = await conditionsOf(db, asked, at);
  const rates = await pinnedRates(db, asked, sites, at);
  const floor = db as unknown as Kysely<FloorTables>;
  const planned = await openMoves(floor);
  const contracts = await contractsOn(floor, at);
  const known = { rates, planned, contracts };
  const { machines, leftOut } = await candidates(floor, asked, known);
  const destinations = destinationsOf(asked, sites, rates);
  const racks = await freeRacks(floor, destinations, planned);
  const inputs: ProposalInputs = {
    machines,
    rules: contracts.rules,
    sites: destinations,
    racks,
    rates: new Map([...rates].map(([facility, { value }]) => [facility, value])),
    conditions: valuesOf(conditions, asked.currency),
    terms: {
      horizonDays: asked.horizonDays,
      within: { cost: asked.movingCost.within, downtimeHours: asked.downtimeHours.within },
      between: { cost: asked.movingCost.between, downtimeHours: asked.downtimeHours.between },
    },
    ...(asked.maxMoves !== undefined && { maxMoves: asked.maxMoves }),
    ...(asked.budget !== undefined && { budget: asked.budget }),
  };
  const pinned = {
    conditions,
    sites: pinnedSites(inputs, rates),
    machines: machines.length,
    leftOut,
  };
  return { inputs, pinned };
};

const mustBeKnown = (asked: Asked, sites: readonly FacilityRow[]): void => {
  const known = new Set(sites.map(({ facility }) => facility));
  const unknown = namedBy(asked).filter((facility) => !known.has(facility));
  if (unknown.length === 0) return;
  throw new DomainError(
    'invalid',
    'proposal/facility-unknown',
    `There is no facility ${unknown.join(', ')}`,
    { facilities: unknown },
  );
};

const namedBy = ({ scope, destinations = [], rates = [] }: Asked): string[] => [
  ...new Set([
    ...(scope.facilities ?? []),
    ...destinations,
    ...rates.map(({ facility }) => facility),
  ]),
];

// Conditions and rates

const given = (value: string | number): PinnedInput => ({ value: String(value), origin: 'given' });

const givenOr = (value: string | number | undefined, assumed: string): PinnedInput =>
  value === undefined ? { value: assumed, origin: 'assumed' } : given(value);

const recorded = (
  value: string,
  { event_id, position }: Pick<MarketFactRow, 'event_id' | 'position'>,
): PinnedInput => ({ value, origin: 'recorded', eventId: event_id, position: position.toString() });

const conditionsOf = async (
  db: Kysely<InputTables>,
  { conditions, currency }: Asked,
  by: string,
): Promise<PinnedConditions> => {
  const stated = async (series: Series, said: string | number | undefined, of: string) => {
    if (said !== undefined) return given(said);
    const fact = await inForce(db, { series, by, currency: of });
    if (fact) return recorded(fact.value, fact);
    throw new DomainError(
      'conflict',
      'proposal/market-unknown',
      `No ${series} is recorded that was in force at ${by}, and none was stated`,
      { series, at: by },
    );
  };
  return {
    difficulty: await stated('difficulty', conditions.difficulty, ''),
    subsidySats: await stated('subsidy', conditions.subsidySats, ''),
    feesSats: givenOr(conditions.feesSats, '0'),
    price: await stated('price', conditions.price, currency),
    poolFeePercent: givenOr(conditions.poolFeePercent, '0'),
    availabilityPercent: givenOr(conditions.availabilityPercent, '100'),
  };
};

const valuesOf = (pinned: PinnedConditions, currency: string): MiningConditions => ({
  difficulty: pinned.difficulty.value,
  subsidySats: Number(pinned.subsidySats.value),
  feesSats: Number(pinned.feesSats.value),
  price: pinned.price.value,
  currency,
  poolFeePercent: pinned.poolFeePercent.value,
  availabilityPercent: pinned.availabilityPercent.value,
});

/** Of every facility that has one in the currency; one that was named must. */
const pinnedRates = async (
  db: Kysely<InputTables>,
  asked: Asked,
  sites: readonly FacilityRow[],
  at: string,
): Promise<PinnedRates> => {
  const days = new Map(sites.map((site) => [site.facility, dayIn(site.time_zone, at)]));
  const rates = new Map<string, PinnedInput>();
  const held = await ratesOn(db, days, undefined);
  for (const [facility, rate] of held) {
    if (rate.currency === asked.currency) rates.set(facility, recorded(rate.rate_per_kwh, rate));
  }
  for (const { facility, ratePerKwh } of asked.rates ?? []) rates.set(facility, given(ratePerKwh));
  const missing = namedBy(asked).filter((facility) => !rates.has(facility));
  if (missing.length === 0) return rates;
  throw new DomainError(
    'conflict',
    'proposal/rate-unknown',
    `What power costs in ${asked.currency} is not known of ${missing.join(', ')}`,
    { facilities: missing, currency: asked.currency },
  );
};

// Pins

const pinnedSites = ({ machines, sites, racks }: ProposalInputs, rates: PinnedRates) => {
  const standing = Map.groupBy(machines, ({ facility }) => facility);
  const racksAt = Map.groupBy(racks, ({ facility }) => facility);
  const wattsAt = new Map(sites.map(({ facility, watts }) => [facility, watts]));
  return [...rates]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([facility, ratePerKwh]): PinnedSite => {
      const free = racksAt.get(facility) ?? [];
      const slots = free.reduce((sum, rack) => sum + rack.slots.length, 0);
      const watts = free.reduce((sum, rack) => sum + rack.watts, 0);
      const left = wattsAt.get(facility);
      return {
        facility,
        ratePerKwh,
        machines: standing.get(facility)?.length ?? 0,
        ...(left !== undefined && {
          free: { racks: free.length, slots, watts: Math.min(left, watts) },
        }),
      };
    })
    .filter((site) => site.machines > 0 || site.free !== undefined);
};
