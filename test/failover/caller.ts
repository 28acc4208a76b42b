import { setTimeout as sleep } from 'node:timers/promises';
import type { Command, Entry, Ledger, Reply } from './ledger.js';
import { pick } from './random.js';

const ANSWER_WITHIN_MS = 20_000;
const PATIENCE_MS = 120_000;
const AFTER_LOSS_MS = 500;
/** Of commands whose client gives up waiting early and sends them again, while the first is under way. */
const SHARE_IMPATIENT = 0.04;
const IMPATIENT_MS = 1_500;
/** Means that the command may be sent again: nothing was refused. */
const PASSING = new Set([502, 503, 504]);

export interface Caller {
  readonly origins: readonly string[];
  readonly token: string;
  readonly ledger: Ledger;
  readonly random: () => number;
}

/**
 * Sends a command as a good client does: under one key, again after a lost connection, a time-out or
 * 503, at whatever API comes first, and as long as its patience lasts.
 */
export const send = async (caller: Caller, command: Command): Promise<Entry> => {
  const { ledger } = caller;
  const sentAt = Date.now();
  const headers = { 'idempotency-key': command.key };
  for (let tries = 1; ; tries += 1) {
    const lastSentAt = Date.now();
    const knownPosition = ledger.acknowledged;
    const reply = await exchange(caller, 'POST', command.path, command.body, headers);
    const common = {
      ...command,
      commandId: ledger.commandIdOf(command),
      sentAt,
      lastSentAt,
      tries,
    };
    const settle = (rest: Pick<Entry, 'outcome' | 'reply' | 'code'>): Entry => {
      const entry = { ...common, knownPosition, settledAt: Date.now(), ...rest };
      ledger.add(entry);
      return entry;
    };
    if (reply instanceof Setback) {
      if (Date.now() - sentAt > PATIENCE_MS) return settle({ outcome: 'unknown' });
      ledger.setBack(reply.message);
      await sleep(reply.pauseMs * (0.5 + caller.random()));
      continue;
    }
    if (reply.status < 300) return settle({ outcome: 'accepted', reply });
    const code = String((reply.body as { code?: unknown }).code);
    if (reply.status >= 500) ledger.fault(`${command.path}: ${reply.status} ${code}`);
    return settle({ outcome: 'refused', reply, code });
  }
};

/** What the read models say once they have come to a position. */
export const read = async (caller: Caller, path: string, position: bigint): Promise<Reply> => {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const headers = { 'min-log-position': String(position) };
    const reply = await exchange(caller, 'GET', path, undefined, headers);
    if (!(reply instanceof Setback)) return reply;
    if (Date.now() > deadline) throw new Error(`${path}: ${reply.message}`);
    caller.ledger.setBack(`read: ${reply.message}`);
    await sleep(reply.pauseMs * (0.5 + caller.random()));
  }
};

/** No answer, or one that asks to come back. */
class Setback {
  constructor(
    readonly message: string,
    readonly pauseMs: number,
  ) {}
}

const exchange = async (
  { origins, token, random }: Caller,
  method: 'GET' | 'POST',
  path: string,
  body: object | string | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<Reply | Setback> => {
  const isImpatient = method === 'POST' && random() < SHARE_IMPATIENT;
  const withinMs = isImpatient ? random() * IMPATIENT_MS : ANSWER_WITHIN_MS;
  const type = typeof body === 'string' ? 'text/csv' : 'application/json';
  try {
    const answer = await fetch(`${pick(random, origins)}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': type }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(Math.ceil(withinMs)),
    });
    const text = await answer.text();
    const parsed: unknown = text === '' ? undefined : JSON.parse(text);
    if (PASSING.has(answer.status)) {
      const seconds = Number(answer.headers.get('retry-after') ?? 1);
      const { code } = parsed as { code?: string };
      return new Setback(`${answer.status} ${code ?? ''}`, seconds * 1_000);
    }
    const revision = /"(\d+)"/.exec(answer.headers.get('etag') ?? '')?.[1];
    return {
      status: answer.status,
      body: parsed,
      position: BigInt(answer.headers.get('log-position') ?? 0),
      revision: revision === undefined ? undefined : BigInt(revision),
    };
  } catch (error) {
    return new Setback((error as Error).name, AFTER_LOSS_MS);
  }
};
