import { join } from 'node:path';
import { Worker, type MessagePort } from 'node:worker_threads';
import { RemoteProgress, type Progress } from '@hostledger/eventsourcing/postgres';
import type { ReadinessProbe } from '@hostledger/http';
import type { System } from '../../composition/system.js';
import type { ThreadAnswers, ThreadMessage, ThreadQuestion, ThreadStart } from './worker-thread.js';

/** Of the thread, in MB: read models are folded in batches, and the states of bulk acts are cached. */
const MAX_HEAP_MB = 768;
const YOUNG_HEAP_MB = 48;
const STOP_WITHIN_MS = 18_000;

/** The worker in a thread of its own, where it does not hold up the API. */
export interface WorkerThread {
  readonly readModels: Progress;
  readonly readiness: readonly ReadinessProbe[];
  stop(): Promise<void>;
}

/**
 * Starts the worker over the event store that this thread has open. The embedded database is its own,
 * and it lends it out through the port: a batch of read models asks it many things one after the
 * other, a reader few.
 * @param onCrash called once, when the thread ends without having been asked to.
 */
export const startWorkerThread = async (
  { config, nodeEndpoint, metrics }: System,
  database: MessagePort | undefined,
  onCrash: (error: Error) => void,
): Promise<WorkerThread> => {
  const workerData: ThreadStart = { config, nodeEndpoint, database };
  const thread = new Worker(join(__dirname, 'worker-thread.js'), {
    workerData,
    transferList: database ? [database] : [],
    resourceLimits: {
      maxOldGenerationSizeMb: MAX_HEAP_MB,
      maxYoungGenerationSizeMb: YOUNG_HEAP_MB,
    },
  });
  const readModels = new RemoteProgress();
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  let stopping = false;
  const ask = <Kind extends keyof ThreadAnswers>(kind: Kind): Promise<ThreadAnswers[Kind]> => {
    const answer = Promise.withResolvers<unknown>();
    asked.set((last += 1), answer);
    thread.postMessage({ id: last, kind } satisfies ThreadQuestion);
    return answer.promise as Promise<ThreadAnswers[Kind]>;
  };
  const started = Promise.withResolvers<readonly string[]>();
  const settled = (id: number): PromiseWithResolvers<unknown> | undefined => {
    const answer = asked.get(id);
    asked.delete(id);
    return answer;
  };
  thread.on('message', (message: ThreadMessage) => {
    if (message.kind === 'started') started.resolve(message.probes);
    else if (message.kind === 'progress') readModels.tell(message);
    else if (message.kind === 'answer') settled(message.id)?.resolve(message.value);
    else settled(message.id)?.reject(new Error(message.message));
  });
  let fault: Error | undefined;
  thread.on('error', (error: Error) => (fault = error));
  thread.on('exit', (code) => {
    const error = fault ?? new Error(`The worker's thread ended with code ${code}`);
    started.reject(error);
    for (const { reject } of asked.values()) reject(error);
    asked.clear();
    if (!stopping) onCrash(error);
  });
  const probes = await started.promise;
  metrics.include(() => ask('metrics'));
  return {
    readModels,
    readiness: probes.map((name) => ({
      name,
      check: async () => (await ask('readiness'))[name],
    })),
    stop: async () => {
      stopping = true;
      const impatience = setTimeout(() => void thread.terminate(), STOP_WITHIN_MS);
      await ask('stop').catch(() => undefined);
      clearTimeout(impatience);
      await thread.terminate();
    },
  };
};
