import { exact, type Exact } from '@hostledger/quantities';
import type { Source, Window } from '../inputs.js';
import { WATT_MS_PER_KWH, type UsageSegment } from '../machine-usage.js';
import { decimal } from './charge.js';
import { machineSources } from './sources.js';
import type { TermsSlice } from './slice.js';
import { lengthOf, MS_PER_HOUR, shared } from './windows.js';

/** Energy, and how it comes about. */
export interface Energy {
  readonly wattMs: bigint;
  readonly steps: readonly string[];
  readonly sources: readonly Source[];
}

/** More power levels than these are told of together. */
const MOST_LEVELS = 20;

/** What machines are rated at × the time they drew power, of stretches cut to a window. */
export const nameplateEnergy = (
  slice: TermsSlice,
  segments: readonly UsageSegment[],
  window: Window = slice.window,
): Energy => {
  const drawing = segments.filter((segment) => segment.energized && shared(segment, window));
  const levels = levelsOf(drawing, window);
  let wattMs = 0n;
  for (const [watts, ms] of levels) wattMs += BigInt(watts) * ms;
  return {
    wattMs,
    steps: energySteps(levels, wattMs),
    sources: machineSources(slice.inputs, drawing, window),
  };
};

/** Machine-milliseconds at each rated power, the lowest first. */
export const levelsOf = (segments: readonly UsageSegment[], window: Window): [number, bigint][] => {
  const levels = new Map<number, bigint>();
  for (const segment of segments) {
    const part = shared(segment, window);
    if (!part) continue;
    levels.set(segment.powerWatts, (levels.get(segment.powerWatts) ?? 0n) + lengthOf(part));
  }
  return [...levels].toSorted(([a], [b]) => a - b);
};

const energySteps = (levels: readonly [number, bigint][], wattMs: bigint): string[] => {
  const told = levels.slice(0, MOST_LEVELS).map(([watts, ms]) => {
    const hours = decimal(exact(ms).div(exact(MS_PER_HOUR)));
    return `${hours} machine-hours × ${watts} W ÷ 1000 = ${decimal(kWh(BigInt(watts) * ms))} kWh`;
  });
  const rest = levels.slice(MOST_LEVELS).reduce((sum, [watts, ms]) => sum + BigInt(watts) * ms, 0n);
  if (levels.length > MOST_LEVELS) {
    told.push(`at ${levels.length - MOST_LEVELS} further power levels ${decimal(kWh(rest))} kWh`);
  }
  if (levels.length > 1) told.push(`together ${decimal(kWh(wattMs))} kWh`);
  return told;
};

export const kWh = (wattMs: bigint): Exact => exact(wattMs).div(exact(WATT_MS_PER_KWH));
