import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerOne } from './child.js';

/** So many readers of the event feed, each on a connection of its own, until it falls silent. */
export interface FeedReaders {
  readonly origin: string;
  readonly token: string;
  readonly readers: number;
  readonly silentMs: number;
  /** In any case. */
  readonly untilMs: number;
}

export interface FeedReadersResult {
  /** Of the reader that received least, and of the one that received most. */
  readonly leastBytes: number;
  readonly mostBytes: number;
}

const POLL_MS = 50;
/** What is no event is not longer: the opening and signs of life. */
const GREETING_BYTES = 100;

const connected = ({ origin, token }: FeedReaders): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    const request = get(`${origin}/v1/events?after=end`, { headers, agent: false }, (answer) => {
      if (answer.statusCode === 200) resolve(answer);
      else reject(new Error(`The feed answers ${answer.statusCode}`));
    });
    request.on('error', reject);
  });

answerOne(async (job: FeedReaders): Promise<FeedReadersResult> => {
  const streams = await Promise.all(Array.from({ length: job.readers }, () => connected(job)));
  const bytes = streams.map(() => 0);
  let heardAt = 0;
  streams.forEach((stream, index) => {
    stream.on('data', (part: Buffer) => {
      bytes[index]! += part.length;
      if (part.length > GREETING_BYTES) heardAt = performance.now();
    });
    // What the end of this process does to them is no fault.
    stream.on('error', () => undefined);
  });
  const began = performance.now();
  const idle = (): boolean => heardAt > began && performance.now() - heardAt > job.silentMs;
  while (!idle() && performance.now() - began < job.untilMs) await sleep(POLL_MS);
  for (const stream of streams) stream.destroy();
  return { leastBytes: Math.min(...bytes), mostBytes: Math.max(...bytes) };
});
