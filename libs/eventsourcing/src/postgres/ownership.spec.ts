import { sql } from 'kysely';
import {
  accounts,
  InMemoryLog,
  opened,
  paid,
  payments,
  rowsOf,
  startPostgres,
  until,
  type TestPostgres,
} from '@hostledger/testing';
import { openDatabase, ProjectionRunner, type Database } from './index.js';

const SOON_MS = 10_000;

describe('The owner of a group, among several processes', () => {
  let server: TestPostgres;
  let log: InMemoryLog;
  let databases: Database[];
  let runners: ProjectionRunner[];

  /** As another process would: connections of its own. */
  const startProcess = async (): Promise<ProjectionRunner> => {
    const database = await openDatabase({ url: server.url });
    const runner = new ProjectionRunner({
      name: 'spec',
      projections: [accounts, payments],
      database,
      feeds: log,
      standbyRetryMs: 50,
    });
    databases.push(database);
    runners.push(runner);
    runner.start();
    return runner;
  };

  const phases = (): string[] => runners.map((runner) => runner.status().phase);

  const expectTrueTables = async (): Promise<void> => {
    const { rows } = await sql`select * from payments order by 1`.execute(databases[0]!.for());
    expect(rows).toEqual(rowsOf(payments.tables[0]!, log.events));
  };

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    log = new InMemoryLog();
    databases = [];
    runners = [];
    log.append(opened('a'), opened('b'));
    const first = await startProcess();
    await until(() => first.status().phase === 'live');
    await startProcess();
  });
  afterEach(async () => {
    await Promise.all(runners.map((runner) => runner.stop()));
    const db = databases[0]!.for<unknown>();
    for (const name of ['accounts_v1', 'payments_v1', 'hostledger', 'hostledger_meta']) {
      await sql`drop schema if exists ${sql.id(name)} cascade`.execute(db);
    }
    await Promise.all(databases.map((database) => database.close()));
  });

  it('is followed by a standby when it stops', async () => {
    log.append(paid('a', 'b', 1));
    await runners[0]!.waitFor(log.end, SOON_MS);
    await until(() => phases().join() === 'live,standby');
    await runners[0]!.stop();
    log.append(paid('a', 'b', 2));
    await runners[1]!.waitFor(log.end, SOON_MS);
    await until(() => phases().join() === 'stopped,live');
    await expectTrueTables();
  });

  it('is one again after the connection that holds the lock was cut', async () => {
    const db = databases[0]!.for<unknown>();
    await sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'`.execute(
      db,
    );
    log.append(paid('a', 'b', 1));
    await until(() => runners.some((runner) => runner.position === log.end));
    await until(() => phases().sort().join() === 'live,standby');
    await expectTrueTables();
  });
});
