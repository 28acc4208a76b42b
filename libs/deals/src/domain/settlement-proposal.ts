import { DomainError } from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import { claimIdOf, nameKey } from './claim.js';
import type { LegTerms, SettlementEvent, SettlementProposed } from './settlement-events.js';
import { mustBeAmount, mustHaveCome, plainAmount } from './settlement-rules.js';

/** Far above any that a court has approved. */
export const MAX_LEGS = 100;

export type Proposal = Omit<SettlementProposed['data'], 'legs'> & {
  readonly legs: readonly LegTerms[];
};

export const proposeSettlement = (
  { legs, ...proposal }: Proposal,
  at: string,
): SettlementEvent[] => {
  const { settlementId, currency, timeZone, proposedOn } = proposal;
  mustHaveCome(proposedOn, dayIn(timeZone, at), '/proposedOn');
  legs.forEach((leg, index) => mustBeSound(leg, currency, index));
  mustBeDistinct(legs);
  return [
    { type: 'SettlementProposed', data: { ...proposal, legs: legs.length } },
    ...legs.map((terms, index): SettlementEvent => ({
      type: 'SettlementLegAdded',
      data: { settlementId, leg: index + 1, ...plain(terms) },
    })),
  ];
};

const plain = ({ faceAmount, ...terms }: LegTerms): LegTerms => ({
  ...terms,
  ...(faceAmount !== undefined && { faceAmount: plainAmount(faceAmount) }),
});

const mustBeSound = (leg: LegTerms, currency: string, index: number): void => {
  const { kind, faceAmount, claim } = leg;
  const needs = {
    faceAmount: kind === 'cash' || kind === 'claimRelease',
    claim: kind === 'claimRelease',
    facility: kind === 'site',
  };
  for (const field of ['faceAmount', 'claim', 'facility'] as const) {
    if (needs[field] && leg[field] === undefined) throw unsound(index, field, kind, 'needs');
    // Equipment or a design may have a face amount, and only a release has a claim.
    if (!needs[field] && field !== 'faceAmount' && leg[field] !== undefined) {
      throw unsound(index, field, kind, 'has no');
    }
  }
  if (faceAmount !== undefined) mustBeAmount(faceAmount, currency, `/legs/${index}/faceAmount`);
  if (claim && nameKey(claim.holder) === nameKey(claim.debtor)) {
    throw new DomainError(
      'invalid',
      'settlement/own-claim',
      'Nobody has a claim against itself',
      { leg: index + 1 },
      `/legs/${index}/claim/debtor`,
    );
  }
};

const unsound = (index: number, field: string, kind: string, verb: string): DomainError =>
  new DomainError(
    'invalid',
    'settlement/leg-unsound',
    `A leg of the kind ${kind} ${verb} ${field}`,
    { leg: index + 1, kind },
    `/legs/${index}/${field}`,
  );

/** A claim is released once, and a site changes hands once. */
const mustBeDistinct = (legs: readonly LegTerms[]): void => {
  const seen = new Map<string, number>();
  legs.forEach(({ claim, facility }, index) => {
    const thing = claim ? `claim ${claimIdOf(claim)}` : facility && `site ${facility}`;
    if (thing === undefined) return;
    const before = seen.get(thing);
    if (before !== undefined) {
      throw new DomainError(
        'invalid',
        'settlement/leg-repeated',
        `Leg ${before} is about the same ${claim ? 'claim' : 'site'}`,
        { leg: index + 1, before },
        `/legs/${index}/${claim ? 'claim' : 'facility'}`,
      );
    }
    seen.set(thing, index + 1);
  });
};
