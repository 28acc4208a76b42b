import { recorded, rowsOf } from '@hostledger/testing';
import type { FacilityEvent } from '../domain/facility.js';
import type { RackEvent } from '../domain/rack.js';
import { facilities } from './facilities/projection.js';
import { racks, rackSlots } from './racks/projection.js';

const facility = 'DENTON';
const site: FacilityEvent[] = [
  {
    type: 'FacilityOpened',
    data: {
      facility,
      name: 'Denton',
      timeZone: 'America/Chicago',
      powerEnvelopeWatts: 125_000_000,
    },
  },
  {
    type: 'RackPowerCommitted',
    data: {
      facility,
      racks: [
        { rack: 'A', slotCount: 4, powerLimitWatts: 14_000 },
        { rack: 'B', slotCount: 2, powerLimitWatts: 7_000 },
      ],
    },
  },
];
const capacity = { allocationId: 'allocation-1', units: 1_000, powerWatts: 3_300_000 };
const use = (n: number) => ({
  facility,
  rack: 'A',
  slot: n,
  reservationId: `reservation-${n}`,
  serial: `SERIAL${n}`,
  powerWatts: 3_000 + n,
});
const expiresAt = '2024-06-01T00:15:00Z';
const rackA: RackEvent[] = [
  {
    type: 'RackCommissioned',
    data: { facility, rack: 'A', slotCount: 4, powerLimitWatts: 14_000 },
  },
  ...[1, 2, 3, 4].map((n): RackEvent => ({ type: 'SlotReserved', data: { ...use(n), expiresAt } })),
  { type: 'SlotOccupied', data: use(1) },
  { type: 'SlotOccupied', data: use(2) },
  { type: 'ReservationExpired', data: { ...use(3), cause: 'overdue' } },
  { type: 'SlotVacated', data: { ...use(2), movedBy: 'reservation-9' } },
];
const log = [...recorded(`facility-${facility}`, site), ...recorded(`rack-${facility}.A`, rackA)];

describe('facilities', () => {
  it('begin with their envelope and nothing used', () => {
    expect(rowsOf(facilities, log.slice(0, 1))).toEqual([
      {
        facility,
        name: 'Denton',
        time_zone: 'America/Chicago',
        location: null,
        status: 'open',
        acquired_from: null,
        acquired_on: null,
        disposed_to: null,
        disposed_on: null,
        abandoned_for: null,
        open_curtailments: 0,
        power_envelope_watts: 125_000_000n,
        derated_watts: null,
        derated_for: null,
        derated_until: null,
        racks: 0,
        rack_limit_watts: 0n,
        racks_in_service: 0,
        in_service_limit_watts: 0n,
        slots: 0n,
        committed_units: 0n,
        committed_watts: 0n,
        slots_reserved: 0n,
        slots_occupied: 0n,
        reserved_watts: 0n,
        occupied_watts: 0n,
        opened_at: '2024-06-01T00:00:00.000Z',
        revision: 0n,
      },
    ]);
  });

  it('count racks, slots and watts', () => {
    expect(rowsOf(facilities, log)).toMatchObject([
      {
        racks: 2,
        rack_limit_watts: 21_000n,
        racks_in_service: 1,
        in_service_limit_watts: 14_000n,
        slots: 4n,
        slots_reserved: 1n,
        reserved_watts: 3_004n,
        slots_occupied: 1n,
        occupied_watts: 3_001n,
        revision: 1n,
      },
    ]);
  });

  it('count the capacity committed to customers', () => {
    const whose = { contractId: 'contract-1', customerId: 'customer-1', orderId: 'order-1' };
    const committed: FacilityEvent = {
      type: 'CapacityCommitted',
      data: { facility, ...capacity, ...whose, effectiveOn: '2024-07-01' },
    };
    const released: FacilityEvent = {
      type: 'CapacityReleased',
      data: { facility, ...capacity, cause: 'contract/order-exceeded' },
    };
    const stream = `facility-${facility}`;
    const [opened] = site;
    expect(rowsOf(facilities, recorded(stream, [opened!, committed]))).toMatchObject([
      { committed_units: 1_000n, committed_watts: 3_300_000n, revision: 1n },
    ]);
    expect(rowsOf(facilities, recorded(stream, [opened!, committed, released]))).toMatchObject([
      { committed_units: 0n, committed_watts: 0n, revision: 2n },
    ]);
  });
});

describe('racks', () => {
  it('are planned, then in service, with what is held of them', () => {
    const nothing = {
      slots_reserved: 0n,
      slots_occupied: 0n,
      reserved_watts: 0n,
      occupied_watts: 0n,
    };
    expect(rowsOf(racks, log)).toEqual([
      {
        facility,
        rack: 'A',
        status: 'inService',
        slot_count: 4,
        power_limit_watts: 14_000n,
        rated_watts: 14_000n,
        derated_for: null,
        derated_until: null,
        breach_watts: 0n,
        slots_reserved: 1n,
        reserved_watts: 3_004n,
        slots_occupied: 1n,
        occupied_watts: 3_001n,
        revision: 8n,
      },
      {
        facility,
        rack: 'B',
        status: 'planned',
        slot_count: 2,
        power_limit_watts: 7_000n,
        rated_watts: 7_000n,
        derated_for: null,
        derated_until: null,
        breach_watts: 0n,
        ...nothing,
        revision: null,
      },
    ]);
  });
});

describe('slots', () => {
  it('have a row while they are held', () => {
    expect(rowsOf(rackSlots, log)).toEqual([
      {
        facility,
        rack: 'A',
        slot: 1,
        status: 'occupied',
        serial: 'SERIAL1',
        power_watts: 3_001,
        reservation_id: 'reservation-1',
        since: '2024-06-01T00:00:05.000Z',
        expires_at: null,
      },
      {
        facility,
        rack: 'A',
        slot: 4,
        status: 'reserved',
        serial: 'SERIAL4',
        power_watts: 3_004,
        reservation_id: 'reservation-4',
        since: '2024-06-01T00:00:04.000Z',
        expires_at: expiresAt,
      },
    ]);
  });
});
