import { recorded } from '@hostledger/testing';
import { leftBehind } from './traces.js';

const event = (type: string, reservationId: string) => ({ type, data: { reservationId } });
const typesLeft = (...events: readonly { type: string; data: object }[]) =>
  leftBehind(recorded('miner-M1', events)).map(({ type }) => type);

describe('A refused request has left nothing behind', () => {
  it('where it gave back what it had reserved', () => {
    const move = ['SlotReserved', 'RelocationAbandoned', 'ReservationReleased'];
    expect(typesLeft(...move.map((type) => event(type, 'r1')))).toEqual([]);
  });

  it('unless the slot is still held, or the machine could still move', () => {
    const held = [event('SlotReserved', 'r1'), event('RelocationAbandoned', 'r1')];
    expect(typesLeft(...held)).toHaveLength(2);
    expect(typesLeft(...held, event('ReservationReleased', 'r2'))).toHaveLength(3);
    const free = [event('SlotReserved', 'r1'), event('ReservationReleased', 'r1')];
    expect(typesLeft(...free)).toHaveLength(2);
  });

  it('and nothing else at all', () => {
    const move = ['SlotReserved', 'RelocationAbandoned', 'ReservationReleased', 'MinerMoved'];
    expect(typesLeft(...move.map((type) => event(type, 'r1')))).toEqual(['MinerMoved']);
  });
});
