import {
  accounts,
  databases,
  InMemoryLog,
  opened,
  paid,
  payments,
  type AccountTables,
  type TestDatabase,
} from '@hostledger/testing';
import {
  PositionBeyondLog,
  ProjectionRunner,
  ReadModelBehind,
  ReadModels,
  ReadModelUnavailable,
} from './index.js';

const SOON_MS = 10_000;
const projections = [accounts, payments];

describe.each(databases)('Read models on %s', (_, open) => {
  let test: TestDatabase;
  let log: InMemoryLog;
  let runner: ProjectionRunner;

  const balances = (readModels: ReadModels, at: { minPosition?: bigint; timeoutMs?: number }) =>
    readModels.read<AccountTables, unknown>(at, (db) =>
      db.selectFrom('accounts').select(['account', 'balance_cents']).orderBy('account').execute(),
    );

  beforeAll(async () => {
    test = await open();
  });
  afterAll(() => test.close());
  beforeEach(() => {
    log = new InMemoryLog();
    runner = new ProjectionRunner({
      name: 'spec',
      projections,
      database: test.database,
      feeds: log,
    });
  });
  afterEach(async () => {
    await runner.stop();
    await test.empty();
  });

  it.each(['beside the runner', 'in another process'])(
    'see what was just written, and say at which position (%s)',
    async (where) => {
      runner.start();
      const beside = where === 'beside the runner';
      const readModels = new ReadModels(test.database, {
        projections,
        ...(beside ? { runner } : {}),
      });
      log.append(opened('a'), opened('b'));
      await runner.waitFor(log.end, SOON_MS);
      for (let payment = 1; payment <= 5; payment += 1) {
        const minPosition = log.append(paid('a', 'b', 1));
        expect(await balances(readModels, { minPosition })).toEqual({
          position: minPosition,
          value: [
            { account: 'a', balance_cents: BigInt(-payment) },
            { account: 'b', balance_cents: BigInt(payment) },
          ],
        });
      }
    },
  );

  it('refuse to answer from before the position that is asked for', async () => {
    log.append(opened('a'));
    runner.start();
    await runner.waitFor(log.end, SOON_MS);
    for (const options of [{ projections, progress: runner }, { projections }]) {
      const readModels = new ReadModels(test.database, options);
      const read = balances(readModels, { minPosition: log.end + 1n, timeoutMs: 50 });
      await expect(read).rejects.toMatchObject({ wanted: log.end + 1n, current: log.end });
      await expect(read).rejects.toBeInstanceOf(ReadModelBehind);
    }
  });

  it('tell a position that is not in the log from one that they have not come to', async () => {
    log.append(opened('a'));
    runner.start();
    await runner.waitFor(log.end, SOON_MS);
    const head = { end: log.end, isAway: false };
    const readModels = new ReadModels(test.database, {
      ...{ projections, progress: runner },
      log: {
        head: () => (head.isAway ? Promise.reject(new Error('away')) : Promise.resolve(head.end)),
      },
    });
    const ahead = { minPosition: log.end + 1n, timeoutMs: 50 };
    const beyond = new PositionBeyondLog(log.end + 1n, log.end);
    await expect(balances(readModels, ahead)).rejects.toEqual(beyond);
    head.isAway = true;
    await expect(balances(readModels, ahead)).rejects.toBeInstanceOf(ReadModelBehind);
    Object.assign(head, { isAway: false, end: log.end + 1n });
    await expect(balances(readModels, ahead)).rejects.toBeInstanceOf(ReadModelBehind);
  });

  it('do not answer while a new version is being filled', async () => {
    log.append(opened('a'));
    runner.start();
    await runner.waitFor(log.end, SOON_MS);
    const next = new ReadModels(test.database, {
      projections: [{ ...accounts, version: 2 }, payments],
    });
    await expect(balances(next, { timeoutMs: 50 })).rejects.toBeInstanceOf(ReadModelBehind);
  });

  it('cannot be read before there are any', async () => {
    const readModels = new ReadModels(test.database, { projections });
    await expect(balances(readModels, {})).rejects.toBeInstanceOf(ReadModelUnavailable);
  });

  it('give one snapshot, whatever is applied meanwhile', async () => {
    log.append(opened('a'), opened('b'));
    runner.start();
    await runner.waitFor(log.end, SOON_MS);
    const readModels = new ReadModels(test.database, { projections, progress: runner });
    const { position, value } = await readModels.read<AccountTables, number[]>({}, async (db) => {
      const count = async (): Promise<number> =>
        (await db.selectFrom('payments').selectAll().execute()).length;
      const before = await count();
      log.append(paid('a', 'b', 1));
      // The embedded database has one session, so there the writer waits for this reader.
      if (test.server) await runner.waitFor(log.end, SOON_MS);
      return [before, await count()];
    });
    expect(value).toEqual([0, 0]);
    expect(position).toBeLessThan(log.end);
  });

  it('cannot be written to', async () => {
    log.append(opened('a'));
    runner.start();
    await runner.waitFor(log.end, SOON_MS);
    const readModels = new ReadModels(test.database, { projections, progress: runner });
    await expect(
      readModels.read<AccountTables, unknown>({}, (db) => db.deleteFrom('accounts').execute()),
    ).rejects.toMatchObject({ code: '25006' });
  });
});
