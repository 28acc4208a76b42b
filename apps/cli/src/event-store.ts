import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { loadConfig, type Config } from '@hostledger/config';
import { socketEndpoint } from '@hostledger/embedded-node';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { eventsDirectory } from '../../composition/system.js';

// What is said to the event store itself, for which no server is asked.

/** The person at the keyboard, as the operating system knows them. */
export const operatorContext = (): CommandContext => {
  const commandId = randomUUID();
  return {
    commandId,
    actor: { subject: `cli:${userInfo().username}`, role: 'admin' },
    correlationId: commandId,
    causationId: commandId,
    at: new Date().toISOString(),
  };
};

const PATIENCE_MS = 2_000;
/** A cluster is asked for its leader first, of servers some of which may be away. */
const CLUSTER_PATIENCE_MS = 8_000;

/** Of `EVENTSTORE_URL`, or of the embedded node that runs on `DATA_DIR`. */
export const withStore = async (
  work: (store: AggregateStore, config: Config) => Promise<unknown>,
): Promise<void> => {
  const config = loadConfig(process.env);
  const { eventStoreUrl, dataDir } = config;
  const connection = eventStoreUrl ?? { endpoint: socketEndpoint(eventsDirectory(dataDir)) };
  const patienceMs = eventStoreUrl ? CLUSTER_PATIENCE_MS : PATIENCE_MS;
  const eventStore = new EventStore({
    connection,
    retryWindowMs: patienceMs,
    callTimeoutMs: patienceMs,
  });
  try {
    await eventStore.head();
    await work(new AggregateStore(eventStore), config);
  } catch (error) {
    if ((error as Error).name !== 'StoreUnavailable') throw error;
    const where = eventStoreUrl ? 'EVENTSTORE_URL' : `the embedded node of ${dataDir}`;
    throw new Error(`The event store (${where}) does not answer; is it running?`, { cause: error });
  } finally {
    await eventStore.close();
  }
};
