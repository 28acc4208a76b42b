import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import type { UptimePromise } from '@hostledger/contracts';
import type { Rated } from '../line.js';
import { decimal, lineOf } from './charge.js';
import { sumOf } from './minimum.js';
import type { TermsSlice } from './slice.js';
import { BEGINNING, machineSources } from './sources.js';
import { lengthOf, MS_PER_HOUR } from './windows.js';

/** Milliseconds of machines: up + excused + unexcused = window. */
export interface Uptime {
  readonly upMs: bigint;
  readonly excusedMs: bigint;
  readonly unexcusedMs: bigint;
  readonly windowMs: bigint;
}

const HUNDRED = exact(100);

/** Of all machines together, each from when it first drew power under the contract. */
export const uptimeOf = (slice: TermsSlice, excusedCauses: readonly string[]): Uptime => {
  let [upMs, excusedMs, unexcusedMs] = [0n, 0n, 0n];
  for (const segment of commissioned(slice)) {
    const ms = lengthOf(segment);
    if (segment.energized) upMs += ms;
    else if (segment.cause !== undefined && excusedCauses.includes(segment.cause)) excusedMs += ms;
    else unexcusedMs += ms;
  }
  return { upMs, excusedMs, unexcusedMs, windowMs: upMs + excusedMs + unexcusedMs };
};

/** Up ÷ (window - excused), in percent; without anything to be up for, the promise was kept. */
export const uptimePercent = ({ upMs, excusedMs, windowMs }: Uptime): Exact =>
  windowMs === excusedMs
    ? HUNDRED
    : exact(upMs)
        .mul(HUNDRED)
        .div(exact(windowMs - excusedMs));

/**
 * What is given back where machines were up for less than was promised, as a percentage of what the
 * basis charges, never more than that. It is told at nothing where the promise was kept.
 * @param charged lines of the basis; one credit for each currency of theirs.
 */
export const uptimeCreditOf = (slice: TermsSlice, charged: readonly Rated[]): Rated[] => {
  const promise = slice.card.uptime;
  if (!promise || charged.length === 0) return [];
  const uptime = uptimeOf(slice, promise.excusedCauses);
  if (uptime.windowMs === 0n) return [];
  const { percent, steps } = creditPercent(promise, uptimePercent(uptime));
  // That a machine drew power at any time before is what it is counted for.
  const lives = { from: BEGINNING, until: slice.window.until };
  const machines = machineSources(slice.inputs, commissioned(slice), lives);
  return [...new Set(charged.map(({ line }) => line.currency))].map((currency) => {
    const base = sumOf(charged, currency);
    const quantity = base.mul(percent).div(HUNDRED);
    return lineOf(slice, {
      component: 'uptimeCredit',
      ...(currency !== slice.card.currency && { apart: currency }),
      description: `Credit for uptime of ${decimal(uptimePercent(uptime), 2)} % where ${promise.promisedPercent} % was promised`,
      clauseRef: promise.clauseRef,
      quantity,
      unit: currency === 'BTC' ? 'BTC' : 'money',
      rate: percent.n === 0n ? '0' : '-100',
      currency,
      estimated: charged.some(({ line }) => line.estimated),
      steps: [
        ...uptimeSteps(uptime, promise),
        ...steps,
        `${decimal(base)} ${currency} charged × ${decimal(percent)} % = ${decimal(quantity)}`,
      ],
      sources: [...machines, ...charged.flatMap(({ sources }) => sources)],
    });
  });
};

const commissioned = ({ segments }: TermsSlice) => segments.filter((one) => one.commissioned);

const creditPercent = (
  { promisedPercent, creditPercentPerPoint, capPercent }: UptimePromise,
  up: Exact,
): { percent: Exact; steps: string[] } => {
  const missing = exact(promisedPercent).sub(up);
  if (missing.compare(EXACT_ZERO) <= 0) {
    return { percent: EXACT_ZERO, steps: [`${promisedPercent} % was promised and kept`] };
  }
  const agreed = missing.mul(exact(creditPercentPerPoint));
  const percent = least(agreed, exact(capPercent), HUNDRED);
  const told = `${decimal(missing)} points missing to ${promisedPercent} %`;
  const capped = percent.equals(agreed) ? [] : [`at most ${decimal(percent)} %`];
  return {
    percent,
    steps: [`${told} × ${creditPercentPerPoint} % a point = ${decimal(agreed)} %`, ...capped],
  };
};

const least = (...values: [Exact, ...Exact[]]): Exact =>
  values.reduce((one, other) => (other.compare(one) < 0 ? other : one));

const hours = (ms: bigint): string => decimal(exact(ms).div(exact(MS_PER_HOUR)));

const uptimeSteps = (uptime: Uptime, { excusedCauses }: UptimePromise): string[] => {
  const { upMs, excusedMs, windowMs } = uptime;
  const causes = excusedCauses.length > 0 ? ` (${excusedCauses.join(', ')})` : '';
  const told = `${hours(upMs)} machine-hours up, ${hours(excusedMs)} excused${causes}`;
  if (windowMs === excusedMs) return [told, 'all of the time is excused'];
  return [
    told,
    `${hours(upMs)} ÷ (${hours(windowMs)} - ${hours(excusedMs)}) = ${decimal(uptimePercent(uptime))} % up`,
  ];
};
