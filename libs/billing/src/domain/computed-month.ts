import type { BillingInputs } from './inputs.js';
import type { Computation, Line } from './line.js';
import { computePeriod, digestOf } from './rating/index.js';

export interface ComputedMonth extends Computation {
  readonly inputs: BillingInputs;
  readonly inputsDigest: string;
  readonly lines: readonly Line[];
}

/** The one computation of drafts, closes, adjustments, restatements and explanations. */
export const computedMonth = (inputs: BillingInputs): ComputedMonth => {
  const { rated, shortcomings } = computePeriod(inputs);
  const lines = rated.map(({ line }) => line);
  return { inputs, inputsDigest: digestOf(inputs), rated, shortcomings, lines };
};
