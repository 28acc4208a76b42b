import { parentPort, workerData } from 'node:worker_threads';
import { chooseMoves } from './solver-choice.js';
import { solveHere } from './solver-highs.js';
import type { ChooserData, ChooserReply } from './solver.js';

// The thread that choices are computed in; it ends when it has answered.

const { hostledgerInputs, options } = workerData as ChooserData;

chooseMoves(hostledgerInputs, solveHere, options).then(
  (choice) => parentPort!.postMessage({ choice } satisfies ChooserReply),
  (error: unknown) => parentPort!.postMessage({ error: String(error) } satisfies ChooserReply),
);
