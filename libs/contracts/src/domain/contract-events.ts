import type { DomainEvent, EventCatalogue } from '@hostledger/eventsourcing';
import { lifecycleEvents, type LifecycleEvent } from './lifecycle.js';
import type { RateCard } from './rate-card.js';
import { consentEvents, type ConsentEvent, type RelocationClause } from './relocation-clause.js';

// What can be recorded of a hosting contract. Dates are days in the contract's time zone.

export interface Signatory {
  readonly party: string;
  readonly name: string;
  readonly title?: string;
}

export interface Clause {
  /** As the document numbers it, e.g. `4.2`. */
  readonly ref: string;
  readonly title: string;
  readonly text: string;
}

export const TERMS_KINDS = ['original', 'amendment', 'restatement'] as const;
export type TermsKind = (typeof TERMS_KINDS)[number];
/** Where nobody said: the first version is the original, later ones are amendments. */
export const termsKindOf = (terms: { version: number; kind?: TermsKind }): TermsKind =>
  terms.kind ?? (terms.version === 1 ? 'original' : 'amendment');

/** The most that may be ordered while the terms are in force; absent means no limit. */
export interface OrderCaps {
  readonly units?: number;
  readonly powerWatts?: number;
}

/** What an order is counted in: with `units` both units and watts bind, otherwise watts alone. */
export const ORDER_BASES = ['units', 'power', 'criticalItLoad'] as const;
export type OrderBasis = (typeof ORDER_BASES)[number];

export interface DeliveredModel {
  readonly model: string;
  readonly units: number;
  readonly hashrateGhs: number;
  /** Of all units together. */
  readonly nameplateWatts: number;
}

export type ContractDrafted = DomainEvent<
  'ContractDrafted',
  {
    contractId: string;
    customerId: string;
    reference: string;
    title: string;
    /** IANA name; billing months are months in this zone. */
    timeZone: string;
    /** ISO 4217. */
    currency: string;
  }
>;
export type ContractExecuted = DomainEvent<
  'ContractExecuted',
  {
    contractId: string;
    executedOn: string;
    /** SHA-256 (hex) of the signed document. */
    documentDigest: string;
    signatories: readonly Signatory[];
  }
>;
export type TermsAdopted = DomainEvent<
  'TermsAdopted',
  {
    contractId: string;
    /** 1, 2, 3, ... */
    version: number;
    effectiveOn: string;
    documentDigest: string;
    clauses: readonly Clause[];
    rateCard: RateCard;
    /** The first version is the original; a restatement replaces the whole text. */
    kind?: TermsKind;
    /** Last day of the term; the contract has no end of its own where no version names one. */
    termEndsOn?: string;
    /** Of all orders together, while this version is in force. */
    caps?: OrderCaps;
    /** Money in the contract's currency that is held before service begins or goes on. */
    requiredDeposit?: string;
    /** Where machines may be moved; without it they may go to any site. */
    relocation?: RelocationClause;
    /** What is different from the version before, in the words of the parties. */
    changes?: string;
  }
>;
export type TermsCorrected = DomainEvent<
  'TermsCorrected',
  {
    contractId: string;
    version: number;
    /** That of the version; a correction does not move it. */
    effectiveOn: string;
    documentDigest: string;
    clauses: readonly Clause[];
    rateCard: RateCard;
    termEndsOn?: string;
    caps?: OrderCaps;
    /** Money in the contract's currency that is held before service begins or goes on. */
    requiredDeposit?: string;
    /** Where machines may be moved; without it they may go to any site. */
    relocation?: RelocationClause;
    /** What was recorded wrongly. */
    cause: string;
  }
>;
export type ServiceOrderPlaced = DomainEvent<
  'ServiceOrderPlaced',
  {
    contractId: string;
    customerId: string;
    orderId: string;
    reference: string;
    /** Machines; where power is ordered, how many are expected, 0 where nobody said. */
    units: number;
    /** For all of them together; with `criticalItLoad` what the machines draw, cooling left out. */
    powerWatts: number;
    model?: string;
    startsOn: string;
    /** `units` where absent. */
    basis?: OrderBasis;
    /** Rated, of all the machines that the order is for; absent where nobody agreed on it. */
    hashrateGhs?: number;
  }
>;
export type CustomerAllocated = DomainEvent<
  'CustomerAllocated',
  {
    contractId: string;
    customerId: string;
    orderId: string;
    allocationId: string;
    facility: string;
    units: number;
    powerWatts: number;
    effectiveOn: string;
  }
>;
export type AllocationAbandoned = DomainEvent<
  'AllocationAbandoned',
  {
    contractId: string;
    allocationId: string;
    orderId: string;
    facility: string;
    /** The rule that refused it. */
    code: string;
    detail: string;
  }
>;
export type AllocationReduced = DomainEvent<
  'AllocationReduced',
  {
    contractId: string;
    customerId: string;
    orderId: string;
    allocationId: string;
    reductionId: string;
    facility: string;
    /** By how many; what is left is less by them from that day on. */
    units: number;
    powerWatts: number;
    effectiveOn: string;
    cause: string;
  }
>;
export type MachinesAssigned = DomainEvent<
  'MachinesAssigned',
  {
    contractId: string;
    customerId: string;
    orderId: string;
    allocationId: string;
    assignmentId: string;
    units: number;
    /** Of all of them together. */
    powerWatts: number;
    /** At most 500, so that the assignment can be finished from here. */
    machines?: readonly { serial: string; powerWatts: number }[];
  }
>;
export type AssignmentReleased = DomainEvent<
  'AssignmentReleased',
  {
    contractId: string;
    orderId: string;
    allocationId: string;
    assignmentId: string;
    /** Of the machines assigned, those that are so no longer. */
    units: number;
    powerWatts: number;
    cause: string;
    /** Position in the log of the last `MinerUnassigned` that is counted in. */
    upTo?: string;
  }
>;
export type MinersDelivered = DomainEvent<
  'MinersDelivered',
  {
    contractId: string;
    customerId: string;
    deliveryId: string;
    reference: string;
    facility: string;
    /** received + missing + refused */
    lines: number;
    received: number;
    missing: number;
    refused: number;
    /** Received and found good; absent where it was not told apart from received. */
    accepted?: number;
    /** Rated, of what was received. */
    hashrateGhs: number;
    byModel: readonly DeliveredModel[];
    reconciledAt: string;
  }
>;

/** The numbers after; the report before it stands as it is. */
export type DeliveredMinersAmended = DomainEvent<
  'DeliveredMinersAmended',
  {
    contractId: string;
    customerId: string;
    deliveryId: string;
    reference: string;
    facility: string;
    /** Counted from 1; the highest holds. */
    amendment: number;
    /** received + missing + refused */
    lines: number;
    received: number;
    missing: number;
    refused: number;
    /** Received and found good. */
    accepted: number;
    /** Of those refused, received at first and sent back. */
    returned: number;
    /** Taken in although no line named them. */
    extra: number;
    /** Rated, of what was received and of what came beside the lines. */
    hashrateGhs: number;
    /** The same, by model. */
    byModel: readonly DeliveredModel[];
    /** Of all machines, against the report or amendment before; may be below zero. */
    change: { units: number; accepted: number; hashrateGhs: number; nameplateWatts: number };
    amendedAt: string;
  }
>;

export type DepositReceived = DomainEvent<
  'DepositReceived',
  {
    contractId: string;
    customerId: string;
    depositId: string;
    /** Decimal, in units of the currency. */
    amount: string;
    /** ISO 4217; that of the contract. */
    currency: string;
    receivedOn: string;
    reference: string;
  }
>;
export type DepositDrawn = DomainEvent<
  'DepositDrawn',
  {
    contractId: string;
    customerId: string;
    depositId: string;
    drawId: string;
    amount: string;
    currency: string;
    drawnOn: string;
    reference: string;
    /** What it was kept for. */
    cause: string;
  }
>;
export type DepositRefunded = DomainEvent<
  'DepositRefunded',
  {
    contractId: string;
    customerId: string;
    depositId: string;
    refundId: string;
    amount: string;
    currency: string;
    refundedOn: string;
    reference: string;
  }
>;

export type DepositEvent = DepositReceived | DepositDrawn | DepositRefunded;
export type ContractEvent =
  | ContractDrafted
  | ContractExecuted
  | TermsAdopted
  | TermsCorrected
  | ServiceOrderPlaced
  | CustomerAllocated
  | AllocationAbandoned
  | AllocationReduced
  | MachinesAssigned
  | AssignmentReleased
  | MinersDelivered
  | DeliveredMinersAmended
  | DepositEvent
  | ConsentEvent
  | LifecycleEvent;

export const contractEvents: EventCatalogue<ContractEvent> = {
  ContractDrafted: 'A hosting contract with a customer was opened for negotiation.',
  ContractExecuted: 'The contract was signed by both parties.',
  TermsAdopted: 'A numbered version of the terms was agreed, in force from its effective date.',
  TermsCorrected: 'A version of the terms had been recorded wrongly; this is what was agreed.',
  ServiceOrderPlaced: 'The customer ordered hosting for a number of machines and their power.',
  CustomerAllocated: 'The customer was given capacity at a facility under an order.',
  AllocationAbandoned: 'An allocation was refused for good; its capacity can be given back.',
  AllocationReduced: 'The customer gave capacity back, or it was taken, from a day on.',
  MachinesAssigned: 'Machines of the customer took up a part of an allocation.',
  AssignmentReleased: 'Machines left their part of an allocation.',
  MinersDelivered: 'A delivery under the contract was reconciled: what came, by model.',
  DeliveredMinersAmended: 'What was delivered changed after it was reported: the numbers after it.',
  DepositReceived: 'The customer paid a deposit.',
  DepositDrawn: 'A part of a deposit was kept for what the customer owed.',
  DepositRefunded: 'A part of a deposit went back to the customer.',
  ...consentEvents,
  ...lifecycleEvents,
};
