import { parentPort, workerData } from 'node:worker_threads';
import { solveHere } from './solver-highs.js';
import type { SolverData, SolverReply } from './solver.js';

const { hostledgerProgramme, options } = workerData as SolverData;

solveHere(hostledgerProgramme, options).then(
  (solution) => parentPort!.postMessage({ solution } satisfies SolverReply),
  (error: unknown) => parentPort!.postMessage({ error: String(error) } satisfies SolverReply),
);
