import { exact, EXACT_ZERO, rounded, type Exact } from '@hostledger/quantities';

/** The sum of decimals, exact, with as many places as the most exact of them has. */
export const sumOf = (amounts: readonly string[]): string => {
  const places = Math.max(0, ...amounts.map((amount) => amount.split('.')[1]?.length ?? 0));
  const total = amounts.reduce<Exact>((sum, amount) => sum.add(exact(amount)), EXACT_ZERO);
  return rounded(total, places);
};
