import type { RelocationRow } from '@hostledger/fleet';
import { amountOf, amountText } from '@hostledger/quantities';
import type {
  Candidates,
  LeftOut,
  PinnedInputs,
  ProposalScope,
} from '../../domain/proposal-events.js';
import type { Grouping } from '../../domain/proposal-programme.js';
import type { Standing } from '../../domain/proposal-value.js';
import type { ProposalRow, ProposedGainRow } from './projection.js';

export class MovingCostView {
  /**
   * From storage into a slot of the same facility.
   * @example 15.00
   */
  within: string;
  /** @example 60.00 */
  between: string;
}

export class DowntimeView {
  /** @example 4 */
  within: number;
  /** @example 48 */
  between: number;
}

export class ScopeView {
  facilities?: string[];
  customers?: string[];
  contracts?: string[];
  models?: string[];
}

export class StatedConditionsView {
  difficulty?: string;
  subsidySats?: number;
  feesSats?: number;
  price?: string;
  poolFeePercent?: string;
  availabilityPercent?: string;
}

export class StatedRateView {
  facility: string;
  ratePerKwh: string;
}

/** What was asked for. */
export class AskedView {
  cause: string;
  /** @example 180 */
  horizonDays: number;
  movingCost: MovingCostView;
  downtimeHours: DowntimeView;
  candidates: Candidates;
  scope: ScopeView;
  destinations?: string[];
  rates?: StatedRateView[];
  conditions: StatedConditionsView;
  maxMoves?: number;
  budget?: string;
  minimumGain?: string;
  holdHours: number;
  notes?: string;
}

/** Where a number was taken from. */
export class PinnedInputView {
  value: string;
  origin: 'recorded' | 'given' | 'assumed';
  /** The event that says so. */
  eventId?: string;
  position?: string;
}

export class PinnedConditionsView {
  difficulty: PinnedInputView;
  /** In satoshi, as are the fees. */
  subsidySats: PinnedInputView;
  feesSats: PinnedInputView;
  /** Of one bitcoin. */
  price: PinnedInputView;
  poolFeePercent: PinnedInputView;
  availabilityPercent: PinnedInputView;
}

export class FreeView {
  racks: number;
  slots: number;
  watts: number;
}

export class PinnedSiteView {
  /** @example PECOS */
  facility: string;
  ratePerKwh: PinnedInputView;
  /** Machines there that could be chosen. */
  machines: number;
  /** Room for others; absent where nothing could be brought to. */
  free?: FreeView;
}

export class LeftOutView {
  reason: LeftOut;
  machines: number;
}

/** What it was computed from. */
export class PinnedInputsView {
  /** Up to which the log was known. */
  logPosition: string;
  conditions: PinnedConditionsView;
  sites: PinnedSiteView[];
  /** That could be chosen. */
  machines: number;
  leftOut: LeftOutView[];
  /** SHA-256 over all of it, machine by machine and slot by slot. */
  digest: string;
}

/** Amounts are in the currency of the proposal, over its horizon. */
export class ExpectedView {
  moves: number;
  /**
   * What the moves bring, moving costs and downtime taken off.
   * @example 876557.9397
   */
  value: string;
  /** Of margin, once all of them run. */
  gainPerDay: string;
  movingCost: string;
  /** No plan under these inputs is worth more. */
  bound: string;
  /**
   * What is missing to the bound, in percent of it.
   * @example 0.0000
   */
  gapPercent: string;
  /** What taking the most valuable move again and again would have been worth. */
  greedyValue: string;
  status: 'optimal' | 'timeLimit' | 'notSolved';
  /** How finely racks were told apart; where they were, the bound can be reached. */
  grouping: Grouping;
  /** @example HiGHS 1.15.1 */
  solver: string;
}

/** Moves between two facilities. */
export class RouteView {
  from: string;
  to: string;
  moves: number;
  /** Expected. */
  value: string;
  completed: number;
  /** Expected of those that were completed, under the pinned inputs. */
  completedValue: string;
  aborted: number;
}

export class AbortedForView {
  /** @example relocation/reservation-expired */
  code: string;
  moves: number;
}

/** The plan against what became of it. */
export class ActualView {
  relocationId: string;
  status: RelocationRow['status'];
  completed: number;
  aborted: number;
  /** Not ended. */
  open: number;
  /** Expected of the moves that were completed, under the pinned inputs. */
  completedValue: string;
  /** Expected of those that will not be made. */
  abortedValue: string;
  openValue: string;
  abortedFor: AbortedForView[];
  approvedBy?: string;
  approvedAt?: string;
  /** When every move had ended. */
  completedAt?: string;
  /** From the approval to then. */
  secondsToComplete?: number;
}

export class FailureView {
  /** @example proposal/nothing-to-gain */
  code: string;
  message: string;
}

export class ProposalView {
  proposalId: string;
  /** @example HALVING-2024 */
  reference: string;
  /** `requested`: being computed. `failed`: there is nothing to propose, see `failure`. */
  state: ProposalRow['state'];
  requestedBy: string;
  requestedAt: string;
  answeredAt?: string;
  /** @example USD */
  currency: string;
  /** The plan that another subject approves. */
  relocationId?: string;
  expected?: ExpectedView;
  failure?: FailureView;
}

export class ProposalDetails extends ProposalView {
  asked: AskedView;
  inputs?: PinnedInputsView;
  /** The most valuable first. */
  routes: RouteView[];
  actual?: ActualView;
}

export class ProposedGainView {
  /** Number in the plan of the first of these moves. */
  firstMove: number;
  moves: number;
  from: string;
  to: string;
  standing: Standing;
  hashrateGhs: number;
  powerWatts: number;
  /** Of each, as the amounts that follow. */
  value: string;
  gainPerDay: string;
  movingCost: string;
}

export const proposalView = (row: ProposalRow): ProposalView => ({
  proposalId: row.proposal_id,
  reference: row.reference,
  state: row.state,
  requestedBy: row.requested_by,
  requestedAt: row.requested_at,
  ...(row.answered_at !== null && { answeredAt: row.answered_at }),
  currency: row.asked.currency,
  ...(row.relocation_id !== null && { relocationId: row.relocation_id }),
  ...(row.outcome !== null && { expected: expectedOf(row.outcome) }),
  ...(row.code !== null && { failure: { code: row.code, message: row.message ?? '' } }),
});

const expectedOf = (outcome: NonNullable<ProposalRow['outcome']>): ExpectedView => ({
  moves: outcome.moveCount,
  value: outcome.value,
  gainPerDay: outcome.gainPerDay,
  movingCost: outcome.movingCost,
  bound: outcome.bound,
  gapPercent: outcome.gapPercent,
  greedyValue: outcome.greedyValue,
  status: outcome.status,
  grouping: outcome.grouping,
  solver: outcome.solver,
});

/** Without what the proposal itself tells. */
export const askedView = ({ asked }: ProposalRow): AskedView => ({
  cause: asked.cause,
  horizonDays: asked.horizonDays,
  movingCost: asked.movingCost,
  downtimeHours: asked.downtimeHours,
  candidates: asked.candidates,
  scope: scopeView(asked.scope),
  conditions: asked.conditions,
  holdHours: asked.holdHours,
  ...(asked.destinations && { destinations: [...asked.destinations] }),
  ...(asked.rates && { rates: [...asked.rates] }),
  ...(asked.maxMoves !== undefined && { maxMoves: asked.maxMoves }),
  ...(asked.budget !== undefined && { budget: asked.budget }),
  ...(asked.minimumGain !== undefined && { minimumGain: asked.minimumGain }),
  ...(asked.notes !== undefined && { notes: asked.notes }),
});

const scopeView = ({ facilities, customers, contracts, models }: ProposalScope): ScopeView => ({
  ...(facilities && { facilities: [...facilities] }),
  ...(customers && { customers: [...customers] }),
  ...(contracts && { contracts: [...contracts] }),
  ...(models && { models: [...models] }),
});

export const inputsView = ({ sites, leftOut, ...inputs }: PinnedInputs): PinnedInputsView => ({
  ...inputs,
  sites: [...sites],
  leftOut: [...leftOut],
});

/** How many moves of a line ended, and how. */
export interface Progress {
  readonly first_move: number;
  readonly completed: number;
  readonly aborted: number;
}

export interface LineOfGain extends ProposedGainRow {
  readonly completed: number;
  readonly aborted: number;
}

export const withProgress = (
  gains: readonly ProposedGainRow[],
  progress: readonly Progress[],
): LineOfGain[] => {
  const byLine = new Map(progress.map((one) => [one.first_move, one]));
  return gains.map((gain) => {
    const { completed = 0, aborted = 0 } = byLine.get(gain.first_move) ?? {};
    return { ...gain, completed, aborted };
  });
};

const worth = (lines: readonly LineOfGain[], count: (line: LineOfGain) => number): bigint =>
  lines.reduce((sum, line) => sum + amountOf(line.value) * BigInt(count(line)), 0n);

export const routesOf = (lines: readonly LineOfGain[]): RouteView[] =>
  [...Map.groupBy(lines, (line) => `${line.from_facility} ${line.to_facility}`).values()]
    .map((there) => ({ there, value: worth(there, ({ moves }) => moves) }))
    .sort((a, b) => (a.value > b.value ? -1 : 1))
    .map(({ there, value }) => ({
      from: there[0]!.from_facility,
      to: there[0]!.to_facility,
      moves: total(there, ({ moves }) => moves),
      value: amountText(value),
      completed: total(there, ({ completed }) => completed),
      completedValue: amountText(worth(there, ({ completed }) => completed)),
      aborted: total(there, ({ aborted }) => aborted),
    }));

const total = (lines: readonly LineOfGain[], count: (line: LineOfGain) => number): number =>
  lines.reduce((sum, line) => sum + count(line), 0);

export const actualOf = (
  plan: RelocationRow,
  lines: readonly LineOfGain[],
  abortedFor: readonly AbortedForView[],
): ActualView => {
  const open = ({ moves, completed, aborted }: LineOfGain) => moves - completed - aborted;
  const { approved_by, approved_at, completed_at } = plan;
  return {
    relocationId: plan.relocation_id,
    status: plan.status,
    completed: plan.completed,
    aborted: plan.aborted,
    open: plan.move_count - plan.completed - plan.aborted,
    completedValue: amountText(worth(lines, ({ completed }) => completed)),
    abortedValue: amountText(worth(lines, ({ aborted }) => aborted)),
    openValue: amountText(worth(lines, open)),
    abortedFor: [...abortedFor],
    ...(approved_by !== null && { approvedBy: approved_by }),
    ...(approved_at !== null && { approvedAt: approved_at }),
    ...(completed_at !== null && { completedAt: completed_at }),
    ...(approved_at !== null &&
      completed_at !== null && {
        secondsToComplete: (Date.parse(completed_at) - Date.parse(approved_at)) / 1_000,
      }),
  };
};

export const gainView = (row: ProposedGainRow): ProposedGainView => ({
  firstMove: row.first_move,
  moves: row.moves,
  from: row.from_facility,
  to: row.to_facility,
  standing: row.standing,
  hashrateGhs: row.hashrate_ghs,
  powerWatts: row.power_watts,
  value: row.value,
  gainPerDay: row.gain_per_day,
  movingCost: row.moving_cost,
});
