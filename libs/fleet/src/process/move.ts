import {
  CommandIdReused,
  deriveId,
  DomainError,
  mapLimited,
  RevisionMismatch,
  stepOf,
  type AggregateStore,
  type CommandContext,
  type Loaded,
} from '@hostledger/eventsourcing';
import {
  rackAggregate,
  rackId,
  reservationRefusal,
  type Rack,
  type Vacation,
} from '@hostledger/sites';
import {
  minerAggregate,
  presentReservation,
  type Miner,
  type MinerCommand,
  type SlotPlace,
} from '../domain/miner.js';

// A move, installation and relocation alike, is appended to three or four streams in this order:
// the destination rack reserves slot and watts, the miner moves, the destination is occupied, the
// source is vacated. Every step may be repeated; whoever dies in between leaves a reservation
// behind, which `finishMovesProcess` finishes or ends.

/** How long a reservation lives before its move is given up. */
export const RESERVATION_MS = 5 * 60_000;
const MINERS_IN_FLIGHT = 64;
const RACKS_IN_FLIGHT = 16;
/** The second pass is for orders judged by what was out of date. */
const MAX_PASSES = 2;

export type MoveKind = 'installation' | 'relocation';

export interface MoveOrder {
  readonly serial: string;
  readonly to: SlotPlace;
  /** Of the command on the miner: its own id, and `If-Match` of the miner if there was one. */
  readonly context: CommandContext;
}

export interface DoneMove {
  readonly status: 'done';
  /** Of the miner's stream. */
  readonly revision: bigint;
  /** Everything this move appended lies at or before it. */
  readonly position: bigint;
  /** The miner stood there before. */
  readonly unchanged: boolean;
  /** It had been moved there by this very command. */
  readonly replayed: boolean;
}

export type MoveOutcome = DoneMove | { readonly status: 'refused'; readonly refusal: Refusal };

type Refusal = DomainError | RevisionMismatch | CommandIdReused;

/** The act that moves belong to: one request, or one chunk of a bulk operation. */
export interface MoveRun {
  readonly context: CommandContext;
  /** The present instant, for the deadline of reservations. */
  readonly now: string;
}

/** A move that was made and is to be recorded at the racks. */
export interface MadeMove {
  readonly serial: string;
  readonly reservationId: string;
  readonly to: SlotPlace;
  /** The slot it left and the reservation that had brought it there; absent out of storage. */
  readonly left?: { readonly place: SlotPlace; readonly reservationId: string };
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
): Promise<readonly MoveOutcome[]> => {
  const outcomes = new Map<MoveOrder, MoveOutcome>();
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
const worthAnotherLook = ({ serial }: MoveOrder, outcome: MoveOutcome): boolean => {
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
): Promise<Map<MoveOrder, MoveOutcome>> => {
  const outcomes = new Map<MoveOrder, MoveOutcome>();
  const plans = await mapLimited(orders, MINERS_IN_FLIGHT, (order) =>
    planMove(store, kind, order, fresh),
  );
  for (const plan of plans) if (plan.outcome) outcomes.set(plan.order, plan.outcome);
  const planned = plans.filter((plan) => !plan.outcome);

  const unreserved = await reserve(store, planned, run);
  for (const [{ order }, refusal] of unreserved) {
    outcomes.set(order, { status: 'refused', refusal });
  }
  const moves = await mapLimited(
    planned.filter((plan) => !unreserved.has(plan)),
    MINERS_IN_FLIGHT,
    (plan) => makeMove(store, kind, plan),
  );

  await releaseReservations(
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

interface Plan {
  readonly order: MoveOrder;
  readonly reservationId: string;
  readonly powerWatts: number;
  /** The miner moved under this reservation before; only the racks may lack it. */
  readonly moved: boolean;
  /** Set when there is nothing to do, or nothing that may be done. */
  readonly outcome?: MoveOutcome;
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

const judge = (kind: MoveKind, order: MoveOrder, { state, ...at }: Loaded<Miner>): Plan => {
  const reservationId = reservationIdOf(order, state);
  const known = state.status !== 'unknown';
  const moved = known && state.moves.includes(reservationId);
  const plan = { order, reservationId, powerWatts: known ? state.powerWatts : 0, moved };
  try {
    const events = minerAggregate.decide(moveCommand(kind, plan), state);
    if (moved || events.length > 0) return plan;
    return { ...plan, outcome: { status: 'done', ...at, unchanged: true, replayed: false } };
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

const moveCommand = (
  kind: MoveKind,
  { order: { serial, to, context }, reservationId }: Pick<Plan, 'order' | 'reservationId'>,
): MinerCommand => ({
  type: kind === 'installation' ? 'InstallMiner' : 'RelocateMiner',
  data: { serial, to, reservationId },
  at: context.at,
});

// Reserving

/** One append per rack. Returns why a plan got no reservation; those not named have theirs. */
const reserve = async (
  store: AggregateStore,
  plans: readonly Plan[],
  { context, now }: MoveRun,
): Promise<Map<Plan, Refusal>> => {
  const refusals = new Map<Plan, Refusal>();
  const expiresAt = new Date(Date.parse(now) + RESERVATION_MS).toISOString();
  const byRack = groupBy(
    plans.filter(({ moved }) => !moved),
    ({ order: { to } }) => rackId(to.facility, to.rack),
  );
  await mapLimited([...byRack], RACKS_IN_FLIGHT, async ([id, group]) => {
    const reservations = group.map(reservationOf);
    // The deadline is part of the step: a later run must not be answered with what an earlier one
    // got. That nothing is reserved twice is seen to by the rack, by reservation id.
    const ids = reservations.map(({ reservationId }) => reservationId);
    const step = stepOf(context, 'reserve', id, expiresAt, ...ids);
    let rack: Rack;
    try {
      const data = { reservations, expiresAt };
      const command = { type: 'ReserveSlots', data, at: context.at } as const;
      ({ state: rack } = await store.handle(rackAggregate, id, command, step));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      for (const plan of group) refusals.set(plan, named(error, plan.order.to));
      return;
    }
    for (const plan of group) {
      const refusal = missingReservation(rack, plan);
      if (refusal) refusals.set(plan, refusal);
    }
  });
  return refusals;
};

const reservationOf = ({ order: { serial, to }, reservationId, powerWatts }: Plan) => ({
  reservationId,
  slot: to.slot,
  serial,
  powerWatts,
});

const missingReservation = (rack: Rack, plan: Plan): DomainError | undefined => {
  const { slot } = plan.order.to;
  const holder = rack.status === 'unknown' ? undefined : rack.slots[slot - 1];
  if (holder?.reservationId === plan.reservationId) return undefined;
  return (
    reservationRefusal(rack, reservationOf(plan)) ??
    new DomainError(
      'conflict',
      'move/not-reserved',
      `Slot ${slot} was not to be had when it was asked for; it may be now`,
      { ...plan.order.to },
    )
  );
};

/** The rack's stream does not know the name it was asked by. */
const named = (refusal: DomainError, { facility, rack }: SlotPlace): DomainError =>
  refusal.code === 'rack/unknown'
    ? new DomainError(
        'notFound',
        'rack/unknown',
        `There is no rack ${rack} at ${facility}`,
        { facility, rack },
        '/rack',
      )
    : refusal;

// Moving

interface RefusedMove {
  readonly plan: Plan;
  readonly refusal: Refusal;
}

type MoveResult =
  | RefusedMove
  | { readonly plan: Plan; readonly outcome: DoneMove; readonly made: MadeMove | undefined };

const makeMove = async (store: AggregateStore, kind: MoveKind, plan: Plan): Promise<MoveResult> => {
  const { order, reservationId } = plan;
  const { serial, context } = order;
  try {
    const moved = await store.handle(minerAggregate, serial, moveCommand(kind, plan), context);
    const { revision, position, replayed } = moved;
    const unchanged = moved.events.length === 0;
    const outcome: DoneMove = { status: 'done', revision, position, unchanged, replayed };
    return { plan, outcome, made: madeMove(serial, moved.state, reservationId) };
  } catch (error) {
    if (isRefusal(error)) return { plan, refusal: error };
    throw error;
  }
};

const isRefusal = (error: unknown): error is Refusal =>
  error instanceof DomainError ||
  error instanceof RevisionMismatch ||
  error instanceof CommandIdReused;

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

/** Records arrivals and departures, one append per rack and kind; resolves to the last position. */
export const recordAtRacks = async (
  store: AggregateStore,
  moves: readonly MadeMove[],
  context: CommandContext,
): Promise<bigint> => {
  const arrivals = groupBy(moves, ({ to }) => rackId(to.facility, to.rack));
  const arrived = await mapLimited([...arrivals], RACKS_IN_FLIGHT, async ([id, group]) => {
    const reservationIds = group.map(({ reservationId }) => reservationId);
    const data = { reservationIds };
    const command = { type: 'OccupySlots', data, at: context.at } as const;
    const step = stepOf(context, 'occupy', id, ...reservationIds);
    return (await store.handle(rackAggregate, id, command, step)).position;
  });
  const departures = groupBy(
    moves.flatMap(({ serial, reservationId: movedBy, left }) =>
      left ? [{ serial, movedBy, ...left }] : [],
    ),
    ({ place }) => rackId(place.facility, place.rack),
  );
  const departed = await mapLimited([...departures], RACKS_IN_FLIGHT, async ([id, group]) => {
    const vacations = group.map(({ serial, movedBy, reservationId, place }): Vacation => ({
      slot: place.slot,
      serial,
      reservationId,
      movedBy,
    }));
    const data = { vacations };
    const command = { type: 'VacateSlots', data, at: context.at } as const;
    const step = stepOf(context, 'vacate', id, ...group.map(({ movedBy }) => movedBy));
    return (await store.handle(rackAggregate, id, command, step)).position;
  });
  return [...arrived, ...departed].reduce(later, 0n);
};

// Giving up

/** The miner is fenced first, so that no writer held up elsewhere can still make the move. */
const releaseReservations = async (
  store: AggregateStore,
  refused: readonly RefusedMove[],
  context: CommandContext,
): Promise<void> => {
  const released = await mapLimited(refused, MINERS_IN_FLIGHT, async ({ plan, refusal }) => {
    const { order, reservationId } = plan;
    const cause = refusal instanceof DomainError ? refusal.code : refusal.name;
    const move = { serial: order.serial, reservationId, cause };
    const step = stepOf(order.context, 'abandon', reservationId, cause);
    const { facility, rack } = order.to;
    const made = await abandonMove(store, move, step);
    return made ? [] : [{ id: rackId(facility, rack), reservationId, cause }];
  });
  const groups = groupBy(released.flat(), ({ id, cause }) => `${id} ${cause}`);
  await mapLimited([...groups.values()], RACKS_IN_FLIGHT, async (group) => {
    const { id, cause } = group[0]!;
    const reservationIds = group.map(({ reservationId }) => reservationId);
    const data = { reservationIds, cause };
    const command = { type: 'ReleaseReservations', data, at: context.at } as const;
    const step = stepOf(context, 'release', id, cause, ...reservationIds);
    await store.handle(rackAggregate, id, command, step);
  });
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

const groupBy = <T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
};
