import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase, ProjectionRunner, ReadModels } from './index.js';
import { accounts, opened, paid, payments, type AccountTables } from './spec/accounts.js';
import { MemoryLog } from './spec/memory-log.js';

it('reads what was appended, at its position', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'hostledger-'));
  const database = await openDatabase({ directory, onWarning: (m, e) => console.log(m, e) });
  const log = new MemoryLog();
  const end = log.append(opened('a'), opened('b'), paid('a', 'b', 5));
  const projections = [accounts, payments];
  const runner = new ProjectionRunner({
    name: 'read_models',
    projections,
    database,
    feeds: log,
    head: () => Promise.resolve(log.end),
    observer: { batchApplied: () => undefined, warned: (_, m, e) => console.log(m, e) },
  });
  runner.start();
  const readModels = new ReadModels(database, { projections, runner });
  const read = await readModels.read<AccountTables, unknown>({ minPosition: end }, (db) =>
    db.selectFrom('accounts').selectAll().orderBy('account').execute(),
  );
  expect(read).toEqual({
    position: end,
    value: [
      {
        account: 'a',
        opened_on: '2024-06-01',
        balance_cents: -5n,
        payments: 1,
        last: { to: 'b', cents: 5 },
      },
      {
        account: 'b',
        opened_on: '2024-06-01',
        balance_cents: 5n,
        payments: 1,
        last: { to: 'b', cents: 5 },
      },
    ],
  });
  await runner.stop();
  await database.close();
  await rm(directory, { recursive: true });
});
