import type { CurtailmentCause } from '@hostledger/sites';

/**
 * What a terms version charges for, and at which rates. Rates, percents and amounts are decimal
 * strings; amounts of money are in the currency of the card. A clause is named by its number among
 * the clauses of the version.
 */
export interface RateCard {
  readonly basis: RateBasis;
  /** ISO 4217; that of the contract. */
  readonly currency: string;
  readonly ratePerKwh?: string;
  readonly serviceFeePerKwh?: string;
  readonly ratePerUnitMonth?: string;
  readonly ratePerKwMonth?: string;
  readonly proceedsSharePercent?: string;
  /** The host's share of what is left of the proceeds once energy is paid. */
  readonly profitSharePercent?: string;
  /** The clause that says what the basis charges. */
  readonly clauseRef?: string;
  /**
   * Of `passThrough`: the clause that lets the price of power be passed on, where it is another one
   * than that of the service fee.
   */
  readonly powerClauseRef?: string;
  /** Rates of what goes beyond a quantity in a month; below the first one the rate of the basis holds. */
  readonly tiers?: readonly RateTier[];
  /** Of `nameplateKwh`: charged as if machines drew so many percent more than they are rated at. */
  readonly upliftPercent?: string;
  /** Of `flatPerUnit` and `flatPerKw`: which machines count; `energized` where nothing is said. */
  readonly counted?: CountedMachines;
  /** Of `flatPerUnit` and `flatPerKw`: how a part of a month counts; `time` where nothing is said. */
  readonly proration?: Proration;
  /** Of `proceedsShare`: `currency` where nothing is said. */
  readonly paidIn?: 'currency' | 'bitcoin';
  /** What stands in for energy that no meter told; without it there must be no gap. */
  readonly estimation?: 'nameplate';
  /** What a whole month costs at least; prorated where the version is in force for a part of it. */
  readonly minimum?: MinimumCharge;
  /** Charged for each event of a kind, beside the basis. */
  readonly fees?: readonly Fee[];
  /** How much of the time machines are up, and what is credited where they are not. */
  readonly uptime?: UptimePromise;
  /** The customer's part of what curtailments bring. */
  readonly curtailmentCredit?: CurtailmentCredit;
  /** When statements are due, and what follows where they are not paid. */
  readonly payment?: PaymentTerms;
}

/** In the unit that the basis counts: kWh, unit-months or kW-months. */
export interface RateTier {
  /** The rate is that of each unit above this quantity, up to the next tier. */
  readonly above: string;
  /** In the currency of the card, for each unit. */
  readonly rate: string;
}

export interface MinimumCharge {
  /** In the currency of the card. */
  readonly amountPerMonth: string;
  /** The clause that says so. */
  readonly clauseRef: string;
}

/** Drawing power; standing in a slot; having taken up a part of an allocation. */
export const COUNTED_MACHINES = ['energized', 'installed', 'assigned'] as const;
export type CountedMachines = (typeof COUNTED_MACHINES)[number];

/** By the second, of the seconds of the month; or a whole month however short. */
export const PRORATIONS = ['time', 'wholeMonth'] as const;
export type Proration = (typeof PRORATIONS)[number];

/**
 * - `setUp`: for each machine that draws power under the contract for the first time.
 * - `relocation`: for each machine that was moved to another slot or arrived at another site.
 * - `storage`: for each day, begun or whole by the second, that a machine is in storage.
 * - `repair`: for each repair that was closed.
 */
export const FEE_KINDS = ['setUp', 'relocation', 'storage', 'repair'] as const;
export type FeeKind = (typeof FEE_KINDS)[number];
export interface Fee {
  /** What it is charged for. */
  readonly kind: FeeKind;
  /** For each, in the currency of the card. */
  readonly amount: string;
  /** The clause that says so. */
  readonly clauseRef: string;
}

/**
 * Why a machine can be off power: the causes that the fleet tells. This room comes before the fleet
 * and cannot read its list; a spec of billing, which knows both, holds the two together.
 */
export const EXCUSABLE_CAUSES = [
  'curtailment',
  'fault',
  'repair',
  'relocation',
  'uninstallation',
  'nonPayment',
  'customerRequest',
  'maintenance',
  'other',
] as const;

/** Machine-time up ÷ (machine-time - excused), all machines and the whole period together. */
export interface UptimePromise {
  /** Of the machine-time that is not excused. */
  readonly promisedPercent: string;
  /** Causes of being off power that do not count against the promise. */
  readonly excusedCauses: readonly string[];
  /** Percent of what the basis charges, for each percentage point that is missing. */
  readonly creditPercentPerPoint: string;
  /** Never more than so many percent of it. */
  readonly capPercent: string;
  /** The clause that says so. */
  readonly clauseRef: string;
}

/** All that sites know; the compiler misses one that is added there. */
const creditedCauses: Readonly<Record<CurtailmentCause, true>> = {
  grid: true,
  economic: true,
  demandResponse: true,
  maintenance: true,
  other: true,
};
export const CREDITED_CAUSES = Object.keys(creditedCauses) as CurtailmentCause[];

/** The customer's part of what not drawing power brought, of the curtailments of these causes. */
export interface CurtailmentCredit {
  /** Causes of the curtailments that bring it. */
  readonly causes: readonly string[];
  /** The customer's part. */
  readonly sharePercent: string;
  /** Agreed for each kWh avoided; without it the part is one of what the programme paid. */
  readonly creditPerKwh?: string;
  /** The clause that says so. */
  readonly clauseRef: string;
}

export interface PaymentTerms {
  /** Days from the issue of a statement until it is due. */
  readonly dueDays: number;
  /** The clause that says so. */
  readonly clauseRef: string;
  /** Charged on what is overdue. */
  readonly lateFee?: LateFeeTerms;
  /** Steps for what stays unpaid. */
  readonly ladder?: PaymentLadder;
}

export interface LateFeeTerms {
  /** Percent of what is overdue, for each month, by the day. */
  readonly percentPerMonth: string;
  /** Charged once it is so many days late. */
  readonly graceDays: number;
}

/** In days after a statement was due, each step later than the one before. */
export interface PaymentLadder {
  /** The customer is given notice. */
  readonly noticeDays: number;
  /** Service is suspended. */
  readonly suspensionDays: number;
  /** The contract is terminated. */
  readonly terminationDays: number;
}

type RateName = Extract<keyof RateCard, `${string}Per${string}` | `${string}SharePercent`>;

/** Each basis with the rates it needs; a card names these and no others. */
export const ratesOfBasis = {
  nameplateKwh: ['ratePerKwh'],
  meteredKwh: ['ratePerKwh'],
  passThrough: ['serviceFeePerKwh'],
  flatPerUnit: ['ratePerUnitMonth'],
  flatPerKw: ['ratePerKwMonth'],
  criticalItLoad: ['ratePerKwMonth'],
  proceedsShare: ['proceedsSharePercent'],
  profitShare: ['profitSharePercent'],
} as const satisfies Record<string, readonly RateName[]>;

export type RateBasis = keyof typeof ratesOfBasis;

export const rateBases = Object.keys(ratesOfBasis) as RateBasis[];

/** What only some bases can be modified by, and which these are. */
export const basesOfModifier = {
  tiers: [
    'nameplateKwh',
    'meteredKwh',
    'passThrough',
    'flatPerUnit',
    'flatPerKw',
    'criticalItLoad',
  ],
  powerClauseRef: ['passThrough'],
  upliftPercent: ['nameplateKwh'],
  counted: ['flatPerUnit', 'flatPerKw'],
  proration: ['flatPerUnit', 'flatPerKw'],
  paidIn: ['proceedsShare'],
  estimation: ['meteredKwh', 'passThrough', 'profitShare'],
} as const satisfies Partial<Record<keyof RateCard, readonly RateBasis[]>>;
