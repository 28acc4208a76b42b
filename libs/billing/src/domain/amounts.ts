import { EXACT_ZERO, exact, rounded } from '@hostledger/quantities';
import type { Total } from './statement.js';

// Sums of decimal amounts. Sums of decimals are decimals, so nothing is rounded here.

const placesIn = (amount: string): number => amount.split('.')[1]?.length ?? 0;

/** With as many decimal places as the one that has the most. */
export const sumOf = (...amounts: readonly string[]): string => {
  const sum = amounts.reduce((total, amount) => total.add(exact(amount)), EXACT_ZERO);
  const places = amounts.map(placesIn).reduce((most, one) => (one > most ? one : most), 0);
  return rounded(sum, places, 'down');
};

export const negative = (amount: string): string =>
  rounded(exact(amount).neg(), placesIn(amount), 'down');

export const isNothing = (amount: string): boolean => !/[1-9]/.test(amount);

export const isBelowNothing = (amount: string): boolean => exact(amount).s < 0n;

/** Zero with so many decimal places. */
export const nothing = (places: number): string => rounded(EXACT_ZERO, places);

/** A decimal as `n/d`. */
export const fractionOf = (amount: string): string => {
  const { s, n, d } = exact(amount);
  return `${s < 0n ? '-' : ''}${n}/${d}`;
};

/** What amounts come to in each currency, in the order of the currencies' names. */
export const totalsOf = (
  lines: readonly { readonly amount: string; readonly currency: string }[],
): Total[] => {
  const byCurrency = Map.groupBy(lines, ({ currency }) => currency);
  return [...byCurrency]
    .map(([currency, those]) => ({ currency, amount: sumOf(...those.map((one) => one.amount)) }))
    .sort((one, other) => (one.currency < other.currency ? -1 : 1));
};
