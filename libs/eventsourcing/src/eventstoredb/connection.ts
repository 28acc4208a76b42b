import { EventStoreDBClient } from '@eventstore/db-client';
import { CallTimedOut } from './failures.js';

const DISPOSE_TIMEOUT_MS = 1_000;
/** Seconds; a server that does not even say this much is not waited for in a discovery (default 5). */
const GOSSIP_TIMEOUT = 'gossipTimeout=2';

/** A connection string, or the bare endpoint of the embedded node. */
export type Connection = string | { readonly endpoint: string };

export const connect = (connection: Connection): EventStoreDBClient =>
  typeof connection === 'string'
    ? EventStoreDBClient.connectionString(withGossipTimeout(connection))
    : new EventStoreDBClient({ endpoint: connection.endpoint }, { insecure: true });

const withGossipTimeout = (connection: string): string =>
  /[?&]gossipTimeout=/i.test(connection)
    ? connection
    : `${connection}${connection.includes('?') ? '&' : '?'}${GOSSIP_TIMEOUT}`;

/** Bounded: the client waits for each of its streams to end, and one that nobody reads never does. */
export const dispose = async (client: EventStoreDBClient): Promise<void> => {
  await withTimeout(client.dispose(), 'end of the client', DISPOSE_TIMEOUT_MS).catch(
    () => undefined,
  );
};

/** @throws CallTimedOut by our own clock. */
export const withTimeout = async <T>(
  call: Promise<T>,
  what: string,
  timeoutMs: number,
): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CallTimedOut(what, timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([call, expiry]);
  } finally {
    clearTimeout(timer);
  }
};
