import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import type { PowerRateInForce, Window } from '../inputs.js';
import type { Shortcoming } from '../line.js';
import { kWh, nameplateEnergy } from './energy.js';
import {
  energyFacilities,
  meteredEnergy,
  meteredFacilities,
  meterGaps,
  type Told,
} from './meters.js';
import type { TermsSlice } from './slice.js';
import { byPosition } from './sources.js';
import { cutAt, shared, toldWindow } from './windows.js';

/** Energy that a site took while one utility rate was in force. */
export interface PoweredPart {
  readonly facility: string;
  readonly window: Window;
  readonly energy: Told;
  readonly rate: PowerRateInForce;
}

export interface PowerCost {
  readonly facilities: readonly string[];
  readonly parts: readonly PoweredPart[];
  readonly shortcomings: readonly Shortcoming[];
}

/** Metered where the contract has meters at the site, else at rated power. */
export const energyAt = (slice: TermsSlice, facility: string, window: Window): Told => {
  if (meteredFacilities(slice, 'energy').has(facility)) {
    return meteredEnergy(slice, facility, window);
  }
  const here = slice.segments.filter((segment) => segment.facility === facility);
  const { wattMs, ...energy } = nameplateEnergy(slice, here, window);
  return { ...energy, quantity: kWh(wattMs), estimated: false };
};

/**
 * Energy split wherever a utility rate changes: at rated power by the instant, readings by time.
 * Energy for which no rate in the currency of the card was fixed is told as missing.
 */
export const powerCostOf = (slice: TermsSlice): PowerCost => {
  const { inputs, window, card } = slice;
  const metered = meteredFacilities(slice, 'energy');
  const facilities = energyFacilities(slice);
  const parts: PoweredPart[] = [];
  const shortcomings: Shortcoming[] = [];
  for (const facility of facilities) {
    if (metered.has(facility)) shortcomings.push(...meterGaps(slice, 'energy', facility));
    const rates = inputs.powerRates.filter(
      (rate) => rate.facility === facility && rate.currency === card.currency,
    );
    for (const piece of cutAt(window, rates)) {
      const energy = energyAt(slice, facility, piece);
      if (energy.sources.length === 0) continue;
      const rate = rates
        .filter((one) => shared(one, piece))
        .toSorted((one, other) => byPosition(one.source, other.source))
        .at(-1);
      if (rate) parts.push({ facility, window: piece, energy, rate });
      else if (energy.quantity.n !== 0n) shortcomings.push(rateMissing(slice, facility, piece));
    }
  }
  return { facilities, parts, shortcomings };
};

const rateMissing = ({ card }: TermsSlice, facility: string, window: Window): Shortcoming => ({
  code: 'power-rate-missing',
  detail: `No power rate of ${facility} in ${card.currency} is known for ${toldWindow(window)}`,
  facility,
  window,
});

/** Before any rounding. */
export const costOf = (parts: readonly PoweredPart[]): Exact =>
  parts.reduce(
    (sum, { energy, rate }) => sum.add(energy.quantity.mul(exact(rate.ratePerKwh))),
    EXACT_ZERO,
  );
