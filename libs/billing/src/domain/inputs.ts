import type { Clause, RateCard } from '@hostledger/contracts';
import type { MachineFact } from './machine-facts.js';
import type { Formula } from './rating/formula.js';

// All that a computation of a period reads, as the log has it up to one position. Instants are ISO
// 8601 UTC; windows are half open, [from, until).

/** The event that says so. */
export interface Source {
  readonly eventId: string;
  readonly stream: string;
  readonly revision: number;
  /** In the log, in digits: JSON has no number for it. */
  readonly position: string;
}

export interface Window {
  /** First instant. */
  readonly from: string;
  /** First instant after it. */
  readonly until: string;
}

/** A version of the terms while it was in force, within the period. */
export interface TermsInForce extends Window {
  readonly version: number;
  readonly clauses: readonly Clause[];
  readonly rateCard: RateCard;
  readonly source: Source;
}

/** Power that a customer is allocated at a site, within the period. */
export interface AllocatedPower extends Window {
  readonly allocationId: string;
  readonly facility: string;
  readonly units: number;
  readonly powerWatts: number;
  readonly sources: readonly Source[];
}

/** What energy costs a site; within the period one holds at every instant that one was fixed for. */
export interface PowerRateInForce extends Window {
  readonly facility: string;
  /** Decimal. */
  readonly ratePerKwh: string;
  readonly currency: string;
  readonly source: Source;
}

export interface CurtailmentFact {
  readonly curtailmentId: string;
  readonly facility: string;
  readonly cause: string;
  readonly startsAt: string;
  /** Absent while it lasts. */
  readonly endedAt?: string;
  /** As measured for the whole scope of it, in Wh. */
  readonly energyAvoidedWh?: number;
  readonly sources: readonly Source[];
}

/** What a demand-response or power-resale programme paid for a curtailment. */
export interface ProgrammeReceipt {
  readonly receiptId: string;
  readonly curtailmentId: string;
  readonly facility: string;
  /** Decimal. */
  readonly amount: string;
  readonly currency: string;
  /** A day of the site's zone; the receipt belongs to the period that the day is in. */
  readonly receivedOn: string;
  readonly source: Source;
}

/** An accepted total of a meter over an interval that lies within the period. */
export interface ReadingFact extends Window {
  readonly meterId: string;
  readonly facility: string;
  /** Energy in Wh, or what was mined in satoshi. */
  readonly kind: 'energy' | 'proceeds';
  /** Whole units of the kind, in digits. */
  readonly amount: string;
  readonly quality: 'measured' | 'estimated';
  readonly source: Source;
}

/** A meter of the contract, and since when it is to be read. */
export interface MeterFact {
  readonly meterId: string;
  readonly facility: string;
  readonly kind: 'energy' | 'proceeds';
  /** It measures within this part of the period, which its readings should cover. */
  readonly window: Window;
  readonly source: Source;
}

/** What a bitcoin was worth from an instant on, until the next. */
export interface PriceInForce extends Window {
  readonly currency: string;
  /** Decimal, of one bitcoin. */
  readonly price: string;
  readonly source: Source;
}

export interface BillingInputs {
  readonly contractId: string;
  readonly customerId: string;
  /** IANA name; the period is a month of this zone. */
  readonly timeZone: string;
  readonly currency: string;
  /** YYYY-MM. */
  readonly month: string;
  /** The whole month; proration is by its seconds. */
  readonly period: Window;
  /** The log position up to which facts count, in digits. */
  readonly position: string;
  /** The version of the formula that the month is computed by; the newest where nothing is said. */
  readonly formula?: Formula;
  /** First instant at which the contract was over, if it is; nothing is charged from then on. */
  readonly endedAt?: string;
  /** Gap-free where the contract was in force, in their order. */
  readonly terms: readonly TermsInForce[];
  /** Of a contract that is over, where receipts came in the period: each while it was in force. */
  readonly formerTerms?: readonly TermsInForce[];
  /** Of every machine that was ever under the contract by the end of the period: its facts by serial. */
  readonly machines: ReadonlyMap<string, readonly MachineFact[]>;
  /**
   * Where what programmes paid is shared out in the period: of every machine that was off for a
   * curtailment paid for, under whatever contract, its facts by serial, until all of them were over.
   * Every contract that shares in a receipt reads the same.
   */
  readonly curtailed?: ReadonlyMap<string, readonly MachineFact[]>;
  readonly allocations: readonly AllocatedPower[];
  readonly powerRates: readonly PowerRateInForce[];
  readonly curtailments: readonly CurtailmentFact[];
  readonly receipts: readonly ProgrammeReceipt[];
  readonly meters: readonly MeterFact[];
  readonly readings: readonly ReadingFact[];
  readonly prices: readonly PriceInForce[];
}
