import type { ContractEvent, OrderCaps, TermsAdopted, TermsCorrected } from './contract-events.js';
import type { KnownContract } from './contract-state.js';
import { checkRateCard } from './rate-card.js';
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
  checkRateCard(data.rateCard, contract.currency);
  const version = contract.terms.length + 1;
  mustCapWhatIsOrdered(contract, version, data.caps);
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
  checkRateCard(data.rateCard, contract.currency);
  mustCapWhatIsOrdered(contract, version, data.caps);
  const { contractId } = contract;
  const { effectiveOn } = terms;
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

const mustCapWhatIsOrdered = (
  contract: KnownContract,
  version: number,
  caps: OrderCaps | undefined,
): void => {
  if (!caps) return;
  const { units, powerWatts } = orderedWhile(contract, version);
  const { units: capUnits = Infinity, powerWatts: capWatts = Infinity } = caps;
  if (units <= capUnits && powerWatts <= capWatts) return;
  throw refused(
    'contract/cap-below-orders',
    `${units} units and ${powerWatts} W are ordered, more than these terms allow`,
    { orderedUnits: units, orderedWatts: powerWatts },
    units > capUnits ? '/caps/units' : '/caps/powerWatts',
  );
};

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
