import type { DomainEvent, EventCatalogue } from '@hostledger/eventsourcing';

// What can be recorded of a settlement. Dates are days in its time zone, amounts are in its currency.

export const LEG_KINDS = ['cash', 'claimRelease', 'site', 'equipment', 'design', 'other'] as const;
export type LegKind = (typeof LEG_KINDS)[number];

/** As the host sees it: `given` leaves it, `received` comes to it. */
export const DIRECTIONS = ['given', 'received'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export const WITHDRAWAL_CAUSES = ['withdrawn', 'refused'] as const;
export type WithdrawalCause = (typeof WITHDRAWAL_CAUSES)[number];

/** What one side says that the other owes it. */
export interface Claim {
  /** As the court or the holder calls it, e.g. `POC 425`. */
  readonly reference: string;
  /** Whose claim it is, and who gives it up. */
  readonly holder: string;
  /** Against whom. */
  readonly debtor: string;
}

/** One thing that changes hands. What it holds beside its description depends on the kind. */
export interface LegTerms {
  readonly kind: LegKind;
  readonly direction: Direction;
  readonly description: string;
  /** What the document says it is worth; always of cash and of claims. */
  readonly faceAmount?: string;
  /** Of a release: the claim. */
  readonly claim?: Claim;
  /** Of a site: its code. */
  readonly facility?: string;
}

export type SettlementProposed = DomainEvent<
  'SettlementProposed',
  {
    settlementId: string;
    reference: string;
    title: string;
    /** The other side, by its legal name. */
    counterparty: string;
    /** The other side, where it is a customer. */
    customerId?: string;
    /** ISO 4217; that of every amount. */
    currency: string;
    /** IANA name; days are days in this zone. */
    timeZone: string;
    proposedOn: string;
    /** SHA-256 (hex) of the proposal. */
    documentDigest: string;
    /** Subject who proposed; another one waives. */
    proposedBy: string;
    /** How many legs it has; each has an event of its own. */
    legs: number;
  }
>;
export type SettlementLegAdded = DomainEvent<
  'SettlementLegAdded',
  LegTerms & {
    settlementId: string;
    /** 1 to the number of legs. */
    leg: number;
  }
>;
export type SettlementApproved = DomainEvent<
  'SettlementApproved',
  {
    settlementId: string;
    court: string;
    /** Number of the case and of the entry, e.g. `22-90341, ECF 1259`. */
    docket: string;
    /** What the order is called by. */
    orderReference: string;
    /** SHA-256 (hex) of the order. */
    documentDigest: string;
    approvedOn: string;
    /** Sites that are given away; the machines there have to leave. */
    sitesGiven: readonly string[];
  }
>;
/** The settlement will not be: it was given up, or the court refused it. */
export type SettlementWithdrawn = DomainEvent<
  'SettlementWithdrawn',
  {
    settlementId: string;
    cause: WithdrawalCause;
    /** Why, in words. */
    explanation: string;
    withdrawnOn: string;
    /** SHA-256 (hex) of the order or the notice. */
    documentDigest?: string;
  }
>;
export type LegValued = DomainEvent<
  'LegValued',
  {
    settlementId: string;
    leg: number;
    /** What the leg is worth, whatever its face says. */
    amount: string;
    /** How that was found, e.g. `appraisal`. */
    basis: string;
    valuedOn: string;
    /** SHA-256 (hex) of the valuation. */
    documentDigest: string;
  }
>;
/** Cash may come in parts; all else is performed at once. */
export type LegPerformed = DomainEvent<
  'LegPerformed',
  {
    settlementId: string;
    leg: number;
    performanceId: string;
    performedOn: string;
    /** Of cash: how much was paid. */
    amount?: string;
    /** As the books or the parties call it; of cash always, and once in a leg. */
    reference?: string;
    /** SHA-256 (hex) of the proof; of a site that of the deed. */
    documentDigest?: string;
    /** Of a site: its code. */
    facility?: string;
    /** Of a site: the name that the deed has for the other side. */
    party?: string;
  }
>;
/** What is left of the leg will not be asked for. */
export type LegWaived = DomainEvent<
  'LegWaived',
  {
    settlementId: string;
    leg: number;
    cause: string;
    /** Subject who waived; another than who proposed. */
    waivedBy: string;
    waivedOn: string;
    /** SHA-256 (hex) of the waiver. */
    documentDigest: string;
    /** What is not performed; absent of a leg without a face amount. */
    amount?: string;
    /** The site that is kept after all, where the leg was to give it away. */
    siteKept?: string;
  }
>;
/** It performs the leg: a claim is released as a whole and once. */
export type ClaimReleased = DomainEvent<
  'ClaimReleased',
  {
    settlementId: string;
    leg: number;
    releaseId: string;
    /** Stream that keeps the claim from being released again. */
    claimId: string;
    claim: Claim;
    amount: string;
    releasedOn: string;
    /** SHA-256 (hex) of the release. */
    documentDigest: string;
  }
>;
export type ClaimReleaseAbandoned = DomainEvent<
  'ClaimReleaseAbandoned',
  {
    settlementId: string;
    leg: number;
    releaseId: string;
    /** Code of the rule that refused; see problems.md. */
    code: string;
    /** The same in words. */
    detail: string;
  }
>;
export type SettlementClosed = DomainEvent<
  'SettlementClosed',
  { settlementId: string; closedOn: string }
>;

export type SettlementEvent =
  | SettlementProposed
  | SettlementLegAdded
  | SettlementApproved
  | SettlementWithdrawn
  | LegValued
  | LegPerformed
  | LegWaived
  | ClaimReleased
  | ClaimReleaseAbandoned
  | SettlementClosed;

export const settlementEvents: EventCatalogue<SettlementEvent> = {
  SettlementProposed: 'A settlement with another party was put before a court.',
  SettlementLegAdded: 'One thing that changes hands under a proposed settlement.',
  SettlementApproved: 'A court approved a settlement; its legs can be performed.',
  SettlementWithdrawn: 'A proposed settlement was given up, or refused by the court.',
  LegValued: 'A leg of a settlement was valued apart from its face amount.',
  LegPerformed: 'A leg of a settlement was performed, or a part of its cash was paid.',
  LegWaived: 'What was left of a leg of a settlement was waived.',
  ClaimReleased: 'A claim was released under a settlement, as a whole and for good.',
  ClaimReleaseAbandoned:
    'The release of a claim was given up: it can never happen under that id any more.',
  SettlementClosed: 'Every leg of a settlement had been performed or waived, and it was closed.',
};

/**
 * The day that an event counts from, for what was true on a day; `undefined` where it says nothing
 * of the world. A leg counts from the day of the proposal, which goes before it.
 */
export const businessDay = (event: SettlementEvent): string | undefined => {
  switch (event.type) {
    case 'SettlementProposed':
      return event.data.proposedOn;
    case 'SettlementApproved':
      return event.data.approvedOn;
    case 'SettlementWithdrawn':
      return event.data.withdrawnOn;
    case 'LegValued':
      return event.data.valuedOn;
    case 'LegPerformed':
      return event.data.performedOn;
    case 'LegWaived':
      return event.data.waivedOn;
    case 'ClaimReleased':
      return event.data.releasedOn;
    case 'SettlementClosed':
      return event.data.closedOn;
    case 'SettlementLegAdded':
    case 'ClaimReleaseAbandoned':
      return undefined;
  }
};
