import type { DEENERGIZATION_CAUSES } from './miner-power.js';
import type { MinerCommand, MinerEvent, SlotPlace, StoragePlace } from './miner.js';

// A machine's life as it is told in specs: received, installed, energized, repaired, sold, retired.

export const at = '2024-06-01T08:00:00Z';
export const serial = 'HKYDD1AABJHAG0001';
export const storage: StoragePlace = { kind: 'storage', facility: 'DENTON' };
export const slot: SlotPlace = { kind: 'slot', facility: 'DENTON', rack: 'A1', slot: 1 };
export const rated = { ratedHashrateGhs: 151_000, powerWatts: 3_247 };
export const about = { serial, model: 'S19JXP-151', customerId: 'customer-1' };
export const hosted = { ...about, contractId: 'contract-1' };
export const documentDigest = 'd'.repeat(64);

export const received: MinerEvent = {
  type: 'MinerReceived',
  data: {
    ...hosted,
    deliveryId: 'delivery-1',
    line: 2,
    condition: 'ok',
    ratedHashrateGhs: 151_000,
    nameplateWatts: 3_247,
    place: storage,
  },
};
export const installed: MinerEvent = {
  type: 'MinerInstalled',
  data: { ...about, ...rated, from: storage, to: slot, reservationId: 'r1' },
};
export const power = { ...hosted, ...rated, place: slot };
export const energized: MinerEvent = { type: 'MinerEnergized', data: power };
export const deenergized = (cause: (typeof DEENERGIZATION_CAUSES)[number]): MinerEvent => ({
  type: 'MinerDeenergized',
  data: { ...power, cause },
});
export const uninstalled: MinerEvent = {
  type: 'MinerUninstalled',
  data: {
    ...about,
    ...rated,
    from: slot,
    fromReservationId: 'r1',
    to: storage,
    removalId: 'removal-1',
  },
};
export const repairOpened: MinerEvent = {
  type: 'RepairOpened',
  data: { serial, repairId: 'repair-1', fault: 'hashboard 2 dead' },
};
export const repairClosed: MinerEvent = {
  type: 'RepairClosed',
  data: { serial, repairId: 'repair-1', outcome: 'repaired' },
};
export const vendor = { kind: 'vendor', vendor: 'Bitmain Care', facility: 'DENTON' } as const;
export const sent: MinerEvent = {
  type: 'MinerSentToVendor',
  data: { ...about, ...rated, repairId: 'repair-1', from: storage, to: vendor, rmaNumber: 'RMA-7' },
};
export const back: MinerEvent = {
  type: 'MinerReturnedFromVendor',
  data: { ...about, ...rated, repairId: 'repair-1', from: vendor, to: storage },
};
export const seat = {
  ...{ serial, customerId: 'customer-1', contractId: 'contract-2', orderId: 'order-1' },
  ...{ allocationId: 'allocation-1', assignmentId: 'assignment-1', powerWatts: 3_247 },
};
export const assigned: MinerEvent = { type: 'MinerAssigned', data: seat };
export const unassigned = (cause: 'retirement' | 'titleTransfer' | 'request'): MinerEvent => ({
  type: 'MinerUnassigned',
  data: { ...seat, cause },
});
export const retired: MinerEvent = {
  type: 'MinerRetired',
  data: { ...about, ...rated, from: storage, cause: 'sold' },
};

type DataOf<Type extends MinerCommand['type']> = Extract<MinerCommand, { type: Type }>['data'];
export const command = <Type extends MinerCommand['type']>(
  type: Type,
  data: Omit<DataOf<Type>, 'serial'>,
): MinerCommand => ({ type, data: { serial, ...data }, at }) as unknown as MinerCommand;
export const energize = (more: Partial<DataOf<'EnergizeMiner'>> = {}): MinerCommand =>
  command('EnergizeMiner', { contractId: 'contract-1', stage: 'active', by: 'ada', ...more });
export const deenergize = command('DeenergizeMiner', { cause: 'curtailment', curtailmentId: 'c1' });
