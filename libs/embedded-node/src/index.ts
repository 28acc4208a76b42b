import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { runNode, type NodeOptions, type RunningNode } from './node.js';
import type { ThreadMessage } from './thread.js';

export type { Faults } from './faults.js';
export { socketEndpoint, type NodeOptions, type RunningNode } from './node.js';
export { EventLog, LogUnavailable } from './log.js';
export type { Security } from './secure.js';

/** Of the thread; it needs about 60 MB, and collects garbage in time when it knows its limit. */
const MAX_HEAP_MB = 256;

export interface EmbeddedNode {
  /** What the client takes as `endpoint`. */
  readonly endpoint: string;
  /** Commits what was received, then lets go of the data. */
  stop(): Promise<void>;
}

/**
 * Starts the node in a thread of its own: in the caller's thread a commit would hold up the
 * receipt of the next appends, and group commit would collapse.
 *
 * @param options.onCrash called once, when the thread ends without having been asked to.
 * @throws when another process has the same data open, or the address cannot be listened on.
 */
export const startEmbeddedNode = async (
  options: NodeOptions & { readonly onCrash?: (error: Error) => void },
): Promise<EmbeddedNode> => {
  const { onCrash, ...workerData } = options;
  const resourceLimits = { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: 16 };
  const worker = new Worker(join(__dirname, 'thread.js'), { workerData, resourceLimits });
  let fault: Error | undefined;
  worker.on('error', (error: Error) => (fault = error));
  // An error of the thread is followed by its exit, so that one place tells of both.
  const exited = new Promise<Error>((resolve) => {
    worker.once('exit', (code) => {
      resolve(fault ?? new Error(`The embedded node's thread ended with code ${code}`));
    });
  });
  const endpoint = await new Promise<string>((resolve, reject) => {
    void exited.then(reject);
    worker.once('message', (message: ThreadMessage) => {
      if (message.kind === 'listening') resolve(message.endpoint);
      else if (message.kind === 'refused') reject(new Error(message.message));
    });
  });
  let stopping: Promise<void> | undefined;
  void exited.then((error) => {
    if (!stopping) onCrash?.(error);
  });
  const stop = async (): Promise<void> => {
    const stopped = new Promise((resolve) => worker.once('message', resolve));
    worker.postMessage('stop');
    await Promise.race([stopped, exited]);
    await worker.terminate();
  };
  return { endpoint, stop: () => (stopping ??= stop()) };
};

/** Starts the node in the caller's thread, with its fault hooks: for tests. */
export const startNodeInProcess = (options: NodeOptions): Promise<RunningNode> => runNode(options);

/** For tests: a cluster's servers over one log, and doors that can be shut or frozen. */
export { Fronts, FRONT_TIMES, type FrontTimes } from './fronts.js';
export { Door, type DoorTarget } from './door.js';
