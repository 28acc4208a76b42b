import { hashOf } from '@hostledger/eventsourcing';
import { classesOf, compare, type ProposalInputs } from '../domain/proposal-classes.js';
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
  /** Kinds of machines for which some move would pay, were there room. */
  readonly classes: number;
  /** Of the programme. */
  readonly columns: number;
  readonly solver: string;
  /** SHA-256 (hex) over everything that it was chosen from. */
  readonly digest: string;
}

export interface ChoiceOptions extends SolverOptions {
  /** The most columns of a programme; the default fits a minute on one core. */
  readonly mostColumns?: number;
}

/**
 * Chooses the moves that bring most. The solver only decides how many machines of a class go where;
 * what is told of the moves is summed from the moves, exactly. Nothing is chosen that is worse than
 * the greedy choice.
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
    classes: classes.length,
    columns: columns.length,
    solver,
    digest: digestOf(inputs),
  };
};

/** Parts of the bound by which floating point may be off. */
const ROUNDING_ERROR = 1e-9;
const TEN_THOUSANDTHS = 10_000;

/** Of an optimal solution its own value, to the last digit that counts; otherwise what was proven. */
const boundOf = ({ columns }: BuiltProgramme, solution: Solution, achieved: bigint): bigint => {
  const { status, counts, bound, tolerance } = solution;
  const proven =
    status === 'optimal' && counts
      ? valueOf(columns, counts) + BigInt(Math.floor(tolerance * TEN_THOUSANDTHS))
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

/** The same for the same inputs, in whatever order they come. */
const digestOf = ({ machines, sites, racks, rules, rates, ...inputs }: ProposalInputs): string =>
  hashOf({
    ...inputs,
    machines: machines.toSorted((a, b) => compare(a.serial, b.serial)),
    sites: sites.toSorted((a, b) => compare(a.facility, b.facility)),
    racks: racks.toSorted((a, b) => compare(a.facility, b.facility) || compare(a.rack, b.rack)),
    rules: [...rules].sort(([a], [b]) => compare(a, b)),
    rates: [...rates].sort(([a], [b]) => compare(a, b)),
  });
