import type { LegTerms, SettlementEvent } from './settlement-events.js';
import type { PerformLegData } from './settlement-legs.js';
import type { Proposal } from './settlement-proposal.js';
import type { SettlementCommand } from './settlement.js';

// Cedarvale for cash and claims: proposed by Ana in September 2023, approved in November.

export const at = '2024-02-01T18:00:00.000Z';
export const digest = 'd'.repeat(64);
export const settlementId = 'settlement-1';

export const claim = {
  reference: 'POC 425',
  holder: 'Celsius Network LLC',
  debtor: 'Core Scientific, Inc.',
};

export const cashLeg: LegTerms = {
  kind: 'cash',
  direction: 'received',
  description: 'Cash at closing',
  faceAmount: '14000000.00',
};
export const claimLeg: LegTerms = {
  kind: 'claimRelease',
  direction: 'received',
  description: 'All claims of Celsius',
  faceAmount: '31000000.00',
  claim,
};
export const siteLeg: LegTerms = {
  kind: 'site',
  direction: 'given',
  description: 'The site at Cedarvale, Ward County',
  facility: 'CEDARVALE',
};
export const designLeg: LegTerms = {
  kind: 'design',
  direction: 'given',
  description: 'Designs of the buildings',
};
export const legs = [cashLeg, claimLeg, siteLeg, designLeg];

export const proposal: Proposal = {
  settlementId,
  reference: 'CEL-CORZ-2023',
  title: 'Cedarvale for cash and claims',
  counterparty: 'Celsius Network LLC',
  currency: 'USD',
  timeZone: 'America/Chicago',
  proposedOn: '2023-09-14',
  documentDigest: digest,
  proposedBy: 'ana',
  legs,
};

export const propose = (change: Partial<Proposal> = {}): SettlementCommand => ({
  type: 'ProposeSettlement',
  data: { ...proposal, ...change },
  at,
});

export const proposed = (terms: readonly LegTerms[] = legs): SettlementEvent[] => [
  { type: 'SettlementProposed', data: { ...proposal, legs: terms.length } },
  ...terms.map((leg, index): SettlementEvent => ({
    type: 'SettlementLegAdded',
    data: { settlementId, leg: index + 1, ...leg },
  })),
];

export const approval = {
  court: 'S.D. Tex. Bankr.',
  docket: '22-90341, ECF 1259',
  orderReference: 'Order approving the settlement',
  documentDigest: digest,
  approvedOn: '2023-11-02',
};
export const approve = (change: Partial<typeof approval> = {}): SettlementCommand => ({
  type: 'ApproveSettlement',
  data: { ...approval, ...change },
  at,
});
export const approved: SettlementEvent = {
  type: 'SettlementApproved',
  data: { settlementId, ...approval, sitesGiven: ['CEDARVALE'] },
};

export const perform = (leg: number, told: Partial<PerformLegData> = {}): SettlementCommand => ({
  type: 'PerformLeg',
  data: { leg, performanceId: `performance-${leg}`, ...told },
  at,
});
export const payment = {
  performedOn: '2023-11-10',
  amount: '4000000.00',
  reference: 'WIRE-1',
} as const;
export const paid: SettlementEvent = {
  type: 'LegPerformed',
  data: { settlementId, leg: 1, performanceId: 'payment-1', ...payment },
};
export const paidRest: SettlementEvent = {
  type: 'LegPerformed',
  data: {
    settlementId,
    leg: 1,
    performanceId: 'payment-2',
    performedOn: '2023-11-20',
    amount: '10000000.00',
    reference: 'WIRE-2',
  },
};
export const release = {
  leg: 2,
  releaseId: 'release-1',
  claimId: 'claim-1',
  releasedOn: '2023-11-21',
  documentDigest: digest,
};
export const releaseIt = (change: Partial<typeof release> = {}): SettlementCommand => ({
  type: 'ReleaseClaim',
  data: { ...release, ...change },
  at,
});
export const released: SettlementEvent = {
  type: 'ClaimReleased',
  data: { settlementId, claim, amount: '31000000.00', ...release },
};
export const transfer = {
  facility: 'CEDARVALE',
  party: 'celsius  network LLC',
  on: '2023-11-15',
  documentDigest: 'e'.repeat(64),
};
export const transferred: SettlementEvent = {
  type: 'LegPerformed',
  data: {
    settlementId,
    leg: 3,
    performanceId: 'performance-3',
    performedOn: '2023-11-15',
    documentDigest: 'e'.repeat(64),
    facility: 'CEDARVALE',
    party: 'celsius  network LLC',
  },
};
export const waiver = {
  leg: 4,
  cause: 'The designs were never finished',
  waivedBy: 'bob',
  waivedOn: '2023-12-01',
  documentDigest: digest,
};
export const waive = (change: Partial<typeof waiver> = {}): SettlementCommand => ({
  type: 'WaiveLeg',
  data: { ...waiver, ...change },
  at,
});
export const waived: SettlementEvent = { type: 'LegWaived', data: { settlementId, ...waiver } };
export const close = (closedOn = '2023-12-04'): SettlementCommand => ({
  type: 'CloseSettlement',
  data: { closedOn },
  at,
});
