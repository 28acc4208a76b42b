import {
  databases,
  paid,
  payments,
  until,
  type InMemoryLog,
  type TestDatabase,
} from '@hostledger/testing';
import {
  balances,
  countPayments,
  eachInAWorld,
  projections,
  SOON_MS,
  type Desk,
  type World,
} from './generations.fixture.js';
import { ReadModelRefused, ReadModels, type ProjectionRunner } from './index.js';

describe.each(databases)('On %s, a log that was restored or replaced', (_, open) => {
  let test: TestDatabase;
  let world: World;
  let log: InMemoryLog;
  let desk: Desk;

  eachInAWorld(open, (given) => {
    ({ test, world, log, desk } = given);
  });

  const expectRefused = async (runner: ProjectionRunner): Promise<void> => {
    await until(() => runner.phase === 'refused');
    expect(runner.status().lastError?.message).toMatch(/accept-log/);
    const readModels = new ReadModels(test.database, { projections });
    await expect(balances(readModels)).rejects.toBeInstanceOf(ReadModelRefused);
  };

  it.each([
    ['is shorter', () => log.truncate(2)],
    [
      'has another event in the place of the last one',
      () => {
        log.truncate(2);
        log.append(paid('b', 'a', 9), paid('b', 'a', 8));
        const [last] = log.events.splice(2, 1, log.events[3]!);
        log.events.splice(3, 1);
        log.events[2] = { ...log.events[2]!, position: last!.position };
      },
    ],
  ])('and %s is refused until it is accepted', async (__, restore) => {
    await world.start().waitFor(log.end, SOON_MS);
    await world.runners.pop()!.stop();
    restore();
    const runner = world.start();
    await expectRefused(runner);
    expect(await world.rowsIn('payments_v1', 'payments')).toHaveLength(1);
    desk.acceptLog();
    await until(() => runner.phase === 'live');
    await world.untilInUse(runner, 'payments', 0);
    await world.expectTrueViews();
  });

  it('is noticed when the feed is opened again', async () => {
    let reopen: () => Promise<void> = () => Promise.resolve();
    const feeds = {
      open: (options: Parameters<InMemoryLog['open']>[0]) => {
        reopen = options.beforeReopening!;
        return log.open(options);
      },
    };
    await world.start({ feeds }).waitFor(log.end, SOON_MS);
    await expect(reopen()).resolves.toBeUndefined();
    log.truncate(2);
    await expect(reopen()).rejects.toMatchObject({ name: 'LogReplaced' });
  });

  it('is refused by what is taken over from a process that had not noticed, too', async () => {
    if (!test.server) return;
    const last = log.events.at(-1)!;
    const unaware = world.start({
      ...{ database: await world.connect(test.server.url), projections: [payments] },
      log: { head: () => Promise.resolve(last.position), idAt: () => Promise.resolve(last.id) },
    });
    await unaware.waitFor(log.end, SOON_MS);
    await world.start().waitFor(log.end, SOON_MS);
    await world.runners.pop()!.stop();
    log.truncate(2);
    await expectRefused(world.start());
    const readModels = new ReadModels(test.database, { projections });
    expect((await countPayments(readModels)).value).toBe(1);
    await unaware.stop();
    await until(async () => {
      const rows = await readModels.generations();
      return rows.every(({ refusal }) => refusal !== undefined);
    });
    await expect(countPayments(readModels)).rejects.toBeInstanceOf(ReadModelRefused);
  });

  it('may be put back', async () => {
    await world.start().waitFor(log.end, SOON_MS);
    await world.runners.pop()!.stop();
    const events = [...log.events];
    log.truncate(1);
    await expectRefused(world.start());
    await world.runners.pop()!.stop();
    log.events.splice(0, 1, ...events);
    const runner = world.start();
    await world.untilInUse(runner, 'payments', 0);
    await world.expectTrueViews();
  });
});
