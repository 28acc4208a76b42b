import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import { lineOf } from './charge.js';
import { meterGaps } from './meters.js';
import { proceedsOf } from './proceeds.js';
import type { Rating, TermsSlice } from './slice.js';

/** A percentage of what was mined, in bitcoin or in the currency at the price when it was read. */
export const proceedsShare: Rating = (slice) => {
  const { card } = slice;
  const inBitcoin = card.paidIn === 'bitcoin';
  const proceeds = proceedsOf(slice);
  const rated = proceeds.map((mined) =>
    lineOf(slice, {
      component: 'proceedsShare',
      facility: mined.facility,
      description: `Share of what was mined, ${mined.facility}`,
      ...(card.clauseRef !== undefined && { clauseRef: card.clauseRef }),
      rate: card.proceedsSharePercent!,
      estimated: mined.estimated,
      ...(inBitcoin
        ? {
            quantity: mined.bitcoin,
            unit: 'BTC' as const,
            currency: 'BTC',
            steps: mined.bitcoinSteps,
            sources: mined.sources,
          }
        : {
            quantity: mined.worth,
            unit: 'money' as const,
            steps: mined.worthSteps,
            sources: [...mined.sources, ...mined.priceSources],
          }),
    }),
  );
  // A minimum has to know what a share in bitcoin was worth.
  const needsPrices = !inBitcoin || card.minimum !== undefined;
  const unpriced = needsPrices ? proceeds.flatMap((mined) => mined.unpriced) : [];
  return { rated, shortcomings: [...meterGaps(slice, 'proceeds'), ...unpriced] };
};

/** What the share of bitcoin was worth in the currency of the card, where that has to be told. */
export const worthOfShare = (slice: TermsSlice): Exact =>
  proceedsOf(slice)
    .reduce((sum, { worth }) => sum.add(worth), EXACT_ZERO)
    .mul(exact(slice.card.proceedsSharePercent!))
    .div(exact(100));
