import {
  DomainError,
  mapLimited,
  stepOf,
  type AggregateStore,
  type CommandContext,
} from '@hostledger/eventsourcing';
import {
  rackAggregate,
  rackId,
  reservationRefusal,
  type Rack,
  type RackCommand,
  type Vacation,
} from '@hostledger/sites';
import type { SlotPlace } from '../domain/miner.js';

// The racks' part of a move. Slots of one rack share its appends, and the racks know reservations
// by their ids, so that every one of these steps may be repeated.

/** How long a reservation lives before its move is given up. */
export const RESERVATION_MS = 5 * 60_000;
const RACKS_IN_FLIGHT = 16;

/** The act that moves belong to: one request, or one chunk of a bulk operation. */
export interface MoveRun {
  readonly context: CommandContext;
  /** The present instant, for the deadline of reservations. */
  readonly now: string;
  /** The deadline itself where it is agreed on, instead of a short while from now. */
  readonly heldUntil?: string;
}

/** A slot that is to be held for a miner. */
export interface WantedSlot {
  readonly serial: string;
  readonly to: SlotPlace;
  readonly reservationId: string;
  readonly powerWatts: number;
  /** The plan under which it is held. */
  readonly relocationId?: string;
}

/** What the miner is told of the slot that is held for it. */
export const heldFor = ({ serial, to, reservationId, powerWatts }: WantedSlot): WantedSlot => ({
  serial,
  to,
  reservationId,
  powerWatts,
});

/** A move that was made and is to be recorded at the racks. */
export interface MadeMove {
  readonly serial: string;
  readonly reservationId: string;
  readonly to: SlotPlace;
  /** The slot it left and the reservation that had brought it there; absent out of storage. */
  readonly left?: { readonly place: SlotPlace; readonly reservationId: string };
}

/** One append per rack. Returns why a slot is not held; those not named are. */
export const reserveSlots = async <Wanted extends WantedSlot>(
  store: AggregateStore,
  wanted: readonly Wanted[],
  { context, now, heldUntil }: MoveRun,
): Promise<Map<Wanted, DomainError>> => {
  const refusals = new Map<Wanted, DomainError>();
  const expiresAt = heldUntil ?? new Date(Date.parse(now) + RESERVATION_MS).toISOString();
  await eachRack(wanted, async (id, group) => {
    const reservations = group.map(reservationOf);
    // The deadline is part of the step: a later run must not be answered with what an earlier one
    // got. That nothing is reserved twice is seen to by the rack, by reservation id.
    const step = stepOf(context, 'reserve', id, expiresAt, ...group.map(reservationIdOf));
    let rack: Rack;
    try {
      const data = { reservations, expiresAt };
      const command = { type: 'ReserveSlots', data, at: context.at } as const;
      ({ state: rack } = await store.handle(rackAggregate, id, command, step));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      for (const slot of group) refusals.set(slot, named(error, slot.to));
      return;
    }
    for (const slot of group) {
      const refusal = missingReservation(rack, slot);
      if (refusal) refusals.set(slot, refusal);
    }
  });
  return refusals;
};

const reservationOf = ({ to, reservationId, serial, powerWatts, relocationId }: WantedSlot) => ({
  ...{ reservationId, slot: to.slot, serial, powerWatts },
  ...(relocationId !== undefined && { relocationId }),
});

/** Watts that are held under a reservation, or taken by it; 0 where it is over. */
export const wattsHeld = async (
  store: AggregateStore,
  { facility, rack, slot }: SlotPlace,
  reservationId: string,
): Promise<number> => {
  const { state } = await store.load(rackAggregate, rackId(facility, rack), { fresh: true });
  const hold = state.status === 'unknown' ? undefined : state.slots[slot - 1];
  return hold?.reservationId === reservationId ? hold.powerWatts : 0;
};

const missingReservation = (rack: Rack, wanted: WantedSlot): DomainError | undefined => {
  const { to, reservationId } = wanted;
  const holder = rack.status === 'unknown' ? undefined : rack.slots[to.slot - 1];
  if (holder?.reservationId === reservationId) return undefined;
  return (
    reservationRefusal(rack, reservationOf(wanted)) ??
    new DomainError(
      'conflict',
      'move/not-reserved',
      `Slot ${to.slot} was not to be had when it was asked for; it may be now`,
      { ...to },
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

/** Records arrivals and departures, one append per rack and kind; resolves to the last position. */
export const recordAtRacks = async (
  store: AggregateStore,
  moves: readonly MadeMove[],
  context: CommandContext,
): Promise<bigint> => {
  const arrived = await eachRack(moves, (id, group) => {
    const reservationIds = group.map(reservationIdOf);
    const command = { type: 'OccupySlots', data: { reservationIds }, at: context.at } as const;
    return append(store, id, command, context, reservationIds);
  });
  return latest([...arrived, await vacateSlots(store, moves, context)]);
};

/** Records that miners left their slots, one append per rack; resolves to the last position. */
export const vacateSlots = async (
  store: AggregateStore,
  moves: readonly Pick<MadeMove, 'serial' | 'reservationId' | 'left'>[],
  context: CommandContext,
): Promise<bigint> => {
  const departures = moves.flatMap(({ serial, reservationId: movedBy, left }) =>
    left ? [{ serial, movedBy, reservationId: left.reservationId, to: left.place }] : [],
  );
  const departed = await eachRack(departures, (id, group) => {
    const vacations = group.map(({ to: { slot }, ...vacation }): Vacation => ({
      slot,
      ...vacation,
    }));
    const command = { type: 'VacateSlots', data: { vacations }, at: context.at } as const;
    const movedBy = group.map((departure) => departure.movedBy);
    return append(store, id, command, context, movedBy);
  });
  return latest(departed);
};

const append = async (
  store: AggregateStore,
  id: string,
  command: RackCommand,
  context: CommandContext,
  ids: readonly string[],
): Promise<bigint> =>
  (await store.handle(rackAggregate, id, command, stepOf(context, command.type, id, ...ids)))
    .position;

const latest = (positions: readonly bigint[]): bigint =>
  positions.reduce((last, next) => (next > last ? next : last), 0n);

/** Gives slots back whose moves can never happen any more. */
export const releaseSlots = async (
  store: AggregateStore,
  slots: readonly { readonly to: SlotPlace; readonly reservationId: string }[],
  cause: string,
  context: CommandContext,
): Promise<void> => {
  await eachRack(slots, async (id, group) => {
    const reservationIds = group.map(reservationIdOf);
    const data = { reservationIds, cause };
    const command = { type: 'ReleaseReservations', data, at: context.at } as const;
    const step = stepOf(context, 'release', id, cause, ...reservationIds);
    try {
      await store.handle(rackAggregate, id, command, step);
    } catch (error) {
      // No rack, no reservation: nothing to give back.
      if (!(error instanceof DomainError && error.code === 'rack/unknown')) throw error;
    }
  });
};

const rackOf = ({ to }: { readonly to: SlotPlace }): string => rackId(to.facility, to.rack);

const reservationIdOf = ({ reservationId }: { readonly reservationId: string }): string =>
  reservationId;

const eachRack = <T extends { readonly to: SlotPlace }, R>(
  items: readonly T[],
  work: (id: string, group: readonly T[]) => Promise<R>,
): Promise<R[]> =>
  mapLimited([...Map.groupBy(items, rackOf)], RACKS_IN_FLIGHT, ([id, group]) => work(id, group));
