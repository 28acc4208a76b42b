import fc from 'fast-check';
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
  type AccountEvent,
  type TestDatabase,
} from '@hostledger/testing';
import { ProjectionRunner } from './index.js';

const SOON_MS = 10_000;
const projections = [accounts, payments];

const account = fc.constantFrom('a', 'b', 'c', 'd');
const event: fc.Arbitrary<AccountEvent> = fc.oneof(
  { weight: 2, arbitrary: account.map(opened) },
  { weight: 1, arbitrary: account.map(closed) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(account, account, fc.nat(1_000))
      .map(([from, to, cents]) => paid(from, to, cents)),
  },
);
/** What is appended while one runner runs; the next runner begins where it stopped. */
const runs = fc.array(fc.array(event, { maxLength: 15 }), { minLength: 1, maxLength: 3 });
const batchEvents = fc.integer({ min: 1, max: 20 });

describe.each(databases)('Tables rebuilt from the log on %s', (_, open) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await open();
  });
  afterAll(() => test.close());

  const contents = async (table: string): Promise<unknown[]> => {
    const query = sql<object>`select * from ${sql.id('hostledger', table)} order by 1`;
    return (await query.execute(test.database.for())).rows;
  };

  it('are the same, wherever the batches were cut and the runners were stopped', () =>
    fc.assert(
      fc.asyncProperty(runs, batchEvents, async (appended, size) => {
        await test.empty();
        const log = new InMemoryLog();
        for (const events of appended) {
          log.append(...events);
          const runner = new ProjectionRunner({
            name: 'spec',
            projections,
            database: test.database,
            feeds: log,
            batchEvents: size,
          });
          runner.start();
          await runner.waitFor(log.end, SOON_MS);
          await runner.stop();
        }
        if (log.end === 0n) return;
        for (const { table, ...fold } of projections.flatMap(({ tables }) => tables)) {
          expect(await contents(table.name)).toEqual(rowsOf({ table, ...fold }, log.events));
        }
      }),
      { numRuns: 25 },
    ));
});
