import { destinationsOf, type listMoves } from '@hostledger/fleet';
import { amountOf, amountText, exact, rounded } from '@hostledger/quantities';
import type { ProposalInputs } from '../domain/proposal-classes.js';
import type { GainLine } from '../domain/proposal-plan.js';
import { MOST_GAINS } from '../domain/proposal.js';
import type {
  PinnedInputs,
  ProposedGain,
  RelocationProposalRequested,
  RelocationProposed,
} from '../domain/proposal-events.js';
import type { Choice } from '../solver/solver-choice.js';

// What came of a choice, in the words of the proposal.

type Asked = RelocationProposalRequested['data'];
type Listed = Awaited<ReturnType<typeof listMoves>>;

const DAYS_A_MONTH = 30n;
const GAP_PLACES = 4;

/** Why there is nothing to propose; `undefined` where there is. */
export const refusalOf = (
  { minimumGain, currency }: Asked,
  inputs: ProposalInputs,
  { moves, lines, classes, value }: Choice,
): { readonly code: string; readonly message: string } | undefined => {
  if (inputs.machines.length === 0) {
    return { code: 'proposal/no-machines', message: 'There are no machines to choose from' };
  }
  if (moves.length === 0) {
    return classes > 0
      ? {
          code: 'proposal/no-room',
          message: 'No move that would pay finds a free slot with power, or is within the budget',
        }
      : { code: 'proposal/nothing-to-gain', message: 'No move brings more than it costs' };
  }
  if (minimumGain !== undefined && value < amountOf(minimumGain)) {
    const message = `The best moves bring ${amountText(value)} ${currency}, and ${minimumGain} were asked for`;
    return { code: 'proposal/gain-too-small', message };
  }
  if (lines.length <= MOST_GAINS) return undefined;
  const message = `The moves are of ${lines.length} kinds, and a proposal tells of ${MOST_GAINS}`;
  return { code: 'proposal/too-varied', message };
};

export const proposedOf = (
  asked: Asked,
  choice: Choice,
  inputs: PinnedInputs,
  { relocationId, chunkCount }: Listed,
): Omit<RelocationProposed['data'], 'gainCount'> => {
  const { proposalId, requestedBy, reference, cause, notes, holdHours, currency } = asked;
  const { lines, moves, value, bound, greedyValue, status, grouping, solver } = choice;
  return {
    proposalId,
    relocationId,
    requestedBy,
    reference,
    cause,
    ...(notes !== undefined && { notes }),
    holdHours,
    currency,
    moveCount: moves.length,
    chunkCount,
    destinations: destinationsOf(moves),
    value: amountText(value),
    gainPerDay: amountText(sumOf(lines, ({ gainPerDay }) => gainPerDay)),
    movingCost: amountText(sumOf(lines, ({ cost }) => cost)),
    bound: amountText(bound),
    gapPercent: gapOf(value, bound),
    greedyValue: amountText(greedyValue),
    status,
    grouping,
    solver,
    inputs,
  };
};

export const gainOf = ({ value, gainPerDay, cost, ...line }: GainLine): ProposedGain => ({
  ...line,
  value: amountText(value),
  gainPerDay: amountText(gainPerDay),
  movingCost: amountText(cost),
});

/** @param amount a day, as text. */
export const monthly = (amount: string): string => amountText(amountOf(amount) * DAYS_A_MONTH);

const sumOf = (lines: readonly GainLine[], of: (line: GainLine) => bigint): bigint =>
  lines.reduce((sum, line) => sum + of(line) * BigInt(line.moves), 0n);

/** Rounded up, so that a gap is never told smaller than it is. */
const gapOf = (value: bigint, bound: bigint): string =>
  bound === 0n
    ? rounded(exact(0), GAP_PLACES)
    : rounded(
        exact(bound - value)
          .mul(exact(100))
          .div(exact(bound)),
        GAP_PLACES,
        'up',
      );
