import { DomainError } from '@hostledger/eventsourcing';
import type { ContractEvent, OrderCaps, TermsAdopted, TermsCorrected } from './contract-events.js';
import { mostOf, type Amount, type KnownContract } from './contract-state.js';
import { mustBePayable } from './money.js';
import { mustBeClauseOf } from './relocation-clause.js';
import { mustBeSoundCard } from './sound-rate-card.js';
import { mustGoOn, notFound, refused } from './standing.js';

export type NewTerms = Omit<TermsAdopted['data'], 'contractId' | 'version'>;
export type Correction = Omit<TermsCorrected['data'], 'contractId' | 'effectiveOn'>;

export const adoptTerms = (data: NewTerms, contract: KnownContract): ContractEvent[] => {
  mustGoOn(contract);
  const latest = contract.terms.at(-1)?.effectiveOn;
  if (latest !== undefined && data.effectiveOn <= latest) {
    throw refused(
      'contract/terms-not-later',
      `New terms take effect after those of ${latest}, not on ${data.effectiveOn}`,
      { latestEffectiveOn: latest, effectiveOn: data.effectiveOn },
      '/effectiveOn',
    );
  }
  if (latest === undefined && contract.status === 'executed') {
    mustCoverExecution(data.effectiveOn, contract.executedOn, '/effectiveOn');
  }
  if (data.kind !== undefined && (data.kind === 'original') !== (latest === undefined)) {
    throw refused(
      'contract/terms-kind',
      latest === undefined
        ? `The first terms are the original, not the ${data.kind}`
        : 'The contract has its original terms; these amend or restate them',
      { kind: data.kind },
      '/kind',
    );
  }
  mustBeSound(data, contract);
  const version = contract.terms.length + 1;
  mustCapWhatIsHeld(contract, version, data.effectiveOn, data.caps);
  return [{ type: 'TermsAdopted', data: { contractId: contract.contractId, version, ...data } }];
};

/** Says what a version was all along. It neither moves the version nor makes a new one. */
export const correctTerms = (data: Correction, contract: KnownContract): ContractEvent[] => {
  const { version } = data;
  const terms = contract.terms[version - 1];
  if (!terms) {
    throw notFound(
      'contract/terms-unknown',
      `The contract has no version ${version} of its terms`,
      { version },
    );
  }
  const { effectiveOn } = terms;
  mustBeSound({ effectiveOn, ...data }, contract);
  mustCapWhatIsHeld(contract, version, effectiveOn, data.caps);
  const { contractId } = contract;
  return [{ type: 'TermsCorrected', data: { contractId, effectiveOn, ...data } }];
};

/**
 * An executed contract is never without terms, so the first version is in force on that day. Those
 * recorded before this was a rule may have been executed without, and adopt their first afterwards.
 */
export const mustCoverExecution = (
  firstEffectiveOn: string,
  executedOn: string,
  pointer: string,
): void => {
  if (firstEffectiveOn <= executedOn) return;
  throw refused(
    'contract/terms-after-execution',
    `The first terms take effect on ${firstEffectiveOn}, after the execution on ${executedOn}`,
    { firstEffectiveOn, executedOn },
    pointer,
  );
};

/** What terms say fits together, whatever the contract holds. */
const mustBeSound = (
  { effectiveOn, termEndsOn, clauses, rateCard, requiredDeposit, relocation }: Said,
  { currency }: KnownContract,
): void => {
  mustBeSoundCard(rateCard, currency, clauses);
  if (requiredDeposit !== undefined) mustBePayable(requiredDeposit, currency, '/requiredDeposit');
  if (relocation !== undefined) mustBeClauseOf(relocation, clauses);
  if (termEndsOn !== undefined && termEndsOn < effectiveOn) {
    throw new DomainError(
      'invalid',
      'contract/term-backwards',
      `A term that ends on ${termEndsOn} is over when the terms take effect on ${effectiveOn}`,
      { effectiveOn, termEndsOn },
      '/termEndsOn',
    );
  }
  const refs = clauses.map(({ ref }) => ref);
  const repeated = refs.findIndex((ref, index) => refs.indexOf(ref) < index);
  if (repeated < 0) return;
  throw new DomainError(
    'invalid',
    'contract/clause-repeated',
    `There are two clauses ${refs[repeated]}`,
    { ref: refs[repeated] },
    `/clauses/${repeated}/ref`,
  );
};

type Said = Pick<
  TermsAdopted['data'],
  'effectiveOn' | 'termEndsOn' | 'clauses' | 'rateCard' | 'requiredDeposit' | 'relocation'
>;

/** A cap in units binds what is allocated as well: an order in power names no units. */
const mustCapWhatIsHeld = (
  contract: KnownContract,
  version: number,
  effectiveOn: string,
  caps: OrderCaps | undefined,
): void => {
  if (!caps) return;
  const { units, powerWatts } = orderedWhile(contract, version);
  const { units: capUnits = Infinity, powerWatts: capWatts = Infinity } = caps;
  if (units > capUnits || powerWatts > capWatts) {
    throw refused(
      'contract/cap-below-orders',
      `${units} units and ${powerWatts} W are ordered, more than these terms allow`,
      { orderedUnits: units, orderedWatts: powerWatts },
      units > capUnits ? '/caps/units' : '/caps/powerWatts',
    );
  }
  const allocated = mostAllocated(contract, effectiveOn, contract.terms[version]?.effectiveOn);
  if (allocated.units <= capUnits) return;
  throw refused(
    'contract/cap-below-allocations',
    `${allocated.units} units are allocated, more than these terms allow`,
    { allocatedUnits: allocated.units },
    '/caps/units',
  );
};

/** The most that is allocated of all orders together on a day from one on, until another. */
export const mostAllocated = (
  { orders }: KnownContract,
  from: string,
  until: string | undefined,
): Amount => {
  const changes = [...orders.values()].flatMap((order) => order.changes);
  return mostOf(changes.toSorted(byDay), from, until);
};

const byDay = (one: { readonly on: string }, other: { readonly on: string }): number =>
  one.on < other.on ? -1 : Number(one.on > other.on);

/** What is ordered by the last day a version is in force, which is the most on any day of it. */
export const orderedWhile = ({ terms, orders }: KnownContract, version: number) => {
  const next = terms[version]?.effectiveOn;
  let units = 0;
  let powerWatts = 0;
  for (const order of orders.values()) {
    if (next !== undefined && order.startsOn >= next) continue;
    units += order.units;
    powerWatts += order.powerWatts;
  }
  return { units, powerWatts };
};
