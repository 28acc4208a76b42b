import { sql } from 'kysely';
import {
  accounts,
  databases,
  InMemoryLog,
  opened,
  paid,
  payments,
  rowsOf,
  until,
  type AccountTables,
  type TestDatabase,
} from '@hostledger/testing';
import type { Decisions, ProjectionDecisions } from '../decisions.js';
import type { LogFeed, LogFeeds } from '../log-feed.js';
import type { Projection } from '../projection.js';
import {
  fillTables,
  openDatabase,
  ProjectionRunner,
  ReadModelBehind,
  ReadModelRefused,
  ReadModels,
  type Database,
  type ProjectionRunnerOptions,
} from './index.js';

const SOON_MS = 10_000;
const projections = [accounts, payments];

/** What operators decide, as the fold of their stream would have it. */
class Desk {
  acts = 0;
  private logAcceptedBy = 0;
  private readonly decided = new Map<string, ProjectionDecisions>();

  decide(projection: string, change: Partial<ProjectionDecisions>): void {
    this.acts += 1;
    const before = this.read().of(projection);
    this.decided.set(projection, { ...before, ...change });
  }

  /** The next act has the projection tried again. */
  resume(projection: string, change: Partial<ProjectionDecisions> = {}): void {
    this.decide(projection, { ...change, resumedBy: this.acts + 1 });
  }

  acceptLog(): void {
    this.acts += 1;
    this.logAcceptedBy = this.acts;
  }

  read(): Decisions {
    const decided = new Map(this.decided);
    const none = { run: 0, retained: undefined, resumedBy: 0, parked: new Map<bigint, string>() };
    return {
      acts: this.acts,
      logAcceptedBy: this.logAcceptedBy,
      of: (projection) => decided.get(projection) ?? none,
    };
  }
}

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

describe.each(databases)('Generations on %s', (_, open) => {
  let test: TestDatabase;
  let log: InMemoryLog;
  let desk: Desk;
  let warnings: string[];
  const runners: ProjectionRunner[] = [];
  const connections: Database[] = [];

  const start = (options: Partial<ProjectionRunnerOptions> = {}): ProjectionRunner => {
    const runner = new ProjectionRunner({
      name: 'spec',
      projections,
      database: test.database,
      feeds: log,
      log,
      decisions: () => Promise.resolve(desk.read()),
      standbyRetryMs: 50,
      observer: {
        batchApplied: () => undefined,
        warned: (__, message, error) => warnings.push(`${message} ${String(error)}`),
      },
      ...options,
    });
    runners.push(runner);
    runner.start();
    return runner;
  };

  const rowsIn = async (schema: string, table: string): Promise<unknown[]> =>
    (
      await sql<object>`select * from ${sql.id(schema, table)} order by 1`.execute(
        test.database.for(),
      )
    ).rows;

  const schemas = async (): Promise<string[]> =>
    (
      await sql<{ name: string }>`select nspname as name from pg_namespace
        where nspname ~ '^(accounts|payments)_' order by 1`.execute(test.database.for())
    ).rows.map(({ name }) => name);

  /** The views, and so whoever looks at the database by hand, show what the log says. */
  const expectTrueViews = async (): Promise<void> => {
    expect(await rowsIn('hostledger', 'accounts')).toEqual(rowsOf(accounts.tables[0]!, log.events));
    expect(await rowsIn('hostledger', 'payments')).toEqual(rowsOf(payments.tables[0]!, log.events));
  };

  const untilInUse = (runner: ProjectionRunner, projection: string, run: number): Promise<void> =>
    until(() => {
      const status = runner.status().projections.find(({ name }) => name === projection)!;
      return status.inUse && status.run === run && status.position === log.end;
    });

  const untilStopped = (runner: ProjectionRunner): Promise<void> =>
    until(() => runner.status().projections.some(({ failure }) => failure));

  const balances = (
    readModels: ReadModels,
    at: { minPosition?: bigint; timeoutMs?: number } = {},
  ) =>
    readModels.read<AccountTables, unknown[]>(at, (db) =>
      db.selectFrom('accounts').select(['account', 'balance_cents']).orderBy('account').execute(),
    );
  const countPayments = (readModels: ReadModels, at: { minPosition?: bigint } = {}) =>
    readModels.read<AccountTables, number>(at, async (db) => {
      const rows = await db.selectFrom('payments').select('payments.cents').execute();
      return rows.length;
    });

  beforeAll(async () => {
    test = await open();
  });
  afterAll(() => test.close());
  beforeEach(() => {
    log = new InMemoryLog();
    desk = new Desk();
    warnings = [];
    log.append(opened('a'), opened('b'), paid('a', 'b', 5));
  });
  afterEach(async () => {
    await Promise.all(runners.splice(0).map((runner) => runner.stop()));
    await Promise.all(connections.splice(0).map((database) => database.close()));
    await test.empty();
  });

  describe('A rebuild', () => {
    it('fills new tables beside those that serve, and no reader sees a step back or an error', async () => {
      const runner = start({ batchEvents: 7 });
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
        await untilInUse(runner, 'payments', 1);
        await untilInUse(runner, 'accounts', 1);
      } finally {
        reading = false;
      }
      await readers;
      expect(reads).toBeGreaterThan(10);
      await expectTrueViews();
      for (const [projection, table] of [
        ['accounts', 'accounts'],
        ['payments', 'payments'],
      ] as const) {
        expect(await rowsIn(`${projection}_v1_r1`, table)).toEqual(
          await rowsIn(`${projection}_v1`, table),
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
      const runner = start({ feeds, projections: [...projections, again] });
      await runner.waitFor(log.end, SOON_MS);
      const readings = () => log.openedFrom.filter((from) => from === 0n).length;
      const first = readings();
      desk.decide('payments', { run: 1, retained: 0 });
      await until(() => readings() === first + 1);
      desk.decide('accounts', { run: 1, retained: 0 });
      desk.decide('payments_again', { run: 1, retained: 0 });
      await until(async () => (await schemas()).length === 6);
      gate.resolve();
      for (const { name } of [payments, accounts, again]) await untilInUse(runner, name, 1);
      expect(readings()).toBe(first + 2);
      await expectTrueViews();
    });

    it('can be switched back from, since the tables before it are kept up to date, until they are dropped', async () => {
      const runner = start();
      await runner.waitFor(log.end, SOON_MS);
      desk.decide('payments', { run: 1, retained: 0 });
      await untilInUse(runner, 'payments', 1);
      log.append(paid('b', 'a', 1));
      desk.decide('payments', { run: 0, retained: 1 });
      await untilInUse(runner, 'payments', 0);
      await expectTrueViews();
      expect(await schemas()).toEqual(['accounts_v1', 'payments_v1', 'payments_v1_r1']);
      desk.decide('payments', { retained: undefined });
      await until(async () => (await schemas()).length === 2);
      log.append(paid('b', 'a', 2));
      await runner.waitFor(log.end, SOON_MS);
      await expectTrueViews();
    });

    it('leaves no tables behind that are of no use, though their owner died before it dropped them', async () => {
      await start().waitFor(log.end, SOON_MS);
      desk.decide('payments', { run: 1, retained: 0 });
      await untilInUse(runners[0]!, 'payments', 1);
      desk.decide('payments', { run: 0, retained: 1 });
      await untilInUse(runners[0]!, 'payments', 0);
      await runners.pop()!.stop();
      desk.decide('payments', { run: 2, retained: 0 });
      await untilInUse(start(), 'payments', 2);
      await until(async () => (await schemas()).length === 3);
      expect(await schemas()).toEqual(['accounts_v1', 'payments_v1', 'payments_v1_r2']);
      await expectTrueViews();
    });

    it('goes on where it was cut off, however often its process dies', async () => {
      for (let payment = 1; payment <= 60; payment += 1) log.append(paid('a', 'b', payment));
      await start().waitFor(log.end, SOON_MS);
      desk.decide('payments', { run: 1, retained: 0 });
      desk.decide('accounts', { run: 1, retained: 0 });
      for (let life = 1; life <= 6; life += 1) {
        await runners.pop()!.stop();
        for (let payment = 1; payment <= 30; payment += 1) log.append(paid('b', 'a', payment));
        start({ batchEvents: 3, database: mortalAfter(test.database, 2 * life) });
        await until(() => warnings.some((warning) => warning.includes('died')));
        warnings.length = 0;
      }
      await runners.pop()!.stop();
      const last = start();
      await untilInUse(last, 'payments', 1);
      await untilInUse(last, 'accounts', 1);
      await expectTrueViews();
    });

    it('fills only the latest tables after the database was dropped', async () => {
      desk.decide('payments', { run: 3, retained: 2 });
      const runner = start();
      await untilInUse(runner, 'payments', 3);
      expect(await schemas()).toEqual(['accounts_v1', 'payments_v1_r3']);
      await expectTrueViews();
    });
  });

  describe('A projection whose fold fails', () => {
    const fold = { cents: 13 };
    let unlucky: Projection;
    beforeEach(() => {
      fold.cents = 13;
      unlucky = unluckyPayments(fold);
      log.append(paid('a', 'b', 13), paid('b', 'a', 1));
    });
    const own = () => ({ projections: [accounts, unlucky] });
    const failing = () => log.events[3]!;

    it('stops alone and stays so when its process starts again; readers of others do not notice', async () => {
      await untilStopped(start(own()));
      await runners.pop()!.stop();
      const runner = start(own());
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
      const runner = start(own());
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
      const runner = start(own());
      await untilStopped(runner);
      fold.cents = -1;
      desk.resume('payments');
      await untilInUse(runner, 'payments', 0);
      expect(runner.status().projections[1]!.failure).toBeUndefined();
      await expectTrueViews();
    });

    it('stops again when it was resumed in vain', async () => {
      const runner = start(own());
      await untilStopped(runner);
      const said = (): number => warnings.filter((line) => line.includes('stopped at')).length;
      desk.resume('payments');
      await until(() => said() === 2);
      expect(runner.status().projections[1]!.failure).toMatchObject({ acts: 1 });
    });

    it('goes on past an event that is parked, which a rebuild leaves out as well', async () => {
      const runner = start(own());
      await untilStopped(runner);
      const parked = new Map([[failing().position, failing().id]]);
      desk.resume('payments', { parked });
      await untilInUse(runner, 'payments', 0);
      const others = log.events.filter(({ id }) => id !== failing().id);
      expect(await rowsIn('payments_v1', 'payments')).toEqual(rowsOf(payments.tables[0]!, others));
      desk.decide('payments', { run: 1, retained: 0 });
      await untilInUse(runner, 'payments', 1);
      expect(await rowsIn('payments_v1_r1', 'payments')).toEqual(
        await rowsIn('payments_v1', 'payments'),
      );
    });

    it('is as well a rebuild that fails: the tables that serve go on', async () => {
      fold.cents = -1;
      const runner = start(own());
      await untilInUse(runner, 'payments', 0);
      fold.cents = 1;
      desk.decide('payments', { run: 1, retained: 0 });
      await untilStopped(runner);
      log.append(paid('a', 'b', 2));
      await untilInUse(runner, 'payments', 0);
      await expectTrueViews();
    });
  });

  describe('A log that was restored or replaced', () => {
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
      await start().waitFor(log.end, SOON_MS);
      await runners.pop()!.stop();
      restore();
      const runner = start();
      await expectRefused(runner);
      expect(await rowsIn('payments_v1', 'payments')).toHaveLength(1);
      desk.acceptLog();
      await until(() => runner.phase === 'live');
      await untilInUse(runner, 'payments', 0);
      await expectTrueViews();
    });

    it('is noticed when the feed is opened again', async () => {
      let reopen: () => Promise<void> = () => Promise.resolve();
      const feeds = {
        open: (options: Parameters<InMemoryLog['open']>[0]) => {
          reopen = options.beforeReopening!;
          return log.open(options);
        },
      };
      await start({ feeds }).waitFor(log.end, SOON_MS);
      await expect(reopen()).resolves.toBeUndefined();
      log.truncate(2);
      await expect(reopen()).rejects.toMatchObject({ name: 'LogReplaced' });
    });

    it('may be put back', async () => {
      await start().waitFor(log.end, SOON_MS);
      await runners.pop()!.stop();
      const events = [...log.events];
      log.truncate(1);
      await expectRefused(start());
      await runners.pop()!.stop();
      log.events.splice(0, 1, ...events);
      const runner = start();
      await untilInUse(runner, 'payments', 0);
      await expectTrueViews();
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
      expect(await rowsIn('payments_then', fold.table.name)).toEqual(
        rowsOf(fold, log.events.slice(0, 4)),
      );
    }
  });

  it('of an older and a newer version of the code are kept side by side', async () => {
    if (!test.server) return;
    const other = await openDatabase({ url: test.server.url });
    connections.push(other);
    const next: Projection = { ...payments, version: 2 };
    const old = start();
    await old.waitFor(log.end, SOON_MS);
    const newer = start({ database: other, projections: [accounts, next] });
    await untilInUse(newer, 'payments', 0);
    log.append(paid('b', 'a', 1));
    await until(() => newer.status().projections[1]!.position === log.end);
    expect(newer.status().projections).toMatchObject([{ owned: false }, { owned: true }]);
    await until(() => !old.status().projections[1]!.inUse);
    await until(() => old.status().projections[1]!.position === log.end);
    await expectTrueViews();
    expect(await rowsIn('payments_v1', 'payments')).toEqual(
      await rowsIn('payments_v2', 'payments'),
    );
    await old.stop();
    log.append(paid('b', 'a', 2));
    await untilInUse(newer, 'accounts', 0);
    await untilInUse(newer, 'payments', 0);
    await expectTrueViews();
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
