import { setTimeout as sleep } from 'node:timers/promises';

const WITHIN_MS = 10_000;

/** Waits for a condition; fails after ten seconds. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + WITHIN_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Not within ${WITHIN_MS} ms`);
    await sleep(5);
  }
};
