import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { answerOne } from './child.js';

/**
 * Registers customers at a given rate, whether or not those before are answered: an open loop, so
 * that a system that falls behind is not spared. Some of them are read back at once, each from the
 * position that its own answer names.
 */
export interface Paced {
  readonly origin: string;
  readonly token: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly perSecond: number;
  readonly ms: number;
  /** Commands that are read back. */
  readonly readBackPerSecond: number;
}

export interface PacedResult {
  /** Commands answered while they were being sent. */
  readonly perSecond: number;
  /** From the answer to a command until a read answered with what it did. */
  readonly lagsMs: readonly number[];
}

const CONNECTIONS = 256;
/** Between two looks at the clock; what has become due by then is sent at once. */
const TICK_MS = 2;

/** What an HTTP answer says as the position after which it is to be read. */
const positionOf = (header: string | string[] | undefined): string => {
  if (typeof header !== 'string') throw new Error('A command was answered without a Log-Position');
  return header;
};

answerOne(async (job: Paced): Promise<PacedResult> => {
  const { origin, token, perSecond, ms } = job;
  const commands = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  // Reads that wait must not take the connections of commands.
  const reads = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  const authorization = `Bearer ${token}`;
  const template = JSON.stringify(job.body);
  const every = Math.max(1, Math.round(perSecond / job.readBackPerSecond));
  const lagsMs: number[] = [];
  const open = new Set<Promise<void>>();
  let answered = 0;

  const readBack = async (customerId: string, position: string): Promise<void> => {
    const since = performance.now();
    const path = `/v1/customers/${customerId}`;
    const headers = { authorization, 'min-log-position': position };
    const answer = await reads.request({ method: 'GET', path, headers });
    if (answer.statusCode !== 200) throw new Error(`${path}: ${await answer.body.text()}`);
    lagsMs.push(performance.now() - since);
    await answer.body.dump();
  };

  const command = async (number: number): Promise<void> => {
    const answer = await commands.request({
      method: 'POST',
      path: '/v1/customers',
      headers: { authorization, 'content-type': 'application/json' },
      body: template.replace('{unique}', randomUUID()),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`A command failed: ${text}`);
    answered += 1;
    if (number % every > 0) return;
    const { customerId } = JSON.parse(text) as { customerId: string };
    await readBack(customerId, positionOf(answer.headers['log-position']));
  };

  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const send = (number: number): void => {
    const sent = command(number)
      .catch((error: unknown) => failed.reject(error))
      .finally(() => open.delete(sent));
    open.add(sent);
  };

  const started = performance.now();
  let sent = 0;
  for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - started) {
    for (const due = (elapsed / 1_000) * perSecond; sent < due; sent += 1) send(sent);
    await Promise.race([sleep(TICK_MS), failed.promise]);
  }
  const seconds = (performance.now() - started) / 1_000;
  const reached = answered / seconds;
  await Promise.race([Promise.all(open), failed.promise]);
  await Promise.all([commands.close(), reads.close()]);
  return { perSecond: reached, lagsMs };
});
