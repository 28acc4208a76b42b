import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { Config } from '@hostledger/config';
import type { Progress } from '@hostledger/eventsourcing/postgres';
import type { ThreadMetrics } from '@hostledger/http';
import { processLogger } from '../../composition/process-setup.js';
import { openSystem } from '../../composition/system.js';
import { startTracing } from '../../composition/tracing.js';
import { startWorker } from '../../worker/src/worker.js';

/** What the thread is started with. */
export interface ThreadStart {
  readonly config: Config;
  readonly nodeEndpoint: string | undefined;
  /** Through which the API uses the embedded database. */
  readonly database: MessagePort | undefined;
}

/** What the thread is asked. */
export type ThreadQuestion = {
  readonly id: number;
  readonly kind: 'readiness' | 'metrics' | 'stop';
};

export interface ThreadAnswers {
  /** By the name of the probe what is wrong, nothing where it is well. */
  readonly readiness: Readonly<Record<string, string | undefined>>;
  readonly metrics: ThreadMetrics;
  readonly stop: undefined;
}

/** What the thread says: that it has begun, how far its read models are, and answers. */
export type ThreadMessage =
  | { readonly kind: 'started'; readonly probes: readonly string[] }
  | ({ readonly kind: 'progress' } & Pick<Progress, 'phase' | 'position'>)
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

const run = async (port: MessagePort, start: ThreadStart): Promise<void> => {
  const { config, nodeEndpoint, database } = start;
  const tell = (message: ThreadMessage): void => port.postMessage(message);
  const tracing = await startTracing('hostledger', processLogger(config));
  const logger = processLogger(config);
  const system = await openSystem(config, logger, { nodeEndpoint }, 'thread');
  if (database) system.database.share(database);
  const worker = startWorker(system);
  worker.readModels.onProgress(() => {
    const { phase, position } = worker.readModels;
    tell({ kind: 'progress', phase, position });
  });
  const answers: {
    readonly [Kind in keyof ThreadAnswers]: () => Promise<ThreadAnswers[Kind]>;
  } = {
    readiness: async () => {
      const problems = await Promise.all(
        worker.readiness.map(async ({ name, check }) => [name, await check()] as const),
      );
      return Object.fromEntries(problems);
    },
    metrics: () => system.metrics.registry.getMetricsAsJSON(),
    stop: async () => {
      await worker.stop();
      await system.close();
      await tracing.stop();
      return undefined;
    },
  };
  port.on('message', ({ id, kind }: ThreadQuestion) => {
    answers[kind]().then(
      (value) => tell({ kind: 'answer', id, value }),
      (error: unknown) => tell({ kind: 'failed', id, message: (error as Error).message }),
    );
  });
  tell({ kind: 'started', probes: worker.readiness.map(({ name }) => name) });
};

/** A thread that cannot begin throws, and with it ends the process. */
void run(parentPort!, workerData as ThreadStart);
