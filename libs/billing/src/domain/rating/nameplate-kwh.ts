import { exact } from '@hostledger/quantities';
import { decimal } from './charge.js';
import { kWh, nameplateEnergy } from './energy.js';
import { byFacility, type Rating } from './slice.js';
import { tiered, type Part } from './tiers.js';

/**
 * Σ rated watts × time drawn power × (1 + uplift) × rate, for each facility.
 *
 * The hosting-fee clause of DOMAIN.md 1.2 [S30] says the same with an average: weighted-average
 * operational miners × $/kWh × nameplate W × 24 × days ÷ 1000. The average is machine-time ÷ time of
 * the month, so both are machine-time × W × rate. Small hosts bill the rated power + 7 % [S41][S42].
 */
export const nameplateKwh: Rating = (slice) => {
  const { card } = slice;
  const uplift = exact(card.upliftPercent ?? '0');
  const factor = exact(100).add(uplift).div(exact(100));
  const parts = byFacility(slice.segments.filter(({ energized }) => energized)).map(
    ([facility, segments]): Part => {
      const energy = nameplateEnergy(slice, segments);
      const quantity = kWh(energy.wattMs).mul(factor);
      const raised =
        uplift.n === 0n
          ? []
          : [
              `+ ${card.upliftPercent} % of ${decimal(kWh(energy.wattMs))} = ${decimal(quantity)} kWh`,
            ];
      return {
        component: 'nameplateKwh',
        facility,
        description: `Energy at rated power, ${facility}`,
        ...(card.clauseRef !== undefined && { clauseRef: card.clauseRef }),
        quantity,
        unit: 'kWh',
        steps: [...energy.steps, ...raised],
        sources: energy.sources,
      };
    },
  );
  return { rated: tiered(slice, card.ratePerKwh!, parts), shortcomings: [] };
};
