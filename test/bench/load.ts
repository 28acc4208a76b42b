import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { answerOne } from './child.js';
import { percentile } from './measure.js';

/** So many clients that ask without a pause, each waiting for its answer. */
export interface Load {
  readonly origin: string;
  readonly token: string;
  /** Asked for in turn, from a place that is each client's own. */
  readonly paths: readonly string[];
  /** Posted as JSON; `{unique}` in a value becomes unique per request. Without it paths are read. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly clients: number;
  readonly ms: number;
}

export interface LoadResult {
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers by status that were no success, with one body for each. */
  readonly failures: Readonly<Record<string, string>>;
}

const run = async (load: Load): Promise<LoadResult> => {
  const pool = new Pool(load.origin, { connections: load.clients, pipelining: 1 });
  const { paths } = load;
  const method = load.body ? 'POST' : 'GET';
  const [before, after] = JSON.stringify(load.body ?? '').split('{unique}') as [string, string?];
  const headers = {
    authorization: `Bearer ${load.token}`,
    ...(load.body && { 'content-type': 'application/json' }),
  };
  const latencies: number[] = [];
  const failures: Record<string, string> = {};
  const started = performance.now();
  const client = async (_: unknown, number: number): Promise<void> => {
    let turn = Math.floor((paths.length * number) / load.clients);
    while (performance.now() - started < load.ms) {
      const text = after === undefined ? before : `${before}${randomUUID()}${after}`;
      const body = load.body ? text : undefined;
      const path = paths[turn++ % paths.length]!;
      const sent = performance.now();
      const answer = await pool.request({ method, path, headers, body });
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
    answered: latencies.length,
    perSecond: latencies.length / seconds,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    failures,
  };
};

answerOne(run);
