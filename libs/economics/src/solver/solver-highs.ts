import loadHighs, { type Highs } from 'highs';
import type { IntegerProgramme, ProgrammeRow } from '../domain/proposal-programme.js';
import type { Solution, SolverOptions } from './solver.js';

/** Fixed, so that the same programme has the same solution whenever the solver ends in time. */
const SETTINGS = {
  output_flag: false,
  random_seed: 1,
  mip_rel_gap: 0,
  mip_abs_gap: 0,
} as const;

let loaded: Promise<Highs> | undefined;

/** Solves with HiGHS (WebAssembly) in this thread, which does nothing else meanwhile. */
export const solveHere = async (
  programme: IntegerProgramme,
  { withinSeconds }: SolverOptions,
): Promise<Solution> => {
  const highs = await (loaded ??= loadHighs());
  const solver = `HiGHS ${highs.version.string}`;
  if (programme.gains.length === 0) return { status: 'optimal', counts: [], bound: 0, solver };
  return highs.withModel(modelOf(programme, highs), (model): Solution => {
    model.options.set({ ...SETTINGS, time_limit: withinSeconds });
    model.run();
    const { optimal, timeLimit } = highs.constants.modelStatus;
    const status = model.getModelStatus();
    if (status !== optimal && status !== timeLimit) {
      throw new Error(`The solver ended with status ${status}`);
    }
    const isOptimal = status === optimal;
    const found =
      model.info.get('primal_solution_status') === highs.constants.solutionStatus.feasible;
    const counts = Array.from(model.getSolution().colValue, (value) => Math.round(value));
    return {
      status: isOptimal ? 'optimal' : 'timeLimit',
      ...(found && { counts }),
      bound: Number(model.info.get('mip_dual_bound')),
      solver,
    };
  });
};

const modelOf = ({ gains, upper, rows }: IntegerProgramme, highs: Highs) => ({
  numCols: gains.length,
  numRows: rows.length,
  sense: highs.constants.objectiveSense.maximize,
  colCost: Float64Array.from(gains),
  colLower: new Float64Array(gains.length),
  colUpper: Float64Array.from(upper),
  rowLower: new Float64Array(rows.length).fill(-highs.infinity),
  rowUpper: Float64Array.from(rows, ({ most }) => most),
  matrix: {
    format: 'csr' as const,
    numCols: gains.length,
    numRows: rows.length,
    ...rowWise(rows),
  },
  integrality: new Int32Array(gains.length).fill(highs.constants.variableType.integer),
});

const rowWise = (rows: readonly ProgrammeRow[]) => {
  const starts = [0];
  for (const { columns } of rows) starts.push(starts.at(-1)! + columns.length);
  return {
    starts: Int32Array.from(starts),
    indices: Int32Array.from(rows.flatMap(({ columns }) => columns)),
    values: Float64Array.from(rows.flatMap(({ coefficients }) => coefficients)),
  };
};
