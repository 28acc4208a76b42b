import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import {
  arrive,
  depart,
  inTransit,
  moveAbandoned,
  type MinerDeparted,
  type TransitCommand,
  type TransitEvent,
  type TransitPlace,
} from './miner-transit.js';
import { minerModel } from './models.js';

// Places and identity

export interface SlotPlace {
  readonly kind: 'slot';
  readonly facility: string;
  readonly rack: string;
  /** 1 to the rack's slot count. */
  readonly slot: number;
}

export interface StoragePlace {
  readonly kind: 'storage';
  readonly facility: string;
}

/** A miner is always in exactly one place. */
export type Place = SlotPlace | StoragePlace | TransitPlace;

/** Of a machine on the road, the one it goes to. */
export const facilityOf = (place: Place): string =>
  place.kind === 'transit' ? place.to : place.facility;

export const standsIn = (place: Place, { facility, rack, slot }: SlotPlace): boolean =>
  place.kind === 'slot' &&
  place.facility === facility &&
  place.rack === rack &&
  place.slot === slot;

const SERIAL = /^[A-Z0-9]{6,40}$/;

/** Serial numbers are compared in upper case without blanks around; `undefined` if it is none. */
export const normaliseSerial = (written: string): string | undefined => {
  const serial = written.trim().toUpperCase();
  return SERIAL.test(serial) ? serial : undefined;
};

// Events

/** As found at the dock: a damaged miner is received, and the delivery notes it. */
export type ArrivalCondition = 'ok' | 'damaged';

export type MinerReceived = DomainEvent<
  'MinerReceived',
  {
    serial: string;
    model: string;
    ratedHashrateGhs: number;
    nameplateWatts: number;
    contractId: string;
    customerId: string;
    deliveryId: string;
    /** Line of the manifest. */
    line: number;
    place: StoragePlace;
    condition: ArrivalCondition;
    controlBoardSerial?: string;
    mac?: string;
    pallet?: string;
    carton?: string;
  }
>;

interface Move {
  serial: string;
  model: string;
  customerId: string;
  ratedHashrateGhs: number;
  from: Place;
  to: SlotPlace;
  /** Of the destination slot; the move uses it up. */
  reservationId: string;
  /** What it takes from the power limit of the destination rack. */
  powerWatts: number;
}

export type MinerInstalled = DomainEvent<'MinerInstalled', Move & { from: StoragePlace }>;
export type MinerRelocated = DomainEvent<
  'MinerRelocated',
  Move & {
    from: SlotPlace;
    /** The reservation that had brought the miner to the slot it leaves. */
    fromReservationId: string;
  }
>;
export type RelocationAbandoned = DomainEvent<
  'RelocationAbandoned',
  { serial: string; reservationId: string; cause: string }
>;

export type MinerEvent =
  MinerReceived | MinerInstalled | MinerRelocated | RelocationAbandoned | TransitEvent;

export const minerEvents: EventCatalogue<MinerEvent> = {
  MinerReceived: 'A miner arrived with a delivery and stands in storage; its life begins here.',
  MinerInstalled: 'A miner was taken from storage and put into a reserved slot.',
  MinerRelocated: 'A miner was moved from one slot to another, reserved one.',
  RelocationAbandoned: 'A move was given up: it can never happen under that reservation any more.',
  MinerDeparted:
    'A miner left for another facility, where a slot is held for it; it is on the road.',
  MinerArrived: 'A miner came off the road and stands in the storage of a facility.',
};

// State

interface KnownMiner {
  readonly model: string;
  readonly customerId: string;
  readonly ratedHashrateGhs: number;
  readonly powerWatts: number;
  readonly deliveryId: string;
  readonly line: number;
  /** Reservations of the moves made, oldest first. */
  readonly moves: readonly string[];
  /** Reservations under which no move can happen any more. */
  readonly abandoned: readonly string[];
  /** The reservation under which it last left for another facility. */
  readonly departedUnder?: string;
}

export interface StoredMiner extends KnownMiner {
  readonly status: 'stored';
  readonly place: StoragePlace;
}

export interface InstalledMiner extends KnownMiner {
  readonly status: 'installed';
  readonly place: SlotPlace;
  /** The slot left by the last move, which somebody has to record as vacated. */
  readonly left?: { readonly place: SlotPlace; readonly reservationId: string };
}

export interface InTransitMiner extends KnownMiner {
  readonly status: 'inTransit';
  readonly place: TransitPlace;
  /** The slot it left, which somebody has to record as vacated; absent out of storage. */
  readonly left?: { readonly place: SlotPlace; readonly reservationId: string };
}

/** Small on purpose: a hundred thousand of these are held in memory. */
export type Miner = { readonly status: 'unknown' } | StoredMiner | InstalledMiner | InTransitMiner;

const none: readonly string[] = [];

// Evolve

const evolve = (miner: Miner, event: MinerEvent): Miner => {
  if (event.type === 'MinerReceived') {
    const { model, customerId, ratedHashrateGhs, nameplateWatts, deliveryId, line, place } =
      event.data;
    return {
      status: 'stored',
      place,
      model,
      customerId,
      ratedHashrateGhs,
      powerWatts: nameplateWatts,
      deliveryId,
      line,
      moves: none,
      abandoned: none,
    };
  }
  if (miner.status === 'unknown') return miner;
  switch (event.type) {
    case 'MinerInstalled': {
      const { to: place, reservationId } = event.data;
      return { ...miner, status: 'installed', place, moves: [...miner.moves, reservationId] };
    }
    case 'MinerDeparted':
      return departed(miner, event.data);
    case 'MinerArrived': {
      const { left: _, ...known } = { left: undefined, ...miner };
      return { ...known, status: 'stored', place: event.data.to };
    }
    case 'MinerRelocated': {
      const { from, fromReservationId, to: place, reservationId } = event.data;
      const left = { place: from, reservationId: fromReservationId };
      return { ...miner, status: 'installed', place, left, moves: [...miner.moves, reservationId] };
    }
    case 'RelocationAbandoned':
      return { ...miner, abandoned: [...miner.abandoned, event.data.reservationId] };
    default:
      return unreachable(event);
  }
};

const departed = (
  miner: StoredMiner | InstalledMiner | InTransitMiner,
  { from, fromReservationId, to: place, reservationId }: MinerDeparted['data'],
): InTransitMiner => {
  const { left: _, ...known } = { left: undefined, ...miner };
  const left =
    from.kind === 'slot' && fromReservationId !== undefined
      ? { place: from, reservationId: fromReservationId }
      : undefined;
  return {
    ...known,
    status: 'inTransit',
    place,
    departedUnder: reservationId,
    ...(left && { left }),
  };
};

/** The reservation that brought an installed miner to its slot. */
export const presentReservation = (miner: InstalledMiner): string => miner.moves.at(-1)!;

// Commands

export interface ReceiveMinerData {
  readonly serial: string;
  readonly model: string;
  readonly contractId: string;
  readonly customerId: string;
  readonly deliveryId: string;
  readonly line: number;
  readonly facility: string;
  readonly condition: ArrivalCondition;
  readonly controlBoardSerial?: string;
  readonly mac?: string;
  readonly pallet?: string;
  readonly carton?: string;
}

export interface MoveMinerData {
  readonly serial: string;
  readonly to: SlotPlace;
  readonly reservationId: string;
}

export type MinerCommand =
  | DomainCommand<'ReceiveMiner', ReceiveMinerData>
  | DomainCommand<'InstallMiner', MoveMinerData>
  | DomainCommand<'RelocateMiner', MoveMinerData>
  | TransitCommand
  | DomainCommand<'AbandonRelocation', { serial: string; reservationId: string; cause: string }>;

// Decide

const decide = (command: MinerCommand, miner: Miner): readonly MinerEvent[] => {
  if (command.type === 'ReceiveMiner') return receive(command.data, miner);
  const { serial } = command.data;
  if (miner.status === 'unknown') throw minerUnknown(serial);
  switch (command.type) {
    case 'InstallMiner':
      return install(command.data, miner);
    case 'RelocateMiner':
      return relocate(command.data, miner);
    case 'DepartMiner':
      return depart(command.data, miner);
    case 'ArriveMiner':
      return arrive(command.data, miner);
    case 'AbandonRelocation': {
      const { reservationId, cause } = command.data;
      if (miner.moves.includes(reservationId) || miner.abandoned.includes(reservationId)) return [];
      return [{ type: 'RelocationAbandoned', data: { serial, reservationId, cause } }];
    }
    default:
      return unreachable(command);
  }
};

const receive = (data: ReceiveMinerData, miner: Miner): MinerReceived[] => {
  const { serial, deliveryId, line, facility, model: code, ...more } = data;
  if (miner.status !== 'unknown') {
    if (miner.deliveryId === deliveryId && miner.line === line) return [];
    throw new DomainError(
      'conflict',
      'miner/duplicate-serial',
      `Miner ${serial} was received before, with line ${miner.line} of delivery ${miner.deliveryId}`,
      { serial, deliveryId: miner.deliveryId, line: miner.line },
      '/serial',
    );
  }
  const model = minerModel(code);
  if (!model) throw modelUnknown(code);
  const { ratedHashrateGhs, nameplateWatts } = model;
  const place: StoragePlace = { kind: 'storage', facility };
  return [
    {
      type: 'MinerReceived',
      data: {
        serial,
        model: model.code,
        ratedHashrateGhs,
        nameplateWatts,
        deliveryId,
        line,
        place,
        ...more,
      },
    },
  ];
};

const install = (
  { serial, to, reservationId }: MoveMinerData,
  miner: StoredMiner | InstalledMiner | InTransitMiner,
): MinerInstalled[] => {
  if (miner.moves.includes(reservationId) || standsIn(miner.place, to)) return [];
  if (miner.abandoned.includes(reservationId)) throw moveAbandoned(serial, reservationId);
  if (miner.status === 'inTransit') throw inTransit(serial, miner.place);
  if (miner.status === 'installed') {
    throw new DomainError(
      'conflict',
      'miner/already-installed',
      `Miner ${serial} stands in slot ${slotText(miner.place)}; relocate it instead`,
      { serial, place: miner.place },
      '/serial',
    );
  }
  return [
    {
      type: 'MinerInstalled',
      data: { ...moveOf(serial, miner, to, reservationId), from: miner.place },
    },
  ];
};

const relocate = (
  { serial, to, reservationId }: MoveMinerData,
  miner: StoredMiner | InstalledMiner | InTransitMiner,
): MinerRelocated[] => {
  if (miner.moves.includes(reservationId) || standsIn(miner.place, to)) return [];
  if (miner.abandoned.includes(reservationId)) throw moveAbandoned(serial, reservationId);
  if (miner.status === 'inTransit') throw inTransit(serial, miner.place);
  if (miner.status === 'stored') {
    throw new DomainError(
      'conflict',
      'miner/not-installed',
      `Miner ${serial} is in storage at ${miner.place.facility}; install it instead`,
      { serial, place: miner.place },
      '/serial',
    );
  }
  const move = moveOf(serial, miner, to, reservationId);
  const fromReservationId = presentReservation(miner);
  return [{ type: 'MinerRelocated', data: { ...move, from: miner.place, fromReservationId } }];
};

const moveOf = (
  serial: string,
  { model, customerId, ratedHashrateGhs, powerWatts }: KnownMiner,
  to: SlotPlace,
  reservationId: string,
): Omit<Move, 'from'> => ({
  serial,
  model,
  customerId,
  ratedHashrateGhs,
  to,
  reservationId,
  powerWatts,
});

const slotText = ({ facility, rack, slot }: SlotPlace): string => `${facility}/${rack}/${slot}`;

export const modelUnknown = (code: string): DomainError =>
  new DomainError(
    'invalid',
    'model/unknown',
    `There is no miner model ${code}`,
    { model: code },
    '/model',
  );

export const minerUnknown = (serial: string): DomainError =>
  new DomainError(
    'notFound',
    'miner/unknown',
    `There is no miner ${serial}`,
    { serial },
    '/serial',
  );

/** A machine: a serial number lives once, and is in one place at a time. */
export const minerAggregate: Aggregate<Miner, MinerCommand, MinerEvent> = {
  category: 'miner',
  initialState: { status: 'unknown' },
  events: minerEvents,
  decide,
  evolve,
};
