import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Client, Pool, types, type ClientConfig } from 'pg';
import { lockDirectory } from './directory-lock.js';
import { EmbeddedPool, type ReadablePool } from './embedded-pool.js';
import { SharedPool, sharePool } from './shared-pool.js';
import { valueParsers } from './value-types.js';

/** A session of its own, for locks that live as long as it does. */
export interface DedicatedSession {
  query(text: string, parameters?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Aborted when the session is lost or closed. */
  readonly lost: AbortSignal;
  close(): Promise<void>;
}

/** Where read models live: a PostgreSQL server, or PGlite embedded in this process. */
export interface Database {
  readonly kind: 'postgres' | 'pglite';
  /** Queries in terms of these tables; the search path begins with the schema of the views. */
  for<Tables>(): Kysely<Tables>;
  /**
   * What is read is of one moment of the tables, whose position `work` can read as well. Must not
   * write: readers share the one session of an embedded database.
   */
  reading<T>(work: (db: Kysely<unknown>) => Promise<T>): Promise<T>;
  /**
   * PostgreSQL only: PGlite has one session, which nobody may keep. A query that is not answered
   * within the time (5 s) fails.
   */
  connect(answerWithinMs?: number): Promise<DedicatedSession>;
  /** Rejects unless the database answers within the time. */
  ping(timeoutMs: number): Promise<void>;
  /** PGlite only: another thread opens this database with the other end of the port. */
  share(port: MessagePort): void;
  close(): Promise<void>;
}

/** A server, the directory of an embedded database, or one that another thread has open. */
type Where =
  { readonly url: string } | { readonly directory: string } | { readonly port: MessagePort };

export type DatabaseOptions = Where & {
  /** Told of what was repaired by itself: lost connections, a wiped directory. */
  readonly onWarning?: (message: string, error?: unknown) => void;
};

const POOL_SIZE = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const FAREWELL_MS = 1_000;
const STATEMENT_TIMEOUT_MS = 60_000;
/** Longer than the server's own limit: it only ends waits for a server that is gone. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 10_000;

/**
 * Opens the read models' database. Embedded: `directory` is created, locked for this process
 * ({@link DirectoryInUse} otherwise) and opened by the first query. PostgreSQL: connects lazily,
 * so that a server that is away at start-up is waited for by whoever queries.
 */
export const openDatabase = async (options: DatabaseOptions): Promise<Database> => {
  const onWarning = options.onWarning ?? (() => undefined);
  if ('url' in options) return openServer(options.url, onWarning);
  return 'port' in options
    ? onPool(new SharedPool(options.port), () => Promise.resolve())
    : openEmbedded(options.directory, onWarning);
};

type OnWarning = (message: string, error?: unknown) => void;

const openEmbedded = async (directory: string, onWarning: OnWarning): Promise<Database> => {
  const unlock = await lockDirectory(directory);
  return onPool(new EmbeddedPool(directory, onWarning), unlock);
};

const onPool = (pool: ReadablePool, closed: () => Promise<void>): Database => {
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const readers = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: pool.readers }) });
  return {
    kind: 'pglite',
    for: <Tables>() => kysely as Kysely<Tables>,
    // Nobody writes while they are there.
    reading: (work) => readers.connection().execute(work),
    connect: () => Promise.reject(new Error('The embedded database has no sessions to keep')),
    ping: (timeoutMs) => within(timeoutMs, sql`select 1`.execute(kysely)),
    share: (port) => sharePool(pool, port),
    close: async () => {
      try {
        await kysely.destroy();
        await pool.end();
      } finally {
        await closed();
      }
    },
  };
};

const openServer = (url: string, onWarning: OnWarning): Database => {
  const config = clientConfig(url);
  const pool = new Pool({
    ...config,
    max: POOL_SIZE,
    idleTimeoutMillis: 30_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
  });
  // A connection that breaks is replaced; without a listener it would end the process. The pool
  // listens to idle ones only: of one in use, the query at hand tells.
  pool.on('error', (error) => onWarning('A PostgreSQL connection was lost', error));
  pool.on('connect', (client) => client.on('error', () => undefined));
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  return {
    kind: 'postgres',
    for: <Tables>() => kysely as Kysely<Tables>,
    reading: (work) =>
      kysely
        .transaction()
        .setIsolationLevel('repeatable read')
        .setAccessMode('read only')
        .execute(work),
    connect: (answerWithinMs = CONNECT_TIMEOUT_MS) => openSession(config, answerWithinMs),
    ping: (timeoutMs) => within(timeoutMs, sql`select 1`.execute(kysely)),
    share: () => {
      throw new Error('A server needs no sharing: every thread connects to it');
    },
    close: async () => {
      await kysely.destroy();
      if (!pool.ended) await pool.end();
    },
  };
};

/** Connection settings that make sessions of every server alike, beside what the URL says. */
const clientConfig = (url: string): ClientConfig => {
  const settings = '-c search_path=hostledger,public -c timezone=UTC -c datestyle=ISO';
  const connection = new URL(url);
  const given = connection.searchParams.get('options');
  connection.searchParams.set('options', given ? `${given} ${settings}` : settings);
  return {
    connectionString: connection.href,
    application_name: 'hostledger',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        valueParsers[oid] ??
        (types.getTypeParser(oid, format) as unknown)) as typeof types.getTypeParser,
    },
  };
};

const openSession = async (
  config: ClientConfig,
  answerWithinMs: number,
): Promise<DedicatedSession> => {
  const client = new Client({ ...config, query_timeout: answerWithinMs });
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(error));
  client.on('end', () => lost.abort(new Error('The connection was closed')));
  await client.connect();
  return {
    query: async (text, parameters = []) =>
      (await client.query<Record<string, unknown>>(text, [...parameters])).rows,
    lost: lost.signal,
    close: async () => {
      lost.abort(new Error('The connection was closed'));
      // A server that is gone does not answer the farewell either.
      await within(FAREWELL_MS, client.end()).catch(() => undefined);
    },
  };
};

const within = async (timeoutMs: number, work: Promise<unknown>): Promise<void> => {
  const timeout = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: timeout.signal }).then(() => {
    throw new Error(`The database did not answer within ${timeoutMs} ms`);
  });
  late.catch(() => undefined);
  try {
    await Promise.race([work, late]);
  } finally {
    timeout.abort();
  }
};
