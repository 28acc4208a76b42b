import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import type { Rated } from '../line.js';
import { decimal, lineOf } from './charge.js';
import { proceedsOf } from './proceeds.js';
import { worthOfShare } from './proceeds-share.js';
import type { TermsSlice } from './slice.js';

/** The amounts of lines in a currency, as they stand on the statement. */
export const sumOf = (rated: readonly Rated[], currency: string): Exact =>
  rated.reduce(
    (sum, { line }) => (line.currency === currency ? sum.add(exact(line.amount)) : sum),
    EXACT_ZERO,
  );

/**
 * Take or pay: what the lines of the basis lack to the minimum, of which a version has the part that
 * it was in force of the month. A share that is paid in bitcoin counts with what it was worth.
 * @param charged lines of the basis alone: fees and credits make no difference to the minimum.
 */
export const minimumOf = (slice: TermsSlice, charged: readonly Rated[]): Rated[] => {
  const { card, lengthMs, monthMs } = slice;
  if (!card.minimum) return [];
  const due = exact(card.minimum.amountPerMonth).mul(exact(lengthMs)).div(exact(monthMs));
  const inMoney = sumOf(charged, card.currency);
  const bitcoin = charged.some(({ line }) => line.currency === 'BTC');
  const worth = bitcoin ? worthOfShare(slice) : EXACT_ZERO;
  const lacking = due.sub(inMoney).sub(worth);
  if (lacking.compare(EXACT_ZERO) <= 0) return [];
  const part =
    lengthMs === monthMs ? '' : ` × ${lengthMs / 1000n} s ÷ ${monthMs / 1000n} s of the month`;
  const share = bitcoin ? [`the share in bitcoin was worth ${decimal(worth)}`] : [];
  const prices = bitcoin ? proceedsOf(slice).flatMap(({ priceSources }) => priceSources) : [];
  return [
    lineOf(slice, {
      component: 'minimum',
      description: 'What is lacking to the minimum',
      clauseRef: card.minimum.clauseRef,
      quantity: lacking,
      unit: 'money',
      rate: '100',
      estimated: charged.some(({ line }) => line.estimated),
      steps: [
        `minimum ${card.minimum.amountPerMonth}${part} = ${decimal(due)} ${card.currency}`,
        `charged ${decimal(inMoney)} ${card.currency}`,
        ...share,
        `lacking ${decimal(lacking)} ${card.currency}`,
      ],
      sources: [...charged.flatMap(({ sources }) => sources), ...prices],
    }),
  ];
};
