import fc from 'fast-check';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { recorded, rowsOf } from '@hostledger/testing';
import { lifeCommands } from '../../domain/miner-life.fixture.js';
import { miners, type MinerRow } from '../miners/projection.js';
import { life, lifeOf, received } from '../recorded-lives.fixture.js';
import { fleetMixDays, type MixDayRow } from './days.js';
import { AMOUNTS, fleetMix, type MixRow } from './projection.js';
import { fleetRackDays, type RackDayRow } from './racks.js';

describe('the fleet mix', () => {
  it('counts machines and what they are rated at, per facility and state', () => {
    const log = [...life, ...recorded('miner-M2', [received('M2')])];
    const one = { units: 1, hashrate_ghs: 151_000n, power_watts: 3_247n };
    expect(rowsOf<MixRow>(fleetMix, log)).toEqual([
      expect.objectContaining({ facility: 'DALTON', state: 'installed', ...one }),
      expect.objectContaining({ facility: 'DENTON', state: 'stored', ...one }),
    ]);
  });

  it('is the sum of the miners, whatever happened', () => {
    const lives = fc.tuple(
      ...['M1', 'M2', 'M3'].map((serial) => fc.array(lifeCommands(serial), { maxLength: 30 })),
    );
    fc.assert(
      fc.property(lives, (all) => {
        const log = all.flatMap((commands, n) => lifeOf(`M${n + 1}`, commands));
        const sums = new Map<string, object>();
        for (const row of rowsOf<MinerRow>(miners, log)) {
          if (row.state === 'retired') continue;
          const key = `${row.model} ${row.facility} ${row.state} ${row.customer_id}`;
          const drawn = row.energized ? 1n : 0n;
          const [hashrate, watts] = [BigInt(row.hashrate_ghs), BigInt(row.power_watts)];
          sums.set(key, added(sums.get(key), [1n, hashrate, watts, drawn, drawn * hashrate]));
        }
        const mix = rowsOf<MixRow>(fleetMix, log).map((row): [string, object] => [
          `${row.model} ${row.facility} ${row.state} ${row.customer_id}`,
          [
            BigInt(row.units),
            row.hashrate_ghs,
            row.power_watts,
            BigInt(row.energized_units),
            row.energized_hashrate_ghs,
          ],
        ]);
        expect(new Map(mix)).toEqual(sums);
      }),
    );
  });

  it('as a day ended is what the days until then changed of it', () => {
    const first = Date.parse('2024-02-27T12:00:00.000Z');
    const lives = fc.tuple(
      ...['M1', 'M2'].map((serial) => fc.array(lifeCommands(serial), { maxLength: 30 })),
    );
    fc.assert(
      fc.property(lives, fc.nat(59), (all, days) => {
        // One event a day; the lives are one after the other.
        const log = all
          .flatMap((commands, n) => lifeOf(`M${n + 1}`, commands))
          .map((event, n) => {
            const occurredAt = new Date(first + n * 86_400_000).toISOString();
            return { ...event, metadata: { ...event.metadata, occurredAt } };
          });
        const on = new Date(first + days * 86_400_000).toISOString().slice(0, 10);
        const mix = rowsOf<MixRow>(fleetMix, log.slice(0, days + 1)).map(amountsOf);
        const sums = new Map<string, bigint[]>();
        for (const row of rowsOf<MixDayRow>(fleetMixDays, log)) {
          if (row.day > on) continue;
          const [key, amounts] = amountsOf(row);
          const before = sums.get(key) ?? [];
          const after = amounts.map((amount, n) => amount + (before[n] ?? 0n));
          if (after[0] === 0n) sums.delete(key);
          else sums.set(key, after);
        }
        expect(sums).toEqual(new Map(mix));
        expect(racksBy(log, on)).toEqual(racksOf(log.slice(0, days + 1)));
      }),
    );
  });
});

type Sums = Map<string, readonly bigint[]>;

const addTo = (sums: Sums, key: string, more: readonly bigint[]): void => {
  const before = sums.get(key);
  sums.set(
    key,
    more.map((amount, n) => amount + (before?.[n] ?? 0n)),
  );
};

/** What racks held as a day ended, by what the days until then changed of them. */
const racksBy = (log: readonly RecordedEvent[], on: string): Sums => {
  const sums: Sums = new Map();
  for (const row of rowsOf<RackDayRow>(fleetRackDays, log)) {
    if (row.day > on) continue;
    const key = `${row.facility} ${row.rack} ${row.model} ${row.customer_id}`;
    addTo(
      sums,
      key,
      AMOUNTS.map((amount) => BigInt(row[amount])),
    );
  }
  return new Map([...sums].filter(([, amounts]) => amounts.some((amount) => amount !== 0n)));
};

/** The same by the machines that stand in them. */
const racksOf = (log: readonly RecordedEvent[]): Sums => {
  const sums: Sums = new Map();
  for (const row of rowsOf<MinerRow>(miners, log)) {
    if (row.state !== 'installed') continue;
    const one = [1n, BigInt(row.hashrate_ghs), BigInt(row.power_watts)];
    const drawn = row.energized ? one : [0n, 0n, 0n];
    addTo(sums, `${row.facility} ${row.rack} ${row.model} ${row.customer_id}`, [...one, ...drawn]);
  }
  return sums;
};

const amountsOf = (row: MixRow): [string, bigint[]] => [
  `${row.model} ${row.facility} ${row.state} ${row.customer_id}`,
  AMOUNTS.map((amount) => BigInt(row[amount])),
];

const added = (before: object | undefined, more: readonly bigint[]): object =>
  more.map((value, index) => value + ((before as bigint[] | undefined)?.[index] ?? 0n));
