import { recorded, rowsOf } from '@hostledger/testing';
import type { DeliveryEvent } from '../../domain/delivery.js';
import type { VendorPlace } from '../../domain/miner-repair.js';
import type { TransitPlace } from '../../domain/miner-transit.js';
import type { MinerEvent } from '../../domain/miner.js';
import { life, received, stored } from '../recorded-lives.fixture.js';
import { placeView } from '../views.js';
import { miners, type MinerRow } from './projection.js';

describe('the miners', () => {
  it('stand in storage when they were received', () => {
    expect(rowsOf<MinerRow>(miners, life.slice(0, 1))).toEqual([
      {
        serial: 'M1',
        customer_id: 'customer-1',
        contract_id: 'contract-1',
        model: 'S19JXP-151',
        state: 'stored',
        facility: 'DENTON',
        rack: null,
        slot: null,
        left_facility: null,
        relocation_id: null,
        vendor: null,
        since: life[0]!.metadata.occurredAt,
        hashrate_ghs: 151_000,
        power_watts: 3_247,
        energized: false,
        profile: null,
        allocation_id: null,
        repair_id: null,
        condition: 'ok',
        control_board_serial: null,
        mac: '02:00:00:00:00:01',
        delivery_id: 'delivery-1',
        delivery_line: 2,
        revision: 0,
      },
    ]);
  });

  it('stand where they were moved last, since then', () => {
    expect(rowsOf<MinerRow>(miners, life)).toEqual([
      expect.objectContaining({
        state: 'installed',
        facility: 'DALTON',
        rack: 'B1',
        slot: 7,
        since: life[3]!.metadata.occurredAt,
        revision: 3,
      }),
    ]);
  });

  it('on the road have left a facility under a plan, at a vendor are with somebody', () => {
    const rowOf = (to: TransitPlace | VendorPlace) => {
      const leg = { serial: 'M1', model: 'S19JXP-151', customerId: 'customer-1' };
      const about = { ...leg, ratedHashrateGhs: 151_000, powerWatts: 3_247 };
      const from = stored('DENTON');
      const event: MinerEvent =
        to.kind === 'transit'
          ? { type: 'MinerDeparted', data: { ...about, from, to, reservationId: 'r1' } }
          : { type: 'MinerSentToVendor', data: { ...about, from, to, repairId: 'repair-1' } };
      return rowsOf<MinerRow>(miners, recorded('miner-M1', [received('M1'), event]))[0]!;
    };
    const road = { kind: 'transit', from: 'DENTON', to: 'PECOS', relocationId: 'plan-1' } as const;
    const onTheRoad = rowOf(road);
    expect(onTheRoad).toMatchObject({ state: 'inTransit', facility: 'PECOS' });
    expect(placeView('PECOS', onTheRoad)).toEqual({
      ...{ kind: 'transit', facility: 'PECOS', from: 'DENTON', relocationId: 'plan-1' },
    });
    const atVendor = rowOf({ kind: 'vendor', vendor: 'Bitmain Care', facility: 'DENTON' });
    expect(atVendor).toMatchObject({ state: 'atVendor', facility: 'DENTON', left_facility: null });
    expect(placeView('DENTON', atVendor)).toEqual({
      ...{ kind: 'vendor', facility: 'DENTON', vendor: 'Bitmain Care' },
    });
  });

  it('carry the revision of a move that was given up', () => {
    expect(rowsOf<MinerRow>(miners, life.slice(0, 3))).toEqual([
      expect.objectContaining({ rack: 'A1', since: life[1]!.metadata.occurredAt, revision: 2 }),
    ]);
  });
});

describe('the condition of a miner', () => {
  const found = (kind: 'damaged' | 'wrongModel'): DeliveryEvent => ({
    type: 'DiscrepancyRaised',
    data: { deliveryId: 'delivery-1', line: 2, kind, serial: 'M1', detail: 'As found' },
  });
  const settled = (resolution: 'accepted' | 'corrected'): DeliveryEvent => {
    const by = { discrepancyId: '2-damaged', resolution, resolvedBy: 'ada', reason: 'Agreed' };
    const data = { deliveryId: 'delivery-1', line: 2, kind: 'damaged', serial: 'M1', ...by };
    return { type: 'DiscrepancyResolved', data } as DeliveryEvent;
  };
  const after = (...events: DeliveryEvent[]) =>
    rowsOf<MinerRow>(miners, [...life.slice(0, 1), ...recorded('delivery-delivery-1', events)]).map(
      ({ condition, revision }) => ({ condition, revision }),
    );

  it('is what an inspection finds, until it turns out not to be so', () => {
    expect(after(found('wrongModel'))).toEqual([{ condition: 'ok', revision: 0 }]);
    expect(after(found('damaged'))).toEqual([{ condition: 'damaged', revision: 0 }]);
    expect(after(found('damaged'), settled('accepted'))).toMatchObject([{ condition: 'damaged' }]);
    expect(after(found('damaged'), settled('corrected'))).toMatchObject([{ condition: 'ok' }]);
  });
});
