import { totalsOf } from './amounts.js';
import type { BillingInputs } from './inputs.js';
import type { Shortcoming } from './line.js';
import { computePeriod } from './rating/index.js';
import type { Total } from './statement.js';
import { shared } from './rating/windows.js';

// What was earned by a day and is on no statement yet.

/**
 * The inputs of a month as if it had ended with a day: no terms are in force after it, so nothing
 * is rated that comes later, while parts of a month are still parts of the whole month.
 *
 * A reading that goes beyond the day is left out, since nobody knows how much of it came before; the
 * gap is told as a shortcoming, or estimated where the terms say so. A machine that counts for a
 * whole month however short counts for the whole month.
 * @param day YYYY-MM-DD; it counts.
 * @param until the instant at which the day ends in the zone of the contract.
 */
export const throughDay = (inputs: BillingInputs, day: string, until: string): BillingInputs => {
  if (until >= inputs.period.until) return inputs;
  const bounds = { from: '', until };
  const cut = <T extends { readonly from: string; readonly until: string }>(items: readonly T[]) =>
    items.flatMap((item) => {
      const part = shared(item, bounds);
      return part ? [{ ...item, ...part }] : [];
    });
  return {
    ...inputs,
    terms: cut(inputs.terms),
    allocations: cut(inputs.allocations),
    powerRates: cut(inputs.powerRates),
    prices: cut(inputs.prices),
    curtailments: inputs.curtailments.filter(({ startsAt }) => startsAt < until),
    receipts: inputs.receipts.filter(({ receivedOn }) => receivedOn <= day),
    meters: inputs.meters.flatMap((meter) => {
      const window = shared(meter.window, bounds);
      return window ? [{ ...meter, window }] : [];
    }),
    readings: inputs.readings.filter((reading) => reading.until <= until),
  };
};

/**
 * What a month comes to by the end of a day, and what is missing for that.
 * @param day YYYY-MM-DD; it counts.
 * @param until the instant at which the day ends in the zone of the contract.
 */
export const accruedBy = (
  inputs: BillingInputs,
  day: string,
  until: string,
): { readonly totals: readonly Total[]; readonly shortcomings: readonly Shortcoming[] } => {
  const { rated, shortcomings } = computePeriod(throughDay(inputs, day, until));
  return {
    totals: totalsOf(rated.map(({ line }) => line)),
    // That no terms are in force after the day is our doing.
    shortcomings: shortcomings.filter(({ window }) => !window || window.from < until),
  };
};
