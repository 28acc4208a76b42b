import {
  DomainError,
  hashOf,
  stepOf,
  type AggregateStore,
  type CommandContext,
} from '@hostledger/eventsourcing';
import { minerAggregate, type Miner } from '../domain/miner.js';
import type { RecordMovesData } from '../domain/relocation-moves.js';
import {
  relocationAggregate,
  relocationUnknown,
  type KnownRelocation,
  type PlannedMove,
} from '../domain/relocation.js';
import { abandonMove } from './move.js';
import { reservationOf, type PlannedMoves } from './relocation-plan.js';

/** Of one chunk of a plan. */
export const MINERS_IN_FLIGHT = 64;
/** What an aborted move repeats of a refusal; a whole chunk of them has to fit into an event. */
const MAX_MESSAGE_CHARACTERS = 120;

/** Whatever is done under a plan: by whom, in whose name, and until when slots are held. */
export interface PlanAct {
  readonly store: AggregateStore;
  readonly moves: PlannedMoves;
  readonly relocationId: string;
  readonly context: CommandContext;
}

export const loadRelocation = async (
  store: AggregateStore,
  relocationId: string,
): Promise<KnownRelocation> => {
  const { state } = await store.load(relocationAggregate, relocationId, { fresh: true });
  if (state.status === 'unknown' || state.status === 'listing') {
    throw relocationUnknown(relocationId);
  }
  return state;
};

/** Records what became of moves; the state tells which of it was accepted. */
export const record = async (
  { store, relocationId, context }: PlanAct,
  chunk: number,
  what: Omit<RecordMovesData, 'relocationId' | 'chunk'>,
): Promise<void> => {
  const data = { relocationId, chunk, ...what };
  const command = { type: 'RecordMoves', data, at: context.at } as const;
  // What is recorded is part of the step: a later run may have more to tell than one that died.
  const step = stepOf(context, 'record', chunk, hashOf(what));
  await store.handle(relocationAggregate, relocationId, command, step);
};

export const aborted = (
  { move }: PlannedMove,
  { code, message }: Pick<DomainError, 'code' | 'message'>,
  storedIn?: string,
) => ({
  move,
  code,
  message: message.slice(0, MAX_MESSAGE_CHARACTERS),
  ...(storedIn === undefined ? {} : { storedIn }),
});

/**
 * Makes a move impossible from here on, departure and arrival in its slot alike; true if it had
 * been made already, and then nothing changes.
 */
export const fence = async (
  { store, relocationId, context }: PlanAct,
  planned: PlannedMove,
  cause: string,
): Promise<boolean> => {
  const { serial } = planned;
  const reservationId = reservationOf(relocationId, planned);
  const step = stepOf(context, 'abandon', reservationId, cause);
  try {
    return await abandonMove(store, { serial, reservationId, cause }, step);
  } catch (error) {
    // No miner, no move: nothing to fence.
    if (error instanceof DomainError && error.code === 'miner/unknown') return false;
    throw error;
  }
};

export const loadMiner = async (
  { store }: PlanAct,
  { serial }: PlannedMove,
  options: { readonly fresh?: boolean } = {},
): Promise<Miner> => (await store.load(minerAggregate, serial, options)).state;

/** The machine left its place for the slot that the plan gave it. */
export const hasLeft = ({ relocationId }: PlanAct, planned: PlannedMove, miner: Miner): boolean =>
  miner.status !== 'unknown' && miner.departedUnder === reservationOf(relocationId, planned);
