import { recorded, schemaFaults } from './index.js';

const faultsOf = (type: string, data: object) =>
  schemaFaults(recorded('miner-A1', [{ type, data }]));
const closed = { serial: 'A1', repairId: 'r-1', outcome: 'repaired' };

describe('the faults of events by their schemas', () => {
  it('are none where an event is what its schema says', async () => {
    expect(await faultsOf('RepairClosed', closed)).toEqual([]);
  });

  it.each<[string, string, object, RegExp]>([
    ['a type without schema', 'MinerPainted', closed, /^MinerPainted has no schema$/],
    ['a field that is missing', 'RepairClosed', { serial: 'A1', repairId: 'r-1' }, /'outcome'/],
    ['a field of another type', 'RepairClosed', { ...closed, serial: 1 }, /serial must be string/],
    ['a value of no choice', 'RepairClosed', { ...closed, outcome: 'lost' }, /allowedValues/],
    ['a field untold', 'RepairClosed', { ...closed, colour: 'red' }, /colour/],
  ])('name %s', async (_, type, data, fault) => {
    expect(await faultsOf(type, data)).toEqual([expect.stringMatching(fault)]);
  });
});
