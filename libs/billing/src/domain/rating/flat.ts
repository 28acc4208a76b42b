import { exact, type Exact } from '@hostledger/quantities';
import type { Window } from '../inputs.js';
import type { UsageSegment } from '../machine-usage.js';
import { decimal } from './charge.js';
import { levelsOf } from './energy.js';
import { byFacility, type Rating, type TermsSlice } from './slice.js';
import { machineSources } from './sources.js';
import { tiered, type Part } from './tiers.js';
import { lengthOf, MS_PER_HOUR } from './windows.js';

/** A month of each machine that counts, for each facility. */
export const flatPerUnit: Rating = (slice) =>
  flat(slice, 'flatPerUnit', slice.card.ratePerUnitMonth!);

/** A month of each kW that machines that count are rated at, for each facility. */
export const flatPerKw: Rating = (slice) => flat(slice, 'flatPerKw', slice.card.ratePerKwMonth!);

type FlatBasis = 'flatPerUnit' | 'flatPerKw';

const flat = (slice: TermsSlice, basis: FlatBasis, rate: string): ReturnType<Rating> => {
  const whole = byFacility(wholeMonths(slice)).map(([facility, segments]) => ({
    ...part(slice, basis, facility, segments),
    ...(basis === 'flatPerUnit' ? units(segments) : kilowatts(segments)),
  }));
  const timed = byFacility(timedMonths(slice)).map(([facility, segments]) => ({
    ...part(slice, basis, facility, segments),
    ...(basis === 'flatPerUnit' ? unitTime(slice, segments) : kilowattTime(slice, segments)),
  }));
  return { rated: tiered(slice, rate, merged([...whole, ...timed])), shortcomings: [] };
};

const part = (
  slice: TermsSlice,
  basis: FlatBasis,
  facility: string,
  segments: readonly UsageSegment[],
) => ({
  component: basis,
  facility,
  description: `Flat fee for ${basis === 'flatPerUnit' ? 'machines' : 'rated power'}, ${facility}`,
  ...(slice.card.clauseRef !== undefined && { clauseRef: slice.card.clauseRef }),
  unit: basis === 'flatPerUnit' ? ('unitMonth' as const) : ('kWMonth' as const),
  sources: machineSources(slice.inputs, segments, untilThen(slice)),
});

/** Whether a month was paid already depends on what came before in it. */
const untilThen = ({ inputs, window, earlier }: TermsSlice): Window => ({
  from: earlier.some(isFlat) ? inputs.period.from : window.from,
  until: window.until,
});

type Counted = Pick<Part, 'quantity' | 'steps'>;

const units = (firsts: readonly UsageSegment[]): Counted => ({
  quantity: exact(firsts.length),
  steps: [`${firsts.length} machines counted at some time, each for a whole month`],
});

const kilowatts = (firsts: readonly UsageSegment[]): Counted => {
  const watts = firsts.reduce((sum, { powerWatts }) => sum + BigInt(powerWatts), 0n);
  const quantity = exact(watts).div(exact(1000));
  const told = `${firsts.length} machines, ${watts} W when first counted`;
  return { quantity, steps: [`${told}, for a whole month = ${decimal(quantity)} kW-months`] };
};

const hours = (ms: bigint): string => decimal(exact(ms).div(exact(MS_PER_HOUR)));

const unitTime = ({ monthMs }: TermsSlice, segments: readonly UsageSegment[]): Counted => {
  const ms = segments.reduce((sum, segment) => sum + lengthOf(segment), 0n);
  const quantity = exact(ms).div(exact(monthMs));
  const told = `${hours(ms)} machine-hours ÷ ${hours(monthMs)} h of the month`;
  return { quantity, steps: [`${told} = ${decimal(quantity)} unit-months`] };
};

const kilowattTime = (slice: TermsSlice, segments: readonly UsageSegment[]): Counted => {
  const { monthMs } = slice;
  const months = (watts: number, ms: bigint): Exact =>
    exact(BigInt(watts) * ms).div(exact(1000n * monthMs));
  const levels = levelsOf(segments, slice.window);
  const quantity = levels.reduce((sum, [watts, ms]) => sum.add(months(watts, ms)), exact(0));
  const each = levels.map(([watts, ms]) => {
    const told = `${hours(ms)} machine-hours × ${watts} W ÷ 1000 ÷ ${hours(monthMs)} h`;
    return `${told} = ${decimal(months(watts, ms))} kW-months`;
  });
  const together = levels.length > 1 ? [`together ${decimal(quantity)} kW-months`] : [];
  return { quantity, steps: [...each, ...together] };
};

/** Whole and timed months of a site are one part of the quantity. */
const merged = (parts: readonly Part[]): Part[] =>
  byFacility(parts).map(([, [first, second]]) =>
    second
      ? {
          ...first!,
          quantity: first!.quantity.add(second.quantity),
          steps: [...first!.steps, ...second.steps],
          sources: [...first!.sources, ...second.sources],
        }
      : first!,
  );

const isFlat = ({ card }: TermsSlice): boolean =>
  card.basis === 'flatPerUnit' || card.basis === 'flatPerKw';
const isWhole = ({ card }: TermsSlice): boolean => card.proration === 'wholeMonth';

const countedIn = ({ card, segments }: TermsSlice): UsageSegment[] => {
  switch (card.counted ?? 'energized') {
    case 'energized':
      return segments.filter(({ energized }) => energized);
    case 'installed':
      return segments.filter(({ placeKind }) => placeKind === 'slot');
    case 'assigned':
      return segments.filter(({ assigned }) => assigned);
  }
};

/** Machines that earlier flat versions of the month counted, and of these the ones that paid it whole. */
const before = (slice: TermsSlice): { counted: Set<string>; paid: Set<string> } => {
  const counted = new Set<string>();
  const paid = new Set<string>();
  for (const earlier of slice.earlier.filter(isFlat)) {
    const serials = countedIn(earlier).map(({ serial }) => serial);
    if (isWhole(earlier)) serials.forEach((serial) => counted.has(serial) || paid.add(serial));
    serials.forEach((serial) => counted.add(serial));
  }
  return { counted, paid };
};

/**
 * The stretch with which each machine is first counted in the month, where that is in this slice:
 * it is charged a month once, by the version in force at that instant, where it was at that instant
 * and at the power it was then rated at.
 */
const wholeMonths = (slice: TermsSlice): UsageSegment[] => {
  if (!isWhole(slice)) return [];
  const seen = before(slice).counted;
  return countedIn(slice).filter(({ serial }) => !seen.has(serial) && seen.add(serial));
};

/**
 * Stretches that count by time. Of a machine that paid the month whole under an earlier version none
 * does; one that paid by time under an earlier version goes on so, whatever this version says.
 */
const timedMonths = (slice: TermsSlice): UsageSegment[] => {
  const { counted, paid } = before(slice);
  return countedIn(slice).filter(
    ({ serial }) => !paid.has(serial) && (!isWhole(slice) || counted.has(serial)),
  );
};
