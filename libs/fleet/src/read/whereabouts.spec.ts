import { readModelsOf, recorded } from '@hostledger/testing';
import type { MinerEvent } from '../domain/miner.js';
import { minersProjection } from './miners/projection.js';
import { FleetWhereabouts } from './whereabouts.js';

const machine = (serial: string) => ({
  serial,
  model: 'S19JXP-151',
  ratedHashrateGhs: 151_000,
  customerId: 'customer-1',
});
const stored = (facility: string) => ({ kind: 'storage', facility }) as const;
const received = (serial: string, facility: string): MinerEvent => ({
  type: 'MinerReceived',
  data: {
    ...machine(serial),
    contractId: 'contract-1',
    nameplateWatts: 3_247,
    deliveryId: 'delivery-1',
    line: 1,
    place: stored(facility),
    condition: 'ok',
  },
});
const departed = (serial: string, from: string, to: string): MinerEvent => ({
  type: 'MinerDeparted',
  data: {
    ...machine(serial),
    powerWatts: 3_247,
    from: stored(from),
    to: { kind: 'transit', from, to },
    reservationId: 'r1',
  },
});
const retired = (serial: string, facility: string): MinerEvent => ({
  type: 'MinerRetired',
  data: { ...machine(serial), powerWatts: 3_247, from: stored(facility), cause: 'scrapped' },
});

const log = [
  ...recorded('miner-B', [received('B', 'DENTON')]),
  ...recorded('miner-A', [received('A', 'MARBLE'), departed('A', 'MARBLE', 'DENTON')]),
  ...recorded('miner-C', [received('C', 'DENTON'), departed('C', 'DENTON', 'MARBLE')]),
  ...recorded('miner-D', [received('D', 'DENTON'), retired('D', 'DENTON')]),
].map((event, index) => ({ ...event, position: BigInt(index + 1) * 100n }));
const end = log.at(-1)!.position;

describe('the whereabouts of machines', () => {
  let whereabouts: FleetWhereabouts;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const filled = await readModelsOf([minersProjection], log);
    whereabouts = new FleetWhereabouts(filled.readModels);
    close = filled.close;
  });
  afterAll(() => close());

  it('at a facility are those that are there or on their way to it', async () => {
    const customerId = 'customer-1';
    expect(await whereabouts.at('DENTON', end)).toEqual({
      position: end,
      machines: [
        { serial: 'A', customerId },
        { serial: 'B', customerId },
      ],
    });
    expect((await whereabouts.at('NOWHERE', 0n)).machines).toEqual([]);
  });

  it('of some machines tell where each is; of one that is retired nothing more', async () => {
    const { machines } = await whereabouts.of(['D', 'C', 'X'], end);
    expect(machines).toEqual([
      { serial: 'C', state: 'inTransit', facility: 'MARBLE', since: expect.any(String) as string },
      { serial: 'D', state: 'retired', since: expect.any(String) as string },
    ]);
  });

  it('are not told before the read model knows of a position', async () => {
    await expect(whereabouts.at('DENTON', end + 100n)).rejects.toMatchObject({
      name: 'ReadModelBehind',
    });
  });
});
