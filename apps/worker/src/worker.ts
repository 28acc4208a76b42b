import type { NotaryStatus } from '@hostledger/audit';
import { lagsBehind } from '@hostledger/eventsourcing';
import { EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import {
  ProcessRunner,
  ProjectionRunner,
  ReadModels,
  type ProjectionRunnerStatus,
} from '@hostledger/eventsourcing/postgres';
import { scrapeMachines } from '@hostledger/fleet';
import type { ReadinessProbe, ScrapedProjection, ScrapedRunner } from '@hostledger/http';
import { decisionsAbout } from '@hostledger/projections';
import { openEventFeed } from '../../composition/feed.js';
import { openNotary } from '../../composition/notary.js';
import {
  durableProcesses,
  PROCESSES,
  READ_MODELS,
  readModelProjections,
} from '../../composition/rooms.js';
import type { System } from '../../composition/system.js';
import { webhookDispatcher } from '../../composition/webhooks.js';

/**
 * The long-running side: read models, durable processes, webhooks and the notary, each with one owner at a time.
 * Readiness says nothing of receivers: what others do not answer is no fault of this process.
 */
export interface Worker {
  readonly readModels: ProjectionRunner;
  readonly processes: ProcessRunner;
  readonly readiness: readonly ReadinessProbe[];
  stop(): Promise<void>;
}

export const startWorker = (system: System): Worker => {
  const { aggregateStore, eventStore, database, metrics, logger } = system;
  const shared = {
    database,
    feeds: new EventStoreFeeds(eventStore, metrics),
    log: eventStore,
    observer: {
      batchApplied: (runner: string, events: number, seconds: number) =>
        metrics.batchApplied(runner, events, seconds),
      warned: (runner: string, message: string, err?: unknown) =>
        logger.warn({ runner, err }, message),
    },
  };
  const readModels = new ProjectionRunner({
    ...shared,
    name: READ_MODELS,
    projections: readModelProjections,
    decisions: decisionsAbout(aggregateStore, READ_MODELS),
  });
  const processes = new ProcessRunner({
    ...shared,
    name: PROCESSES,
    processes: durableProcesses(system),
    decisions: decisionsAbout(aggregateStore, PROCESSES),
  });
  const feed = openEventFeed(system);
  const webhooks = webhookDispatcher(system, feed);
  const notary = openNotary(system);
  readModels.start();
  processes.start();
  webhooks.start();
  notary.start();
  metrics.scrapeRunners(() => scraped(readModels, processes));
  scrapeMachines(metrics.registry, new ReadModels(database, { projections: readModelProjections }));
  metrics.scrapeProjections(() => scrapedProjections(system, readModels, processes));
  return {
    readModels,
    processes,
    readiness: [
      { name: 'read-models', check: () => Promise.resolve(problemOf(readModels.status())) },
      { name: PROCESSES, check: () => Promise.resolve(problemOf(processes.status().lists)) },
      { name: 'notary', check: () => Promise.resolve(notaryFault(notary.status())) },
    ],
    stop: async () => {
      await Promise.all([processes.stop(), readModels.stop(), webhooks.stop(), notary.stop()]);
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

/** A place outside that does not answer holds up what is signed, and not what the system serves. */
const notaryFault = ({ fault, awaitsPlace }: NotaryStatus) => (awaitsPlace ? undefined : fault);

/** What is wrong with a runner, naming projection, position, event and cause; nothing when it is well. */
const problemOf = ({ phase, position, lastError, projections }: ProjectionRunnerStatus) => {
  const stops = projections.flatMap(({ name, failure }) =>
    failure
      ? [
          `Projection ${name} stopped at ${failure.eventType} (position ${failure.position}): ` +
            failure.cause,
        ]
      : [],
  );
  if (stops.length > 0) return stops.join('; ');
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
      refused: status.phase === 'refused',
    })),
    ...work.map(({ name, failing, backlog, oldestOverdue }) => ({
      name,
      up: failing.length === 0,
      position: Number(lists.position),
      backlog,
      overdueSeconds: oldestOverdue ? secondsSince(oldestOverdue.dueAt) : 0,
      failingItems: failing.length,
    })),
  ];
};

const secondsSince = (instant: string): number =>
  Math.max(0, (Date.now() - Date.parse(instant)) / 1000);

/** Those that this worker keeps, each with its own lag; to-do lists as well. */
const scrapedProjections = async (
  { eventStore, database }: System,
  readModels: ProjectionRunner,
  processes: ProcessRunner,
): Promise<ScrapedProjection[]> => {
  const groups = [readModels.status(), processes.status().lists];
  const kept = groups.flatMap(({ phase, projections }) =>
    projections.filter(({ owned }) => owned).map((projection) => ({ phase, ...projection })),
  );
  const rows = await new ReadModels(database, { projections: [] }).generations();
  const readers = kept.map(
    ({ name, version, run }) =>
      rows.find((row) => row.name === name && row.version === version && row.run === run) ??
      NOTHING_READ,
  );
  const lags = await lagsBehind(eventStore, readers, new Date());
  return kept.map(({ name, phase, position, failure, parkedEvents }, index) => ({
    name,
    up: phase === 'live' && failure === undefined,
    stopped: failure !== undefined,
    parkedEvents,
    position: Number(position),
    lagEvents: lags[index]!.events,
    lagSeconds: lags[index]!.seconds,
  }));
};

const NOTHING_READ = { position: 0n, events: 0n };
