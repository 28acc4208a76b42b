import type { RateBasis } from '@hostledger/contracts';
import type { BillingInputs } from '../inputs.js';
import type { Computation } from '../line.js';
import { nameplateKwh } from './nameplate-kwh.js';
import { slicesOf, type Rating } from './slice.js';

const ratings: Partial<Record<RateBasis, Rating>> = { nameplateKwh };

/** What a period comes to. */
export const computePeriod = (inputs: BillingInputs): Computation => {
  const parts = slicesOf(inputs).flatMap((slice) => ratings[slice.card.basis]?.(slice) ?? []);
  return {
    rated: parts.flatMap(({ rated }) => rated),
    shortcomings: parts.flatMap(({ shortcomings }) => shortcomings),
  };
};
