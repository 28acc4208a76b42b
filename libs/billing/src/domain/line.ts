import type { RateBasis, FeeKind } from '@hostledger/contracts';
import type { RoundingMode } from '@hostledger/quantities';
import type { Source, Window } from './inputs.js';

/** What a line charges or credits. */
export type Component =
  | RateBasis
  | FeeKind
  /** Utility cost that is passed on; `passThrough` is the fee on top of it. */
  | 'powerCost'
  | 'minimum'
  | 'uptimeCredit'
  | 'curtailmentCredit';

/** kWh, a machine, kW or money for a month, bitcoin, money of a currency, or pieces. */
export type LineUnit =
  | 'kWh'
  | 'unitMonth'
  | 'kWMonth'
  | 'BTC'
  | 'money'
  | 'moneyMonth'
  | 'unit'
  | 'move'
  | 'unitDay'
  | 'case'
  | 'month';

/**
 * One line of a statement, as computed: amount = rounded(quantity × rate), and the rounding is said.
 * What it counts is told exactly in {@link Rated.exactQuantity}; the decimal quantity is for reading.
 */
export interface Line {
  /**
   * The same for the same thing in every computation of a period, so that two can be compared:
   * `<component>/<facility or ->/v<terms version>/<what else tells it apart>`.
   */
  readonly key: string;
  readonly component: Component;
  readonly description: string;
  readonly facility?: string;
  readonly termsVersion: number;
  /** Number of the clause, where the terms name one. */
  readonly clauseRef?: string;
  /** The part of the period that it is for. */
  readonly window: Window;
  /** Decimal, exact where it has at most six places, else rounded half up to six for reading. */
  readonly quantity: string;
  readonly unit: LineUnit;
  /** Decimal, of the currency for one unit; of a share in percent. */
  readonly rate: string;
  /** quantity × rate exactly, as `n/d`, before it was rounded. */
  readonly exactAmount: string;
  readonly rounding: { readonly mode: RoundingMode; readonly scale: number };
  /** Decimal with the places of the currency; below zero for a credit. */
  readonly amount: string;
  /** ISO 4217, or BTC. */
  readonly currency: string;
  /** Some of what it counts is estimated. */
  readonly estimated?: true;
}

/** A line with what it was computed from. */
export interface Rated {
  readonly line: Line;
  /** As `n/d`. */
  readonly exactQuantity: string;
  /** The formula with its numbers, one step a text, in the order of the computation. */
  readonly steps: readonly string[];
  /** Every event that it depends on, in the order of the log, each once. */
  readonly sources: readonly Source[];
}

/** What stands in the way of a close; a draft tells of it. */
export interface Shortcoming {
  readonly code:
    'meter-gap' | 'power-rate-missing' | 'price-missing' | 'terms-missing' | 'receipt-unattributed';
  readonly detail: string;
  readonly facility?: string;
  readonly meterId?: string;
  readonly window?: Window;
}

/** A period as it comes out of its inputs. */
export interface Computation {
  readonly rated: readonly Rated[];
  readonly shortcomings: readonly Shortcoming[];
}
