import { exact, placesOf, rounded, type Exact, type RoundingMode } from '@hostledger/quantities';
import type { Source, Window } from '../inputs.js';
import type { Component, Line, LineUnit, Rated } from '../line.js';
import { NOWHERE, type TermsSlice } from './slice.js';
import { inLogOrder } from './sources.js';

/** What becomes a line. */
export interface Charge {
  readonly component: Component;
  /** {@link NOWHERE} where it belongs to no site. */
  readonly facility?: string;
  /** What tells it apart from others of the component, facility and version. */
  readonly apart?: string;
  readonly description: string;
  readonly clauseRef?: string;
  /** That of the slice where nothing is said. */
  readonly window?: Window;
  readonly quantity: Exact;
  readonly unit: LineUnit;
  /** Decimal; below zero for a credit. */
  readonly rate: string;
  /** That of the rate card where nothing is said. */
  readonly currency?: string;
  readonly estimated?: boolean;
  /** Half up where nothing is said. */
  readonly rounding?: RoundingMode;
  readonly steps: readonly string[];
  readonly sources: Iterable<Source>;
}

/** Places that a quantity is told with, for reading. */
const QUANTITY_PLACES = 6;
const BITCOIN_PLACES = 8;
const scales = new Map<string, number>([['BTC', BITCOIN_PLACES]]);

/** Decimal places that amounts of a currency have; a satoshi is the least of a bitcoin. */
export const scaleOf = (currency: string): number => {
  const scale = scales.get(currency) ?? placesOf(currency);
  scales.set(currency, scale);
  return scale;
};

const SHARES: readonly LineUnit[] = ['money', 'moneyMonth', 'BTC'];

/** A share of money or bitcoin has a rate in percent, all else one in the currency for a unit. */
export const isShare = (unit: LineUnit): boolean => SHARES.includes(unit);

/** quantity × rate, before it is rounded. */
export const amountOf = (quantity: Exact, unit: LineUnit, rate: string): Exact => {
  const product = quantity.mul(exact(rate));
  return isShare(unit) ? product.div(exact(100)) : product;
};

/** A line of the charge, its amount rounded once, to the places of the currency. */
export const lineOf = (
  slice: Pick<TermsSlice, 'terms' | 'card' | 'window' | 'part'>,
  charge: Charge,
): Rated => {
  const { component, facility = NOWHERE, apart, quantity, unit, rate } = charge;
  const { rounding: mode = 'halfUp' } = charge;
  const currency = charge.currency ?? slice.card.currency;
  const scale = scaleOf(currency);
  const amount = amountOf(quantity, unit, rate);
  const told = rounded(amount, scale, mode);
  const words = mode === 'down' ? 'rounded down' : 'rounded';
  const part = slice.part > 1 ? [`part${slice.part}`] : [];
  const tail = [apart ?? 'all', ...part].join('/');
  return {
    line: {
      key: `${component}/${facility}/v${slice.terms.version}/${tail}`,
      component,
      description: charge.description,
      ...(facility !== NOWHERE && { facility }),
      termsVersion: slice.terms.version,
      ...(charge.clauseRef !== undefined && { clauseRef: charge.clauseRef }),
      window: charge.window ?? slice.window,
      quantity: decimal(quantity),
      unit,
      rate,
      exactAmount: ratio(amount),
      rounding: { mode, scale },
      amount: told,
      currency,
      ...(charge.estimated && { estimated: true as const }),
    },
    exactQuantity: ratio(quantity),
    steps: [...charge.steps, `${product(charge, currency)} = ${decimal(amount)}, ${words} ${told}`],
    sources: inLogOrder([slice.terms.source, ...charge.sources]),
  };
};

/** What a line comes to by its quantity, rate and rounding alone, to hold against what it says. */
export const recomputed = ({
  line,
  exactQuantity,
}: Rated): Pick<Line, 'exactAmount' | 'amount'> => {
  const amount = amountOf(exact(exactQuantity), line.unit, line.rate);
  const { scale, mode } = line.rounding;
  return { exactAmount: ratio(amount), amount: rounded(amount, scale, mode) };
};

const product = ({ quantity, unit, rate }: Charge, currency: string): string =>
  isShare(unit)
    ? `${decimal(quantity)} ${currency} × ${rate} %`
    : `${decimal(quantity)} ${unit} × ${rate} ${currency}`;

/** As `n/d`, in lowest terms. */
export const ratio = (value: Exact): string => `${value.s < 0n ? '-' : ''}${value.n}/${value.d}`;

/** For reading: exact where the places hold it, else rounded half up to them. */
export const decimal = (value: Exact, places = QUANTITY_PLACES): string =>
  rounded(value, places).replace(/\.?0+$/, '');

/** More places than a product of decimals that people write has. */
const MOST_PLACES = 100;

/** Numbers that end, as products of decimals do, told to their last place. */
export const wholeDecimal = (value: Exact): string => {
  let scale = 0;
  while (scale < MOST_PLACES && (value.n * 10n ** BigInt(scale)) % value.d !== 0n) scale += 1;
  return rounded(value, scale);
};
