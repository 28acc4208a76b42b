import type { DomainEvent, EventCatalogue } from '@hostledger/eventsourcing';
import type { RoundingMode } from '@hostledger/quantities';

// What can be recorded of a supply agreement. Dates are days in the agreement's time zone, amounts
// decimals in its currency, hashrate is rated and in GH/s.

/** Hashrate that was bought; it is delivered in units, and how many that are may change. */
export interface SupplyLine {
  /** 1, 2, 3, ... */
  readonly line: number;
  readonly model: string;
  /** Rated, of one unit. */
  readonly unitHashrateGhs: number;
  /** What was bought and is owed, whatever it is delivered in. */
  readonly contractedHashrateGhs: number;
  /** How many of the model that comes to; for reference. */
  readonly units: number;
  readonly pricePerTh?: string;
}

/** The right to buy more at a price that is fixed now. */
export interface CallOption {
  /** 1, 2, 3, ... */
  readonly option: number;
  readonly model: string;
  readonly unitHashrateGhs: number;
  /** The most that may be bought under it. */
  readonly hashrateGhs: number;
  readonly pricePerTh: string;
  /** Last day on which it may be exercised. */
  readonly expiresOn: string;
}

export interface Instalment {
  /** 1, 2, 3, ... */
  readonly instalment: number;
  readonly dueOn: string;
  readonly amount: string;
}

/** Who fixes later what shares are worth, and by when that is expected. */
export interface Contingency {
  /** A court, a market, an index. */
  readonly authority: string;
  readonly dueOn: string;
}

export const LEG_KINDS = ['cash', 'equity', 'claim', 'equipment', 'serviceCredit'] as const;
export type LegKind = (typeof LEG_KINDS)[number];

/** A part of the price: what it stands for in money now, and how it is paid. */
export interface ConsiderationLeg {
  /** 1, 2, 3, ... over the whole agreement. */
  readonly leg: number;
  readonly kind: LegKind;
  /** What the parties reckoned it at when they agreed. */
  readonly face: string;
  readonly description: string;
  /** Of cash; they come to the face. */
  readonly instalments?: readonly Instalment[];
  /** Of equity. */
  readonly valuation?: Contingency;
}

export interface CourtReference {
  readonly court: string;
  readonly caseNumber: string;
  /** The order, as the docket numbers it. */
  readonly order: string;
}

interface Agreed {
  agreementId: string;
}

export type SupplyAgreed = DomainEvent<
  'SupplyAgreed',
  {
    agreementId: string;
    /** The number by which both parties call it. */
    reference: string;
    title: string;
    seller: string;
    buyer: string;
    agreedOn: string;
    /** IANA name; its days are days in this zone. */
    timeZone: string;
    /** ISO 4217. */
    currency: string;
    /** The whole of it; the faces of its legs come to it. */
    price: string;
    /** SHA-256 (hex) of the signed document. */
    documentDigest: string;
    lines: readonly SupplyLine[];
    options: readonly CallOption[];
    /** Subject of the token; another one waives. */
    recordedBy: string;
  }
>;
export type ConsiderationLegAdded = DomainEvent<
  'ConsiderationLegAdded',
  Agreed & ConsiderationLeg & { addedOn: string; /** By whose exercise. */ option?: number }
>;
export type ValuationPending = DomainEvent<
  'ValuationPending',
  Agreed &
    Contingency & {
      leg: number;
      /** From this day on. */
      pendingFrom: string;
      /** The instant at which the last day for it is over. */
      overdueAt: string;
    }
>;
export type ValuationDeadlineMissed = DomainEvent<
  'ValuationDeadlineMissed',
  Agreed &
    Contingency & {
      leg: number;
      /** The day after it was due. */
      missedOn: string;
    }
>;
export type ConsiderationValued = DomainEvent<
  'ConsiderationValued',
  Agreed & {
    leg: number;
    valuationId: string;
    valuedOn: string;
    face: string;
    pricePerShare: string;
    /** Of face ÷ price per share, to whole shares. */
    rounding: RoundingMode;
    shares: number;
    /** Shares × price per share, rounded half up to what the currency can pay. */
    value: string;
    /** Face − value: below zero where the shares are worth more. */
    remainder: string;
    /** SHA-256 (hex) of the document that fixes it. */
    documentDigest: string;
    court?: CourtReference;
    /** The valuation that it stands in for, which was reversed with it. */
    corrects?: string;
  }
>;
export type ValuationReversed = DomainEvent<
  'ValuationReversed',
  Agreed & {
    leg: number;
    valuationId: string;
    /** The day of the valuation: it never held. */
    effectiveOn: string;
    shares: number;
    value: string;
    /** What was recorded wrongly. */
    cause: string;
  }
>;
export type SharesIssued = DomainEvent<
  'SharesIssued',
  Agreed & {
    leg: number;
    issueId: string;
    shares: number;
    issuedOn: string;
    /** To whom. */
    holder: string;
    reference: string;
    /** SHA-256 (hex) of the register's confirmation. */
    documentDigest: string;
  }
>;
export type InstalmentPaid = DomainEvent<
  'InstalmentPaid',
  Agreed & {
    leg: number;
    instalment: number;
    paymentId: string;
    amount: string;
    paidOn: string;
    /** Of the payment, as the books call it. */
    reference: string;
  }
>;
export type ConsiderationPerformed = DomainEvent<
  'ConsiderationPerformed',
  Agreed & {
    leg: number;
    performanceId: string;
    amount: string;
    performedOn: string;
    reference: string;
    /** SHA-256 (hex) of the document that shows it. */
    documentDigest: string;
  }
>;
export type ModelSubstituted = DomainEvent<
  'ModelSubstituted',
  Agreed & {
    line: number;
    fromModel: string;
    model: string;
    /** Rated, of one unit of the new model. */
    unitHashrateGhs: number;
    /** How many of the new model the line comes to; for reference. */
    units: number;
    effectiveOn: string;
    /** SHA-256 (hex) of the supplement. */
    documentDigest: string;
    cause: string;
  }
>;
export type CallOptionExercised = DomainEvent<
  'CallOptionExercised',
  Agreed & {
    option: number;
    exercisedOn: string;
    /** The line that it adds. */
    line: SupplyLine;
    /** What it adds to the price: hashrate × the option's price. */
    price: string;
    /** SHA-256 (hex) of the notice. */
    documentDigest: string;
  }
>;
/** Numbers of a delivery as they stand: the highest amendment holds. */
export type HashrateAccepted = DomainEvent<
  'HashrateAccepted',
  Agreed & {
    deliveryId: string;
    contractId: string;
    /** 0 as reconciled, then counted from 1. */
    amendment: number;
    acceptedOn: string;
    byModel: readonly {
      readonly model: string;
      readonly units: number;
      readonly hashrateGhs: number;
    }[];
    /** Credited by the supplier instead of delivered, as the delivery was settled. */
    waivedHashrateGhs: number;
  }
>;
export type HashrateWaived = DomainEvent<
  'HashrateWaived',
  Agreed & {
    line: number;
    waiverId: string;
    hashrateGhs: number;
    waivedOn: string;
    /** Subject of the token, another one than who recorded the agreement. */
    waivedBy: string;
    cause: string;
    /** SHA-256 (hex) of the document that says so. */
    documentDigest: string;
  }
>;
export type HostingContractLinked = DomainEvent<
  'HostingContractLinked',
  Agreed & { contractId: string; linkedOn: string }
>;
export type UpgradeProgrammeAgreed = DomainEvent<
  'UpgradeProgrammeAgreed',
  Agreed & {
    programmeId: string;
    reference: string;
    title: string;
    agreedOn: string;
    /** SHA-256 (hex) of the document. */
    documentDigest: string;
    /** Machines to be upgraded, where a number was agreed. */
    units?: number;
  }
>;
export type SupplyCompleted = DomainEvent<'SupplyCompleted', Agreed & { completedOn: string }>;

export type SupplyEvent =
  | SupplyAgreed
  | ConsiderationLegAdded
  | ValuationPending
  | ValuationDeadlineMissed
  | ConsiderationValued
  | ValuationReversed
  | SharesIssued
  | InstalmentPaid
  | ConsiderationPerformed
  | ModelSubstituted
  | CallOptionExercised
  | HashrateAccepted
  | HashrateWaived
  | HostingContractLinked
  | UpgradeProgrammeAgreed
  | SupplyCompleted;

export const supplyEvents: EventCatalogue<SupplyEvent> = {
  SupplyAgreed: 'Hashrate was bought at a price; it is delivered in units and paid in legs.',
  ConsiderationLegAdded: 'A part of the price is paid in this kind; all faces come to the price.',
  ValuationPending:
    'What a leg is worth will be fixed by somebody else; until then it has no value.',
  ValuationDeadlineMissed: 'The day by which a leg was to be valued passed; nothing else changes.',
  ConsiderationValued: 'A leg was valued: price per share, shares and what rounding leaves over.',
  ValuationReversed: 'A valuation never held; the one that stands in for it is recorded with it.',
  SharesIssued: 'Shares of a valued leg were issued to whom they are owed.',
  InstalmentPaid: 'Cash was paid of an instalment.',
  ConsiderationPerformed: 'A leg that is neither cash nor shares was performed, or a part of it.',
  ModelSubstituted:
    'By supplement, the hashrate of a line is delivered in another model from a day on.',
  CallOptionExercised:
    'More hashrate was bought under an option, at the price that was fixed with it.',
  HashrateAccepted: 'What was accepted of a delivery counts towards the hashrate that was bought.',
  HashrateWaived: 'Hashrate of a line is owed no more, by the word of another subject.',
  HostingContractLinked: 'The hosting contract was signed with the agreement.',
  UpgradeProgrammeAgreed: 'A programme to upgrade machines was agreed with it.',
  SupplyCompleted: 'All hashrate was accepted or waived and every leg performed.',
};

/** The day of the business from which an event counts. */
export const dayOfSupplyEvent = ({ type, data }: SupplyEvent): string => {
  switch (type) {
    case 'SupplyAgreed':
    case 'UpgradeProgrammeAgreed':
      return data.agreedOn;
    case 'ConsiderationLegAdded':
      return data.addedOn;
    case 'ValuationPending':
      return data.pendingFrom;
    case 'ValuationDeadlineMissed':
      return data.missedOn;
    case 'ConsiderationValued':
      return data.valuedOn;
    case 'ValuationReversed':
    case 'ModelSubstituted':
      return data.effectiveOn;
    case 'SharesIssued':
      return data.issuedOn;
    case 'InstalmentPaid':
      return data.paidOn;
    case 'ConsiderationPerformed':
      return data.performedOn;
    case 'CallOptionExercised':
      return data.exercisedOn;
    case 'HashrateAccepted':
      return data.acceptedOn;
    case 'HashrateWaived':
      return data.waivedOn;
    case 'HostingContractLinked':
      return data.linkedOn;
    case 'SupplyCompleted':
      return data.completedOn;
  }
};
