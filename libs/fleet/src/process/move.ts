import {
  CommandIdReused,
  deriveId,
  DomainError,
  mapLimited,
  RevisionMismatch,
  stepOf,
  type AggregateStore,
  type CommandContext,
  type LoadedStream,
} from '@hostledger/eventsourcing';
import {
  minerAggregate,
  presentReservation,
  type Miner,
  type MinerCommand,
  type SlotPlace,
} from '../domain/miner.js';
import {
  heldFor,
  recordAtRacks,
  releaseSlots,
  reserveSlots,
  type MadeMove,
  type MoveRun,
  type WantedSlot,
} from './move-racks.js';
import { isRefusal, type Done, type Outcome, type Refusal } from './outcome.js';

// A move, installation and relocation alike, is appended to three or four streams in this order:
// the destination rack reserves slot and watts, the miner moves, the destination is occupied, the
// source is vacated. Every step may be repeated; whoever dies in between leaves a reservation
// behind, which `finishMovesProcess` finishes or ends.

const MINERS_IN_FLIGHT = 64;
/** The second pass is for orders judged by what was out of date. */
const MAX_PASSES = 2;

export type MoveKind = 'installation' | 'relocation';

export interface MoveOrder {
  readonly serial: string;
  readonly to: SlotPlace;
  /** Of the command on the miner: its own id, and `If-Match` of the miner if there was one. */
  readonly context: CommandContext;
}

/**
 * Makes the moves in their order, as far as miners and racks allow; one outcome per order. Slots
 * of one rack share its appends. Idempotent: run again after a death at any point, it goes on.
 *
 * No order waits for another: one into a slot that a later one of the same run would free is
 * refused as taken. No miner may be named twice in one run.
 * @throws StoreUnavailable, TooMuchContention: run it again.
 */
export const moveMiners = async (
  store: AggregateStore,
  kind: MoveKind,
  orders: readonly MoveOrder[],
  run: MoveRun,
): Promise<readonly Outcome[]> => {
  const outcomes = new Map<MoveOrder, Outcome>();
  let open = orders;
  for (let pass = 1; pass <= MAX_PASSES && open.length > 0; pass += 1) {
    for (const [order, outcome] of await onePass(store, kind, open, run, pass > 1)) {
      outcomes.set(order, outcome);
    }
    open = open.filter((order) => worthAnotherLook(order, outcomes.get(order)!));
  }
  return orders.map((order) => outcomes.get(order)!);
};

/** The reservation was ended while its writer was held up, or the miner stands there already. */
const worthAnotherLook = ({ serial }: MoveOrder, outcome: Outcome): boolean => {
  if (outcome.status === 'done' || !(outcome.refusal instanceof DomainError)) return false;
  const { code, details } = outcome.refusal;
  return (
    ['rack/reservation-ended', 'miner/relocation-abandoned', 'move/not-reserved'].includes(code) ||
    (code === 'rack/slot-taken' && details.serial === serial)
  );
};

const onePass = async (
  store: AggregateStore,
  kind: MoveKind,
  orders: readonly MoveOrder[],
  run: MoveRun,
  fresh: boolean,
): Promise<Map<MoveOrder, Outcome>> => {
  const outcomes = new Map<MoveOrder, Outcome>();
  const plans = await mapLimited(orders, MINERS_IN_FLIGHT, (order) =>
    planMove(store, kind, order, fresh),
  );
  for (const plan of plans) if (plan.outcome) outcomes.set(plan.order, plan.outcome);
  const planned = plans.filter((plan) => !plan.outcome);

  const unreserved = await reserveSlots(
    store,
    planned.filter(({ moved }) => !moved),
    run,
  );
  for (const [{ order }, refusal] of unreserved) {
    outcomes.set(order, { status: 'refused', refusal });
  }
  const moves = await mapLimited(
    planned.filter((plan) => !unreserved.has(plan)),
    MINERS_IN_FLIGHT,
    (plan) => makeMove(store, kind, plan),
  );

  await giveUp(
    store,
    moves.filter((move) => 'refusal' in move),
    run.context,
  );
  const made = moves.filter((move) => 'outcome' in move);
  const recorded = made.flatMap((move) => move.made ?? []);
  const last = await recordAtRacks(store, recorded, run.context);
  for (const move of moves) {
    const { order } = move.plan;
    if ('refusal' in move) outcomes.set(order, { status: 'refused', refusal: move.refusal });
    else outcomes.set(order, { ...move.outcome, position: later(move.outcome.position, last) });
  }
  return outcomes;
};

const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);

// Planning

interface Plan extends WantedSlot {
  readonly order: MoveOrder;
  /** The miner moved under this reservation before; only the racks may lack it. */
  readonly moved: boolean;
  /** Set when there is nothing to do, or nothing that may be done. */
  readonly outcome?: Outcome;
}

/** Judges by the state at hand, and refuses or leaves alone only by one read in this call. */
const planMove = async (
  store: AggregateStore,
  kind: MoveKind,
  order: MoveOrder,
  fresh: boolean,
): Promise<Plan> => {
  const { expectedRevision } = order.context;
  if (!fresh && expectedRevision === undefined) {
    const plan = judge(kind, order, await store.load(minerAggregate, order.serial));
    if (!plan.outcome) return plan;
  }
  const loaded = await store.load(minerAggregate, order.serial, { fresh: true });
  const plan = judge(kind, order, loaded);
  if (plan.moved || expectedRevision === undefined || expectedRevision === loaded.revision) {
    return plan;
  }
  const refusal = new RevisionMismatch(`miner-${order.serial}`, expectedRevision, loaded.revision);
  return { ...plan, outcome: { status: 'refused', refusal } };
};

const judge = (kind: MoveKind, order: MoveOrder, loaded: LoadedStream<Miner>): Plan => {
  const { state, revision, position, commands } = loaded;
  const reservationId = reservationIdOf(order, state);
  const known = state.status !== 'unknown';
  const moved = known && state.moves.includes(reservationId);
  const { serial, to } = order;
  const powerWatts = known ? state.powerWatts : 0;
  const plan = { order, serial, to, reservationId, powerWatts, moved };
  const { commandId, requestHash } = order.context;
  const before = commands.find(({ id }) => id === commandId);
  if (before && requestHash !== undefined && before.hash !== requestHash) {
    // Known before anything is reserved for it, so that nothing has to be given back.
    return { ...plan, outcome: { status: 'refused', refusal: new CommandIdReused(commandId) } };
  }
  try {
    const events = minerAggregate.decide(moveCommand(kind, plan), state);
    if (moved || events.length > 0) return plan;
    const unchanged = { revision, position, unchanged: true, replayed: false };
    return { ...plan, outcome: { status: 'done', ...unchanged } };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { ...plan, outcome: { status: 'refused', refusal: error } };
  }
};

/**
 * The same for the same request for ever, except that a reservation which was given up is followed
 * by the next: a bulk operation that lay still for longer than reservations live goes on.
 */
const reservationIdOf = ({ serial, to, context }: MoveOrder, miner: Miner): string => {
  const abandoned = miner.status === 'unknown' ? [] : miner.abandoned;
  for (let attempt = 0; ; attempt += 1) {
    const { facility, rack, slot } = to;
    const id = deriveId(context.commandId, 'reservation', serial, facility, rack, slot, attempt);
    if (!abandoned.includes(id)) return id;
  }
};

const moveCommand = (kind: MoveKind, plan: Plan): MinerCommand => ({
  type: kind === 'installation' ? 'InstallMiner' : 'RelocateMiner',
  data: heldFor(plan),
  at: plan.order.context.at,
});

// Moving

interface RefusedMove {
  readonly plan: Plan;
  readonly refusal: Refusal;
}

type MoveResult =
  | RefusedMove
  | { readonly plan: Plan; readonly outcome: Done; readonly made: MadeMove | undefined };

const makeMove = async (store: AggregateStore, kind: MoveKind, plan: Plan): Promise<MoveResult> => {
  const { order, serial, reservationId } = plan;
  try {
    const command = moveCommand(kind, plan);
    const moved = await store.handle(minerAggregate, serial, command, order.context);
    const { revision, position, replayed } = moved;
    const unchanged = moved.events.length === 0;
    const outcome: Done = { status: 'done', revision, position, unchanged, replayed };
    return { plan, outcome, made: madeMove(serial, moved.state, reservationId) };
  } catch (error) {
    if (isRefusal(error)) return { plan, refusal: error };
    throw error;
  }
};

/** The move that brought the miner where it is; `undefined` once it has gone on from there. */
export const madeMove = (
  serial: string,
  miner: Miner,
  reservationId: string,
): MadeMove | undefined => {
  if (miner.status !== 'installed' || presentReservation(miner) !== reservationId) return undefined;
  const { place: to, left } = miner;
  return { serial, reservationId, to, ...(left && { left }) };
};

// Giving up

/** The miner is fenced first, so that no writer held up elsewhere can still make the move. */
const giveUp = async (
  store: AggregateStore,
  refused: readonly RefusedMove[],
  context: CommandContext,
): Promise<void> => {
  const fenced = await mapLimited(refused, MINERS_IN_FLIGHT, async ({ plan, refusal }) => {
    const { serial, to, order, reservationId } = plan;
    const cause = refusal instanceof DomainError ? refusal.code : refusal.name;
    const step = stepOf(order.context, 'abandon', reservationId, cause);
    const made = await abandonMove(store, { serial, reservationId, cause }, step);
    return made ? [] : [{ to, reservationId, cause }];
  });
  for (const [cause, slots] of Map.groupBy(fenced.flat(), (slot) => slot.cause)) {
    await releaseSlots(store, slots, cause, context);
  }
};

/** Ends the possibility of a move; true if it had been made already, and then nothing changes. */
export const abandonMove = async (
  store: AggregateStore,
  move: { readonly serial: string; readonly reservationId: string; readonly cause: string },
  context: CommandContext,
): Promise<boolean> => {
  const command = { type: 'AbandonRelocation', data: move, at: context.at } as const;
  const { state } = await store.handle(minerAggregate, move.serial, command, context);
  return state.status !== 'unknown' && state.moves.includes(move.reservationId);
};
