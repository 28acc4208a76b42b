import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import type { Rated } from '../line.js';
import { decimal, lineOf } from './charge.js';
import { proceedsOf } from './proceeds.js';
import { worthOfShare } from './proceeds-share.js';
import type { ChargedSlice, TermsSlice } from './slice.js';

/** The amounts of lines in a currency, as they stand on the statement. */
export const sumOf = (rated: readonly Rated[], currency: string): Exact =>
  rated.reduce(
    (sum, { line }) => (line.currency === currency ? sum.add(exact(line.amount)) : sum),
    EXACT_ZERO,
  );

/**
 * Take or pay: what the lines of the basis lack to the minimum of the month. Of that a version has the
 * part that it was in force; versions that have one count together, since what was charged under one
 * of them was paid for the month. A share that is paid in bitcoin counts with what it was worth.
 * @param all slices of the month with the lines of the basis alone: fees and credits make no
 *   difference to the minimum.
 * @returns a line of the last slice that has a minimum; nothing for the others.
 */
export const minimumOf = (slice: TermsSlice, all: readonly ChargedSlice[]): Rated[] => {
  const { minimum, currency } = slice.card;
  const bound = all.filter((one) => one.slice.card.minimum);
  if (!minimum || bound.at(-1)?.slice !== slice) return [];
  const parts = bound.map((one) => dueOf(one.slice));
  const due = total(parts.map((part) => part.due));
  const charged = bound.flatMap((one) => one.charged);
  const inMoney = sumOf(charged, currency);
  const inBitcoin = bound.filter((one) => one.charged.some(isBitcoin)).map((one) => one.slice);
  const worth = total(inBitcoin.map(worthOfShare));
  const lacking = due.sub(inMoney).sub(worth);
  if (lacking.compare(EXACT_ZERO) <= 0) return [];
  const together = parts.length > 1 ? [`together ${decimal(due)} ${currency}`] : [];
  const share = inBitcoin.length > 0 ? [`the share in bitcoin was worth ${decimal(worth)}`] : [];
  const prices = inBitcoin.flatMap(proceedsOf).flatMap(({ priceSources }) => priceSources);
  return [
    lineOf(slice, {
      component: 'minimum',
      description: 'What is lacking to the minimum',
      clauseRef: minimum.clauseRef,
      window: { from: bound[0]!.slice.window.from, until: slice.window.until },
      quantity: lacking,
      unit: 'money',
      rate: '100',
      estimated: charged.some(({ line }) => line.estimated),
      steps: [
        ...parts.map(({ step }) => step),
        ...together,
        `charged ${decimal(inMoney)} ${currency}`,
        ...share,
        `lacking ${decimal(lacking)} ${currency}`,
      ],
      sources: [
        ...bound.map((one) => one.slice.terms.source),
        ...charged.flatMap(({ sources }) => sources),
        ...prices,
      ],
    }),
  ];
};

const dueOf = ({ card, lengthMs, monthMs }: TermsSlice): { due: Exact; step: string } => {
  const { amountPerMonth } = card.minimum!;
  const due = exact(amountPerMonth).mul(exact(lengthMs)).div(exact(monthMs));
  const part =
    lengthMs === monthMs ? '' : ` × ${lengthMs / 1000n} s ÷ ${monthMs / 1000n} s of the month`;
  return { due, step: `minimum ${amountPerMonth}${part} = ${decimal(due)} ${card.currency}` };
};

const isBitcoin = ({ line }: Rated): boolean => line.currency === 'BTC';

const total = (values: readonly Exact[]): Exact =>
  values.reduce((sum, value) => sum.add(value), EXACT_ZERO);
