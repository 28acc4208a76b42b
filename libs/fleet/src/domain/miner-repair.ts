import { DomainError, type DomainCommand, type DomainEvent } from '@hostledger/eventsourcing';
import type { LivingMiner, StoragePlace } from './miner.js';
import { deenergize, refused, underRepair, type MinerDeenergized } from './miner-power.js';
import { mustBeIdentifier, mustBeSwappable } from './miner-identifiers.js';
import { inTransit, mustBeHere } from './miner-transit.js';

// Repair: on the bench of a facility or at a vendor, with the lineage of parts.

export const COMPONENTS = ['controlBoard', 'hashboard', 'powerSupply', 'fan'] as const;
export type Component = (typeof COMPONENTS)[number];
export const REPAIR_OUTCOMES = ['repaired', 'replaced', 'notRepairable'] as const;
export type RepairOutcome = (typeof REPAIR_OUTCOMES)[number];

/** At a vendor for repair. */
export interface VendorPlace {
  readonly kind: 'vendor';
  readonly vendor: string;
  /** It was sent from here. */
  readonly facility: string;
}

interface Shipment {
  serial: string;
  model: string;
  customerId: string;
  repairId: string;
  ratedHashrateGhs: number;
  powerWatts: number;
}

export type RepairOpened = DomainEvent<
  'RepairOpened',
  {
    serial: string;
    repairId: string;
    fault: string;
    /** Return merchandise authorization of the vendor. */
    rmaNumber?: string;
  }
>;
export type MinerSentToVendor = DomainEvent<
  'MinerSentToVendor',
  Shipment & { from: StoragePlace; to: VendorPlace; rmaNumber?: string }
>;
export type MinerReturnedFromVendor = DomainEvent<
  'MinerReturnedFromVendor',
  Shipment & { from: VendorPlace; to: StoragePlace }
>;
export type ComponentSwapped = DomainEvent<
  'ComponentSwapped',
  {
    serial: string;
    repairId: string;
    component: Component;
    removedSerial?: string;
    fittedSerial: string;
  }
>;
export type RepairClosed = DomainEvent<
  'RepairClosed',
  { serial: string; repairId: string; outcome: RepairOutcome }
>;

export type RepairEvent =
  RepairOpened | MinerSentToVendor | MinerReturnedFromVendor | ComponentSwapped | RepairClosed;

export type RepairCommand =
  | DomainCommand<'OpenRepair', RepairOpened['data']>
  | DomainCommand<
      'SendToVendor',
      { serial: string; repairId: string; vendor: string; rmaNumber?: string }
    >
  | DomainCommand<'ReturnFromVendor', { serial: string; repairId: string; facility: string }>
  | DomainCommand<'SwapComponent', ComponentSwapped['data']>
  | DomainCommand<'CloseRepair', RepairClosed['data']>;

type DataOf<Type extends RepairCommand['type']> = Extract<RepairCommand, { type: Type }>['data'];

/** A machine that is opened draws no power. */
export const openRepair = (
  data: DataOf<'OpenRepair'>,
  miner: LivingMiner,
): (MinerDeenergized | RepairOpened)[] => {
  const { serial, repairId } = data;
  if (miner.repairId === repairId || miner.closedRepairs?.includes(repairId)) return [];
  if (miner.status === 'inTransit') throw inTransit(serial, miner.place);
  if (miner.repairId !== undefined) throw underRepair(serial, miner.repairId);
  return [...deenergize({ serial, cause: 'repair' }, miner), { type: 'RepairOpened', data }];
};

export const sendToVendor = (
  { serial, repairId, vendor, rmaNumber }: DataOf<'SendToVendor'>,
  miner: LivingMiner,
): MinerSentToVendor[] => {
  mustBeOpen(repairId, miner);
  if (miner.status === 'atVendor' && miner.place.vendor === vendor) return [];
  mustBeHere(serial, miner);
  if (miner.status === 'installed') throw notInStorage(serial, miner.status);
  const { place: from } = miner;
  const to: VendorPlace = { kind: 'vendor', vendor, facility: from.facility };
  const rma = rmaNumber === undefined ? {} : { rmaNumber };
  const data = { ...shipmentOf(serial, repairId, miner), from, to, ...rma };
  return [{ type: 'MinerSentToVendor', data }];
};

export const returnFromVendor = (
  { serial, repairId, facility }: DataOf<'ReturnFromVendor'>,
  miner: LivingMiner,
): MinerReturnedFromVendor[] => {
  mustBeOpen(repairId, miner);
  if (miner.status !== 'atVendor') {
    if (miner.status === 'stored' && miner.place.facility === facility) return [];
    throw refused('miner/not-at-vendor', `Miner ${serial} is not at a vendor`, { serial });
  }
  const to: StoragePlace = { kind: 'storage', facility };
  const data = { ...shipmentOf(serial, repairId, miner), from: miner.place, to };
  return [{ type: 'MinerReturnedFromVendor', data }];
};

const shipmentOf = (
  serial: string,
  repairId: string,
  { model, customerId, ratedHashrateGhs, powerWatts }: LivingMiner,
): Shipment => ({ serial, model, customerId, repairId, ratedHashrateGhs, powerWatts });

export const swapComponent = (
  asked: ComponentSwapped['data'],
  miner: LivingMiner,
): ComponentSwapped[] => {
  mustBeOpen(asked.repairId, miner);
  const { component, removedSerial } = asked;
  const data = {
    ...asked,
    ...(removedSerial !== undefined && {
      removedSerial: mustBeIdentifier(component, removedSerial, '/removedSerial'),
    }),
    fittedSerial: mustBeIdentifier(component, asked.fittedSerial, '/fittedSerial'),
  };
  if (data.removedSerial === data.fittedSerial) {
    const message = 'The part that is fitted is another than the one that is removed';
    throw refused('miner/same-component', message, { ...data }, '/fittedSerial');
  }
  mustBeSwappable(data, miner.parts);
  return [{ type: 'ComponentSwapped', data }];
};

/** A machine comes back, or is retired, before its repair is closed. */
export const closeRepair = (data: RepairClosed['data'], miner: LivingMiner): RepairClosed[] => {
  if (miner.closedRepairs?.includes(data.repairId)) return [];
  mustBeOpen(data.repairId, miner);
  mustBeHere(data.serial, miner);
  return [{ type: 'RepairClosed', data }];
};

const mustBeOpen = (repairId: string, { repairId: open }: LivingMiner): void => {
  if (open === repairId) return;
  throw new DomainError(
    'notFound',
    'miner/repair-unknown',
    `The miner has no open repair ${repairId}`,
    { repairId },
  );
};

export const notInStorage = (serial: string, state: string): DomainError =>
  refused(
    'miner/not-in-storage',
    `Miner ${serial} is ${state}; take it to storage first`,
    { serial, state },
    '/serial',
  );
