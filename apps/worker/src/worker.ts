import { EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import {
  ProcessRunner,
  ProjectionRunner,
  type ProjectionRunnerStatus,
} from '@hostledger/eventsourcing/postgres';
import type { ReadinessProbe, ScrapedRunner } from '@hostledger/http';
import { openEventFeed } from '../../composition/feed.js';
import { durableProcesses, readModelProjections } from '../../composition/rooms.js';
import type { System } from '../../composition/system.js';
import { webhookDispatcher } from '../../composition/webhooks.js';

/**
 * The long-running side: read models, durable processes and webhooks, each with one owner at a time.
 * Readiness says nothing of receivers: what others do not answer is no fault of this process.
 */
export interface Worker {
  readonly readModels: ProjectionRunner;
  readonly processes: ProcessRunner;
  readonly readiness: readonly ReadinessProbe[];
  stop(): Promise<void>;
}

export const startWorker = (system: System): Worker => {
  const { eventStore, database, metrics, logger } = system;
  const shared = {
    database,
    feeds: new EventStoreFeeds(eventStore, metrics),
    head: () => eventStore.head(),
    observer: {
      batchApplied: (runner: string, events: number, seconds: number) =>
        metrics.batchApplied(runner, events, seconds),
      warned: (runner: string, message: string, err?: unknown) =>
        logger.warn({ runner, err }, message),
    },
  };
  const readModels = new ProjectionRunner({
    ...shared,
    name: 'read_models',
    projections: readModelProjections,
  });
  const processes = new ProcessRunner({
    ...shared,
    name: 'processes',
    processes: durableProcesses(system),
  });
  const feed = openEventFeed(system);
  const webhooks = webhookDispatcher(system, feed);
  readModels.start();
  processes.start();
  webhooks.start();
  metrics.scrapeRunners(() => scraped(readModels, processes));
  return {
    readModels,
    processes,
    readiness: [
      { name: 'read-models', check: () => Promise.resolve(problemOf(readModels.status())) },
      { name: 'processes', check: () => Promise.resolve(problemOf(processes.status().lists)) },
    ],
    stop: async () => {
      await Promise.all([processes.stop(), readModels.stop(), webhooks.stop()]);
      await feed.close();
    },
  };
};

/** Both stores must answer, whatever a process does with them. */
export const storeProbes = ({ eventStore, database }: System): ReadinessProbe[] => [
  {
    name: 'event-store',
    check: async () => {
      await eventStore.head(PROBE_TIMEOUT_MS);
      return eventStore.writeFault();
    },
  },
  {
    name: 'read-model-database',
    check: async () => {
      await database.ping(PROBE_TIMEOUT_MS);
      return undefined;
    },
  },
];

const PROBE_TIMEOUT_MS = 2_000;

/** What is wrong with a runner, naming projection, position, event and cause; nothing when it is well. */
const problemOf = ({ phase, position, lastError, projections }: ProjectionRunnerStatus) => {
  const stopped = projections.find(({ failure }) => failure);
  if (stopped?.failure) {
    const { eventType, position: at, cause } = stopped.failure;
    return `Projection ${stopped.name} stopped at ${eventType} (position ${at}): ${cause}`;
  }
  if (phase === 'live' || phase === 'standby') return undefined;
  return `${phase} at position ${position}${lastError ? `: ${lastError.message}` : ''}`;
};

const scraped = (readModels: ProjectionRunner, processes: ProcessRunner): ScrapedRunner[] => {
  const { lists, processes: work } = processes.status();
  return [
    ...[readModels.status(), lists].map((status) => ({
      name: status.name,
      up: problemOf(status) === undefined,
      position: Number(status.position),
    })),
    ...work.map(({ name, failing, backlog }) => ({
      name,
      up: failing.length === 0,
      position: Number(lists.position),
      backlog,
    })),
  ];
};
