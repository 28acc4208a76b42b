import { sql } from 'kysely';
import {
  accounts,
  databases,
  paid,
  payments,
  rowsOf,
  until,
  type AccountTables,
  type InMemoryLog,
  type TestDatabase,
} from '@hostledger/testing';
import type { Projection } from '../projection.js';
import {
  balances,
  countPayments,
  eachInAWorld,
  projections,
  untilStopped,
  type Desk,
  type World,
} from './generations.fixture.js';
import { ReadModelBehind, ReadModels } from './index.js';

/** Payments whose fold cannot take this many cents, as long as it is not mended. */
const unluckyPayments = (fold: { cents: number }): Projection => {
  const [table] = payments.tables;
  return {
    ...payments,
    tables: [
      {
        ...table!,
        evolve: (row, event, key) => {
          if ('cents' in event.data && event.data.cents === fold.cents) throw new Error('unlucky');
          return table!.evolve(row, event, key);
        },
      },
    ],
  };
};

describe.each(databases)('On %s, a projection whose fold fails', (_, open) => {
  let test: TestDatabase;
  let world: World;
  let log: InMemoryLog;
  let desk: Desk;
  let unlucky: Projection;
  const fold = { cents: 13 };
  const own = () => ({ projections: [accounts, unlucky] });
  const failing = () => log.events[3]!;

  eachInAWorld(open, (given) => {
    ({ test, world, log, desk } = given);
    log.append(paid('a', 'b', 13), paid('b', 'a', 1));
    fold.cents = 13;
    unlucky = unluckyPayments(fold);
  });

  it('stops alone and stays so when its process starts again; readers of others do not notice', async () => {
    await untilStopped(world.start(own()));
    await world.runners.pop()!.stop();
    const runner = world.start(own());
    await untilStopped(runner);
    const readModels = new ReadModels(test.database, { ...own(), progress: runner });
    const minPosition = log.append(paid('a', 'b', 2));
    expect((await balances(readModels, { minPosition })).position).toBe(minPosition);
    const { position, value } = await countPayments(readModels);
    expect({ position, value }).toEqual({ position: log.events[2]!.position, value: 1 });
    const ahead = countPayments(readModels, { minPosition });
    await expect(ahead).rejects.toBeInstanceOf(ReadModelBehind);
    await expect(ahead).rejects.toThrow(
      `projection payments stopped at Paid (position ${failing().position}): Error: unlucky`,
    );
    const [, row] = await readModels.generations();
    expect(row).toMatchObject({ failure: { eventId: failing().id, eventType: 'Paid' } });
  });

  it('holds up reads that hide their tables in SQL text: those are true where all tables are', async () => {
    const runner = world.start(own());
    await untilStopped(runner);
    const readModels = new ReadModels(test.database, { projections });
    const minPosition = log.append(paid('a', 'b', 2));
    const inText = (at: { minPosition?: bigint }) =>
      readModels.read<AccountTables, number>(at, async (db) => {
        const { rows } = await sql<{ n: number }>`
          select count(*)::int as n from accounts`.execute(db);
        return rows[0]!.n;
      });
    expect((await balances(readModels, { minPosition })).position).toBe(minPosition);
    expect(await inText({})).toEqual({ position: log.events[2]!.position, value: 2 });
    await expect(inText({ minPosition })).rejects.toBeInstanceOf(ReadModelBehind);
  });

  it('is tried again when it is resumed, and then goes on', async () => {
    const runner = world.start(own());
    await untilStopped(runner);
    fold.cents = -1;
    desk.resume('payments');
    await world.untilInUse(runner, 'payments', 0);
    expect(runner.status().projections[1]!.failure).toBeUndefined();
    await world.expectTrueViews();
  });

  it('stops again when it was resumed in vain', async () => {
    const runner = world.start(own());
    await untilStopped(runner);
    const said = (): number => world.warnings.filter((line) => line.includes('stopped at')).length;
    desk.resume('payments');
    await until(() => said() === 2);
    expect(runner.status().projections[1]!.failure).toMatchObject({ acts: 1 });
  });

  it('goes on past an event that is parked, which a rebuild leaves out as well', async () => {
    const runner = world.start(own());
    await untilStopped(runner);
    const parked = new Map([[failing().position, failing().id]]);
    desk.resume('payments', { parked });
    await world.untilInUse(runner, 'payments', 0);
    const others = log.events.filter(({ id }) => id !== failing().id);
    expect(await world.rowsIn('payments_v1', 'payments')).toEqual(
      rowsOf(payments.tables[0]!, others),
    );
    desk.decide('payments', { run: 1, retained: 0 });
    await world.untilInUse(runner, 'payments', 1);
    expect(await world.rowsIn('payments_v1_r1', 'payments')).toEqual(
      await world.rowsIn('payments_v1', 'payments'),
    );
  });

  it('is as well a rebuild that fails: the tables that serve go on', async () => {
    fold.cents = -1;
    const runner = world.start(own());
    await world.untilInUse(runner, 'payments', 0);
    fold.cents = 1;
    desk.decide('payments', { run: 1, retained: 0 });
    await untilStopped(runner);
    log.append(paid('a', 'b', 2));
    await world.untilInUse(runner, 'payments', 0);
    await world.expectTrueViews();
  });
});
