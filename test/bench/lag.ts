import { askChild } from './child.js';
import type { LoadResult } from './load.js';
import { median, percentile, type Finding } from './measure.js';
import type { Paced, PacedResult } from './paced.js';
import type { RunningSystem } from './system.js';
import { customer } from './workload.js';

const RUNS = 5;
const SHARE_OF_MOST = 0.5;
const PACED_MS = 5_000;
/** Enough for a p99 of each run, and a small part of what the API can read. */
const READ_BACK_PER_SECOND = 50;
const CHILD_WITHIN_MS = 60_000;

/**
 * How long after its answer a command is in the read models, under half of what the system can
 * take: runs at the highest rate and at half of it, in turns.
 *
 * Some commands are read back with their own position as `Min-Log-Position`; the time until that
 * answers is what a client waits that reads its own writes, one read included. The API is told of
 * every commit, so that nobody asks again and again.
 */
export const measureLag = async (
  system: RunningSystem,
  commands: () => Promise<LoadResult>,
): Promise<Finding[]> => {
  const most: number[] = [];
  const half: number[] = [];
  const p50: number[] = [];
  const p99: number[] = [];
  await commands();
  for (let run = 0; run < RUNS; run += 1) {
    most.push((await commands()).perSecond);
    const { origin, token } = system;
    const job: Paced = {
      ...{ origin, token, body: customer, ms: PACED_MS },
      perSecond: median(most) * SHARE_OF_MOST,
      readBackPerSecond: READ_BACK_PER_SECOND,
    };
    const { perSecond, lagsMs } = await askChild<PacedResult>('paced', job, CHILD_WITHIN_MS);
    half.push(perSecond);
    p50.push(percentile(lagsMs, 0.5));
    p99.push(percentile(lagsMs, 0.99));
    console.error(
      `  lag ${run + 1}: ${p50.at(-1)!.toFixed(0)} ms, p99 ${p99.at(-1)!.toFixed(0)} ms ` +
        `of ${lagsMs.length} at ${perSecond.toFixed(0)}/s`,
    );
  }
  return [
    {
      what: 'commands sent at half of the highest rate, answered',
      measured: { values: half, unit: '/s' },
      against: { what: 'the highest rate', series: { values: most, unit: '/s' } },
      ratio: median(half) / median(most),
      target: '',
    },
    {
      what: 'live lag, from answer to read, p50',
      measured: { values: p50, unit: 'ms' },
      target: '',
    },
    {
      what: 'live lag, from answer to read, p99',
      measured: { values: p99, unit: 'ms' },
      target: '<= 250 ms',
    },
  ];
};
