import { exact, EXACT_ZERO } from '@hostledger/quantities';
import { decimal } from './charge.js';
import { byFacility, type Rating } from './slice.js';
import { tiered, type Part } from './tiers.js';
import { lengthOf, MS_PER_HOUR, shared, toldWindow } from './windows.js';

/** A month of each kW that is allocated, whether machines use it or not, by the second. */
export const criticalItLoad: Rating = (slice) => {
  const { card, inputs, window, monthMs } = slice;
  const allocated = inputs.allocations.flatMap((allocation) => {
    const part = shared(allocation, window);
    return part ? [{ ...allocation, ...part }] : [];
  });
  const month = decimal(exact(monthMs).div(exact(MS_PER_HOUR)));
  const parts = byFacility(allocated).map(([facility, allocations]): Part => {
    let quantity = EXACT_ZERO;
    const steps: string[] = [];
    const inOrder = allocations.toSorted((a, b) =>
      a.allocationId + a.from < b.allocationId + b.from ? -1 : 1,
    );
    for (const { powerWatts, from, until } of inOrder) {
      const ms = lengthOf({ from, until });
      const months = exact(BigInt(powerWatts) * ms).div(exact(1000n * monthMs));
      quantity = quantity.add(months);
      const hours = decimal(exact(ms).div(exact(MS_PER_HOUR)));
      const told = `${powerWatts} W ÷ 1000 × ${hours} h ÷ ${month} h of the month`;
      steps.push(`${toldWindow({ from, until })}: ${told} = ${decimal(months)} kW-months`);
    }
    return {
      component: 'criticalItLoad',
      facility,
      description: `Critical IT load, ${facility}`,
      ...(card.clauseRef !== undefined && { clauseRef: card.clauseRef }),
      quantity,
      unit: 'kWMonth',
      steps,
      sources: allocations.flatMap(({ sources }) => sources),
    };
  });
  return { rated: tiered(slice, card.ratePerKwMonth!, parts), shortcomings: [] };
};
