import type { RateBasis } from '@hostledger/contracts';
import type { BillingInputs, Window } from '../inputs.js';
import type { Computation, Shortcoming } from '../line.js';
import { criticalItLoad } from './critical-it-load.js';
import { creditAfterEnd, curtailmentCredit } from './curtailment-credit.js';
import { feesOf } from './fees.js';
import { flatPerKw, flatPerUnit } from './flat.js';
import { meteredKwh } from './metered-kwh.js';
import { minimumOf } from './minimum.js';
import { nameplateKwh } from './nameplate-kwh.js';
import { passThrough } from './pass-through.js';
import { proceedsShare } from './proceeds-share.js';
import { profitShare } from './profit-share.js';
import { hostedIn, slicesOf, type ChargedSlice, type Rating } from './slice.js';
import { uptimeCreditOf } from './uptime-credit.js';
import { toldWindow, uncovered } from './windows.js';

const ratings: Record<RateBasis, Rating> = {
  nameplateKwh,
  meteredKwh,
  passThrough,
  flatPerUnit,
  flatPerKw,
  criticalItLoad,
  proceedsShare,
  profitShare,
};

/**
 * What a period comes to: each version of the terms rates the part of it that it was in force, by
 * its basis, its minimum, its fees and its credits, in this order. A minimum is one of the month and
 * told with the last version that has one; a promise of uptime is looked at for as long as it is the same. Late fees are not of a period: the account charges them.
 */
export const computePeriod = (inputs: BillingInputs): Computation => {
  const slices = slicesOf(inputs).map((slice): Charged => {
    const basis = ratings[slice.card.basis](slice);
    return { slice, charged: basis.rated, shortcomings: basis.shortcomings };
  });
  const parts = [...slices.map((one) => rate(one, slices)), creditAfterEnd(inputs)];
  return {
    rated: parts.flatMap(({ rated }) => rated),
    shortcomings: [...withoutTerms(inputs), ...parts.flatMap((part) => part.shortcomings)],
  };
};

interface Charged extends ChargedSlice {
  readonly shortcomings: readonly Shortcoming[];
}

const rate = ({ slice, charged, shortcomings }: Charged, all: readonly Charged[]): Computation => {
  const curtailment = curtailmentCredit(slice);
  return {
    rated: [
      ...charged,
      ...minimumOf(slice, all),
      ...feesOf(slice),
      ...uptimeCreditOf(slice, all),
      ...curtailment.rated,
    ],
    shortcomings: [...shortcomings, ...curtailment.shortcomings],
  };
};

/**
 * Machines that draw power under a contract without terms would go unbilled, and unseen. Once the
 * contract is over none can be adopted: what is drawn then is charged for by nobody's terms, and
 * must not keep its last month from being closed.
 */
const withoutTerms = (inputs: BillingInputs): Shortcoming[] =>
  uncovered(inForce(inputs), inputs.terms)
    .filter((window) => hostedIn(inputs, window).some(({ energized }) => energized))
    .map((window) => ({
      code: 'terms-missing',
      detail: `Machines drew power, ${toldWindow(window)}, and no terms were in force`,
      window,
    }));

const inForce = ({ period, endedAt = period.until }: BillingInputs): Window => ({
  from: period.from,
  until: endedAt < period.until ? endedAt : period.until,
});
