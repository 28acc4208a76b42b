import { setTimeout as sleep } from 'node:timers/promises';
import { askChild } from './child.js';
import type { FeedReaders, FeedReadersResult } from './feed-readers.js';
import type { LoadResult } from './load.js';
import { median, type Finding } from './measure.js';
import type { RunningSystem } from './system.js';

const READERS = 100;
const RUNS = 5;
/** Commands are over when nothing came for so long. */
const SILENT_MS = 1_500;
const READ_UNTIL_MS = 30_000;
const CONNECTED_WITHIN_MS = 10_000;
const CHILD_WITHIN_MS = 60_000;

/** What it costs commands that others follow the feed: runs with and without readers, in turns. */
export const measureFeed = async (
  system: RunningSystem,
  commands: () => Promise<LoadResult>,
): Promise<Finding[]> => {
  const alone: number[] = [];
  const followed: number[] = [];
  const cpuAlone: number[] = [];
  const cpuFollowed: number[] = [];
  const megabytes: number[] = [];
  const measured = async (rates: number[], cpu: number[]): Promise<void> => {
    await system.probe();
    const { perSecond, answered } = await commands();
    rates.push(perSecond);
    cpu.push((await system.probe()).cpuMs / answered);
  };
  await commands();
  for (let run = 0; run < RUNS; run += 1) {
    await measured(alone, cpuAlone);
    const { origin, token } = system;
    const job: FeedReaders = {
      ...{ origin, token, readers: READERS },
      ...{ silentMs: SILENT_MS, untilMs: READ_UNTIL_MS },
    };
    const reading = askChild<FeedReadersResult>('feed-readers', job, CHILD_WITHIN_MS);
    await readersAre(system, READERS);
    await measured(followed, cpuFollowed);
    const { leastBytes } = await reading;
    await readersAre(system, 0);
    if (leastBytes === 0) throw new Error('A reader of the feed was given nothing');
    megabytes.push((leastBytes * READERS) / 1024 ** 2);
    console.error(
      `  feed ${run + 1}: ${alone.at(-1)!.toFixed(0)}/s alone, ${followed.at(-1)!.toFixed(0)}/s followed`,
    );
  }
  return [
    {
      what: `durable command with ${READERS} connected readers of the feed`,
      measured: { values: followed, unit: '/s' },
      against: { what: 'without readers', series: { values: alone, unit: '/s' } },
      ratio: median(followed) / median(alone),
      target: '>= 0.9',
    },
    {
      what: 'its processor time, all of the system',
      measured: { values: cpuFollowed, unit: 'ms' },
      against: { what: 'without readers', series: { values: cpuAlone, unit: 'ms' } },
      ratio: median(cpuFollowed) / median(cpuAlone),
      target: '',
    },
    {
      what: 'sent to them during a run, at least',
      measured: { values: megabytes, unit: 'MB' },
      target: '',
    },
  ];
};

const readersAre = async ({ origin, token }: RunningSystem, readers: number): Promise<void> => {
  const deadline = performance.now() + CONNECTED_WITHIN_MS;
  const headers = { authorization: `Bearer ${token}` };
  for (;;) {
    const metrics = await (await fetch(`${origin}/metrics`, { headers })).text();
    if (metrics.includes(`hostledger_feed_readers ${readers}\n`)) return;
    if (performance.now() > deadline) throw new Error(`Not ${readers} readers in time`);
    await sleep(50);
  }
};
