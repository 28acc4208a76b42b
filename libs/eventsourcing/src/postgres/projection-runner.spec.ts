import { sql } from 'kysely';
import {
  accounts,
  closed,
  databases,
  InMemoryLog,
  opened,
  paid,
  payments,
  rowsOf,
  until,
  type TestDatabase,
} from '@hostledger/testing';
import type { Projection } from '../projection.js';
import { ProjectionRunner, type ProjectionRunnerOptions } from './index.js';

const SOON_MS = 10_000;
const projections = [accounts, payments];

describe.each(databases)('A projection runner on %s', (_, open) => {
  let test: TestDatabase;
  let log: InMemoryLog;
  let warnings: string[];
  const runners: ProjectionRunner[] = [];

  const start = (options: Partial<ProjectionRunnerOptions> = {}): ProjectionRunner => {
    const runner = new ProjectionRunner({
      name: 'spec',
      projections,
      database: test.database,
      feeds: log,
      observer: {
        batchApplied: () => undefined,
        warned: (_runner, message) => warnings.push(message),
      },
      ...options,
    });
    runners.push(runner);
    runner.start();
    return runner;
  };

  /** The rows of a table in the order of the first column. */
  const rows = async (table: string): Promise<unknown[]> =>
    (
      await sql<object>`select * from ${sql.id('hostledger', table)} order by 1`.execute(
        test.database.for(),
      )
    ).rows;

  /** What the tables must hold: each event folded once, in order. */
  const expectTrueTables = async (): Promise<void> => {
    expect(await rows('accounts')).toEqual(rowsOf(accounts.tables[0]!, log.events));
    expect(await rows('payments')).toEqual(rowsOf(payments.tables[0]!, log.events));
  };

  /** Everything is in use and at the end of the log. */
  const untilKept = (runner: ProjectionRunner): Promise<void> =>
    until(() =>
      runner.status().projections.every(({ inUse, position }) => inUse && position === log.end),
    );

  beforeAll(async () => {
    test = await open();
  });
  afterAll(() => test.close());
  beforeEach(() => {
    log = new InMemoryLog();
    warnings = [];
  });
  afterEach(async () => {
    await Promise.all(runners.splice(0).map((runner) => runner.stop()));
    await test.empty();
  });

  it('folds what is in the log, and what comes', async () => {
    log.append(opened('a'), opened('b'), paid('a', 'b', 5));
    const runner = start();
    await runner.waitFor(log.end, SOON_MS);
    await expectTrueTables();
    log.append(paid('b', 'a', 2), closed('b'));
    await runner.waitFor(log.end, SOON_MS);
    await expectTrueTables();
    expect(runner.status()).toMatchObject({ phase: 'live', position: log.end });
  });

  it('goes on after the last event when it is started again', async () => {
    log.append(opened('a'), opened('b'), paid('a', 'b', 5));
    const first = start();
    await first.waitFor(log.end, SOON_MS);
    const stoppedAt = log.end;
    await first.stop();
    log.append(paid('a', 'b', 7));
    await start().waitFor(log.end, SOON_MS);
    expect(log.openedFrom).toEqual([0n, stoppedAt]);
    await expectTrueTables();
  });

  it('counts every event once when it fails between the rows and the checkpoint', async () => {
    log.append(opened('a'), opened('b'));
    const runner = start();
    await runner.waitFor(log.end, SOON_MS);
    const attempts = await failTwice(test);
    log.append(paid('a', 'b', 5));
    await runner.waitFor(log.end, SOON_MS);
    expect(await attempts()).toBe(3n);
    await expectTrueTables();
  });

  it('counts every event once beside another process that thinks it is the owner', async () => {
    // On a server the locks prevent this; here the rival is handed what somebody else keeps.
    const database = { ...test.database, kind: 'pglite' as const };
    log.append(opened('a'), opened('b'));
    const rivals = [start({ database }), start({ database })];
    for (let payment = 1; payment <= 6; payment += 1) {
      log.append(paid('a', 'b', payment));
      await rivals[payment % 2]!.waitFor(log.end, SOON_MS);
    }
    await Promise.all(rivals.map((rival) => rival.waitFor(log.end, SOON_MS)));
    await expectTrueTables();
    expect(warnings.length).toBeGreaterThan(0);
  });

  it('leaves behind only the projection whose fold fails, and says where', async () => {
    const [table] = payments.tables;
    const faulty: Projection = {
      ...payments,
      tables: [
        {
          ...table!,
          evolve: (row, event, key) => {
            if ('cents' in event.data && event.data.cents === 13) throw new Error('unlucky');
            return table!.evolve(row, event, key);
          },
        },
      ],
    };
    log.append(opened('a'), opened('b'), paid('a', 'b', 5), paid('a', 'b', 13), paid('b', 'a', 1));
    const runner = start({ projections: [accounts, faulty] });
    await until(() => runner.status().phase === 'live');
    expect(runner.status().projections).toMatchObject([
      { name: 'accounts', position: log.end, failure: undefined },
      {
        name: 'payments',
        position: log.events[2]!.position,
        failure: {
          position: log.events[3]!.position,
          eventType: 'Paid',
          eventId: log.events[3]!.id,
          cause: 'Error: unlucky',
        },
      },
    ]);
    expect(await rows('accounts')).toEqual(rowsOf(accounts.tables[0]!, log.events));
    expect(await rows('payments')).toHaveLength(1);
  });

  it('leaves behind a projection whose row the table refuses', async () => {
    log.append(opened('a'), opened('b'), paid('a', 'b', 5), opened('nul\u0000'), paid('b', 'a', 3));
    const runner = start();
    await until(() => runner.status().phase === 'live');
    const [first, second] = runner.status().projections;
    expect(first).toMatchObject({
      name: 'accounts',
      position: log.events[2]!.position,
      failure: { eventType: 'Opened', position: log.events[3]!.position },
    });
    expect(second).toMatchObject({ failure: undefined, position: log.end });
    expect(await rows('payments')).toHaveLength(2);
  });

  it('fills a new version beside the old one and shows it once it has caught up', async () => {
    log.append(opened('a'), opened('b'), paid('a', 'b', 5));
    const before = start();
    await before.waitFor(log.end, SOON_MS);
    await before.stop();
    const next: Projection = { ...accounts, version: 2, tables: accounts.tables };
    log.append(paid('a', 'b', 5));
    const runner = start({ projections: [next, payments] });
    await untilKept(runner);
    await expectTrueTables();
    const shown = await sql<{ version: number }>`select version from hostledger_meta.in_use
      where name = 'accounts'`.execute(test.database.for());
    expect(shown.rows).toEqual([{ version: 2 }]);
  });

  it('empties a version whose tables have changed, and refills it', async () => {
    log.append(opened('a'), opened('b'), paid('a', 'b', 5));
    const before = start();
    await before.waitFor(log.end, SOON_MS);
    await before.stop();
    const [fold] = payments.tables;
    const changed: Projection = {
      ...payments,
      tables: [{ ...fold!, table: { ...fold!.table, indexes: [['account']] } }],
    };
    await untilKept(start({ projections: [accounts, changed] }));
    expect(warnings).toEqual([expect.stringContaining('payments_v1')]);
    await expectTrueTables();
  });

  it('refuses two tables of one name', async () => {
    const runner = start({ projections: [accounts, { ...accounts, name: 'others' }] });
    await until(() => runner.status().phase === 'retrying');
    expect(runner.status().lastError?.message).toMatch('Two tables are named accounts');
  });
});

/** Makes the next two moves of a checkpoint fail; the result tells how many were tried. */
const failTwice = async ({ database }: TestDatabase): Promise<() => Promise<bigint>> => {
  const db = database.for<unknown>();
  await sql.raw(`create schema fault`).execute(db);
  // A sequence is not rolled back, so it counts attempts over transactions.
  await sql.raw(`create sequence fault.attempts`).execute(db);
  await sql
    .raw(
      `create function fault.fail() returns trigger language plpgsql as $$ begin
        if nextval('fault.attempts') <= 2 then raise exception using errcode = '58000'; end if;
        return new; end $$`,
    )
    .execute(db);
  await sql
    .raw(
      `create trigger fail before update of position on hostledger_meta.generations
        for each statement execute function fault.fail()`,
    )
    .execute(db);
  return async () => {
    const { rows } = await sql<{ attempts: bigint }>`select last_value as attempts
      from fault.attempts`.execute(db);
    return rows[0]!.attempts;
  };
};
