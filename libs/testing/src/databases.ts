import { rm } from 'node:fs/promises';
import { sql } from 'kysely';
import type { Database, DatabaseOptions } from '@hostledger/eventsourcing/postgres';
import { embeddedDirectory } from './embedded-directory.js';
import { startPostgres, type TestPostgres } from './postgres.js';

/** A database for the specs of one file. */
export interface TestDatabase {
  readonly database: Database;
  /** The server behind it, where there is one. */
  readonly server: TestPostgres | undefined;
  /** Drops everything that was made in it. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** Loaded here, so that specs without a database do not pay for one. */
const openDatabase = async (options: DatabaseOptions): Promise<Database> =>
  (await import('@hostledger/eventsourcing/postgres')).openDatabase(options);

const OPEN_WITHIN_MS = 60_000;

export const embeddedDatabase = async (): Promise<TestDatabase> => {
  const directory = await embeddedDirectory();
  const database = await openDatabase({ directory });
  // It is opened by its first query, for which a spec that waits for something has no time.
  await database.ping(OPEN_WITHIN_MS);
  return {
    database,
    server: undefined,
    empty: () => dropSchemas(database),
    close: async () => {
      await database.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

const onServer = async (): Promise<TestDatabase> => {
  const server = await startPostgres();
  const database = await openDatabase({ url: server.url });
  return {
    database,
    server,
    empty: () => dropSchemas(database),
    close: async () => {
      await database.close();
      await server.stop();
    },
  };
};

/** For `describe.each`: every spec of read models holds on both. */
export const databases = [
  ['PGlite', embeddedDatabase],
  ['PostgreSQL', onServer],
] as const;

const dropSchemas = async (database: Database): Promise<void> => {
  const db = database.for<unknown>();
  const { rows } = await sql<{ name: string }>`select nspname as name from pg_namespace
    where nspname !~ '^pg_' and nspname not in ('public', 'information_schema')`.execute(db);
  for (const { name } of rows) {
    await sql`drop schema if exists ${sql.id(name)} cascade`.execute(db);
  }
};
