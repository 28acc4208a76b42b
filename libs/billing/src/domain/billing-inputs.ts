import type { ContractEvent } from '@hostledger/contracts';
import type { PriceFixed } from '@hostledger/economics';
import { DomainError, type RecordedEvent } from '@hostledger/eventsourcing';
import type { FacilityEvent } from '@hostledger/sites';
import {
  allocationsIn,
  billedContract,
  customerIn,
  formerTermsIn,
  sharesReceipts,
  termsIn,
  type BilledContract,
} from './contract-inputs.js';
import type { BillingInputs } from './inputs.js';
import type { MachineFact } from './machine-facts.js';
import { told } from './machine-usage.js';
import { startOfDay, windowOf } from './months.js';
import { curtailmentsIn, powerRatesIn, pricesIn } from './site-inputs.js';

/** What was recorded up to a position, of which inputs are made. */
export interface Told extends Pick<
  BillingInputs,
  'formula' | 'machines' | 'curtailed' | 'meters' | 'readings' | 'receipts'
> {
  readonly contract: BilledContract;
  /** Of the streams of facilities, by their codes. */
  readonly facilities: ReadonlyMap<string, readonly RecordedEvent<FacilityEvent>[]>;
  readonly prices: readonly RecordedEvent<PriceFixed>[];
}

/** Those that were recorded at a position or before. */
export const upTo = <E extends { readonly position: bigint }>(
  events: readonly E[],
  position: string,
): E[] => {
  const last = BigInt(position);
  return events.filter((event) => event.position <= last);
};

/** @throws DomainError `contract/unknown` where nothing was recorded of it by then. */
export const contractUpTo = (
  events: readonly RecordedEvent<ContractEvent>[],
  position: string,
  contractId: string,
): BilledContract => {
  const contract = billedContract(upTo(events, position));
  if (contract) return contract;
  throw new DomainError('notFound', 'contract/unknown', 'There is no such contract', {
    contractId,
  });
};

/** Where a contract has machines, capacity or meters, or had, in the order of their codes. */
export const facilitiesOf = (
  contract: BilledContract,
  { machines, meters }: Pick<Told, 'machines' | 'meters'>,
): string[] => {
  const facilities = new Set<string>(meters.map(({ facility }) => facility));
  for (const recorded of contract.events) {
    const event = recorded as unknown as ContractEvent;
    if (event.type === 'CustomerAllocated') facilities.add(event.data.facility);
  }
  for (const facts of machines.values()) {
    for (const { facility } of facts) if (facility !== undefined) facilities.add(facility);
  }
  return [...facilities].sort();
};

/** By which curtailment a machine was off at an instant, which may have ended long before. */
const offFor = (facts: readonly MachineFact[], at: string): string | undefined =>
  told(facts).findLast(
    (fact) => fact.at <= at && (fact.kind === 'energized' || fact.kind === 'deenergized'),
  )?.curtailmentId;

/** Curtailments, and the instant until which lives matter for them. */
export interface SharedCurtailments {
  readonly curtailmentIds: readonly string[];
  readonly until: string;
}

/**
 * Those that receipts of a month are for, where the contract has a part in what programmes pay: all
 * machines that were off for them matter then, until the month and all of them that have ended are over.
 * @param told receipts of the month that may be shared out.
 */
export const sharedCurtailments = (
  told: Pick<Told, 'contract' | 'facilities' | 'receipts'>,
  month: string,
  position: string,
): SharedCurtailments | undefined => {
  const { contract, facilities, receipts } = told;
  if (receipts.length === 0 || !sharesReceipts(contract)) return undefined;
  const period = windowOf(contract.timeZone, month);
  const ids = new Set(receipts.map(({ curtailmentId }) => curtailmentId));
  const ends = [...facilities.values()]
    .flatMap((events) => curtailmentsIn(upTo(events, position), period, ids))
    .flatMap(({ curtailmentId, endedAt }) =>
      ids.has(curtailmentId) && endedAt !== undefined ? [endedAt] : [],
    );
  const until = ends.reduce((latest, end) => (end > latest ? end : latest), period.until);
  return { curtailmentIds: [...ids].sort(), until };
};

/** All that a computation of a month reads. */
export const inputsFrom = (known: Told, month: string, position: string): BillingInputs => {
  const { contract, formula, machines, curtailed, meters, readings, receipts } = known;
  const { contractId, timeZone, currency, endedOn } = contract;
  const period = windowOf(timeZone, month);
  const sites = [...known.facilities.values()].map((events) => upTo(events, position));
  const named = new Set([
    ...receipts.map(({ curtailmentId }) => curtailmentId),
    ...[...machines.values()].flatMap((facts) => offFor(facts, period.from) ?? []),
  ]);
  return {
    ...{ contractId, customerId: customerIn(contract, month), timeZone, currency },
    ...{ month, period, position, machines, meters, readings, receipts },
    ...(formula !== undefined && { formula }),
    ...(curtailed && { curtailed }),
    ...(endedOn !== undefined && { endedAt: startOfDay(timeZone, endedOn) }),
    terms: termsIn(contract, month),
    ...(receipts.length > 0 && formerTermsIn(contract, month)),
    allocations: allocationsIn(contract, month),
    powerRates: sites.flatMap((events) => powerRatesIn(events, period)),
    curtailments: sites.flatMap((events) => curtailmentsIn(events, period, named)),
    prices: pricesIn(upTo(known.prices, position), period),
  };
};

/**
 * Of what contract, sites and market say about a month, all that its lines can depend on, to be
 * compared as of two positions. Curtailments of earlier months count as well, since what was paid for
 * one later is attributed by it.
 */
export const circumstancesOf = (
  told: Pick<Told, 'contract' | 'facilities' | 'prices'>,
  month: string,
  position: string,
): unknown => {
  const { contract } = told;
  const period = windowOf(contract.timeZone, month);
  const sites = [...told.facilities.values()].map((events) => upTo(events, position));
  return {
    terms: termsIn(contract, month),
    ...formerTermsIn(contract, month),
    allocations: allocationsIn(contract, month),
    powerRates: sites.flatMap((events) => powerRatesIn(events, period)),
    curtailments: sites.flatMap((events) => curtailmentsIn(events, { ...period, from: '' })),
    prices: pricesIn(upTo(told.prices, position), period),
  };
};
