import type { RecordedEvent } from '@hostledger/eventsourcing';
import { recorded } from '@hostledger/testing';
import { decideOrRefuse } from '../domain/miner-life.fixture.js';
import {
  minerAggregate,
  type MinerCommand,
  type MinerEvent,
  type SlotPlace,
  type StoragePlace,
} from '../domain/miner.js';

// Lives of machines as the log has them, for the read models.

export const stored = (facility: string): StoragePlace => ({ kind: 'storage', facility });
const inSlot = (facility: string, rack: string, slot: number): SlotPlace => ({
  kind: 'slot',
  facility,
  rack,
  slot,
});

export const received = (serial: string, facility = 'DENTON', more: object = {}): MinerEvent => ({
  type: 'MinerReceived',
  data: {
    serial,
    model: 'S19JXP-151',
    ratedHashrateGhs: 151_000,
    nameplateWatts: 3_247,
    contractId: 'contract-1',
    customerId: 'customer-1',
    deliveryId: 'delivery-1',
    line: 2,
    place: stored(facility),
    condition: 'ok',
    ...more,
  },
});
export const moved = (
  serial: string,
  from: SlotPlace | StoragePlace,
  to: SlotPlace,
  reservationId = 'r1',
): MinerEvent => {
  const move = {
    serial,
    model: 'S19JXP-151',
    customerId: 'customer-1',
    ratedHashrateGhs: 151_000,
    powerWatts: 3_247,
    to,
    reservationId,
  };
  return from.kind === 'storage'
    ? { type: 'MinerInstalled', data: { ...move, from } }
    : { type: 'MinerRelocated', data: { ...move, from, fromReservationId: 'r0' } };
};
export const a1 = inSlot('DENTON', 'A1', 1);
const b7 = inSlot('DALTON', 'B1', 7);
export const life = recorded('miner-M1', [
  received('M1', 'DENTON', { mac: '02:00:00:00:00:01' }),
  moved('M1', stored('DENTON'), a1),
  { type: 'RelocationAbandoned', data: { serial: 'M1', reservationId: 'r2', cause: 'overdue' } },
  moved('M1', a1, b7, 'r3'),
]);

/** Of a machine that was received and then asked for all of these; what is refused leaves no trace. */
export const lifeOf = (serial: string, commands: readonly MinerCommand[]): RecordedEvent[] => {
  const events: MinerEvent[] = [received(serial)];
  let miner = minerAggregate.evolve(minerAggregate.initialState, events[0]!);
  for (const command of commands) {
    for (const event of decideOrRefuse(command, miner)) {
      miner = minerAggregate.evolve(miner, event);
      events.push(event);
    }
  }
  return recorded(`miner-${serial}`, events);
};
