import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { runNode, type NodeOptions, type RunningNode } from './node.js';
import type { ThreadMessage } from './thread.js';

export type { Faults } from './faults.js';
export { socketEndpoint, type NodeOptions, type RunningNode } from './node.js';
export { EventLog, LogUnavailable } from './log.js';

/** Of the thread; it needs about 60 MB, and collects garbage in time when it knows its limit. */
const MAX_HEAP_MB = 256;

export interface EmbeddedNode {
  /** What the client takes as `endpoint`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * Starts the node in a thread of its own: in the caller's thread a commit would hold up the
 * receipt of the next appends, and group commit would collapse.
 *
 * @param options.onCrash called when the thread ends without having been asked to.
 */
export const startEmbeddedNode = async (
  options: NodeOptions & { readonly onCrash?: (error: Error) => void },
): Promise<EmbeddedNode> => {
  const { onCrash, ...workerData } = options;
  const resourceLimits = { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: 16 };
  const worker = new Worker(join(__dirname, 'thread.js'), { workerData, resourceLimits });
  let stopping = false;
  const endpoint = await new Promise<string>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (message: ThreadMessage) => {
      if (message.kind === 'listening') resolve(message.endpoint);
      else if (message.kind === 'refused') reject(new Error(message.message));
    });
  });
  worker.on('error', (error) => onCrash?.(error));
  worker.on('exit', (code) => {
    if (!stopping) onCrash?.(new Error(`The embedded node's thread ended with code ${code}`));
  });
  return {
    endpoint,
    stop: async () => {
      stopping = true;
      const stopped = new Promise((resolve) => worker.once('message', resolve));
      worker.postMessage('stop');
      await stopped;
      await worker.terminate();
    },
  };
};

/** Starts the node in the caller's thread, with its fault hooks: for tests. */
export const startNodeInProcess = (options: NodeOptions): Promise<RunningNode> => runNode(options);
