import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { IntegerProgramme } from '../domain/proposal-programme.js';
import { solveHere } from './solver-highs.js';

export interface SolverOptions {
  /** The best solution by then is taken, with its gap. */
  readonly withinSeconds: number;
}

export interface Solution {
  /** `optimal`: nothing better exists. `timeLimit`: none better was found in time. */
  readonly status: 'optimal' | 'timeLimit';
  /** Of each column; absent where none was found in time. */
  readonly counts?: readonly number[];
  /** No solution is worth more, as far as floating point goes; units of the currency. */
  readonly bound: number;
  readonly solver: string;
}

export type Solve = (programme: IntegerProgramme, options: SolverOptions) => Promise<Solution>;

/** What the thread answers. */
export type SolverReply = { readonly solution: Solution } | { readonly error: string };

export interface SolverData {
  readonly hostledgerProgramme: IntegerProgramme;
  readonly options: SolverOptions;
}

/** WebAssembly has its own memory; this is for the arrays that go in and out. */
const MAX_HEAP_MB = 256;

/**
 * In a thread of its own when compiled, since the solver holds its thread until it is done; inside
 * this thread when run from TypeScript, where a worker could not load the source.
 */
export const solve: Solve = (programme, options) =>
  path.extname(__filename) === '.ts' ? solveHere(programme, options) : inThread(programme, options);

const inThread: Solve = async (programme, options) => {
  const workerData: SolverData = { hostledgerProgramme: programme, options };
  const worker = new Worker(path.join(__dirname, 'solver-thread.js'), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  try {
    const reply = await new Promise<SolverReply>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`The solver's thread ended with ${code}`)));
    });
    if ('error' in reply) throw new Error(reply.error);
    return reply.solution;
  } finally {
    await worker.terminate();
  }
};
