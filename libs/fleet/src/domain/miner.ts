import {
  DomainError,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import {
  decideLife,
  live,
  unassigned,
  type Condition,
  type LifeCommand,
  type LifeEvent,
} from './miner-life.js';
import { deenergize, type DeenergizationCause } from './miner-power.js';
import type { VendorPlace } from './miner-repair.js';
import {
  install,
  relocate,
  type MinerInstalled,
  type MinerRelocated,
  type MoveMinerData,
} from './miner-move.js';
import {
  arrive,
  depart,
  uninstall,
  type MinerDeparted,
  type TransitCommand,
  type TransitEvent,
  type TransitPlace,
  type UninstallMinerData,
} from './miner-transit.js';
import {
  correctModel,
  modelCorrected,
  type ModelCommand,
  type ModelCorrected,
} from './miner-model.js';
import { minerModel, modelUnknown } from './models.js';

export { presentReservation, standsIn } from './miner-move.js';
export type { MinerInstalled, MinerRelocated, MoveMinerData };

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
export type Place = SlotPlace | StoragePlace | TransitPlace | VendorPlace;

/** Of a machine on the road, the one it goes to; of one at a vendor, the one it went from. */
export const facilityOf = (place: Place): string =>
  place.kind === 'transit' ? place.to : place.facility;

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

export type RelocationAbandoned = DomainEvent<
  'RelocationAbandoned',
  { serial: string; reservationId: string; cause: string }
>;

export type MinerEvent =
  | MinerReceived
  | MinerInstalled
  | MinerRelocated
  | RelocationAbandoned
  | TransitEvent
  | LifeEvent
  | ModelCorrected;

export const minerEvents: EventCatalogue<MinerEvent> = {
  MinerReceived: 'A miner arrived with a delivery and stands in storage; its life begins here.',
  MinerInstalled: 'A miner was taken from storage and put into a reserved slot.',
  MinerRelocated: 'A miner was moved from one slot to another, reserved one.',
  RelocationAbandoned: 'A move was given up: it can never happen under that reservation any more.',
  MinerDeparted:
    'A miner left for another facility, where a slot is held for it; it is on the road.',
  MinerArrived: 'A miner came off the road and stands in the storage of a facility.',
  MinerUninstalled: 'A miner was taken out of its slot into the storage of the facility.',
  MinerSentToVendor: 'A miner under repair left for a vendor.',
  MinerReturnedFromVendor: 'A miner came back from a vendor into the storage of a facility.',
  MinerAssigned: 'A miner took up a part of an allocation; it is hosted under that contract.',
  BenchSwapEnded: 'A miner was replaced in its slot by a spare, or the spare was refused.',
  MinerUnassigned: 'A miner gave up its part of an allocation.',
  PowerProfileChanged: 'A miner runs at another hashrate and takes other watts from here on.',
  MinerEnergized: 'A miner in a slot began to draw power.',
  MinerDeenergized: 'A miner ceased to draw power, for a cause.',
  ModelCorrected: 'A miner is another model than it was received as, and counts as that.',
  IdentifierObserved: 'A number of a miner or of one of its parts was read off it.',
  RepairOpened: 'A fault of a miner was taken up for repair; it draws no power until it is closed.',
  ComponentSwapped: 'A part of a miner under repair was replaced by another.',
  RepairClosed: 'The repair of a miner ended.',
  TitleTransferred: 'A miner was sold from one customer to another where it stands.',
  MinerRetired: 'A miner left the fleet for good; its life ends here.',
};

// State

export interface KnownMiner extends Condition {
  readonly model: string;
  readonly customerId: string;
  readonly contractId: string;
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

/** The slot left last, which somebody has to record as vacated. */
interface Left {
  readonly place: SlotPlace;
  readonly reservationId: string;
}

export interface StoredMiner extends KnownMiner {
  readonly status: 'stored';
  readonly place: StoragePlace;
  /** How it came out of its slot; absent where it came otherwise. */
  readonly removal?: Left & { readonly removalId: string };
}

export interface InstalledMiner extends KnownMiner {
  readonly status: 'installed';
  readonly place: SlotPlace;
  readonly left?: Left;
}

export interface InTransitMiner extends KnownMiner {
  readonly status: 'inTransit';
  readonly place: TransitPlace;
  /** Absent out of storage. */
  readonly left?: Left;
}

export interface VendorMiner extends KnownMiner {
  readonly status: 'atVendor';
  readonly place: VendorPlace;
}

/** In the fleet, wherever it is. */
export type LivingMiner = StoredMiner | InstalledMiner | InTransitMiner | VendorMiner;

/** Of no use any more, but its serial number is taken for ever. */
export interface RetiredMiner extends KnownMiner {
  readonly status: 'retired';
  /** Where it stood last; on the road if it was lost there. */
  readonly place: StoragePlace | VendorPlace | TransitPlace;
  /** Of one that was lost on the road. */
  readonly left?: Left;
}

/** Small on purpose: a hundred thousand of these are held in memory. */
export type Miner = { readonly status: 'unknown' } | LivingMiner | RetiredMiner;

const none: readonly string[] = [];

// Evolve

const evolve = (miner: Miner, event: MinerEvent): Miner => {
  if (event.type === 'MinerReceived') {
    const { model, customerId, contractId, ratedHashrateGhs, nameplateWatts } = event.data;
    const { deliveryId, line, place } = event.data;
    return {
      status: 'stored',
      place,
      model,
      customerId,
      contractId,
      ratedHashrateGhs,
      powerWatts: nameplateWatts,
      deliveryId,
      line,
      moves: none,
      abandoned: none,
    };
  }
  if (miner.status === 'unknown') return miner;
  if (event.type === 'ModelCorrected') return modelCorrected(miner, event);
  if (miner.status === 'retired') return miner;
  switch (event.type) {
    case 'MinerInstalled': {
      const { to: place, reservationId } = event.data;
      const moves = [...miner.moves, reservationId];
      return { ...knownOf(miner), status: 'installed', place, moves };
    }
    case 'MinerRelocated': {
      const { from, fromReservationId, to: place, reservationId } = event.data;
      const left = { place: from, reservationId: fromReservationId };
      const moves = [...miner.moves, reservationId];
      return { ...knownOf(miner), status: 'installed', place, left, moves };
    }
    case 'MinerUninstalled': {
      const { from, fromReservationId: reservationId, to: place, removalId } = event.data;
      const removal = { place: from, reservationId, removalId };
      return { ...knownOf(miner), status: 'stored', place, removal };
    }
    case 'MinerDeparted':
      return departed(miner, event.data);
    case 'MinerArrived':
    case 'MinerReturnedFromVendor':
      return { ...knownOf(miner), status: 'stored', place: event.data.to };
    case 'MinerSentToVendor':
      return { ...knownOf(miner), status: 'atVendor', place: event.data.to };
    case 'RelocationAbandoned':
      return { ...miner, abandoned: [...miner.abandoned, event.data.reservationId] };
    case 'MinerRetired': {
      const left = miner.status === 'inTransit' && miner.left ? { left: miner.left } : {};
      return { ...knownOf(miner), status: 'retired', place: event.data.from, ...left };
    }
    default:
      return live(miner, event);
  }
};

/** Without what belongs to one place. */
const knownOf = (miner: LivingMiner): KnownMiner => {
  const {
    status: _,
    place: __,
    left: ___,
    removal: ____,
    ...known
  } = {
    left: undefined,
    removal: undefined,
    ...miner,
  };
  return known;
};

const departed = (
  miner: LivingMiner,
  { from, fromReservationId, to: place, reservationId }: MinerDeparted['data'],
): InTransitMiner => {
  const left =
    from.kind === 'slot' && fromReservationId !== undefined
      ? { place: from, reservationId: fromReservationId }
      : undefined;
  return {
    ...knownOf(miner),
    status: 'inTransit',
    place,
    departedUnder: reservationId,
    ...(left && { left }),
  };
};

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

export type MinerCommand =
  | DomainCommand<'ReceiveMiner', ReceiveMinerData>
  | DomainCommand<'InstallMiner', MoveMinerData>
  | DomainCommand<'RelocateMiner', MoveMinerData>
  | TransitCommand
  | LifeCommand
  | ModelCommand
  | DomainCommand<'AbandonRelocation', { serial: string; reservationId: string; cause: string }>;

// Decide

const decide = (command: MinerCommand, miner: Miner): readonly MinerEvent[] => {
  if (command.type === 'ReceiveMiner') return receive(command.data, miner);
  const { serial } = command.data;
  if (miner.status === 'unknown') throw minerUnknown(serial);
  if (command.type === 'CorrectModel') return correctModel(command.data, miner);
  if (miner.status === 'retired') return retired(command, serial);
  switch (command.type) {
    case 'InstallMiner':
      return install(command.data, miner);
    case 'RelocateMiner':
      return powerless(serial, miner, relocate(command.data, miner));
    case 'DepartMiner':
      return powerless(serial, miner, depart(command.data, miner));
    case 'UninstallMiner':
      return takeOut(command.data, miner);
    case 'ArriveMiner':
      return arrive(command.data, miner);
    case 'AbandonRelocation': {
      const { reservationId, cause } = command.data;
      if (miner.moves.includes(reservationId) || miner.abandoned.includes(reservationId)) return [];
      return [{ type: 'RelocationAbandoned', data: { serial, reservationId, cause } }];
    }
    default:
      return decideLife(command, miner);
  }
};

/** A machine draws no power while it is moved, and none where it goes before it is energized. */
const powerless = (
  serial: string,
  miner: LivingMiner,
  moved: readonly MinerEvent[],
  cause: DeenergizationCause = 'relocation',
): readonly MinerEvent[] =>
  moved.length === 0 ? moved : [...deenergize({ serial, cause }, miner), ...moved];

/** What it took of an allocation goes to the spare that replaces it. */
const takeOut = (data: UninstallMinerData, miner: LivingMiner): readonly MinerEvent[] => {
  const { serial, removalId, replacedBy } = data;
  const removed = powerless(serial, miner, uninstall(data, miner), 'uninstallation');
  if (removed.length === 0 || replacedBy === undefined) return removed;
  const passedTo = { serial: replacedBy, removalId };
  return [...removed, ...unassigned(serial, miner, 'benchSwap', passedTo)];
};

/** Nothing can be done with it, and no move can be under way. */
const retired = (command: MinerCommand, serial: string): readonly MinerEvent[] => {
  if (command.type === 'AbandonRelocation' || command.type === 'RetireMiner') return [];
  throw minerRetired(serial);
};

export const minerRetired = (serial: string): DomainError =>
  new DomainError(
    'conflict',
    'miner/retired',
    `Miner ${serial} has left the fleet`,
    { serial },
    '/serial',
  );

/** Nobody will see it arrive. */
export const minerLost = (serial: string): DomainError =>
  new DomainError(
    'conflict',
    'miner/lost',
    `Miner ${serial} was lost on the road`,
    { serial },
    '/serial',
  );

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
  isInOrderOfTime: true,
  decide,
  evolve,
};
