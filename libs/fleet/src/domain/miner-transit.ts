import { DomainError, type DomainCommand, type DomainEvent } from '@hostledger/eventsourcing';
import type { InstalledMiner, LivingMiner, SlotPlace, StoragePlace, StoredMiner } from './miner.js';

// Out of a slot into storage. Between facilities: a miner departs for a slot that is held for it,
// is on the road, and arrives in storage, from where it is installed into that slot or stays.

/** On the road between two facilities. */
export interface TransitPlace {
  readonly kind: 'transit';
  /** Facility it left. */
  readonly from: string;
  /** Facility it goes to. */
  readonly to: string;
  /** The plan under which it was sent. */
  readonly relocationId?: string;
}

interface Leg {
  serial: string;
  model: string;
  customerId: string;
  ratedHashrateGhs: number;
  /** What it takes from the power limit of a rack. */
  powerWatts: number;
}

export type MinerDeparted = DomainEvent<
  'MinerDeparted',
  Leg & {
    from: SlotPlace | StoragePlace;
    /** The reservation that had brought the miner to the slot it leaves; absent out of storage. */
    fromReservationId?: string;
    to: TransitPlace;
    /** Of the slot that is held for it where it goes; arrival does not use it up. */
    reservationId: string;
  }
>;
export type MinerArrived = DomainEvent<
  'MinerArrived',
  Leg & { from: TransitPlace; to: StoragePlace }
>;
export type MinerUninstalled = DomainEvent<
  'MinerUninstalled',
  Leg & {
    from: SlotPlace;
    /** The reservation that had brought the miner to the slot it leaves. */
    fromReservationId: string;
    to: StoragePlace;
    /** Of this act; the rack names it when the slot is vacated. */
    removalId: string;
    /** The spare that takes the slot instead. */
    replacedBy?: string;
  }
>;

export type TransitEvent = MinerDeparted | MinerArrived | MinerUninstalled;

export interface DepartMinerData {
  readonly serial: string;
  /** Facility where the slot is held. */
  readonly to: string;
  readonly reservationId: string;
  /** Reserved at the destination; must be what the miner takes. */
  readonly powerWatts: number;
  readonly relocationId?: string;
}

export interface ArriveMinerData {
  readonly serial: string;
  /** Where it arrived, which may be another facility than it was sent to. */
  readonly facility: string;
}

export interface UninstallMinerData {
  readonly serial: string;
  readonly removalId: string;
  readonly replacedBy?: string;
}

export type TransitCommand =
  | DomainCommand<'DepartMiner', DepartMinerData>
  | DomainCommand<'ArriveMiner', ArriveMinerData>
  | DomainCommand<'UninstallMiner', UninstallMinerData>;

/** Where it goes a slot is held for it, unless that reservation was given up: then it stays. */
export const depart = (
  { serial, to, reservationId, powerWatts, relocationId }: DepartMinerData,
  miner: LivingMiner,
): MinerDeparted[] => {
  if (miner.departedUnder === reservationId || miner.moves.includes(reservationId)) return [];
  if (miner.abandoned.includes(reservationId)) throw moveAbandoned(serial, reservationId);
  mustBeHere(serial, miner);
  const { place } = miner;
  if (powerWatts !== miner.powerWatts) throw powerChanged(serial, miner.powerWatts, powerWatts);
  if (place.facility === to) {
    throw new DomainError(
      'conflict',
      'miner/already-there',
      `Miner ${serial} is at ${to} already; relocate it there`,
      { serial, facility: to },
      '/to',
    );
  }
  return [
    {
      type: 'MinerDeparted',
      data: {
        ...legOf(serial, miner),
        from: place,
        ...(miner.status === 'installed' && { fromReservationId: miner.moves.at(-1)! }),
        to: {
          kind: 'transit',
          from: place.facility,
          to,
          ...(relocationId === undefined ? {} : { relocationId }),
        },
        reservationId,
      },
    },
  ];
};

export const arrive = (
  { serial, facility }: ArriveMinerData,
  miner: LivingMiner,
): MinerArrived[] => {
  if (miner.status === 'inTransit') {
    const to: StoragePlace = { kind: 'storage', facility };
    return [{ type: 'MinerArrived', data: { ...legOf(serial, miner), from: miner.place, to } }];
  }
  mustBeHere(serial, miner);
  if (miner.place.facility === facility) return [];
  throw new DomainError(
    'conflict',
    'miner/not-in-transit',
    `Miner ${serial} is at ${miner.place.facility} and not on the road`,
    { serial, place: miner.place },
    '/serial',
  );
};

/** Nothing where it stands in storage already. */
export const uninstall = (
  { serial, ...data }: UninstallMinerData,
  miner: LivingMiner,
): MinerUninstalled[] => {
  mustBeHere(serial, miner);
  if (miner.status === 'stored') return [];
  const { place: from } = miner;
  const to: StoragePlace = { kind: 'storage', facility: from.facility };
  const fromReservationId = miner.moves.at(-1)!;
  const event = { ...legOf(serial, miner), from, fromReservationId, to, ...data };
  return [{ type: 'MinerUninstalled', data: event }];
};

/** Neither on the road nor at a vendor. */
export function mustBeHere(
  serial: string,
  miner: LivingMiner,
): asserts miner is StoredMiner | InstalledMiner {
  if (miner.status === 'inTransit') throw inTransit(serial, miner.place);
  if (miner.status === 'atVendor') {
    const { place } = miner;
    throw new DomainError(
      'conflict',
      'miner/at-vendor',
      `Miner ${serial} is at ${place.vendor} for repair`,
      { serial, place },
      '/serial',
    );
  }
}

export const powerChanged = (serial: string, powerWatts: number, heldWatts: number): DomainError =>
  new DomainError(
    'conflict',
    'miner/power-changed',
    `Miner ${serial} takes ${powerWatts} W by now, and ${heldWatts} W are held for it`,
    { serial, powerWatts, heldWatts },
    '/serial',
  );

const legOf = (
  serial: string,
  { model, customerId, ratedHashrateGhs, powerWatts }: LivingMiner,
): Leg => ({ serial, model, customerId, ratedHashrateGhs, powerWatts });

export const inTransit = (serial: string, place: TransitPlace): DomainError =>
  new DomainError(
    'conflict',
    'miner/in-transit',
    `Miner ${serial} is on the road from ${place.from} to ${place.to}`,
    { serial, place },
    '/serial',
  );

export const moveAbandoned = (serial: string, reservationId: string): DomainError =>
  new DomainError(
    'conflict',
    'miner/relocation-abandoned',
    `The move of miner ${serial} was given up before it was made; ask for it again`,
    { serial, reservationId },
  );
