import type { Window } from './inputs.js';
import { energyOf, type UsageSegment } from './machine-usage.js';
import { uptimeOf } from './uptime.js';

// What machines used, added up by what it is asked for.

export interface Usage {
  /** That were there at some time. */
  machines: number;
  energyWattMs: bigint;
  /** While they drew power. */
  energizedMs: number;
  /** While they were commissioned. */
  windowMs: number;
  upMs: number;
  /** Off, while they were commissioned. */
  readonly offMs: Map<string, number>;
  /** Off by a cause that the terms in force excuse. */
  excusedMs: number;
}

/** While these terms are in force, they do not hold these causes against the host. */
export interface Excuse extends Window {
  readonly causes: readonly string[];
}

export const USAGE_GROUPS = [
  'machine',
  'day',
  'facility',
  'contract',
  'customer',
  'total',
] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** A day and when it lasts. */
export interface DayWindow extends Window {
  /** YYYY-MM-DD */
  readonly day: string;
}

export const noUsage = (): Usage => ({
  machines: 0,
  energyWattMs: 0n,
  energizedMs: 0,
  windowMs: 0,
  upMs: 0,
  offMs: new Map(),
  excusedMs: 0,
});

/**
 * Adds one machine to what others used; changes `total`.
 * @param excuses of which no two are in force at once.
 */
export const addMachine = (
  total: Usage,
  segments: readonly UsageSegment[],
  excuses: readonly Excuse[] = [],
): void => {
  const { windowMs, upMs, byCause } = uptimeOf(segments, new Set());
  total.machines += 1;
  total.energyWattMs += energyOf(segments);
  total.energizedMs += upMs;
  total.windowMs += windowMs;
  total.upMs += upMs;
  for (const [cause, ms] of byCause) total.offMs.set(cause, (total.offMs.get(cause) ?? 0) + ms);
  for (const excuse of excuses) {
    const parts = segments
      .map((segment) => ({ ...segment, ...within(segment, excuse) }))
      .filter(({ from, until }) => from < until);
    total.excusedMs += uptimeOf(parts, new Set(excuse.causes)).excusedMs;
  }
};

/**
 * Adds what one machine used to the totals by key, each stretch to its own.
 * @param days in their order and without a gap, covering the stretches; read where usage is asked for by day.
 * @param excuses of which no two are in force at once.
 */
export const addUsage = (
  totals: Map<string, Usage>,
  segments: readonly UsageSegment[],
  per: UsageGroup,
  days: readonly DayWindow[],
  excuses: readonly Excuse[] = [],
): void => {
  for (const [key, own] of keyed(segments, per, days)) {
    const total = totals.get(key) ?? noUsage();
    totals.set(key, total);
    addMachine(total, own, excuses);
  }
};

/** What is nowhere, on the road or at a vendor, has the empty key among facilities. */
const keyed = (
  segments: readonly UsageSegment[],
  per: UsageGroup,
  days: readonly DayWindow[],
): ReadonlyMap<string, readonly UsageSegment[]> => {
  switch (per) {
    case 'machine':
      return Map.groupBy(segments, ({ serial }) => serial);
    case 'facility':
      return Map.groupBy(segments, ({ facility }) => facility ?? '');
    case 'contract':
      return Map.groupBy(segments, ({ contractId }) => contractId);
    case 'customer':
      return Map.groupBy(segments, ({ customerId }) => customerId);
    case 'day':
      return byDay(segments, days);
    case 'total':
      return segments.length === 0 ? new Map() : new Map([['', segments]]);
  }
};

const byDay = (
  segments: readonly UsageSegment[],
  days: readonly DayWindow[],
): ReadonlyMap<string, readonly UsageSegment[]> => {
  const parts = new Map<string, UsageSegment[]>();
  let first = 0;
  for (const segment of segments) {
    while (days[first] && days[first]!.until <= segment.from) first += 1;
    for (let n = first; days[n] && days[n]!.from < segment.until; n += 1) {
      const { day, ...window } = days[n]!;
      const part = { ...segment, ...within(segment, window) };
      const own = parts.get(day);
      if (own) own.push(part);
      else parts.set(day, [part]);
    }
  }
  return parts;
};

const within = (one: Window, other: Window): Window => ({
  from: one.from > other.from ? one.from : other.from,
  until: one.until < other.until ? one.until : other.until,
});
