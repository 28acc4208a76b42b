import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerOne } from './child.js';

/** So many readers of the event feed, each on a connection of its own, for so long. */
export interface FeedReaders {
  readonly origin: string;
  readonly token: string;
  readonly readers: number;
  readonly ms: number;
}

export interface FeedReadersResult {
  /** Of the reader that received least, and of the one that received most. */
  readonly leastBytes: number;
  readonly mostBytes: number;
}

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
  streams.forEach((stream, index) => {
    stream.on('data', (part: Buffer) => (bytes[index]! += part.length));
    // What the end of this process does to them is no fault.
    stream.on('error', () => undefined);
  });
  await sleep(job.ms);
  for (const stream of streams) stream.destroy();
  return { leastBytes: Math.min(...bytes), mostBytes: Math.max(...bytes) };
});
