import { createHash } from 'node:crypto';
import type { Database, DedicatedSession } from './database.js';

const HEARTBEAT_MS = 5_000;

/** Any constant: who asks for several names gets all that are free, and no second one a part of them. */
const TURN_LOCK = '4217002';

/** The names that this process alone works under, until `lost` says otherwise. */
export interface Ownership {
  readonly lost: AbortSignal;
  /** Asks for these names; tells which of them are owned now. */
  take(names: readonly string[]): Promise<ReadonlySet<string>>;
  give(name: string): Promise<void>;
  release(): Promise<void>;
}

/**
 * Owns names by advisory locks, all held by one connection, whose loss is the loss of the locks; a
 * heartbeat finds a connection that is dead without a sign. The embedded database has one process
 * and therefore one owner.
 */
export const openOwnership = async (database: Database): Promise<Ownership> => {
  if (database.kind === 'pglite') {
    return {
      lost: new AbortController().signal,
      take: (names) => Promise.resolve(new Set(names)),
      give: () => Promise.resolve(),
      release: () => Promise.resolve(),
    };
  }
  return new SessionOwnership(await database.connect());
};

class SessionOwnership implements Ownership {
  private readonly heartbeat: NodeJS.Timeout;
  private beating = true;

  constructor(private readonly session: DedicatedSession) {
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
    this.heartbeat.unref();
    session.lost.addEventListener('abort', () => clearInterval(this.heartbeat), { once: true });
  }

  get lost(): AbortSignal {
    return this.session.lost;
  }

  async take(names: readonly string[]): Promise<ReadonlySet<string>> {
    const keys = new Map(names.map((name) => [lockKey(name), name]));
    await this.session.query('select pg_advisory_lock($1)', [TURN_LOCK]);
    try {
      const rows = await this.session.query(
        `select key::text from unnest($1::bigint[]) as key where pg_try_advisory_lock(key)`,
        [[...keys.keys()]],
      );
      return new Set(rows.map(({ key }) => keys.get(key as string)!));
    } finally {
      await this.session.query('select pg_advisory_unlock($1)', [TURN_LOCK]);
    }
  }

  async give(name: string): Promise<void> {
    await this.session.query('select pg_advisory_unlock($1)', [lockKey(name)]);
  }

  async release(): Promise<void> {
    clearInterval(this.heartbeat);
    // A closed connection loses its locks too, but only when the server has noticed.
    if (!this.session.lost.aborted) {
      await this.session.query('select pg_advisory_unlock_all()').catch(() => undefined);
    }
    await this.session.close().catch(() => undefined);
  }

  private beat(): void {
    if (!this.beating) return;
    this.beating = false;
    this.session.query('select 1').then(
      () => (this.beating = true),
      () => this.session.close().catch(() => undefined),
    );
  }
}

/** 64 bits of a hash, as the signed number that the lock functions take. */
const lockKey = (name: string): string =>
  createHash('sha256').update(`hostledger/${name}`).digest().readBigInt64BE().toString();
