import type { UsageSegment } from './machine-usage.js';

/** Of one machine in one window: upMs + excusedMs + unexcusedMs = windowMs, in whole milliseconds. */
export interface Uptime {
  /** As long as it was under the contract and had drawn power under it before. */
  readonly windowMs: number;
  readonly upMs: number;
  readonly excusedMs: number;
  readonly unexcusedMs: number;
  /** For how long it was off by each cause; no instant has two. */
  readonly byCause: ReadonlyMap<string, number>;
}

/** What a machine is off by that nobody gave a cause for. */
export const NO_CAUSE = 'other';

/**
 * How long a machine was up under its contract, and by what it was not.
 * @param segments of one machine in one window; those of another contract are to be left out.
 * @param excused causes that the terms do not hold against the host.
 */
export const uptimeOf = (
  segments: readonly UsageSegment[],
  excused: ReadonlySet<string>,
): Uptime => {
  const byCause = new Map<string, number>();
  let windowMs = 0;
  let upMs = 0;
  let excusedMs = 0;
  for (const segment of segments) {
    if (!segment.commissioned) continue;
    const ms = lengthMs(segment);
    windowMs += ms;
    if (segment.energized) {
      upMs += ms;
      continue;
    }
    const cause = segment.cause ?? NO_CAUSE;
    byCause.set(cause, (byCause.get(cause) ?? 0) + ms);
    if (excused.has(cause)) excusedMs += ms;
  }
  return { windowMs, upMs, excusedMs, unexcusedMs: windowMs - upMs - excusedMs, byCause };
};

export const lengthMs = ({ from, until }: Pick<UsageSegment, 'from' | 'until'>): number =>
  Date.parse(until) - Date.parse(from);
