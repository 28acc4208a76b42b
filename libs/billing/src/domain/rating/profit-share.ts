import { EXACT_ZERO } from '@hostledger/quantities';
import { decimal, lineOf } from './charge.js';
import { meterGaps } from './meters.js';
import { costOf, powerCostOf } from './power-cost.js';
import { proceedsOf } from './proceeds.js';
import type { Rating } from './slice.js';

/**
 * A percentage of what was mined less what its power cost, of all sites together, never below zero:
 * the host bears its part of a loss. Bitfarms and Stronghold shared the miners' profit in halves
 * each month (DOMAIN.md 1.2 [S32]).
 */
export const profitShare: Rating = (slice) => {
  const { card } = slice;
  const proceeds = proceedsOf(slice);
  const power = powerCostOf(slice);
  const shortcomings = [
    ...meterGaps(slice, 'proceeds'),
    ...proceeds.flatMap((mined) => mined.unpriced),
    ...power.shortcomings,
  ];
  if (proceeds.length === 0 && power.parts.length === 0) return { rated: [], shortcomings };
  const earned = proceeds.reduce((sum, { worth }) => sum.add(worth), EXACT_ZERO);
  const cost = costOf(power.parts);
  const profit = earned.sub(cost);
  const costSteps = power.parts.flatMap((part) => [
    ...part.energy.steps,
    `${part.facility}: ${decimal(part.energy.quantity)} kWh × ${part.rate.ratePerKwh} = ${decimal(costOf([part]))} ${card.currency} for power`,
  ]);
  const loss = profit.s < 0n ? ['a loss counts as nothing'] : [];
  const rated = lineOf(slice, {
    component: 'profitShare',
    description: 'Share of mining profit',
    ...(card.clauseRef !== undefined && { clauseRef: card.clauseRef }),
    quantity: profit.s < 0n ? EXACT_ZERO : profit,
    unit: 'money',
    rate: card.profitSharePercent!,
    estimated:
      proceeds.some((mined) => mined.estimated) ||
      power.parts.some(({ energy }) => energy.estimated),
    steps: [
      ...proceeds.flatMap((mined) => mined.worthSteps),
      ...costSteps,
      `${decimal(earned)} - ${decimal(cost)} = ${decimal(profit)} ${card.currency}`,
      ...loss,
    ],
    sources: [
      ...proceeds.flatMap((mined) => [...mined.sources, ...mined.priceSources]),
      ...power.parts.flatMap(({ energy, rate }) => [...energy.sources, rate.source]),
    ],
  });
  return { rated: [rated], shortcomings };
};
