import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { answerOne } from './child.js';
import { percentile } from './measure.js';

/** So many clients that post without a pause, each waiting for its answer. */
export interface Load {
  readonly origin: string;
  readonly token: string;
  readonly path: string;
  /** Sent as JSON; `{unique}` in a value becomes unique per request. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly clients: number;
  readonly ms: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers by status that were no success, with one body for each. */
  readonly failures: Readonly<Record<string, string>>;
}

const run = async (load: Load): Promise<LoadResult> => {
  const pool = new Pool(load.origin, { connections: load.clients, pipelining: 1 });
  const [before, after] = JSON.stringify(load.body).split('{unique}') as [string, string?];
  const headers = { authorization: `Bearer ${load.token}`, 'content-type': 'application/json' };
  const latencies: number[] = [];
  const failures: Record<string, string> = {};
  const started = performance.now();
  const client = async (): Promise<void> => {
    while (performance.now() - started < load.ms) {
      const body = after === undefined ? before : `${before}${randomUUID()}${after}`;
      const sent = performance.now();
      const answer = await pool.request({ method: 'POST', path: load.path, headers, body });
      if (answer.statusCode < 300) {
        await answer.body.dump();
        latencies.push(performance.now() - sent);
      } else {
        failures[answer.statusCode] = await answer.body.text();
      }
    }
  };
  await Promise.all(Array.from({ length: load.clients }, client));
  const seconds = (performance.now() - started) / 1000;
  await pool.close();
  return {
    perSecond: latencies.length / seconds,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    failures,
  };
};

answerOne(run);
