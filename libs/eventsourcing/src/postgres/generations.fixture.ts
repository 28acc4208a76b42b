import { sql } from 'kysely';
import {
  accounts,
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
import {
  openDatabase,
  ProjectionRunner,
  type Database,
  type ProjectionRunnerOptions,
  type ReadModels,
} from './index.js';

// A log with a few events, a desk where operators decide, and runners that live and die on them.

export const SOON_MS = 10_000;
export const projections = [accounts, payments];

/** What operators decide, as the fold of their stream would have it. */
export class Desk {
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

export class World {
  readonly log = new InMemoryLog();
  readonly desk = new Desk();
  readonly warnings: string[] = [];
  readonly runners: ProjectionRunner[] = [];
  private readonly connections: Database[] = [];

  constructor(private readonly database: Database) {
    this.log.append(opened('a'), opened('b'), paid('a', 'b', 5));
  }

  start(options: Partial<ProjectionRunnerOptions> = {}): ProjectionRunner {
    const runner = new ProjectionRunner({
      name: 'spec',
      projections,
      database: this.database,
      feeds: this.log,
      log: this.log,
      decisions: () => Promise.resolve(this.desk.read()),
      standbyRetryMs: 50,
      observer: {
        batchApplied: () => undefined,
        warned: (_, message, error) => this.warnings.push(`${message} ${String(error)}`),
      },
      ...options,
    });
    this.runners.push(runner);
    runner.start();
    return runner;
  }

  /** As another process would: connections of its own. */
  async connect(url: string): Promise<Database> {
    const database = await openDatabase({ url });
    this.connections.push(database);
    return database;
  }

  async end(): Promise<void> {
    await Promise.all(this.runners.splice(0).map((runner) => runner.stop()));
    await Promise.all(this.connections.splice(0).map((database) => database.close()));
  }

  async rowsIn(schema: string, table: string): Promise<unknown[]> {
    const query = sql<object>`select * from ${sql.id(schema, table)} order by 1`;
    return (await query.execute(this.database.for())).rows;
  }

  /** Those that tables are in. */
  async schemas(): Promise<string[]> {
    const query = sql<{ name: string }>`select nspname as name from pg_namespace
      where nspname ~ '^(accounts|payments)_' order by 1`;
    return (await query.execute(this.database.for())).rows.map(({ name }) => name);
  }

  /** The views, and so whoever looks at the database by hand, show what the log says. */
  async expectTrueViews(): Promise<void> {
    for (const { tables } of projections) {
      const [fold] = tables;
      expect(await this.rowsIn('hostledger', fold!.table.name)).toEqual(
        rowsOf(fold!, this.log.events),
      );
    }
  }

  untilInUse(runner: ProjectionRunner, projection: string, run: number): Promise<void> {
    return until(() => {
      const status = runner.status().projections.find(({ name }) => name === projection)!;
      return status.inUse && status.run === run && status.position === this.log.end;
    });
  }
}

export const balances = (
  readModels: ReadModels,
  at: { minPosition?: bigint; timeoutMs?: number } = {},
) =>
  readModels.read<AccountTables, unknown[]>(at, (db) =>
    db.selectFrom('accounts').select(['account', 'balance_cents']).orderBy('account').execute(),
  );

export const countPayments = (readModels: ReadModels, at: { minPosition?: bigint } = {}) =>
  readModels.read<AccountTables, number>(at, async (db) => {
    const rows = await db.selectFrom('payments').select('payments.cents').execute();
    return rows.length;
  });

export const untilStopped = (runner: ProjectionRunner): Promise<void> =>
  until(() => runner.status().projections.some(({ failure }) => failure));

export interface Given {
  readonly test: TestDatabase;
  readonly world: World;
  readonly log: InMemoryLog;
  readonly desk: Desk;
}

/** Each test begins in a world of its own, on the database of its suite. */
export const eachInAWorld = (
  open: () => Promise<TestDatabase>,
  begins: (given: Given) => void,
): void => {
  let test: TestDatabase;
  let world: World;
  beforeAll(async () => {
    test = await open();
  });
  afterAll(() => test.close());
  beforeEach(() => {
    world = new World(test.database);
    begins({ test, world, log: world.log, desk: world.desk });
  });
  afterEach(async () => {
    await world.end();
    await test.empty();
  });
};
