import { DomainError, mapLimited } from '@hostledger/eventsourcing';
import type { Miner } from '../domain/miner.js';
import type { PlannedMove } from '../domain/relocation.js';
import { recordAtRacks, releaseSlots, vacateSlots, type MadeMove } from './move-racks.js';
import { madeMove } from './move.js';
import {
  aborted,
  fence,
  hasLeft,
  loadMiner,
  MINERS_IN_FLIGHT,
  record,
  type PlanAct,
} from './relocation-act.js';
import { reservationOf, slotOf } from './relocation-plan.js';

/** Why moves that were not made in time, or were called off, are ended. */
export const reservationExpired = (heldUntil: string): DomainError =>
  new DomainError(
    'conflict',
    'relocation/reservation-expired',
    `The slot was held until ${heldUntil}; the machine had not come`,
    { heldUntil },
  );

export const calledOff = (cause: string): DomainError =>
  new DomainError('conflict', 'relocation/cancelled', `The relocation was called off: ${cause}`, {
    cause,
  });

export interface RefusedMove {
  readonly planned: PlannedMove;
  readonly refusal: DomainError;
}

/**
 * Gives moves up: each is made impossible on the miner before its slot is given back. What turns
 * out to have been made is recorded at the racks as that; a machine that has left is not called
 * back but goes to storage where it arrives.
 */
export const giveUp = async (
  act: PlanAct,
  refused: readonly RefusedMove[],
): Promise<{
  readonly made: readonly PlannedMove[];
  readonly left: readonly PlannedMove[];
  readonly stay: readonly RefusedMove[];
}> => {
  const ends = await mapLimited(refused, MINERS_IN_FLIGHT, (each) => giveUpOne(act, each));
  const made = ends.filter(({ way }) => way === 'made');
  await recordAtRacks(
    act.store,
    made.flatMap((end) => end.made ?? []),
    act.context,
  );
  await vacateSlots(
    act.store,
    ends.flatMap((end) => end.departure ?? []),
    act.context,
  );
  for (const [cause, group] of Map.groupBy(
    ends.filter(({ way }) => way !== 'made'),
    ({ refusal }) => refusal.code,
  )) {
    const slots = group.map(({ planned }) => slotOf(act, planned));
    await releaseSlots(act.store, slots, cause, act.context);
  }
  return {
    made: made.map(({ planned }) => planned),
    left: ends.filter(({ way }) => way === 'left').map(({ planned }) => planned),
    stay: ends.filter(({ way }) => way === 'stays'),
  };
};

interface End extends RefusedMove {
  readonly way: 'made' | 'left' | 'stays';
  readonly made?: MadeMove;
  readonly departure?: Departure;
}

const giveUpOne = async (act: PlanAct, refused: RefusedMove): Promise<End> => {
  const { planned, refusal } = refused;
  const wasMade = await fence(act, planned, refusal.code);
  const miner = await loadMiner(act, planned);
  if (!wasMade) {
    const departure = departureOf(act, planned, miner);
    const way = hasLeft(act, planned, miner) ? 'left' : 'stays';
    return { ...refused, way, ...(departure && { departure }) };
  }
  const made = madeMove(planned.serial, miner, reservationOf(act.relocationId, planned));
  return { ...refused, way: 'made', ...(made && { made }) };
};

/** Ends moves of a chunk for one reason: they were called off, or their time is over. */
export const endMoves = async (
  act: PlanAct,
  chunk: number,
  moves: readonly PlannedMove[],
  refusal: DomainError,
): Promise<void> => {
  const refused = moves.map((planned) => ({ planned, refusal }));
  const { made, left, stay } = await giveUp(act, refused);
  await record(act, chunk, {
    departed: left.map(numberOf),
    diverted: { cause: refusal.code, moves: left.map(numberOf) },
    completed: made.map(numberOf),
    aborted: stay.map(({ planned }) => aborted(planned, refusal)),
  });
};

export type Departure = Pick<MadeMove, 'serial' | 'reservationId' | 'left'>;

/** The slot that a machine on the road left, which whoever comes by records as vacated. */
export const departureOf = (
  act: PlanAct,
  planned: PlannedMove,
  miner: Miner,
): Departure | undefined => {
  if (miner.status !== 'inTransit' || !miner.left || !hasLeft(act, planned, miner))
    return undefined;
  const { serial } = planned;
  return { serial, reservationId: reservationOf(act.relocationId, planned), left: miner.left };
};

export const numberOf = ({ move }: PlannedMove): number => move;
