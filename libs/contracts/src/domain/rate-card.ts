import { DomainError } from '@hostledger/eventsourcing';

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
  readonly profitSharePercent?: string;
  /** The clause that says what the basis charges. */
  readonly clauseRef?: string;
  /** Rates of what goes beyond a quantity in a month; below the first one the rate of the basis holds. */
  readonly tiers?: readonly RateTier[];
  /** Of `nameplateKwh`: charged as if machines drew so many percent more than they are rated at. */
  readonly upliftPercent?: string;
  /** Of `flatPerUnit` and `flatPerKw`: which machines count; `energized` where nothing is said. */
  readonly counted?: CountedMachines;
  /** Of the flat bases: how a part of a month counts; `time` where nothing is said. */
  readonly proration?: Proration;
  /** Of `proceedsShare`: `currency` where nothing is said. */
  readonly paidIn?: 'currency' | 'bitcoin';
  /** What stands in for energy that no meter told; without it there must be no gap. */
  readonly estimation?: 'nameplate';
  /** What a whole month costs at least; prorated where the version is in force for a part of it. */
  readonly minimum?: { readonly amountPerMonth: string; readonly clauseRef: string };
  readonly fees?: readonly Fee[];
  readonly uptime?: UptimePromise;
  readonly curtailmentCredit?: CurtailmentCredit;
  readonly payment?: PaymentTerms;
}

/** In the unit that the basis counts: kWh, unit-months or kW-months. */
export interface RateTier {
  /** The rate is that of each unit above this quantity, up to the next tier. */
  readonly above: string;
  readonly rate: string;
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
  readonly kind: FeeKind;
  readonly amount: string;
  readonly clauseRef: string;
}

/** Machine-time up ÷ (machine-time - excused), all machines and the whole period together. */
export interface UptimePromise {
  readonly promisedPercent: string;
  /** Causes of being off power that do not count against the promise. */
  readonly excusedCauses: readonly string[];
  /** Percent of what the basis charges, for each percentage point that is missing. */
  readonly creditPercentPerPoint: string;
  /** Never more than so many percent of it. */
  readonly capPercent: string;
  readonly clauseRef: string;
}

/** The customer's part of what not drawing power brought, of the curtailments of these causes. */
export interface CurtailmentCredit {
  readonly causes: readonly string[];
  readonly sharePercent: string;
  /** Agreed for each kWh avoided; without it the part is one of what the programme paid. */
  readonly creditPerKwh?: string;
  readonly clauseRef: string;
}

export interface PaymentTerms {
  /** Days from the issue of a statement until it is due. */
  readonly dueDays: number;
  readonly clauseRef: string;
  /** Percent of what is overdue, for each month, by the day; once so many days late. */
  readonly lateFee?: { readonly percentPerMonth: string; readonly graceDays: number };
  /** Steps for what stays unpaid, in days after it was due. */
  readonly ladder?: {
    readonly noticeDays: number;
    readonly suspensionDays: number;
    readonly terminationDays: number;
  };
}

type RateName = Extract<keyof RateCard, `${string}Per${string}` | `${string}SharePercent`>;

/** Each basis with the rates it needs; a card names these and no others. */
const ratesOfBasis = {
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

const rateNames: readonly RateName[] = [...new Set(Object.values(ratesOfBasis).flat())];

/** @throws DomainError naming the rate that is missing, foreign to the basis, or the currency. */
export const checkRateCard = (card: RateCard, contractCurrency: string): void => {
  if (card.currency !== contractCurrency) {
    throw new DomainError(
      'invalid',
      'contract/currency-mismatch',
      `The contract is in ${contractCurrency}, the rate card in ${card.currency}`,
      { contractCurrency, currency: card.currency },
      '/rateCard/currency',
    );
  }
  const needed: readonly RateName[] = ratesOfBasis[card.basis];
  for (const name of rateNames) {
    const given = card[name] !== undefined;
    if (given === needed.includes(name)) continue;
    throw new DomainError(
      'invalid',
      given ? 'contract/rate-foreign' : 'contract/rate-missing',
      `The basis ${card.basis} ${given ? 'has no rate' : 'needs the rate'} ${name}`,
      { basis: card.basis, rate: name },
      `/rateCard/${name}`,
    );
  }
};
