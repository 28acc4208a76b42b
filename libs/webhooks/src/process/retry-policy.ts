/** How often and how long a delivery is tried. */
export interface RetryPolicy {
  /** Attempts in all; the event is a dead letter after the last. */
  readonly maxAttempts: number;
  readonly firstPauseMs: number;
  /** Each pause is so many times the one before. */
  readonly factor: number;
  readonly longestPauseMs: number;
  /** A subscription without any success for so long is paused. */
  readonly pauseAfterMs: number;
}

/** Twelve attempts within a bit more than a day: 10 s, 30 s, 90 s, … and at last every six hours. */
export const RETRY_POLICY: RetryPolicy = {
  maxAttempts: 12,
  firstPauseMs: 10_000,
  factor: 3,
  longestPauseMs: 6 * 3_600_000,
  pauseAfterMs: 3 * 24 * 3_600_000,
};

/** A fifth more or less, so that what failed together does not come back together. */
const JITTER = 0.2;

/**
 * The pause after the n-th attempt that failed. What the receiver asked for counts where it is
 * longer than ours, up to our longest.
 * @param chance from 0 to 1.
 */
export const pauseAfter = (
  policy: RetryPolicy,
  attempts: number,
  retryAfterMs: number | undefined,
  chance: number,
): number => {
  const { firstPauseMs, factor, longestPauseMs } = policy;
  const pauseMs = Math.min(firstPauseMs * factor ** (attempts - 1), longestPauseMs);
  const scattered = Math.round(pauseMs * (1 - JITTER + 2 * JITTER * chance));
  return Math.max(scattered, Math.min(retryAfterMs ?? 0, longestPauseMs));
};
