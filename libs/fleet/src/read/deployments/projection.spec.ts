import fc from 'fast-check';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { recorded, rowsOf } from '@hostledger/testing';
import { lifeCommands } from '../../domain/miner-life.fixture.js';
import type { MinerEvent } from '../../domain/miner.js';
import { miners, type MinerRow } from '../miners/projection.js';
import { a1, lifeOf, moved, received, stored } from '../recorded-lives.fixture.js';
import { deployments, type DeploymentRow } from './projection.js';

describe('the deployments', () => {
  it('count each machine once as received, deployed and retired, in its month', () => {
    const month = (log: RecordedEvent[], at: string) =>
      log.map((event) => ({ ...event, metadata: { ...event.metadata, occurredAt: at } }));
    const away: MinerEvent = {
      type: 'MinerUninstalled',
      data: {
        ...{ serial: 'M1', model: 'S19JXP-151', customerId: 'customer-1' },
        ...{ ratedHashrateGhs: 151_000, powerWatts: 3_247, removalId: 'removal-1' },
        from: a1,
        fromReservationId: 'r1',
        to: stored('DENTON'),
      },
    };
    const [arrival, first, out, again] = recorded('miner-M1', [
      received('M1'),
      firstOf(moved('M1', stored('DENTON'), a1)),
      away,
      moved('M1', stored('DENTON'), a1, 'r2'),
    ]);
    const gone: MinerEvent = {
      type: 'MinerRetired',
      data: {
        ...{ serial: 'M2', model: 'S19JXP-151', customerId: 'customer-1', cause: 'sold' },
        ...{ ratedHashrateGhs: 151_000, powerWatts: 3_247, from: stored('DENTON') },
      },
    };
    const log = [
      ...month([arrival!], '2023-09-30T23:59:59.999Z'),
      ...month([first!, out!], '2023-10-01T00:00:00.000Z'),
      ...month(
        [again!, ...recorded('miner-M2', [received('M2'), gone])],
        '2024-01-05T00:00:00.000Z',
      ),
    ];
    expect(rowsOf<DeploymentRow>(deployments, log)).toMatchObject([
      { month: '2023-09', received_units: 1, deployed_units: 0, retired_units: 0 },
      { month: '2023-10', received_units: 0, deployed_units: 1, deployed_hashrate_ghs: 151_000n },
      { month: '2024-01', received_units: 1, deployed_units: 0, retired_units: 1 },
    ]);
  });
});

it('the deployments are the miners by model, whatever they were taken for at first', () => {
  const lives = fc.tuple(
    ...['M1', 'M2', 'M3'].map((serial) => fc.array(lifeCommands(serial), { maxLength: 30 })),
  );
  fc.assert(
    fc.property(lives, (all) => {
      const log = all.flatMap((commands, n) => lifeOf(`M${n + 1}`, commands));
      const ofModel = (model: string) =>
        rowsOf<DeploymentRow>(deployments, log)
          .filter((row) => row.model === model)
          .map((row) => [row.received_units, row.deployed_units, row.retired_units])
          .reduce((a, b) => a.map((value, index) => value + b[index]!), [0, 0, 0]);
      const rows = rowsOf<MinerRow>(miners, log);
      for (const model of ['S19JXP-151', 'S21-200']) {
        const own = rows.filter((row) => row.model === model).map(({ serial }) => serial);
        const installed = log.filter(({ type }) => type === 'MinerInstalled');
        const deployed = own.filter((serial) =>
          installed.some(({ data }) => (data as { serial: string }).serial === serial),
        );
        const retired = rows.filter((row) => row.model === model && row.state === 'retired');
        expect(ofModel(model)).toEqual([own.length, deployed.length, retired.length]);
      }
      for (const row of rowsOf<DeploymentRow>(deployments, log)) {
        if (row.received_units === 0) expect(row.received_hashrate_ghs).toBe(0n);
        if (row.deployed_units === 0) expect(row.deployed_hashrate_ghs).toBe(0n);
      }
    }),
  );
});

const firstOf = (event: MinerEvent): MinerEvent =>
  event.type === 'MinerInstalled' ? { ...event, data: { ...event.data, first: true } } : event;
