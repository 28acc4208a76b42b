import { classesOf, type ProposalInputs } from '../domain/proposal-classes.js';
import { fillGreedily, Floor, kindsOf, packInto } from '../domain/proposal-packing.js';
import { planOf, type ChosenPlan } from '../domain/proposal-plan.js';
import {
  programmeOf,
  type BuiltProgramme,
  type Column,
  type Grouping,
} from '../domain/proposal-programme.js';
import type { Solution, Solve, SolverOptions } from './solver.js';

/** Moves, and how good they are; amounts in ten-thousandths of the currency. */
export interface Choice extends ChosenPlan {
  /** What all moves together bring. */
  readonly value: bigint;
  /** Nothing that can be carried out brings more. */
  readonly bound: bigint;
  /** What taking the most valuable move again and again would have brought. */
  readonly greedyValue: bigint;
  readonly status: Solution['status'];
  readonly grouping: Grouping;
  readonly columns: number;
  readonly solver: string;
}

export interface ChoiceOptions extends SolverOptions {
  /** The most columns of a programme; the default fits a minute on one core. */
  readonly mostColumns?: number;
}

/**
 * Chooses the moves that bring most. The solver only decides how many machines of a class go where;
 * what is told of the moves is summed from the moves, exactly. Where the greedy choice is as good, the
 * solver's is taken; never one that is worse.
 */
export const chooseMoves = async (
  inputs: ProposalInputs,
  solve: Solve,
  options: ChoiceOptions,
): Promise<Choice> => {
  const classes = classesOf(inputs);
  const built = programmeOf(classes, inputs, options.mostColumns);
  const kinds = kindsOf(classes);
  const greedy = fillGreedily(new Floor(inputs), kinds);
  const solution = await solve(built.programme, options);
  const { columns, grouping } = built;
  const solved = packInto(new Floor(inputs), columns, solution.counts ?? [], kinds);
  const best = solved.value >= greedy.value ? solved : greedy;
  const { status, solver } = solution;
  return {
    ...planOf(best.placements),
    value: best.value,
    bound: boundOf(built, solution, best.value),
    greedyValue: greedy.value,
    status,
    grouping,
    columns: columns.length,
    solver,
  };
};

/** Parts of the bound by which floating point may be off. */
const ROUNDING_ERROR = 1e-9;
const TEN_THOUSANDTHS = 10_000;

/** Of an optimal solution its own value, to the last digit; otherwise what the solver could prove. */
const boundOf = ({ columns }: BuiltProgramme, solution: Solution, achieved: bigint): bigint => {
  const { status, counts, bound } = solution;
  const proven =
    status === 'optimal' && counts
      ? valueOf(columns, counts)
      : Number.isFinite(bound)
        ? BigInt(Math.ceil(bound * (1 + ROUNDING_ERROR) * TEN_THOUSANDTHS))
        : everyMove(columns);
  return proven > achieved ? proven : achieved;
};

const valueOf = (columns: readonly Column[], counts: readonly number[]): bigint =>
  columns.reduce((sum, { to }, index) => sum + to.value * BigInt(counts[index] ?? 0), 0n);

/** Where the solver proved nothing: each machine to where it is worth most. */
const everyMove = (columns: readonly Column[]): bigint => {
  const best = new Map<Column['of'], bigint>();
  for (const { of, to } of columns) {
    if (to.value > (best.get(of) ?? 0n)) best.set(of, to.value);
  }
  return [...best].reduce((sum, [{ serials }, value]) => sum + value * BigInt(serials.length), 0n);
};
