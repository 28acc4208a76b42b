import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import { codeOf } from './errors.js';
import {
  OPENED,
  openEngine,
  type Engine,
  type EngineResult,
  type ThreadData,
  type ThreadReply,
  type ThreadRequest,
} from './pglite-thread.js';
import { memoryOf } from './transfer.js';
import { Turns, type TurnKind } from './turns.js';

/** The session was lost: whatever transaction was open is rolled back; the next one may succeed. */
export class SessionLost extends Error {
  constructor(reason: string) {
    super(`The embedded database session was lost: ${reason}`);
    this.name = 'SessionLost';
  }
}

/** A pool with a second door, for those who only read and so may come together. */
export interface ReadablePool extends PostgresPool {
  readonly readers: PostgresPool;
}

/** SQLSTATE of data and index corruption. */
const DAMAGE = new Set(['XX001', 'XX002']);
const CONNECT_TIMEOUT_MS = 30_000;
const OPEN_TIMEOUT_MS = 60_000;

/**
 * PGlite behind the interface of a `pg` pool with one client, so that Kysely's own PostgreSQL
 * dialect drives both. A thread that died is started again by the next query. A directory that
 * PostgreSQL cannot open, or that proved damaged, is wiped: read models refill from the log.
 */
export class EmbeddedPool implements ReadablePool {
  readonly options = {};
  readonly readers: PostgresPool = {
    options: {},
    connect: () => this.come('together'),
    end: () => Promise.resolve(),
  };
  private current: { readonly engine: Promise<Engine>; readonly session: number } | undefined;
  private sessions = 0;
  private wipeFirst = false;
  private ended = false;
  private readonly turns = new Turns();

  constructor(
    private readonly directory: string,
    private readonly onWarning: (message: string, error?: unknown) => void,
  ) {}

  connect(): Promise<PostgresPoolClient> {
    return this.come('alone');
  }

  private async come(kind: TurnKind): Promise<PostgresPoolClient> {
    await this.turns.take(kind, CONNECT_TIMEOUT_MS);
    if (this.ended) {
      this.turns.pass();
      throw new Error('The embedded database is closed');
    }
    return new EmbeddedClient(this, kind, () => this.turns.pass());
  }

  /** Closes the database once the query at hand is done. */
  async end(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    await this.turns.take('alone', CONNECT_TIMEOUT_MS);
    try {
      await (await this.current?.engine)?.close();
    } finally {
      this.turns.pass();
    }
  }

  /** The number of the session that answers now; opens the database if it is not open. */
  async session(): Promise<number> {
    if (!this.current) {
      this.sessions += 1;
      const opened = { engine: this.open(), session: this.sessions };
      this.current = opened;
      opened.engine.catch(() => this.drop(opened.session));
    }
    const { engine, session } = this.current;
    await engine;
    return session;
  }

  async query(session: number, sql: string, parameters: readonly unknown[]): Promise<EngineResult> {
    const { current } = this;
    if (current?.session !== session) throw new SessionLost('it was restarted');
    try {
      return await (await current.engine).query(sql, parameters);
    } catch (error) {
      if (DAMAGE.has(codeOf(error) ?? '')) {
        this.wipeFirst = true;
        this.drop(session);
        await (await current.engine).close().catch(() => undefined);
      }
      throw error;
    }
  }

  private drop(session: number): void {
    if (this.current?.session === session) this.current = undefined;
  }

  private async open(): Promise<Engine> {
    const data = path.join(this.directory, 'pgdata');
    const session = this.sessions;
    const start = (): Promise<Engine> => startEngine(data, () => this.drop(session));
    if (!this.wipeFirst) {
      try {
        return await start();
      } catch (error) {
        this.onWarning(`The embedded database in ${data} cannot be opened; it is emptied`, error);
      }
    } else {
      this.onWarning(`The embedded database in ${data} is damaged; it is emptied`);
    }
    await rm(data, { recursive: true, force: true });
    this.wipeFirst = false;
    return start();
  }
}

/** Readers share the session, in which each statement is a transaction of its own. */
class ReadOnly extends Error {
  /** SQLSTATE `read_only_sql_transaction`. */
  readonly code = '25006';

  constructor(sql: string) {
    super(`Whoever only reads cannot ${sql.slice(0, 60)}`);
    this.name = 'ReadOnly';
  }
}

/** A turn at the one session; statements of a transaction must meet the session it began in. */
class EmbeddedClient implements PostgresPoolClient {
  readonly processID = 1;
  private session: number | undefined;
  /** A statement of the open transaction failed, so that COMMIT will roll back. */
  private aborted = false;
  private released = false;

  constructor(
    private readonly pool: EmbeddedPool,
    private readonly kind: TurnKind,
    private readonly giveBack: () => void,
  ) {}

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: object): R;
  query<R>(
    sql: string | object,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | R {
    if (typeof sql !== 'string') throw new Error('Cursors are not supported');
    return this.run<R>(sql, parameters);
  }

  private async run<R>(
    sql: string,
    parameters: readonly unknown[],
  ): Promise<PostgresQueryResult<R>> {
    if (this.kind === 'together' && !/^\s*(select|with)\b/i.test(sql)) throw new ReadOnly(sql);
    if (/^\s*(begin|start|rollback)/i.test(sql)) this.aborted = false;
    this.session ??= await this.pool.session();
    try {
      const result = await this.pool.query(this.session, sql, parameters.map(asSent));
      const rolledBack = result.command === 'COMMIT' && this.aborted;
      return {
        ...result,
        command: rolledBack ? 'ROLLBACK' : result.command,
      } as PostgresQueryResult<R>;
    } catch (error) {
      this.aborted = true;
      throw error;
    }
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    this.giveBack();
  }
}

/** As text where the `pg` driver sends text, so that a number for a text column does on both. */
const asSent = (value: unknown): unknown =>
  typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
    ? String(value)
    : value;

/**
 * In a thread of its own when compiled, so that a long query never holds up the process; inside
 * this thread when run from TypeScript, where a worker could not load the source.
 */
const startEngine = async (directory: string, onLost: () => void): Promise<Engine> => {
  if (path.extname(__filename) === '.ts') return openEngine(directory);
  // Making a database takes 400 MB that only the end of the thread gives back.
  if (!existsSync(path.join(directory, 'PG_VERSION'))) {
    await (await startThread(directory, () => undefined)).close();
  }
  return startThread(directory, onLost);
};

/** For parameters and results; PGlite's own memory is not part of it. */
const MAX_HEAP_MB = 512;

const startThread = async (directory: string, onLost: () => void): Promise<Engine> => {
  const workerData: ThreadData = { hostledgerPglite: directory };
  const worker = new Worker(path.join(__dirname, 'pglite-thread.js'), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: 16 },
  });
  const open = new Map<number, Answer>();
  const expect = (id: number): Promise<EngineResult | undefined> =>
    new Promise((resolve, reject) => open.set(id, { resolve, reject }));
  const lost = (reason: string): void => {
    onLost();
    for (const answer of open.values()) answer.reject(new SessionLost(reason));
    open.clear();
  };
  worker.on('message', (reply: ThreadReply) => {
    const answer = open.get(reply.id);
    open.delete(reply.id);
    if ('result' in reply) answer?.resolve(reply.result);
    else answer?.reject(Object.assign(new Error(), reply.error));
  });
  worker.on('error', (error) => lost(String(error)));
  worker.on('exit', (code) => lost(`its thread ended with code ${code}`));

  const timer = setTimeout(() => void worker.terminate(), OPEN_TIMEOUT_MS);
  try {
    await expect(OPENED);
  } catch (error) {
    await worker.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  let last = OPENED;
  const ask = (request: DistributiveOmit<ThreadRequest, 'id'>) => {
    last += 1;
    const answer = expect(last);
    const memory = request.kind === 'query' ? memoryOf(request.parameters) : [];
    worker.postMessage({ id: last, ...request }, memory);
    return answer;
  };
  return {
    query: async (sql, parameters) => (await ask({ kind: 'query', sql, parameters }))!,
    close: async () => {
      await ask({ kind: 'close' }).catch(() => undefined);
      await worker.terminate();
    },
  };
};

interface Answer {
  readonly resolve: (result: EngineResult | undefined) => void;
  readonly reject: (error: Error) => void;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
