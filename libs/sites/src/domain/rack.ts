import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import {
  decideRackPower,
  powerRefusal,
  wattsRefusal,
  type Derate,
  type RackPowerCommand,
  type RackPowerEvent,
} from './rack-power.js';

/** A rack's code within its facility, e.g. `A-01`. */
export const RACK_CODE = /^[A-Z0-9][A-Z0-9-]{0,31}$/;

// Events

export interface SlotUse {
  facility: string;
  rack: string;
  /** 1..slotCount. */
  slot: number;
  /** The reservation under which the miner comes or came here. */
  reservationId: string;
  serial: string;
  /** Watts the miner takes from the rack's limit. */
  powerWatts: number;
  /** Of the plan under which the slot is held for the miner. */
  relocationId?: string;
}

export type RackCommissioned = DomainEvent<
  'RackCommissioned',
  { facility: string; rack: string; slotCount: number; powerLimitWatts: number }
>;
export type SlotReserved = DomainEvent<'SlotReserved', SlotUse & { expiresAt: string }>;
export type SlotOccupied = DomainEvent<'SlotOccupied', SlotUse>;
export type ReservationReleased = DomainEvent<'ReservationReleased', SlotUse & { cause: string }>;
export type ReservationExpired = DomainEvent<'ReservationExpired', SlotUse & { cause: string }>;
/** `movedBy` is the reservation, elsewhere, of the move that took the miner away. */
export type SlotVacated = DomainEvent<'SlotVacated', SlotUse & { movedBy: string }>;

/** While its facility is disposed of. */
export type RackClosed = DomainEvent<
  'RackClosed',
  { facility: string; rack: string; disposalId: string }
>;
export type RackReopened = DomainEvent<
  'RackReopened',
  { facility: string; rack: string; disposalId: string }
>;

export type RackEvent =
  | RackCommissioned
  | RackClosed
  | RackReopened
  | RackPowerEvent
  | SlotReserved
  | SlotOccupied
  | ReservationReleased
  | ReservationExpired
  | SlotVacated;

export const rackEvents: EventCatalogue<RackEvent> = {
  RackCommissioned: 'A rack went into service with its slots and its power limit.',
  SlotReserved: 'A slot and its watts are held for one miner until the move is made or given up.',
  SlotOccupied: 'The miner a slot was reserved for stands in it; the reservation is used up.',
  ReservationReleased: 'A reservation ended without a move because the move was refused.',
  ReservationExpired: 'A reservation ended without a move because its time ran out.',
  SlotVacated: 'The miner left its slot; slot and watts are free again.',
  SlotPowerChanged:
    'The rack granted the miner in a slot other watts: another power profile or model.',
  RackDerated: 'Less than the rack is rated for may be drawn from it until it is restored.',
  RackClosed: 'The rack is empty and takes nothing any more, since its site is disposed of.',
  RackReopened: 'The rack may be used again, since its site was not disposed of.',
  RackRestored: 'The rack may be drawn from up to its rated limit again.',
};

// State

export interface SlotHold {
  readonly status: 'reserved' | 'occupied';
  readonly reservationId: string;
  readonly serial: string;
  readonly powerWatts: number;
  /** While it is reserved under a plan. */
  readonly relocationId?: string;
  /** Of the last change of its watts. */
  readonly changeId?: string;
}

export interface CommissionedRack {
  readonly status: 'commissioned';
  readonly facility: string;
  readonly rack: string;
  readonly slotCount: number;
  /** In force. */
  readonly powerLimitWatts: number;
  /** Why the limit in force is lower. */
  readonly derating?: Derate;
  /** The limit that it was commissioned with. */
  readonly ratedWatts: number;
  /** The disposal of its facility for which it is closed. */
  readonly closedFor?: string;
  /** Slot n at index n - 1. A flat array: copying one is far cheaper than copying a map. */
  readonly slots: readonly (SlotHold | undefined)[];
  /** Sum over the slots, reserved and occupied alike. */
  readonly powerWattsInUse: number;
  /** Reservations that are over: an id never comes back to life. */
  readonly endedReservations: ReadonlySet<string>;
}

export type Rack = { readonly status: 'unknown' } | CommissionedRack;

// Evolve

const evolve = (rack: Rack, event: RackEvent): Rack => {
  if (event.type === 'RackCommissioned') {
    const slots = new Array<undefined>(event.data.slotCount).fill(undefined);
    return {
      status: 'commissioned',
      ...event.data,
      ratedWatts: event.data.powerLimitWatts,
      slots,
      powerWattsInUse: 0,
      endedReservations: new Set(),
    };
  }
  if (rack.status === 'unknown') return rack;
  if (event.type === 'RackDerated') {
    const { powerLimitWatts } = event.data;
    return { ...rack, powerLimitWatts, derating: event.data };
  }
  if (event.type === 'RackRestored') {
    const { derating: _, ...restored } = { derating: undefined, ...rack };
    return { ...restored, powerLimitWatts: event.data.powerLimitWatts };
  }
  if (event.type === 'RackClosed') return { ...rack, closedFor: event.data.disposalId };
  if (event.type === 'RackReopened') {
    const { closedFor: _, ...reopened } = { closedFor: undefined, ...rack };
    return reopened;
  }
  const { slot, reservationId, serial, powerWatts } = event.data;
  const index = slot - 1;
  switch (event.type) {
    case 'SlotReserved': {
      const { relocationId } = event.data;
      const plan = relocationId === undefined ? {} : { relocationId };
      const hold: SlotHold = { status: 'reserved', reservationId, serial, powerWatts, ...plan };
      const powerWattsInUse = rack.powerWattsInUse + powerWatts;
      return { ...rack, slots: rack.slots.with(index, hold), powerWattsInUse };
    }
    case 'SlotOccupied': {
      const hold: SlotHold = { status: 'occupied', reservationId, serial, powerWatts };
      return { ...rack, slots: rack.slots.with(index, hold) };
    }
    case 'SlotPowerChanged': {
      const { changeId, fromWatts } = event.data;
      const hold: SlotHold = { status: 'occupied', reservationId, serial, powerWatts, changeId };
      const powerWattsInUse = rack.powerWattsInUse + powerWatts - fromWatts;
      return { ...rack, slots: rack.slots.with(index, hold), powerWattsInUse };
    }
    case 'ReservationReleased':
    case 'ReservationExpired':
    case 'SlotVacated':
      return {
        ...rack,
        slots: rack.slots.with(index, undefined),
        powerWattsInUse: rack.powerWattsInUse - powerWatts,
        endedReservations: new Set(rack.endedReservations).add(reservationId),
      };
    default:
      return unreachable(event);
  }
};

// Commands

export interface SlotReservation {
  readonly reservationId: string;
  readonly slot: number;
  readonly serial: string;
  readonly powerWatts: number;
  /** The plan under which it is held. */
  readonly relocationId?: string;
}

export interface Vacation {
  readonly slot: number;
  readonly serial: string;
  /** The reservation that had brought the miner to this slot. */
  readonly reservationId: string;
  readonly movedBy: string;
}

export type RackCommand =
  | DomainCommand<'CommissionRack', RackCommissioned['data']>
  /**
   * Takes, in order, all that fit. A reservation that is the only one and does not fit is refused;
   * among several, ask `reservationRefusal` of the resulting state why one is not there.
   */
  | DomainCommand<
      'ReserveSlots',
      { reservations: readonly SlotReservation[]; /** ISO 8601 UTC */ expiresAt: string }
    >
  | DomainCommand<'OccupySlots', { reservationIds: readonly string[] }>
  | DomainCommand<'VacateSlots', { vacations: readonly Vacation[] }>
  | DomainCommand<'ReleaseReservations', { reservationIds: readonly string[]; cause: string }>
  | DomainCommand<'ExpireReservations', { reservationIds: readonly string[]; cause: string }>
  | RackPowerCommand
  | DomainCommand<'CloseRack', { disposalId: string }>
  | DomainCommand<'ReopenRack', { disposalId: string }>;

// Decide

const decide = (command: RackCommand, rack: Rack): readonly RackEvent[] => {
  if (command.type === 'CommissionRack') return commission(command.data, rack);
  if (rack.status === 'unknown') throw rackUnknown();
  switch (command.type) {
    case 'ReserveSlots':
      return reserve(command.data, rack);
    case 'OccupySlots':
      return stillReserved(rack, command.data.reservationIds).map((data) => ({
        type: 'SlotOccupied',
        data,
      }));
    case 'VacateSlots':
      return vacate(command.data.vacations, rack);
    case 'ReleaseReservations':
      return stillReserved(rack, command.data.reservationIds).map((use) => ({
        type: 'ReservationReleased',
        data: { ...use, cause: command.data.cause },
      }));
    case 'ExpireReservations':
      return stillReserved(rack, command.data.reservationIds).map((use) => ({
        type: 'ReservationExpired',
        data: { ...use, cause: command.data.cause },
      }));
    case 'ChangeSlotPower':
    case 'DerateRack':
    case 'RestoreRack':
      return decideRackPower(command, rack);
    case 'CloseRack':
      return close(command.data, rack);
    case 'ReopenRack': {
      const { facility, rack: code, closedFor } = rack;
      const { disposalId } = command.data;
      if (closedFor !== disposalId) return [];
      return [{ type: 'RackReopened', data: { facility, rack: code, disposalId } }];
    }
    default:
      return unreachable(command);
  }
};

const commission = (data: RackCommissioned['data'], rack: Rack): RackEvent[] => {
  if (rack.status === 'unknown') return [{ type: 'RackCommissioned', data }];
  if (rack.slotCount === data.slotCount && rack.ratedWatts === data.powerLimitWatts) return [];
  throw new DomainError(
    'conflict',
    'rack/already-commissioned',
    `Rack ${data.rack} of ${data.facility} is in service with other slots or another limit`,
    { slotCount: rack.slotCount, powerLimitWatts: rack.ratedWatts },
  );
};

/** Folds as it goes, so that each reservation is judged with those before it already taken. */
const reserve = (
  { reservations, expiresAt }: { reservations: readonly SlotReservation[]; expiresAt: string },
  rack: CommissionedRack,
): SlotReserved[] => {
  const { facility, rack: code } = rack;
  const live = new Set(rack.slots.map((hold) => hold?.reservationId));
  const events: SlotReserved[] = [];
  let after = rack;
  for (const { reservationId, slot, serial, powerWatts, relocationId } of reservations) {
    if (live.has(reservationId)) continue;
    const refusal = reservationRefusal(after, { reservationId, slot, serial, powerWatts });
    if (refusal && reservations.length === 1) throw refusal;
    if (refusal) continue;
    const plan = relocationId === undefined ? {} : { relocationId };
    const use = { facility, rack: code, slot, reservationId, serial, powerWatts, ...plan };
    const event: SlotReserved = { type: 'SlotReserved', data: { ...use, expiresAt } };
    events.push(event);
    live.add(reservationId);
    after = evolve(after, event) as CommissionedRack;
  }
  return events;
};

/** Why this reservation cannot be had; `undefined` when it can, or is already live in its slot. */
export const reservationRefusal = (
  rack: Rack,
  { reservationId, slot, powerWatts }: SlotReservation,
): DomainError | undefined => {
  if (rack.status === 'unknown') return rackUnknown();
  const { facility, rack: code, slotCount } = rack;
  const place = { facility, rack: code, slot };
  if (!Number.isInteger(slot) || slot < 1 || slot > slotCount) {
    return new DomainError(
      'notFound',
      'rack/slot-unknown',
      `Rack ${code} of ${facility} has the slots 1 to ${slotCount}, not ${slot}`,
      { ...place, slotCount },
      '/slot',
    );
  }
  const invalid = wattsRefusal(powerWatts);
  if (invalid) return invalid;
  if (rack.closedFor !== undefined) {
    return new DomainError(
      'conflict',
      'rack/closed',
      `Rack ${code} of ${facility} is closed, since the facility is being disposed of`,
      place,
    );
  }
  const hold = rack.slots[slot - 1];
  if (hold?.reservationId === reservationId) return undefined;
  if (hold) {
    return new DomainError(
      'conflict',
      'rack/slot-taken',
      `Slot ${slot} of rack ${code} of ${facility} is ${hold.status} for ${hold.serial}`,
      { ...place, state: hold.status, serial: hold.serial },
      '/slot',
    );
  }
  if (rack.endedReservations.has(reservationId)) {
    return new DomainError(
      'conflict',
      'rack/reservation-ended',
      `The reservation of slot ${slot} of rack ${code} of ${facility} is over`,
      { ...place, reservationId },
    );
  }
  return powerRefusal(rack, slot, powerWatts);
};

const close = ({ disposalId }: { disposalId: string }, rack: CommissionedRack): RackClosed[] => {
  const { facility, rack: code, slots, closedFor } = rack;
  if (closedFor === disposalId) return [];
  const held = slots.filter((hold) => hold !== undefined).length;
  if (held > 0) {
    throw new DomainError(
      'conflict',
      'rack/not-empty',
      `Rack ${code} of ${facility} has ${held} slots that are reserved or occupied`,
      { facility, rack: code, held },
    );
  }
  return [{ type: 'RackClosed', data: { facility, rack: code, disposalId } }];
};

/** Those of the reservations that are neither used up nor over. */
const stillReserved = (rack: CommissionedRack, ids: readonly string[]): SlotUse[] => {
  const wanted = new Set(ids);
  return rack.slots.flatMap((hold, index) =>
    hold?.status === 'reserved' && wanted.has(hold.reservationId)
      ? [useOf(rack, index + 1, hold)]
      : [],
  );
};

/** A miner may have moved on before its arrival was recorded: then both are recorded now. */
const vacate = (vacations: readonly Vacation[], rack: CommissionedRack): RackEvent[] => {
  const bySlot = new Map(vacations.map((vacation) => [vacation.slot, vacation]));
  return [...bySlot.values()].flatMap(({ slot, serial, reservationId, movedBy }): RackEvent[] => {
    const hold = rack.slots[slot - 1];
    if (hold?.reservationId !== reservationId || hold.serial !== serial) return [];
    const data = useOf(rack, slot, hold);
    const vacated: RackEvent = { type: 'SlotVacated', data: { ...data, movedBy } };
    return hold.status === 'occupied' ? [vacated] : [{ type: 'SlotOccupied', data }, vacated];
  });
};

const useOf = (
  { facility, rack }: CommissionedRack,
  slot: number,
  { reservationId, serial, powerWatts, relocationId }: SlotHold,
): SlotUse => ({
  ...{ facility, rack, slot, reservationId, serial, powerWatts },
  ...(relocationId !== undefined && { relocationId }),
});

export const rackUnknown = (): DomainError =>
  new DomainError('notFound', 'rack/unknown', 'There is no such rack');

/** A rack: one miner per slot, and reserved plus occupied watts within the limit in force. */
export const rackAggregate: Aggregate<Rack, RackCommand, RackEvent> = {
  category: 'rack',
  initialState: { status: 'unknown' },
  events: rackEvents,
  decide,
  evolve,
};

/** Id of a rack's stream. */
export const rackId = (facility: string, rack: string): string => `${facility}.${rack}`;
