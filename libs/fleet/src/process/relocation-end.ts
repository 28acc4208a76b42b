import { DomainError, mapLimited } from '@hostledger/eventsourcing';
import { minerLost, minerRetired, type Miner } from '../domain/miner.js';
import { mustBeHere } from '../domain/miner-transit.js';
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
  const ends = await end(act, refused);
  await release(act, ends);
  return byWay(ends);
};

/** Fences the moves, and records at the racks what turns out to have been made. */
const end = async (act: PlanAct, refused: readonly RefusedMove[]): Promise<readonly End[]> => {
  const ends = await mapLimited(refused, MINERS_IN_FLIGHT, (each) => giveUpOne(act, each));
  await recordAtRacks(
    act.store,
    ends.flatMap((each) => each.made ?? []),
    act.context,
  );
  await vacateSlots(
    act.store,
    ends.flatMap((each) => each.departure ?? []),
    act.context,
  );
  return ends;
};

const release = async (act: PlanAct, ends: readonly End[]): Promise<void> => {
  for (const [cause, group] of Map.groupBy(
    ends.filter(({ way }) => way !== 'made'),
    ({ refusal }) => refusal.code,
  )) {
    const slots = group.map(({ planned }) => slotOf(act, planned));
    await releaseSlots(act.store, slots, cause, act.context);
  }
};

const byWay = (ends: readonly End[]) => ({
  made: ends.filter(({ way }) => way === 'made').map(({ planned }) => planned),
  left: ends.filter(({ way }) => way === 'left').map(({ planned }) => planned),
  stay: ends.filter(({ way }) => way === 'stays'),
});

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
    const isGone = miner.status === 'retired' || miner.status === 'atVendor';
    const isComing = !isGone && hasLeft(act, planned, miner);
    const way = isComing ? 'left' : 'stays';
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

/**
 * Ends moves whose machines cannot be moved any more. The plan is told before the slots are free, so
 * that whoever looks after held slots comes again as long as it does not know.
 */
export const endImpossible = async (
  act: PlanAct,
  chunk: number,
  refused: readonly RefusedMove[],
): Promise<void> => {
  if (refused.length === 0) return;
  const ends = await end(act, refused);
  const { made, left, stay } = byWay(ends);
  await record(act, chunk, {
    departed: left.map(numberOf),
    completed: made.map(numberOf),
    aborted: stay.map(({ planned, refusal }) => aborted(planned, refusal)),
  });
  await release(
    act,
    ends.filter(({ way }) => way === 'stays'),
  );
};

/** Those whose machines were retired, lost on the road, or are at a vendor. */
export const goneAmong = async (
  act: PlanAct,
  moves: readonly PlannedMove[],
): Promise<readonly RefusedMove[]> => {
  const judged = await mapLimited(moves, MINERS_IN_FLIGHT, async (planned) => {
    const refusal = goneBy(planned.serial, await loadMiner(act, planned, { fresh: true }));
    return refusal ? [{ planned, refusal }] : [];
  });
  return judged.flat();
};

const goneBy = (serial: string, miner: Miner): DomainError | undefined => {
  if (miner.status === 'retired') {
    return miner.place.kind === 'transit' ? minerLost(serial) : minerRetired(serial);
  }
  if (miner.status !== 'atVendor') return undefined;
  try {
    mustBeHere(serial, miner);
    return undefined;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
};

export type Departure = Pick<MadeMove, 'serial' | 'reservationId' | 'left'>;

/** The slot that a machine on the road left, which whoever comes by records as vacated. */
export const departureOf = (
  act: PlanAct,
  planned: PlannedMove,
  miner: Miner,
): Departure | undefined => {
  const isAway = miner.status === 'inTransit' || miner.status === 'retired';
  if (!isAway || !miner.left || !hasLeft(act, planned, miner)) return undefined;
  const { serial } = planned;
  return { serial, reservationId: reservationOf(act.relocationId, planned), left: miner.left };
};

export const numberOf = ({ move }: PlannedMove): number => move;
