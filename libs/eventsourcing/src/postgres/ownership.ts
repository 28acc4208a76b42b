import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, DedicatedSession } from './database.js';

const RETRY_MS = 2_000;
const HEARTBEAT_MS = 5_000;

/** Being the one that works, until `lost` says otherwise. */
export interface Ownership {
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes the advisory lock of this name, or returns undefined if somebody else holds it. It is held
 * by a connection of its own, whose loss is the loss of the lock; a heartbeat finds a connection
 * that is dead without a sign. The embedded database has one process and therefore one owner.
 */
export const tryOwn = async (database: Database, name: string): Promise<Ownership | undefined> => {
  if (database.kind === 'pglite') {
    return { lost: new AbortController().signal, release: () => Promise.resolve() };
  }
  const session = await database.connect();
  try {
    const [row] = await session.query('select pg_try_advisory_lock($1) as held', [lockKey(name)]);
    if (row?.['held'] !== true) {
      await session.close();
      return undefined;
    }
  } catch (error) {
    await session.close().catch(() => undefined);
    throw error;
  }
  return held(session, name);
};

const held = (session: DedicatedSession, name: string): Ownership => {
  let beating = true;
  const heartbeat = setInterval(() => {
    if (!beating) return;
    beating = false;
    session.query('select 1').then(
      () => (beating = true),
      () => session.close().catch(() => undefined),
    );
  }, HEARTBEAT_MS);
  heartbeat.unref();
  session.lost.addEventListener('abort', () => clearInterval(heartbeat), { once: true });
  return {
    lost: session.lost,
    release: async () => {
      clearInterval(heartbeat);
      // A closed connection loses its locks too, but only when the server has noticed.
      if (!session.lost.aborted) {
        await session
          .query('select pg_advisory_unlock($1)', [lockKey(name)])
          .catch(() => undefined);
      }
      await session.close().catch(() => undefined);
    },
  };
};

/**
 * Waits for ownership; `onStandby` is told when somebody else has it. Rejects when the database
 * fails or `signal` is aborted.
 */
export const own = async (
  database: Database,
  name: string,
  signal: AbortSignal,
  options: { readonly onStandby: () => void; readonly retryMs?: number | undefined },
): Promise<Ownership> => {
  for (;;) {
    signal.throwIfAborted();
    const ownership = await tryOwn(database, name);
    if (ownership) return ownership;
    options.onStandby();
    await sleep(options.retryMs ?? RETRY_MS, undefined, { signal });
  }
};

/** 64 bits of a hash, as the signed number that the lock functions take. */
const lockKey = (name: string): string =>
  createHash('sha256').update(`hostledger/${name}`).digest().readBigInt64BE().toString();
