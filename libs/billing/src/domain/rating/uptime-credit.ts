import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import type { UptimePromise } from '@hostledger/contracts';
import type { CurtailmentFact, Source } from '../inputs.js';
import type { Rated } from '../line.js';
import type { UsageSegment } from '../machine-usage.js';
import { decimal, lineOf } from './charge.js';
import { sumOf } from './minimum.js';
import type { ChargedSlice, TermsSlice } from './slice.js';
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
  const excused = new Set(excusedCauses);
  const curtailments = byId(slice);
  let [upMs, excusedMs, unexcusedMs] = [0n, 0n, 0n];
  for (const segment of commissioned(slice)) {
    const ms = lengthOf(segment);
    if (segment.energized) upMs += ms;
    else if (isExcused(segment, excused, curtailments)) excusedMs += ms;
    else unexcusedMs += ms;
  }
  return { upMs, excusedMs, unexcusedMs, windowMs: upMs + excusedMs + unexcusedMs };
};

const byId = ({ inputs }: Pick<TermsSlice, 'inputs'>): ReadonlyMap<string, CurtailmentFact> =>
  new Map(inputs.curtailments.map((one) => [one.curtailmentId, one]));

/**
 * Whether the terms do not hold it against the host that a machine is off. A curtailment that the
 * host declared for its own maintenance is not one of the grid: it excuses only where maintenance is
 * excused, too.
 * @param excused causes that the terms name.
 */
export const isExcused = (
  { cause, curtailmentId }: Pick<UsageSegment, 'cause' | 'curtailmentId'>,
  excused: ReadonlySet<string>,
  curtailments: ReadonlyMap<string, Pick<CurtailmentFact, 'cause'>>,
): boolean => {
  if (cause === undefined || !excused.has(cause)) return false;
  if (cause !== 'curtailment' || curtailmentId === undefined) return true;
  return curtailments.get(curtailmentId)?.cause !== 'maintenance' || excused.has('maintenance');
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
 * basis charges, never more than that. It is told at nothing where the promise was kept. A promise
 * that goes on when terms change is looked at for all of the time that it held in the month.
 * @param all slices of the month with the lines of the basis; one credit for each currency of theirs.
 * @returns lines of the last of the slices that follow one another with the same promise.
 */
export const uptimeCreditOf = (slice: TermsSlice, all: readonly ChargedSlice[]): Rated[] => {
  const promise = slice.card.uptime;
  const run = promise ? promisedUpTo(slice, promise, all) : [];
  const charged = run.flatMap((one) => one.charged);
  if (!promise || charged.length === 0) return [];
  const slices = run.map((one) => one.slice);
  const uptime = together(slices.map((one) => uptimeOf(one, promise.excusedCauses)));
  if (uptime.windowMs === 0n) return [];
  const { percent, steps } = creditPercent(promise, uptimePercent(uptime));
  // That a machine drew power at any time before is what it is counted for.
  const lives = { from: BEGINNING, until: slice.window.until };
  const machines = machineSources(slice.inputs, slices.flatMap(commissioned), lives);
  return [...new Set(charged.map(({ line }) => line.currency))].map((currency) => {
    const base = sumOf(charged, currency);
    const quantity = base.mul(percent).div(HUNDRED);
    return lineOf(slice, {
      component: 'uptimeCredit',
      ...(currency !== slice.card.currency && { apart: currency }),
      description: `Credit for uptime of ${decimal(uptimePercent(uptime), 2)} % where ${promise.promisedPercent} % was promised`,
      clauseRef: promise.clauseRef,
      window: { from: slices[0]!.window.from, until: slice.window.until },
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
      sources: [
        ...slices.map(({ terms }) => terms.source),
        ...machines,
        ...curtailed(slices),
        ...charged.flatMap(({ sources }) => sources),
      ],
    });
  });
};

/** The slices up to this one with its promise; none where the next one has it, too. */
const promisedUpTo = (
  slice: TermsSlice,
  promise: UptimePromise,
  all: readonly ChargedSlice[],
): readonly ChargedSlice[] => {
  const held = promiseOf(promise);
  const isSame = ({ slice: { card } }: ChargedSlice): boolean =>
    card.uptime !== undefined && promiseOf(card.uptime) === held;
  const index = all.findIndex((one) => one.slice === slice);
  const next = all[index + 1];
  if (next && follows(slice, next.slice) && isSame(next)) return [];
  let first = index;
  while (
    first > 0 &&
    isSame(all[first - 1]!) &&
    follows(all[first - 1]!.slice, all[first]!.slice)
  ) {
    first -= 1;
  }
  return all.slice(first, index + 1);
};

const follows = (one: TermsSlice, next: TermsSlice): boolean =>
  one.window.until === next.window.from;

/** What was promised, in whichever clause and however its numbers are written. */
const promiseOf = (promise: UptimePromise): string =>
  JSON.stringify([
    ...[promise.promisedPercent, promise.creditPercentPerPoint, promise.capPercent].map((percent) =>
      exact(percent).toFraction(),
    ),
    [...new Set(promise.excusedCauses)].sort(),
  ]);

const together = (parts: readonly Uptime[]): Uptime =>
  parts.reduce((sum, part) => ({
    upMs: sum.upMs + part.upMs,
    excusedMs: sum.excusedMs + part.excusedMs,
    unexcusedMs: sum.unexcusedMs + part.unexcusedMs,
    windowMs: sum.windowMs + part.windowMs,
  }));

/** What curtailments were for by which machines were off. */
const curtailed = (slices: readonly TermsSlice[]): Source[] => {
  const offFor = new Set(
    slices.flatMap(commissioned).flatMap(({ curtailmentId }) => curtailmentId ?? []),
  );
  const { curtailments } = slices[0]!.inputs;
  return curtailments
    .filter(({ curtailmentId }) => offFor.has(curtailmentId))
    .flatMap(({ sources }) => sources);
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
