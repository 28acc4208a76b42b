/** What is signed while the clock is astray would stay ahead of all that is signed after. */
export class ClockAstray extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ClockAstray';
  }
}

const HOUR_MS = 3_600_000;
/** Clocks of several workers differ by less. */
const MAX_BEHIND_MS = HOUR_MS;
/** The log may have been quiet while nobody signed, over holidays. */
const MAX_AHEAD_MS = 7 * 24 * HOUR_MS;

/**
 * @param lastSigned time of the last checkpoint, ISO 8601 UTC; empty where there is none.
 * @param recordedAt when the last event of the log was recorded, by the clock of its store.
 * @throws ClockAstray
 */
export const checkClock = (nowMs: number, lastSigned: string, recordedAt: string): void => {
  const at = new Date(nowMs).toISOString();
  if (nowMs < Date.parse(lastSigned) - MAX_BEHIND_MS) {
    throw new ClockAstray(`The clock says ${at}, but a checkpoint was signed at ${lastSigned}`);
  }
  if (nowMs > Date.parse(recordedAt) + MAX_AHEAD_MS) {
    throw new ClockAstray(
      `The clock says ${at}, more than 7 days after the log recorded its last event, at ${recordedAt}; ` +
        'if the clock is right, the next event cures this',
    );
  }
};
