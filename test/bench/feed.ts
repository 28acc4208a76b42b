import { setTimeout as sleep } from 'node:timers/promises';
import { askChild } from './child.js';
import type { FeedReaders, FeedReadersResult } from './feed-readers.js';
import type { LoadResult } from './load.js';
import { median, type Finding } from './measure.js';
import type { RunningSystem } from './system.js';

const READERS = 100;
const RUNS = 5;
/** Longer than a run of commands, connecting included. */
const READ_MS = 8_000;
const CONNECTED_WITHIN_MS = 10_000;
const CHILD_WITHIN_MS = 60_000;

/** What it costs commands that others follow the feed: runs with and without readers, in turns. */
export const measureFeed = async (
  system: RunningSystem,
  commands: () => Promise<LoadResult>,
): Promise<Finding[]> => {
  const alone: number[] = [];
  const followed: number[] = [];
  const megabytes: number[] = [];
  await commands();
  for (let run = 0; run < RUNS; run += 1) {
    alone.push((await commands()).perSecond);
    const { origin, token } = system;
    const job: FeedReaders = { origin, token, readers: READERS, ms: READ_MS };
    const reading = askChild<FeedReadersResult>('feed-readers', job, CHILD_WITHIN_MS);
    await readersAre(system, READERS);
    followed.push((await commands()).perSecond);
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
