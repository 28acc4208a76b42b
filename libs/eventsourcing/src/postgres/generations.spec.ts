import {
  accounts,
  databases,
  paid,
  payments,
  rowsOf,
  until,
  type InMemoryLog,
  type TestDatabase,
} from '@hostledger/testing';
import type { LogFeed, LogFeeds } from '../log-feed.js';
import type { Projection } from '../projection.js';
import {
  balances,
  countPayments,
  eachInAWorld,
  projections,
  SOON_MS,
  type Desk,
  type World,
} from './generations.fixture.js';
import { fillTables, ReadModels, type Database } from './index.js';

describe.each(databases)('Generations on %s', (_, open) => {
  let test: TestDatabase;
  let world: World;
  let log: InMemoryLog;
  let desk: Desk;

  eachInAWorld(open, (given) => {
    ({ test, world, log, desk } = given);
  });

  describe('A rebuild', () => {
    it('fills new tables beside those that serve, and no reader sees a step back or an error', async () => {
      const runner = world.start({ batchEvents: 7 });
      await runner.waitFor(log.end, SOON_MS);
      for (let payment = 1; payment <= 200; payment += 1) log.append(paid('a', 'b', payment));
      await runner.waitFor(log.end, SOON_MS);
      const readModels = new ReadModels(test.database, { projections, progress: runner });
      let reading = true;
      let reads = 0;
      const reader = async (): Promise<void> => {
        for (let last = 0n; reading; reads += 1) {
          const { position, value } = await countPayments(readModels);
          expect(position).toBeGreaterThanOrEqual(last);
          // Every event from the third on is a payment, and positions are hundreds.
          expect(value).toBe(Number(position / 100n) - 2);
          last = position;
          // Answers of the embedded database come in so fast that timers would starve.
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const readers = Promise.all([reader(), reader()]);
      desk.decide('payments', { run: 1, retained: 0 });
      desk.decide('accounts', { run: 1, retained: 0 });
      try {
        for (let payment = 1; payment <= 40; payment += 1) {
          const minPosition = log.append(paid('b', 'a', payment));
          expect((await balances(readModels, { minPosition })).position).toBe(minPosition);
        }
        await world.untilInUse(runner, 'payments', 1);
        await world.untilInUse(runner, 'accounts', 1);
      } finally {
        reading = false;
      }
      await readers;
      expect(reads).toBeGreaterThan(10);
      await world.expectTrueViews();
      for (const [projection, table] of [
        ['accounts', 'accounts'],
        ['payments', 'payments'],
      ] as const) {
        expect(await world.rowsIn(`${projection}_v1_r1`, table)).toEqual(
          await world.rowsIn(`${projection}_v1`, table),
        );
      }
    });

    it('that is asked for while another fills waits, and shares the next reading of the log', async () => {
      const again: Projection = { ...payments, name: 'payments_again', tables: [] };
      const gate = Promise.withResolvers<void>();
      const feeds: LogFeeds = {
        open: (options) => {
          const feed = log.open(options);
          const filling = desk.acts > 0 && options.from === 0n;
          const next: LogFeed['next'] = async (maxEvents) => {
            if (filling) await gate.promise;
            return feed.next(maxEvents);
          };
          return { next, close: () => feed.close() };
        },
      };
      const runner = world.start({ feeds, projections: [...projections, again] });
      await runner.waitFor(log.end, SOON_MS);
      const readings = () => log.openedFrom.filter((from) => from === 0n).length;
      const first = readings();
      desk.decide('payments', { run: 1, retained: 0 });
      await until(() => readings() === first + 1);
      desk.decide('accounts', { run: 1, retained: 0 });
      desk.decide('payments_again', { run: 1, retained: 0 });
      await until(async () => (await world.schemas()).length === 6);
      gate.resolve();
      for (const { name } of [payments, accounts, again]) await world.untilInUse(runner, name, 1);
      expect(readings()).toBe(first + 2);
      await world.expectTrueViews();
    });

    it('can be switched back from, since the tables before it are kept up to date, until they are dropped', async () => {
      const runner = world.start();
      await runner.waitFor(log.end, SOON_MS);
      desk.decide('payments', { run: 1, retained: 0 });
      await world.untilInUse(runner, 'payments', 1);
      log.append(paid('b', 'a', 1));
      desk.decide('payments', { run: 0, retained: 1 });
      await world.untilInUse(runner, 'payments', 0);
      await world.expectTrueViews();
      expect(await world.schemas()).toEqual(['accounts_v1', 'payments_v1', 'payments_v1_r1']);
      desk.decide('payments', { retained: undefined });
      await until(async () => (await world.schemas()).length === 2);
      log.append(paid('b', 'a', 2));
      await runner.waitFor(log.end, SOON_MS);
      await world.expectTrueViews();
    });

    it('leaves no tables behind that are of no use, though their owner died before it dropped them', async () => {
      await world.start().waitFor(log.end, SOON_MS);
      desk.decide('payments', { run: 1, retained: 0 });
      await world.untilInUse(world.runners[0]!, 'payments', 1);
      desk.decide('payments', { run: 0, retained: 1 });
      await world.untilInUse(world.runners[0]!, 'payments', 0);
      await world.runners.pop()!.stop();
      desk.decide('payments', { run: 2, retained: 0 });
      await world.untilInUse(world.start(), 'payments', 2);
      await until(async () => (await world.schemas()).length === 3);
      expect(await world.schemas()).toEqual(['accounts_v1', 'payments_v1', 'payments_v1_r2']);
      await world.expectTrueViews();
    });

    it('goes on where it was cut off, however often its process dies', async () => {
      for (let payment = 1; payment <= 60; payment += 1) log.append(paid('a', 'b', payment));
      await world.start().waitFor(log.end, SOON_MS);
      desk.decide('payments', { run: 1, retained: 0 });
      desk.decide('accounts', { run: 1, retained: 0 });
      for (let life = 1; life <= 6; life += 1) {
        await world.runners.pop()!.stop();
        for (let payment = 1; payment <= 30; payment += 1) log.append(paid('b', 'a', payment));
        world.start({ batchEvents: 3, database: mortalAfter(test.database, 2 * life) });
        await until(() => world.warnings.some((warning) => warning.includes('died')));
        world.warnings.length = 0;
      }
      await world.runners.pop()!.stop();
      const last = world.start();
      await world.untilInUse(last, 'payments', 1);
      await world.untilInUse(last, 'accounts', 1);
      await world.expectTrueViews();
    });

    it('fills only the latest tables after the database was dropped', async () => {
      desk.decide('payments', { run: 3, retained: 2 });
      const runner = world.start();
      await world.untilInUse(runner, 'payments', 3);
      expect(await world.schemas()).toEqual(['accounts_v1', 'payments_v1_r3']);
      await world.expectTrueViews();
    });
  });

  it('are filled into a schema of their own up to a position, for whoever asks', async () => {
    log.append(paid('b', 'a', 1), paid('b', 'a', 2));
    const upTo = log.events[3]!.position;
    await fillTables({
      database: test.database,
      feeds: log,
      projections,
      schema: 'payments_then',
      upTo,
      batchEvents: 2,
    });
    for (const fold of projections.flatMap(({ tables }) => tables)) {
      expect(await world.rowsIn('payments_then', fold.table.name)).toEqual(
        rowsOf(fold, log.events.slice(0, 4)),
      );
    }
  });

  it('of an older and a newer version of the code are kept side by side', async () => {
    if (!test.server) return;
    const other = await world.connect(test.server.url);
    const next: Projection = { ...payments, version: 2 };
    const old = world.start();
    await old.waitFor(log.end, SOON_MS);
    const newer = world.start({ database: other, projections: [accounts, next] });
    await world.untilInUse(newer, 'payments', 0);
    log.append(paid('b', 'a', 1));
    await until(() => newer.status().projections[1]!.position === log.end);
    expect(newer.status().projections).toMatchObject([{ owned: false }, { owned: true }]);
    await until(() => !old.status().projections[1]!.inUse);
    await until(() => old.status().projections[1]!.position === log.end);
    await world.expectTrueViews();
    expect(await world.rowsIn('payments_v1', 'payments')).toEqual(
      await world.rowsIn('payments_v2', 'payments'),
    );
    await old.stop();
    log.append(paid('b', 'a', 2));
    await world.untilInUse(newer, 'accounts', 0);
    await world.untilInUse(newer, 'payments', 0);
    await world.expectTrueViews();
  });
});

/** A database whose process dies, as far as it can tell, at the n-th transaction and ever after. */
const mortalAfter = (database: Database, transactions: number): Database => {
  let begun = 0;
  return {
    ...database,
    for: <Tables>() => {
      const db = database.for<Tables>();
      return new Proxy(db, {
        get: (target, property) => {
          if (property === 'transaction') {
            begun += 1;
            if (begun > transactions) throw new Error('The process died');
          }
          const value: unknown = Reflect.get(target, property);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
    },
  };
};
