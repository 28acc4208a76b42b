import type { DomainEvent } from '@hostledger/eventsourcing';
import type { MinerEvent } from '@hostledger/fleet';
import { recorded, rowsOf } from '@hostledger/testing';
import { machineFacts, type MachineFactRow } from './projection.js';

const serial = 'HKYDD1AABJHAG0001';
const [storage, far] = ['DENTON', 'DALTON'].map((facility) => ({
  kind: 'storage' as const,
  facility,
}));
const slot = { kind: 'slot', facility: 'DENTON', rack: 'A1', slot: 1 } as const;
const transit = { kind: 'transit', from: 'DENTON', to: 'DALTON' } as const;
const vendor = { kind: 'vendor', vendor: 'Bitmain Care', facility: 'DENTON' } as const;
const rated = { ratedHashrateGhs: 151_000, powerWatts: 3_247 };
const about = { serial, model: 'S19JXP-151', customerId: 'customer-1', ...rated };
const hosted = { ...about, contractId: 'contract-1', place: slot };
const seat = {
  ...{ serial, customerId: 'customer-1', contractId: 'contract-2', orderId: 'order-1' },
  ...{ allocationId: 'allocation-1', assignmentId: 'assignment-1', powerWatts: 3_247 },
};
const received: MinerEvent = {
  type: 'MinerReceived',
  data: {
    ...{ serial, model: 'S19JXP-151', contractId: 'contract-1', customerId: 'customer-1' },
    ...{ deliveryId: 'delivery-1', line: 2, condition: 'ok', place: storage! },
    ...{ ratedHashrateGhs: 151_000, nameplateWatts: 3_247 },
  },
};
const corrected: Extract<MinerEvent, { type: 'ModelCorrected' }> = {
  type: 'ModelCorrected',
  data: {
    ...{ serial, customerId: 'customer-1', contractId: 'contract-1', place: slot },
    ...{ deliveryId: 'delivery-1', discrepancyId: 'discrepancy-1', energized: true },
    ...{ fromModel: 'S19JXP-151', model: 'S19XP-140', nameplateWatts: 3_010 },
    ...{ fromHashrateGhs: 151_000, hashrateGhs: 140_000, fromWatts: 3_247, powerWatts: 3_010 },
    received: { customerId: 'customer-1', fromHashrateGhs: 151_000, hashrateGhs: 140_000 },
  },
};

const nothing = {
  ...{ contract_id: null, customer_id: null, place_kind: null, facility: null, moved: null },
  ...{ power_watts: null, hashrate_ghs: null, cause: null, curtailment_id: null },
};

const factsOf = (...events: readonly DomainEvent[]): MachineFactRow[] =>
  rowsOf<MachineFactRow>(machineFacts, recorded(`miner-${serial}`, events));
/** What one event tells beside what it is. */
const toldBy = (event: MinerEvent) => {
  const [row] = factsOf(event);
  if (!row) return undefined;
  const told = Object.entries(row).filter(([column, value]) => column in nothing && value !== null);
  return [row.kind, Object.fromEntries(told)];
};

describe('The facts of a machine', () => {
  it('are a row each, with the event that says so', () => {
    const [event] = recorded(`miner-${serial}`, [received]);
    expect(factsOf(received)).toEqual([
      {
        ...{ serial, position: 100n, event_id: event!.id, revision: 0 },
        ...{ at: '2024-06-01T00:00:00.000Z', kind: 'received', moved: null },
        ...{ contract_id: 'contract-1', customer_id: 'customer-1' },
        ...{ place_kind: 'storage', facility: 'DENTON', power_watts: 3_247 },
        ...{ hashrate_ghs: 151_000, cause: null, curtailment_id: null },
      },
    ]);
  });

  const move = { reservationId: 'r1' };
  const fromReservationId = 'r0';
  const removalId = 'removal-1';
  const repairId = 'repair-1';
  const places: [MinerEvent, object][] = [
    [
      { type: 'MinerInstalled', data: { ...about, ...move, from: storage!, to: slot } },
      { place_kind: 'slot', facility: 'DENTON' },
    ],
    [
      {
        type: 'MinerRelocated',
        data: { ...about, ...move, fromReservationId, from: slot, to: { ...slot, slot: 2 } },
      },
      { place_kind: 'slot', facility: 'DENTON', moved: true },
    ],
    [
      {
        type: 'MinerUninstalled',
        data: { ...about, fromReservationId, removalId, from: slot, to: storage! },
      },
      { place_kind: 'storage', facility: 'DENTON' },
    ],
    [
      { type: 'MinerDeparted', data: { ...about, ...move, from: slot, to: transit } },
      { place_kind: 'transit' },
    ],
    [
      { type: 'MinerArrived', data: { ...about, from: transit, to: far! } },
      { place_kind: 'storage', facility: 'DALTON', moved: true },
    ],
    [
      { type: 'MinerArrived', data: { ...about, from: transit, to: storage! } },
      { place_kind: 'storage', facility: 'DENTON' },
    ],
    [
      { type: 'MinerSentToVendor', data: { ...about, repairId, from: storage!, to: vendor } },
      { place_kind: 'vendor' },
    ],
    [
      { type: 'MinerReturnedFromVendor', data: { ...about, repairId, from: vendor, to: storage! } },
      { place_kind: 'storage', facility: 'DENTON' },
    ],
    [
      { type: 'MinerReturnedFromVendor', data: { ...about, repairId, from: vendor, to: far! } },
      { place_kind: 'storage', facility: 'DALTON', moved: true },
    ],
  ];
  it.each(places.map(([event, told], n) => [`${event.type} (${n + 1})`, event, told] as const))(
    'say where it is: %s',
    (_, event, told) => expect(toldBy(event)).toEqual(['placed', told]),
  );

  it.each<[string, MinerEvent, object]>([
    ['energized', { type: 'MinerEnergized', data: hosted }, {}],
    [
      'deenergized',
      { type: 'MinerDeenergized', data: { ...hosted, cause: 'curtailment', curtailmentId: 'c1' } },
      { cause: 'curtailment', curtailment_id: 'c1' },
    ],
    [
      'profileChanged',
      {
        type: 'PowerProfileChanged',
        data: {
          ...{ serial, model: 'S19JXP-151', customerId: 'customer-1', contractId: 'contract-1' },
          ...{ place: slot, energized: true, profile: 'eco', fromHashrateGhs: 151_000 },
          ...{ hashrateGhs: 120_000, fromWatts: 3_247, powerWatts: 2_400 },
        },
      },
      { power_watts: 2_400, hashrate_ghs: 120_000 },
    ],
    ['modelCorrected', corrected, { power_watts: 3_010, hashrate_ghs: 140_000 }],
    [
      'assigned',
      { type: 'MinerAssigned', data: seat },
      { contract_id: 'contract-2', customer_id: 'customer-1' },
    ],
    ['unassigned', { type: 'MinerUnassigned', data: { ...seat, cause: 'request' } }, {}],
    [
      'titleTransferred',
      {
        type: 'TitleTransferred',
        data: {
          ...{ serial, model: 'S19JXP-151', ...rated, place: slot, energized: true },
          ...{ fromCustomerId: 'customer-1', toCustomerId: 'customer-2' },
          ...{ effectiveOn: '2024-06-01', documentDigest: 'd'.repeat(64) },
        },
      },
      { customer_id: 'customer-2' },
    ],
    ['repairOpened', { type: 'RepairOpened', data: { serial, repairId, fault: 'fan' } }, {}],
    ['repairClosed', { type: 'RepairClosed', data: { serial, repairId, outcome: 'repaired' } }, {}],
    [
      'retired',
      { type: 'MinerRetired', data: { ...about, from: storage!, cause: 'sold' } },
      { place_kind: 'gone' },
    ],
  ])('say what becomes of it: %s', (kind, event, told) => {
    expect(toldBy(event)).toEqual([kind, told]);
  });

  it('are none where nothing is billed otherwise', () => {
    const silent: MinerEvent[] = [
      { type: 'IdentifierObserved', data: { serial, kind: 'mac', value: '02:00:5E:10:00:01' } },
      {
        type: 'BenchSwapEnded',
        data: { serial, spareSerial: 'HKYDD1AABJHAG0002', removalId, replaced: true },
      },
      { type: 'RelocationAbandoned', data: { serial, reservationId: 'r1', cause: 'cancelled' } },
      { ...corrected, data: { ...corrected.data, retired: true } },
    ];
    expect(factsOf(...silent)).toEqual([]);
  });
});
