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

/** The largest gain as the solver sees it, whatever the currency and the horizon. */
const LARGEST_GAIN = 1_000;
/** The solver takes solutions for equal that differ by less, of the gains as it sees them. */
const TOLERANCE = 1e-6;

/** Solves with HiGHS (WebAssembly) in this thread, which does nothing else meanwhile. */
export const solveHere = async (
  programme: IntegerProgramme,
  options: SolverOptions,
): Promise<Solution> => {
  const highs = await (loaded ??= loadHighs());
  const solver = `HiGHS ${highs.version.string}`;
  if (programme.gains.length === 0) {
    return { status: 'optimal', counts: [], bound: 0, tolerance: 0, solver };
  }
  const scale = programme.gains.reduce((most, gain) => Math.max(most, gain), 0) / LARGEST_GAIN;
  try {
    const solved = highs.withModel(modelOf(programme, scale, highs), (model) =>
      run(model, highs, options),
    );
    const { bound } = solved;
    return { ...solved, bound: bound * scale, tolerance: TOLERANCE * scale, solver };
  } catch {
    // An instance that gave up is of no use to the next programme.
    loaded = undefined;
    return { status: 'notSolved', bound: Infinity, tolerance: 0, solver };
  }
};

type Model = ReturnType<Highs['createModel']>;

const run = (
  model: Model,
  { constants }: Highs,
  { withinSeconds }: SolverOptions,
): Pick<Solution, 'status' | 'counts' | 'bound'> => {
  model.options.set({ ...SETTINGS, time_limit: withinSeconds });
  model.run();
  const { optimal, timeLimit } = constants.modelStatus;
  const ended = model.getModelStatus();
  if (ended !== optimal && ended !== timeLimit) return { status: 'notSolved', bound: Infinity };
  const isFound = model.info.get('primal_solution_status') === constants.solutionStatus.feasible;
  const counts = Array.from(model.getSolution().colValue, (value) => Math.round(value));
  return {
    status: ended === optimal ? 'optimal' : 'timeLimit',
    ...(isFound && { counts }),
    bound: Number(model.info.get('mip_dual_bound')),
  };
};

const modelOf = ({ gains, upper, rows }: IntegerProgramme, scale: number, highs: Highs) => ({
  numCols: gains.length,
  numRows: rows.length,
  sense: highs.constants.objectiveSense.maximize,
  colCost: Float64Array.from(gains, (gain) => gain / scale),
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
