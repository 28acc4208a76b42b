import { parentPort, workerData } from 'node:worker_threads';
import { runNode, type NodeOptions } from './node.js';

/** What the thread tells the one that started it. */
export type ThreadMessage =
  | { readonly kind: 'listening'; readonly endpoint: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'stopped' };

const tell = (message: ThreadMessage): void => parentPort?.postMessage(message);

runNode(workerData as NodeOptions).then(
  (node) => {
    parentPort?.once('message', () => {
      void node.stop().then(() => tell({ kind: 'stopped' }));
    });
    tell({ kind: 'listening', endpoint: node.endpoint });
  },
  (error: unknown) => tell({ kind: 'refused', message: (error as Error).message }),
);
