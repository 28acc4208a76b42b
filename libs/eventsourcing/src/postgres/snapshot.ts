import { CompiledQuery, type Kysely } from 'kysely';
import type { Database } from './database.js';

/** Runs a statement; values come as the drivers give them. */
export type Query = (
  text: string,
  parameters?: readonly unknown[],
) => Promise<Record<string, unknown>[]>;

export const queryOf =
  (db: Kysely<unknown>): Query =>
  async (text, parameters = []) => {
    const statement = CompiledQuery.raw(text, [...parameters]);
    return (await db.executeQuery<Record<string, unknown>>(statement)).rows;
  };

/** A table is sorted before its first row comes, which takes longer than other answers may. */
const ANSWER_WITHIN_MS = 3_600_000;

/** Runs `work` in a read-only snapshot that may stay open for as long as it takes. */
export const inSnapshot = async <T>(
  database: Database,
  work: (query: Query) => Promise<T>,
): Promise<T> => {
  if (database.kind === 'pglite') {
    return database
      .for<unknown>()
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute((trx) => work(queryOf(trx)));
  }
  const session = await database.connect(ANSWER_WITHIN_MS);
  try {
    await session.query('begin isolation level repeatable read read only');
    return await work((text, parameters) => session.query(text, parameters));
  } finally {
    await session.close();
  }
};
