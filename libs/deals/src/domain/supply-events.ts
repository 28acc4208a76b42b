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
  /** Of one TH/s. */
  readonly pricePerTh?: string;
}

/** The right to buy more at a price that is fixed now. */
export interface CallOption {
  /** 1, 2, 3, ... */
  readonly option: number;
  readonly model: string;
  /** Rated, of one unit. */
  readonly unitHashrateGhs: number;
  /** The most that may be bought under it. */
  readonly hashrateGhs: number;
  /** Of one TH/s. */
  readonly pricePerTh: string;
  /** Last day on which it may be exercised. */
  readonly expiresOn: string;
}

export interface Instalment {
  /** 1, 2, 3, ... */
  readonly instalment: number;
  /** By which it is to be paid. */
  readonly dueOn: string;
  readonly amount: string;
}

/** Who fixes later what shares are worth, and by when that is expected. */
export interface Contingency {
  /** A court, a market, an index. */
  readonly authority: string;
  /** The last day by which that is expected. */
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
  /** Of the case, as the court has it. */
  readonly caseNumber: string;
  /** The order, as the docket numbers it. */
  readonly order: string;
}

interface Agreed {
  /** Supply agreement. */
  agreementId: string;
}

export type SupplyAgreed = DomainEvent<
  'SupplyAgreed',
  {
    /** Supply agreement. */
    agreementId: string;
    /** The number by which both parties call it. */
    reference: string;
    title: string;
    /** By its legal name. */
    seller: string;
    /** By its legal name. */
    buyer: string;
    /** Day of the signatures. */
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
    /** Rights to buy more. */
    options: readonly CallOption[];
    /** Subject of the token; another one waives. */
    recordedBy: string;
  }
>;
export type ConsiderationLegAdded = DomainEvent<
  'ConsiderationLegAdded',
  Agreed &
    ConsiderationLeg & {
      /** From this day on. */
      addedOn: string;
      /** The option by whose exercise it came. */
      option?: number;
    }
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
    /** Valuation of the leg. */
    valuationId: string;
    /** Day of the order, or of whatever fixes it. */
    valuedOn: string;
    /** Of the leg. */
    face: string;
    /** What one share is worth. */
    pricePerShare: string;
    /** Of face ÷ price per share, to whole shares. */
    rounding: RoundingMode;
    /** That are owed for the leg. */
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
    /** The valuation that is reversed. */
    valuationId: string;
    /** The day of the valuation: it never held. */
    effectiveOn: string;
    /** What it said. */
    shares: number;
    /** What it said they are worth. */
    value: string;
    /** What was recorded wrongly. */
    cause: string;
  }
>;
export type SharesIssued = DomainEvent<
  'SharesIssued',
  Agreed & {
    leg: number;
    /** Issue of shares. */
    issueId: string;
    /** Issued now. */
    shares: number;
    /** Day of the issue. */
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
    /** Of the leg, by its number. */
    instalment: number;
    /** Payment. */
    paymentId: string;
    amount: string;
    /** Day of the payment. */
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
    /** Of the agreement, by its number. */
    line: number;
    /** What the line was delivered in before. */
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
    /** Of the agreement, by its number. */
    option: number;
    /** Day of the notice. */
    exercisedOn: string;
    /** The line that it adds. */
    line: SupplyLine;
    /** What it adds to the price: hashrate × the option's price. */
    price: string;
    /** SHA-256 (hex) of the notice. */
    documentDigest: string;
    /** Subject of the token; another one waives what the line owes. */
    recordedBy: string;
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
    /** The day from which it counts. */
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
    /** Of the agreement, by its number. */
    line: number;
    /** Waiver. */
    waiverId: string;
    /** That is owed no more. */
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
  Agreed & {
    contractId: string;
    /** From this day on. */
    linkedOn: string;
  }
>;
export type UpgradeProgrammeAgreed = DomainEvent<
  'UpgradeProgrammeAgreed',
  Agreed & {
    /** Upgrade programme. */
    programmeId: string;
    reference: string;
    title: string;
    /** Day of the signatures. */
    agreedOn: string;
    /** SHA-256 (hex) of the document. */
    documentDigest: string;
    /** Machines to be upgraded, where a number was agreed. */
    units?: number;
  }
>;
export type SupplyCompleted = DomainEvent<
  'SupplyCompleted',
  Agreed & {
    /** Day from which nothing is owed any more. */
    completedOn: string;
  }
>;

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
