import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { Config } from '@hostledger/config';
import { startEmbeddedNode, type EmbeddedNode } from '@hostledger/embedded-node';
import { AggregateStore } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { openDatabase, type Database } from '@hostledger/eventsourcing/postgres';
import { Metrics } from '@hostledger/http';
import type { Logger } from 'pino';

/** The connections of one process, opened once. */
export interface System {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly eventStore: EventStore;
  readonly aggregateStore: AggregateStore;
  readonly database: Database;
  /** Of the embedded node, where that is used. */
  readonly nodeEndpoint: string | undefined;
  close(): Promise<void>;
}

/** What another thread of the process has open of the embedded stores. */
export interface SharedStores {
  readonly nodeEndpoint?: string | undefined;
  readonly database?: MessagePort | undefined;
}

/**
 * Opens what the configuration names: the event store of `EVENTSTORE_URL` or the embedded node
 * under `DATA_DIR`, PostgreSQL of `DATABASE_URL` or PGlite under `DATA_DIR`; the embedded ones are
 * used and not opened where another thread has them.
 */
export const openSystem = async (
  config: Config,
  logger: Logger,
  shared: SharedStores = {},
  scope: 'process' | 'thread' = 'process',
): Promise<System> => {
  const node =
    config.eventStoreUrl || shared.nodeEndpoint ? undefined : await startNode(config, logger);
  const nodeEndpoint = shared.nodeEndpoint ?? node?.endpoint;
  const metrics = new Metrics(scope);
  const eventStore = new EventStore({
    connection: config.eventStoreUrl ?? { endpoint: nodeEndpoint! },
    observer: metrics,
  });
  const { cachedStreams } = config;
  const aggregateStore = new AggregateStore(eventStore, { cachedStreams }, metrics);
  const onWarning = (message: string, err?: unknown): void => logger.warn({ err }, message);
  const database = await openDatabase({ ...databaseOf(config, shared), onWarning });
  return {
    config,
    logger,
    metrics,
    eventStore,
    aggregateStore,
    database,
    nodeEndpoint,
    close: async () => {
      await database.close();
      await eventStore.close();
      await node?.stop();
    },
  };
};

const databaseOf = ({ databaseUrl, dataDir }: Config, shared: SharedStores) => {
  if (databaseUrl) return { url: databaseUrl };
  if (shared.database) return { port: shared.database };
  return { directory: readModelsDirectory(dataDir) };
};

/** Where the embedded node of a data directory keeps its log. */
export const eventsDirectory = (dataDir: string): string => join(dataDir, 'events');

/** Where the embedded database of a data directory keeps the read models. */
export const readModelsDirectory = (dataDir: string): string => join(dataDir, 'read-models');

/** A log without its server is of no use to anyone, so its end is the end of the process. */
const startNode = (config: Config, logger: Logger): Promise<EmbeddedNode> =>
  startEmbeddedNode({
    directory: eventsDirectory(config.dataDir),
    onCrash: (err) => {
      logger.fatal({ err }, 'The embedded node stopped');
      process.exit(1);
    },
  });
