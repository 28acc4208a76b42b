import { DomainError, mapLimited, stepOf } from '@hostledger/eventsourcing';
import {
  minerAggregate,
  minerRetired,
  minerUnknown,
  standsIn,
  type Miner,
  type MinerCommand,
  type SlotPlace,
  type StoragePlace,
} from '../domain/miner.js';
import { mustBeHere } from '../domain/miner-transit.js';
import type { PlannedMove } from '../domain/relocation.js';
import {
  heldFor,
  recordAtRacks,
  reserveSlots,
  type MadeMove,
  type WantedSlot,
} from './move-racks.js';
import { madeMove } from './move.js';
import { aborted, loadMiner, MINERS_IN_FLIGHT, record, type PlanAct } from './relocation-act.js';
import { giveUp, numberOf, type RefusedMove } from './relocation-end.js';
import { destinationOf, reservationOf } from './relocation-plan.js';

// A chunk of an approved plan, as far as it goes without anybody driving a truck: every move has
// its slot reserved, and those that stay within their facility are made. Run again after a death
// at any point it goes on, since a move has one reservation in its life.

/** Refusals that may be over once other machines of the plan have left their slots. */
const MAY_CLEAR = ['rack/slot-taken', 'rack/power-exceeded'];

interface Run extends PlanAct {
  readonly heldUntil: string;
  /** Whether a move whose slot another machine still holds is left for the next pass. */
  readonly patient: boolean;
}

interface Wanted extends WantedSlot {
  readonly planned: PlannedMove;
  readonly from: SlotPlace | StoragePlace;
}

type Judgement =
  | { readonly way: 'made'; readonly planned: PlannedMove; readonly made?: MadeMove }
  | { readonly way: 'refused'; readonly planned: PlannedMove; readonly refusal: DomainError }
  | { readonly way: 'within' | 'between'; readonly wanted: Wanted };

/** Resolves to how many moves were made in this pass, and which are left for the next. */
export const carryOut = async (
  run: Run,
  chunk: number,
  moves: readonly PlannedMove[],
): Promise<{ readonly made: number; readonly waiting: readonly PlannedMove[] }> => {
  const judged = await mapLimited(moves, MINERS_IN_FLIGHT, (planned) => judge(run, planned));
  const wanted = judged.flatMap((each) => ('wanted' in each ? [each.wanted] : []));
  const { store, context, heldUntil, patient } = run;
  const unreserved = await reserveSlots(store, wanted, { context, now: context.at, heldUntil });

  const waiting: PlannedMove[] = [];
  const refused: RefusedMove[] = judged.filter((each) => each.way === 'refused');
  for (const [{ planned }, refusal] of unreserved) {
    if (patient && MAY_CLEAR.includes(refusal.code)) waiting.push(planned);
    else refused.push({ planned, refusal });
  }
  const held = (way: 'within' | 'between'): Wanted[] =>
    judged.flatMap((each) => (each.way === way && !unreserved.has(each.wanted) ? each.wanted : []));
  const results = await mapLimited(held('within'), MINERS_IN_FLIGHT, (each) => move(run, each));
  const made = [...judged, ...results].filter((each) => each.way === 'made');
  await recordAtRacks(
    store,
    made.flatMap((each) => each.made ?? []),
    context,
  );
  const given = await giveUp(run, [
    ...refused,
    ...results.filter((result) => result.way === 'refused'),
  ]);
  await record(run, chunk, {
    reserved: held('between').map(({ planned, reservationId, from }) => ({
      move: planned.move,
      reservationId,
      from,
    })),
    completed: [...made.map(({ planned }) => planned), ...given.made].map(numberOf),
    aborted: given.stay.map(({ planned, refusal }) => aborted(planned, refusal)),
  });
  return { made: made.length, waiting };
};

/** By the state at hand; refused only by one read in this call. */
const judge = async (run: Run, planned: PlannedMove): Promise<Judgement> => {
  const judgement = judgeBy(run, planned, await loadMiner(run, planned));
  if ('wanted' in judgement) return judgement;
  return judgeBy(run, planned, await loadMiner(run, planned, { fresh: true }));
};

const judgeBy = (run: Run, planned: PlannedMove, miner: Miner): Judgement => {
  const { serial } = planned;
  if (miner.status === 'unknown') {
    return { way: 'refused', planned, refusal: minerUnknown(serial) };
  }
  const to = destinationOf(planned);
  const reservationId = reservationOf(run.relocationId, planned);
  if (miner.moves.includes(reservationId)) {
    const made = madeMove(serial, miner, reservationId);
    return { way: 'made', planned, ...(made && { made }) };
  }
  if (standsIn(miner.place, to)) return { way: 'made', planned };
  try {
    if (miner.status === 'retired') throw minerRetired(serial);
    mustBeHere(serial, miner);
    const { place: from, powerWatts } = miner;
    const way = from.facility === to.facility ? 'within' : 'between';
    const held = way === 'between' ? { relocationId: run.relocationId } : {};
    const wanted = { planned, serial, to, reservationId, powerWatts, from, ...held };
    // What the miner would refuse is not reserved.
    const command = way === 'within' ? moveCommand(run, wanted) : departCommand(run, wanted);
    minerAggregate.decide(command, miner);
    return { way, wanted };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { way: 'refused', planned, refusal: error };
  }
};

const moveCommand = ({ context: { at } }: Run, wanted: Wanted): MinerCommand => ({
  type: wanted.from.kind === 'storage' ? 'InstallMiner' : 'RelocateMiner',
  data: heldFor(wanted),
  at,
});

const departCommand = (
  { relocationId, context: { at } }: PlanAct,
  { serial, to, reservationId, powerWatts }: Wanted,
): MinerCommand => ({
  type: 'DepartMiner',
  data: { serial, to: to.facility, reservationId, powerWatts, relocationId },
  at,
});

type Made = Extract<Judgement, { way: 'made' }>;
type Refused = Extract<Judgement, { way: 'refused' }>;

const move = async (run: Run, wanted: Wanted): Promise<Made | Refused> => {
  const { planned, serial, reservationId } = wanted;
  const step = stepOf(run.context, 'move', reservationId);
  try {
    const { state } = await run.store.handle(
      minerAggregate,
      serial,
      moveCommand(run, wanted),
      step,
    );
    const made = madeMove(serial, state, reservationId);
    return { way: 'made', planned, ...(made && { made }) };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { way: 'refused', planned, refusal: error };
  }
};
