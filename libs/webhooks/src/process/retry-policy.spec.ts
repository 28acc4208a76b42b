import { pauseAfter, RETRY_POLICY } from './retry-policy.js';

const HOUR_MS = 3_600_000;

describe('the pauses between attempts', () => {
  it('grow threefold from ten seconds to six hours, and span about a day', () => {
    const pauses = Array.from({ length: RETRY_POLICY.maxAttempts - 1 }, (_, index) =>
      pauseAfter(RETRY_POLICY, index + 1, undefined, 0.5),
    );
    expect(pauses.slice(0, 4)).toEqual([10_000, 30_000, 90_000, 270_000]);
    expect(pauses.at(-1)).toBe(6 * HOUR_MS);
    const total = pauses.reduce((sum, pause) => sum + pause, 0);
    expect(total).toBeGreaterThan(24 * HOUR_MS);
    expect(total).toBeLessThan(30 * HOUR_MS);
  });

  it('are scattered by a fifth', () => {
    expect(pauseAfter(RETRY_POLICY, 1, undefined, 0)).toBe(8_000);
    expect(pauseAfter(RETRY_POLICY, 1, undefined, 1)).toBe(12_000);
  });

  it('are as long as the receiver asks, within bounds', () => {
    expect(pauseAfter(RETRY_POLICY, 1, 60_000, 0.5)).toBe(60_000);
    expect(pauseAfter(RETRY_POLICY, 1, 1_000, 0.5)).toBe(10_000);
    expect(pauseAfter(RETRY_POLICY, 1, 365 * 24 * HOUR_MS, 0.5)).toBe(6 * HOUR_MS);
  });
});
