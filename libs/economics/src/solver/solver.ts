import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ProposalInputs } from '../domain/proposal-classes.js';
import type { IntegerProgramme } from '../domain/proposal-programme.js';
import { chooseMoves, type Choice, type ChoiceOptions } from './solver-choice.js';
import { solveHere } from './solver-highs.js';

export interface SolverOptions {
  /** The best solution by then is taken, with its gap. */
  readonly withinSeconds: number;
}

export interface Solution {
  /**
   * - `optimal`: nothing better exists, but for {@link tolerance}.
   * - `timeLimit`: the best that was found in time.
   * - `notSolved`: the solver could not work on the programme.
   */
  readonly status: 'optimal' | 'timeLimit' | 'notSolved';
  /** Of each column; absent where none was found in time. */
  readonly counts?: readonly number[];
  /** No solution is worth more, as far as floating point goes; units of the currency. */
  readonly bound: number;
  /** What an optimal solution may be short of the best by; units of the currency. */
  readonly tolerance: number;
  /** Name and version. */
  readonly solver: string;
}

export type Solve = (programme: IntegerProgramme, options: SolverOptions) => Promise<Solution>;

/** @param signal gives it up: it rejects. */
export type Choose = (
  inputs: ProposalInputs,
  options: ChoiceOptions,
  signal?: AbortSignal,
) => Promise<Choice>;

/** What the thread is given, and what it answers. */
export interface ChooserData {
  readonly hostledgerInputs: ProposalInputs;
  readonly options: ChoiceOptions;
}
export type ChooserReply = { readonly choice: Choice } | { readonly error: string };

/** For the machines and slots to choose from; the solver's WebAssembly has memory of its own. */
const MAX_HEAP_MB = 1_024;
/** The solver keeps to its time; reading in and packing take a small part of it. */
const GRACE_SECONDS = 120;

/**
 * In a thread of its own when compiled, since the solver holds its thread until it is done; inside
 * this thread when run from TypeScript, where a worker could not load the source.
 */
export const choose: Choose = (inputs, options, signal) =>
  path.extname(__filename) === '.ts'
    ? chooseMoves(inputs, solveHere, options)
    : chooseAside(inputs, options, signal);

const chooseAside: Choose = async (inputs, options, signal) => {
  signal?.throwIfAborted();
  const workerData: ChooserData = { hostledgerInputs: inputs, options };
  const worker = new Worker(path.join(__dirname, 'solver-thread.js'), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  const end = (): void => void worker.terminate();
  const late = setTimeout(end, (options.withinSeconds + GRACE_SECONDS) * 1_000);
  signal?.addEventListener('abort', end);
  try {
    const reply = await new Promise<ChooserReply>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`The solver's thread ended with ${code}`)));
    });
    if ('error' in reply) throw new Error(reply.error);
    return reply.choice;
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', end);
    await worker.terminate();
  }
};
