import { DomainError } from '@hostledger/eventsourcing';
import { amountOf, dayIn } from '@hostledger/quantities';
import { nameKey } from './claim.js';
import type {
  ClaimReleaseAbandoned,
  ClaimReleased,
  LegPerformed,
  LegValued,
  LegWaived,
  SettlementEvent,
} from './settlement-events.js';
import {
  legOf,
  mustBeAmount,
  mustBeApproved,
  mustBeOpen,
  mustHaveCome,
  mustNotPrecede,
  plainAmount,
} from './settlement-rules.js';
import { remainingOf, type KnownSettlement, type Leg } from './settlement-state.js';

/** Of cash; far more instalments than any settlement has. */
const MAX_PAYMENTS = 500;

type Ours = 'settlementId';

/** What the site's own stream says of its transfer; it goes before what anybody else says. */
export interface SiteTransfer {
  readonly facility: string;
  /** To whom it went, or from whom it came. */
  readonly party: string;
  readonly on: string;
  readonly documentDigest: string;
}

export type PerformLegData = Omit<
  LegPerformed['data'],
  Ours | 'performedOn' | 'facility' | 'party'
> & {
  /** Left out of a site, whose deed tells the day and the proof. */
  readonly performedOn?: string;
  /** Of a site: as the deed calls the other side, where that is another name. */
  readonly party?: string;
  /** Of a site: its transfer; absent where it was not transferred. */
  readonly transfer?: SiteTransfer;
};
export type ReleaseClaimData = Omit<ClaimReleased['data'], Ours | 'claim' | 'amount'>;
export type WaiveLegData = Omit<LegWaived['data'], Ours | 'amount' | 'siteKept'>;

export const performLeg = (
  data: PerformLegData,
  settlement: KnownSettlement,
  at: string,
): SettlementEvent[] => {
  const leg = legOf(settlement, data.leg);
  if (leg.performances.some(({ performanceId }) => performanceId === data.performanceId)) return [];
  if (leg.kind === 'claimRelease') {
    throw new DomainError(
      'conflict',
      'settlement/claim-leg',
      `Leg ${leg.leg} is performed by the release of its claim`,
      { leg: leg.leg },
    );
  }
  const told = leg.kind === 'site' ? ofDeed(data, leg, settlement) : ofProof(data, leg);
  if (sameBefore(told, leg)) return [];
  mustBeApproved(settlement);
  mustBeOpen(leg);
  const pointer = leg.kind === 'site' ? undefined : '/performedOn';
  mustHaveCome(told.performedOn, dayIn(settlement.timeZone, at), pointer);
  mustNotPrecede(told.performedOn, approvalOf(settlement), pointer);
  if (leg.kind === 'cash') mustBePayable(told, leg, settlement);
  return [{ type: 'LegPerformed', data: { settlementId: settlement.settlementId, ...told } }];
};

type Told = Omit<LegPerformed['data'], Ours>;

/** Which fields tell of a performance depends on what is performed. */
const ofProof = (
  { party, transfer: _, performedOn, ...data }: PerformLegData,
  { kind }: Leg,
): Told => {
  if (party !== undefined) throw unsound('party', kind, 'has no');
  if (performedOn === undefined) throw unsound('performedOn', kind, 'needs');
  const needed =
    kind === 'cash' ? (['amount', 'reference'] as const) : (['documentDigest'] as const);
  for (const field of needed) if (data[field] === undefined) throw unsound(field, kind, 'needs');
  if (kind !== 'cash' && data.amount !== undefined) throw unsound('amount', kind, 'has no');
  const { amount } = data;
  return { ...data, performedOn, ...(amount !== undefined && { amount: plainAmount(amount) }) };
};

const ofDeed = (data: PerformLegData, leg: Leg, { counterparty }: KnownSettlement): Told => {
  for (const field of ['performedOn', 'documentDigest', 'amount'] as const) {
    if (data[field] !== undefined) throw unsound(field, leg.kind, 'has no');
  }
  const { performanceId, reference, party = counterparty, transfer } = data;
  if (!transfer) {
    throw new DomainError(
      'conflict',
      'settlement/site-not-transferred',
      `${leg.facility} has not been ${leg.direction === 'given' ? 'disposed of' : 'acquired'}`,
      { facility: leg.facility, direction: leg.direction },
    );
  }
  const { facility, party: named, on: performedOn, documentDigest } = transfer;
  if (nameKey(named) !== nameKey(party)) {
    throw new DomainError(
      'conflict',
      'settlement/site-of-another',
      `The deed of ${facility} is with ${named}, not with ${party}`,
      { facility, named, party },
      '/party',
    );
  }
  return {
    leg: leg.leg,
    performanceId,
    performedOn,
    documentDigest,
    facility,
    party: named,
    ...(reference !== undefined && { reference }),
  };
};

const unsound = (field: string, kind: string, verb: string): DomainError =>
  new DomainError(
    'invalid',
    'settlement/performance-unsound',
    `The performance of a leg of the kind ${kind} ${verb} ${field}`,
    { kind },
    `/${field}`,
  );

/** A payment is told by its reference; all else is performed once. */
const sameBefore = (told: Told, leg: Leg): boolean => {
  const before =
    leg.kind === 'cash'
      ? leg.performances.find(({ reference }) => reference === told.reference)
      : leg.performances[0];
  if (!before) return false;
  const other = (['performedOn', 'amount', 'reference', 'documentDigest'] as const).find(
    (field) => before[field] !== told[field],
  );
  if (other === undefined) return true;
  throw new DomainError(
    'conflict',
    'settlement/recorded-otherwise',
    `The performance is recorded already, with another ${other}`,
    { leg: leg.leg, performedOn: before.performedOn, [other]: before[other] ?? null },
    `/${other}`,
  );
};

const mustBePayable = ({ amount = '0' }: Told, leg: Leg, { currency }: KnownSettlement): void => {
  mustBeAmount(amount, currency, '/amount');
  const remaining = remainingOf(leg) ?? '0';
  if (amountOf(amount) > amountOf(remaining)) {
    throw new DomainError(
      'conflict',
      'settlement/leg-exceeded',
      `${remaining} ${currency} of leg ${leg.leg} are not paid yet`,
      { leg: leg.leg, remaining, currency },
      '/amount',
    );
  }
  if (leg.performances.length < MAX_PAYMENTS) return;
  throw new DomainError(
    'conflict',
    'settlement/too-many-payments',
    `A leg is paid in at most ${MAX_PAYMENTS} parts`,
    { leg: leg.leg },
  );
};

/** What the performance of a leg tells of the release of its claim: the day and the proof. */
export const releaseTold = ({
  performedOn,
  documentDigest,
  ...data
}: Omit<PerformLegData, 'leg' | 'performanceId' | 'transfer'>): {
  readonly releasedOn: string;
  readonly documentDigest: string;
} => {
  const kind = 'claimRelease';
  for (const field of ['amount', 'reference', 'party'] as const) {
    if (data[field] !== undefined) throw unsound(field, kind, 'has no');
  }
  if (performedOn === undefined) throw unsound('performedOn', kind, 'needs');
  if (documentDigest === undefined) throw unsound('documentDigest', kind, 'needs');
  return { releasedOn: performedOn, documentDigest };
};

export const releaseClaim = (
  data: ReleaseClaimData,
  settlement: KnownSettlement,
  at: string,
): SettlementEvent[] => {
  const leg = legOf(settlement, data.leg);
  const { release } = leg;
  const same =
    release?.releaseId === data.releaseId ||
    (release?.releasedOn === data.releasedOn && release.documentDigest === data.documentDigest);
  if (same) return [];
  if (settlement.abandonedReleases.includes(data.releaseId)) {
    throw new DomainError(
      'conflict',
      'settlement/release-abandoned',
      'The release was given up before it was made; ask for it again',
      { leg: leg.leg, releaseId: data.releaseId },
    );
  }
  if (leg.kind !== 'claimRelease' || !leg.claim || leg.faceAmount === undefined) {
    throw new DomainError(
      'conflict',
      'settlement/no-claim-leg',
      `Leg ${leg.leg} releases no claim`,
      { leg: leg.leg, kind: leg.kind },
    );
  }
  mustBeApproved(settlement);
  mustBeOpen(leg);
  mustHaveCome(data.releasedOn, dayIn(settlement.timeZone, at), '/performedOn');
  mustNotPrecede(data.releasedOn, approvalOf(settlement), '/performedOn');
  const { claim, faceAmount: amount } = leg;
  const { settlementId } = settlement;
  return [{ type: 'ClaimReleased', data: { settlementId, claim, amount, ...data } }];
};

/** The fence before the claim is free again: a stalled writer cannot release it after this. */
export const abandonRelease = (
  data: Omit<ClaimReleaseAbandoned['data'], Ours>,
  settlement: KnownSettlement,
): SettlementEvent[] => {
  const { settlementId, legs, abandonedReleases } = settlement;
  if (abandonedReleases.includes(data.releaseId)) return [];
  if (legs.some(({ release }) => release?.releaseId === data.releaseId)) return [];
  return [{ type: 'ClaimReleaseAbandoned', data: { settlementId, ...data } }];
};

/** A waiver gives away what is owed: whoever proposed the settlement does not do so alone. */
export const waiveLeg = (
  data: WaiveLegData,
  settlement: KnownSettlement,
  at: string,
): SettlementEvent[] => {
  const { settlementId, proposedBy } = settlement;
  const leg = legOf(settlement, data.leg);
  if (leg.waiver) return waivedBefore(data, leg.waiver);
  mustBeApproved(settlement);
  mustBeOpen(leg);
  if (data.waivedBy === proposedBy) {
    throw new DomainError(
      'forbidden',
      'settlement/own-waiver',
      `The settlement was proposed by ${proposedBy}; another subject waives`,
      { proposedBy },
    );
  }
  mustHaveCome(data.waivedOn, dayIn(settlement.timeZone, at), '/waivedOn');
  mustNotPrecede(data.waivedOn, approvalOf(settlement), '/waivedOn');
  const last = leg.performances
    .map(({ performedOn }) => performedOn)
    .toSorted()
    .at(-1);
  if (last !== undefined) {
    mustNotPrecede(data.waivedOn, { day: last, what: 'A part was performed' }, '/waivedOn');
  }
  const amount = remainingOf(leg);
  const waived = {
    settlementId,
    ...data,
    ...(amount !== undefined && { amount }),
    ...(leg.direction === 'given' && leg.facility !== undefined && { siteKept: leg.facility }),
  };
  return [{ type: 'LegWaived', data: waived }];
};

const waivedBefore = (
  { leg, cause, waivedOn, documentDigest }: WaiveLegData,
  before: NonNullable<Leg['waiver']>,
): SettlementEvent[] => {
  const same =
    before.cause === cause &&
    before.waivedOn === waivedOn &&
    before.documentDigest === documentDigest;
  if (same) return [];
  throw new DomainError(
    'conflict',
    'settlement/leg-ended',
    `Leg ${leg} was waived on ${before.waivedOn}`,
    { leg, state: 'waived', waivedOn: before.waivedOn },
  );
};

/** Also before the approval: courts look at what the legs are worth. */
export const valueLeg = (
  data: Omit<LegValued['data'], Ours>,
  settlement: KnownSettlement,
  at: string,
): SettlementEvent[] => {
  const leg = legOf(settlement, data.leg);
  const { valuation } = leg;
  const { basis, valuedOn, documentDigest } = data;
  const amount = plainAmount(data.amount);
  const same =
    valuation?.amount === amount &&
    valuation.basis === basis &&
    valuation.valuedOn === valuedOn &&
    valuation.documentDigest === documentDigest;
  if (same) return [];
  if (settlement.status !== 'proposed') mustBeApproved(settlement);
  mustBeAmount(amount, settlement.currency, '/amount');
  mustHaveCome(valuedOn, dayIn(settlement.timeZone, at), '/valuedOn');
  if (valuation) {
    const before = { day: valuation.valuedOn, what: 'The leg was valued' };
    mustNotPrecede(valuedOn, before, '/valuedOn');
  }
  const { settlementId } = settlement;
  return [{ type: 'LegValued', data: { settlementId, ...data, amount } }];
};

const approvalOf = ({ approval, proposedOn }: KnownSettlement) => ({
  day: approval?.approvedOn ?? proposedOn,
  what: 'The settlement was approved',
});
