import { randomUUID } from 'node:crypto';
import type { Config } from '@hostledger/config';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { openDatabase } from '@hostledger/eventsourcing/postgres';

/** What the two servers say they are, and whether the log is free for a trial. */
export interface Servers {
  readonly eventStore: string;
  readonly database: string;
  readonly isLogEmpty: boolean;
}

/** @throws with what is wrong with either, in a sentence */
export const lookAtServers = async (
  eventStoreUrl: string,
  databaseUrl: string,
): Promise<Servers> => {
  const store = new EventStore({ connection: eventStoreUrl, retryWindowMs: 5_000 });
  try {
    await store.head();
    const events = await store.readAll(0n, 1);
    return {
      eventStore: await store.serverVersion(),
      database: await withSession(databaseUrl, async (query) => {
        const [row] = await query('show server_version');
        return String(row?.['server_version']);
      }),
      isLogEmpty: events.length === 0,
    };
  } finally {
    await store.close();
  }
};

/** A database of its own for what is tried: read models are rebuilt from the log, into nothing else. */
export const withTrialDatabase = async (
  databaseUrl: string,
  work: (url: string) => Promise<void>,
): Promise<void> => {
  const name = `hostledger_prove_${randomUUID().replaceAll('-', '')}`;
  await withSession(databaseUrl, (query) => query(`create database ${name}`)).catch(
    (error: unknown) => {
      const { message } = error as Error;
      throw new Error(`The user of DATABASE_URL has to be able to create databases: ${message}`);
    },
  );
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  try {
    await work(url.href);
  } finally {
    await withSession(databaseUrl, (query) => query(`drop database ${name} with (force)`));
  }
};

type Query = (text: string) => Promise<Record<string, unknown>[]>;

const withSession = async <T>(url: string, work: (query: Query) => Promise<T>): Promise<T> => {
  const database = await openDatabase({ url });
  try {
    const session = await database.connect();
    try {
      return await work((text) => session.query(text));
    } finally {
      await session.close();
    }
  } finally {
    await database.close();
  }
};

/** Both addresses. @throws where one is missing */
export const addressesOf = ({ eventStoreUrl, databaseUrl }: Config) => {
  if (!eventStoreUrl || !databaseUrl) {
    throw new Error('EVENTSTORE_URL and DATABASE_URL say what is to be tried');
  }
  return { eventStoreUrl, databaseUrl };
};
