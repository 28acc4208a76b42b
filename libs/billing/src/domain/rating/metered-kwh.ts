import { energyFacilities, meteredEnergy, meterGaps } from './meters.js';
import type { Rating } from './slice.js';
import { tiered, type Part } from './tiers.js';

/** Σ readings of the energy meters × rate, for each facility. */
export const meteredKwh: Rating = (slice) => {
  const { card } = slice;
  const facilities = energyFacilities(slice);
  const parts = facilities.flatMap((facility): Part[] => {
    const energy = meteredEnergy(slice, facility, slice.window);
    if (energy.sources.length === 0) return [];
    return [
      {
        ...energy,
        component: 'meteredKwh',
        facility,
        description: `Metered energy, ${facility}`,
        ...(card.clauseRef !== undefined && { clauseRef: card.clauseRef }),
        unit: 'kWh',
      },
    ];
  });
  return {
    rated: tiered(slice, card.ratePerKwh!, parts),
    shortcomings: facilities.flatMap((facility) => meterGaps(slice, 'energy', facility)),
  };
};
