import { lineOf } from './charge.js';
import { energyAt, powerCostOf } from './power-cost.js';
import type { Rating } from './slice.js';
import { tiered, type Part } from './tiers.js';

/**
 * What power cost, passed on at the utility rate in force, and a service fee on each kWh.
 *
 * Celsius paid none of the power cost that Core passed on, since it saw no clause for it
 * (DOMAIN.md 1.3): each line names its clause, and one that has none says so in its steps.
 */
export const passThrough: Rating = (slice) => {
  const { card, window } = slice;
  const clause = card.clauseRef === undefined ? {} : { clauseRef: card.clauseRef };
  const bare = card.clauseRef === undefined ? ['the terms name no clause for passing this on'] : [];
  const powerClause = card.powerClauseRef ?? card.clauseRef;
  const ofPower = powerClause === undefined ? {} : { clauseRef: powerClause };
  const unsaid = powerClause === undefined ? bare : [];
  const { facilities, parts, shortcomings } = powerCostOf(slice);
  const costs = parts.map((part) =>
    lineOf(slice, {
      component: 'powerCost',
      facility: part.facility,
      apart: part.window.from,
      description: `Power passed on at cost, ${part.facility}`,
      ...ofPower,
      window: part.window,
      quantity: part.energy.quantity,
      unit: 'kWh',
      rate: part.rate.ratePerKwh,
      estimated: part.energy.estimated,
      steps: [...part.energy.steps, ...unsaid],
      sources: [...part.energy.sources, part.rate.source],
    }),
  );
  const fees = facilities.flatMap((facility): Part[] => {
    const energy = energyAt(slice, facility, window);
    if (energy.sources.length === 0) return [];
    return [
      {
        ...energy,
        component: 'passThrough',
        facility,
        description: `Service fee on energy, ${facility}`,
        ...clause,
        unit: 'kWh',
        steps: [...energy.steps, ...bare],
      },
    ];
  });
  return { rated: [...costs, ...tiered(slice, card.serviceFeePerKwh!, fees)], shortcomings };
};
