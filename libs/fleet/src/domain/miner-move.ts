import { DomainError, type DomainEvent } from '@hostledger/eventsourcing';
import { moveAbandoned, mustBeHere, powerChanged } from './miner-transit.js';
import type {
  InstalledMiner,
  KnownMiner,
  LivingMiner,
  Place,
  SlotPlace,
  StoragePlace,
  StoredMiner,
} from './miner.js';

// Into a slot: from storage, or from the slot that it stands in.

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

export type MinerInstalled = DomainEvent<
  'MinerInstalled',
  Move & {
    from: StoragePlace;
    /** It never stood in a slot before: the miner is deployed. */
    first?: true;
  }
>;
export type MinerRelocated = DomainEvent<
  'MinerRelocated',
  Move & {
    from: SlotPlace;
    /** The reservation that had brought the miner to the slot it leaves. */
    fromReservationId: string;
  }
>;
export interface MoveMinerData {
  readonly serial: string;
  readonly to: SlotPlace;
  readonly reservationId: string;
  /** Reserved at the destination; must be what the miner takes. */
  readonly powerWatts: number;
}

export const standsIn = (place: Place, { facility, rack, slot }: SlotPlace): boolean =>
  place.kind === 'slot' &&
  place.facility === facility &&
  place.rack === rack &&
  place.slot === slot;

/** The reservation that brought an installed miner to its slot. */
export const presentReservation = (miner: InstalledMiner): string => miner.moves.at(-1)!;

export const install = (data: MoveMinerData, miner: LivingMiner): MinerInstalled[] => {
  const { serial } = data;
  if (isMade(data, miner)) return [];
  mustBeMovable(data, miner);
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
      data: {
        ...moveOf(data, miner),
        from: miner.place,
        ...(miner.moves.length === 0 && { first: true }),
      },
    },
  ];
};

export const relocate = (data: MoveMinerData, miner: LivingMiner): MinerRelocated[] => {
  const { serial } = data;
  if (isMade(data, miner)) return [];
  mustBeMovable(data, miner);
  if (miner.status === 'stored') {
    throw new DomainError(
      'conflict',
      'miner/not-installed',
      `Miner ${serial} is in storage at ${miner.place.facility}; install it instead`,
      { serial, place: miner.place },
      '/serial',
    );
  }
  const move = moveOf(data, miner);
  const fromReservationId = presentReservation(miner);
  return [{ type: 'MinerRelocated', data: { ...move, from: miner.place, fromReservationId } }];
};

const isMade = ({ to, reservationId }: MoveMinerData, miner: LivingMiner): boolean =>
  miner.moves.includes(reservationId) || standsIn(miner.place, to);

function mustBeMovable(
  { serial, reservationId, powerWatts }: MoveMinerData,
  miner: LivingMiner,
): asserts miner is StoredMiner | InstalledMiner {
  if (miner.abandoned.includes(reservationId)) throw moveAbandoned(serial, reservationId);
  mustBeHere(serial, miner);
  if (powerWatts === miner.powerWatts) return;
  throw powerChanged(serial, miner.powerWatts, powerWatts);
}

const moveOf = (
  { serial, to, reservationId }: MoveMinerData,
  { model, customerId, ratedHashrateGhs, powerWatts }: KnownMiner,
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
