import {
  contextOfEvent,
  deriveId,
  DomainError,
  hashOf,
  processItemColumns,
  stepOf,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessItem,
  type Recorded,
} from '@hostledger/eventsourcing';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { listMoves, planListed, type RelocationPlanned } from '@hostledger/fleet';
import { proposalAggregate, type ProposalCommand } from '../domain/proposal.js';
import type {
  PinnedInputs,
  RelocationProposalFailed,
  RelocationProposalRequested,
  RelocationProposed,
} from '../domain/proposal-events.js';
import { readInputs, type InputTables, type ReadInputs } from '../read/proposals/inputs.js';
import { choose, type Choose } from '../solver/solver.js';
import type { Choice } from '../solver/solver-choice.js';
import { gainOf, monthly, proposedOf, refusalOf } from './proposal-outcome.js';

/** Far from the minute that an answer may take, for reading, packing and recording. */
const SOLVER_SECONDS = 25;
/** The read models are as far as the request within this, or it is tried again. */
const READ_WITHIN_MS = 30_000;

type Asked = RelocationProposalRequested['data'];

/**
 * What is still to be done: a request is to be computed (`item_id` is the proposal's id), or the
 * moves that were chosen are to become a plan (the relocation's id).
 */
export interface OpenProposal extends ProcessItem {
  readonly step: 'compute' | 'plan';
  /** Of the event that opened the item, in the log. */
  readonly position: bigint;
  readonly asked: Asked | null;
  readonly proposed: RelocationProposed['data'] | null;
  /** Of the request: what is proposed is planned in the name of who asked for it. */
  readonly context: CommandContext;
}

type Followed =
  RelocationProposalRequested | RelocationProposed | RelocationProposalFailed | RelocationPlanned;

const ofProposal = ({ data }: { data: { proposalId: string } }) => [{ item_id: data.proposalId }];

/** Pure: the choice of the moves closes one item and opens the other. */
export const openProposals = tableFold<OpenProposal, Followed>({
  table: {
    name: 'open_proposals',
    columns: {
      ...processItemColumns,
      step: 'text',
      position: 'bigint',
      asked: 'jsonb',
      proposed: 'jsonb',
      context: 'jsonb',
    },
    key: ['item_id'],
    nullable: ['asked', 'proposed'],
  },
  keys: {
    RelocationProposalRequested: ofProposal,
    RelocationProposalFailed: ofProposal,
    RelocationProposed: ({ data }) => [
      { item_id: data.proposalId },
      { item_id: data.relocationId },
    ],
    RelocationPlanned: ({ data }) => [{ item_id: data.relocationId }],
  },
  evolve: (_, event, key) => {
    if (event.type === 'RelocationProposalRequested') {
      return { ...opened(event, key), step: 'compute', asked: event.data, proposed: null };
    }
    if (event.type === 'RelocationProposed' && key.item_id === event.data.relocationId) {
      return { ...opened(event, key), step: 'plan', asked: null, proposed: event.data };
    }
    return undefined;
  },
});

const opened = (event: Recorded<Followed>, { item_id }: Partial<OpenProposal>) => ({
  item_id: item_id!,
  due_at: event.recordedAt,
  cause_id: event.id,
  correlation_id: event.metadata.$correlationId,
  position: event.position,
  context: contextOfEvent(event),
});

export interface ProposalTools {
  readonly readModels: Pick<ReadModels, 'read'>;
  readonly choose?: Choose;
}

/**
 * Answers requests for proposals. The moves are listed on the stream of a relocation first, where
 * they have no effect; then the proposal says which relocation it is, once and for all; only then
 * those moves become a plan. So a second computation after a death, which may read other tables and
 * choose other moves, lists them elsewhere, and no request ever has two plans.
 */
export const proposalsProcess = (
  store: AggregateStore,
  tools: ProposalTools,
): DurableProcess<OpenProposal> => ({
  name: 'proposals',
  version: 1,
  items: openProposals,
  perform: async ({ step, asked, proposed, position, context }, { at, signal }) => {
    const act = { ...context, at };
    if (step === 'plan') await plan(store, proposed!, act);
    else await compute(store, tools, { asked: asked!, position, signal }, act);
  },
});

interface Request {
  readonly asked: Asked;
  /** Of the request in the log. */
  readonly position: bigint;
  /** The worker ends. */
  readonly signal: AbortSignal;
}

const compute = async (
  store: AggregateStore,
  { readModels, choose: chooser = choose }: ProposalTools,
  { asked, position, signal }: Request,
  context: CommandContext,
): Promise<void> => {
  const { proposalId } = asked;
  const { state } = await store.load(proposalAggregate, proposalId, { fresh: true });
  if (state.status !== 'requested') return;
  const answer = (command: ProposalCommand, ...what: string[]) =>
    store.handle(proposalAggregate, proposalId, command, stepOf(context, context.at, ...what));
  const fail = (failure: Omit<RelocationProposalFailed['data'], 'proposalId'>) =>
    answer({ type: 'FailProposal', data: { proposalId, ...failure }, at: context.at }, 'fail');

  const read = await readFor(readModels, asked, position, context.at);
  if ('refusal' in read) {
    await fail(read.refusal);
    return;
  }
  const choice = await chooser(read.inputs, { withinSeconds: SOLVER_SECONDS }, signal);
  const { logPosition, pinned } = read;
  const inputs: PinnedInputs = { ...pinned, logPosition, digest: choice.digest };
  const refusal = refusalOf(asked, read.inputs, choice);
  if (refusal) {
    await fail({ ...refusal, inputs });
    return;
  }
  const listed = await listMoves(store, choice.moves, movesContext(context, asked, choice));
  const proposed = proposedOf(asked, choice, inputs, listed);
  const data = { proposed, gains: choice.lines.map(gainOf) };
  await answer({ type: 'Propose', data, at: context.at }, 'propose', listed.relocationId);
};

/** The same moves are listed under the same id, other ones under another. */
const movesContext = (
  context: CommandContext,
  asked: Asked,
  { moves }: Choice,
): CommandContext => ({
  ...context,
  commandId: deriveId(asked.proposalId, hashOf(moves)),
});

type Read =
  | (ReadInputs & { readonly logPosition: string })
  | { readonly refusal: { readonly code: string; readonly message: string } };

/** A refusal is an outcome; whatever else goes wrong is tried again. */
const readFor = async (
  readModels: Pick<ReadModels, 'read'>,
  asked: Asked,
  minPosition: bigint,
  at: string,
): Promise<Read> => {
  try {
    const { position, value } = await readModels.read<InputTables, ReadInputs>(
      { minPosition, timeoutMs: READ_WITHIN_MS },
      (db) => readInputs(db, asked, at),
    );
    return { ...value, logPosition: position.toString() };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { refusal: { code: error.code, message: error.message } };
  }
};

const plan = async (
  store: AggregateStore,
  proposed: RelocationProposed['data'],
  context: CommandContext,
): Promise<void> => {
  const { proposalId, relocationId, reference, cause, notes } = proposed;
  const { moveCount, chunkCount, destinations } = proposed;
  const { holdHours, currency, movingCost, gainPerDay, inputs } = proposed;
  const about = {
    relocationId,
    proposalId,
    reference,
    cause,
    moveCount,
    chunkCount,
    destinations,
    digest: inputs.digest,
    logPosition: inputs.logPosition,
    holdHours,
    economics: { currency, movingCost, monthlyGain: monthly(gainPerDay) },
    ...(notes !== undefined && { notes }),
  };
  await planListed(store, about, { ...context, commandId: deriveId(relocationId, 'proposed') });
};
