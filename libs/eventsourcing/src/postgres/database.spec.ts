import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { databases, InMemoryLog, until, type TestDatabase } from '@hostledger/testing';
import { tableFold, type ColumnType, type Projection } from '../projection.js';
import { DirectoryInUse, openDatabase, ProjectionRunner } from './index.js';

const SOON_MS = 10_000;

/** A value of a column as an event brings it, and as it is read back. */
const VALUES: Readonly<Record<ColumnType, readonly (readonly [unknown, unknown])[]>> = {
  text: [
    ['', ''],
    ['"quoted", {braced}, back\\slash\n\tNULL', '"quoted", {braced}, back\\slash\n\tNULL'],
    ['Zürich 東京 🛠', 'Zürich 東京 🛠'],
  ],
  integer: [
    [-2_147_483_648, -2_147_483_648],
    [2_147_483_647, 2_147_483_647],
  ],
  bigint: [
    [-(2n ** 63n), -(2n ** 63n)],
    [2n ** 63n - 1n, 2n ** 63n - 1n],
    [12, 12n],
  ],
  numeric: [
    ['123456789012345678901234567890.000000000100', '123456789012345678901234567890.000000000100'],
    ['-0.05', '-0.05'],
    [15, '15'],
  ],
  boolean: [
    [true, true],
    [false, false],
  ],
  date: [
    ['2024-02-29', '2024-02-29'],
    ['1969-07-20', '1969-07-20'],
    ['9999-12-31', '9999-12-31'],
  ],
  timestamptz: [
    ['2024-04-20T00:00:00.000Z', '2024-04-20T00:00:00.000Z'],
    ['2024-04-20T00:09:27.120Z', '2024-04-20T00:09:27.120Z'],
    ['2024-04-20T02:00:00+02:00', '2024-04-20T00:00:00.000Z'],
    ['1969-07-20T20:17:40.5Z', '1969-07-20T20:17:40.500Z'],
  ],
  jsonb: [
    [{ list: [1, 'two', null, { three: 3.5 }] }, { list: [1, 'two', null, { three: 3.5 }] }],
    ['text', 'text'],
    [7, 7],
    [['a"b'], ['a"b']],
  ],
};

/** One row per value, each column of its own type; all values of a row are at the same index. */
const rowCount = Math.max(...Object.values(VALUES).map(({ length }) => length));
const types = Object.keys(VALUES) as ColumnType[];
const valueAt = (type: ColumnType, row: number) => VALUES[type][row % VALUES[type].length]!;
const rowsOfSide = (side: 0 | 1): Record<string, unknown>[] =>
  Array.from({ length: rowCount }, (_, row) => ({
    id: row,
    ...Object.fromEntries(types.map((type) => [`a_${type}`, valueAt(type, row)[side]])),
    ...Object.fromEntries(types.map((type) => [`no_${type}`, null])),
  }));

const samples: Projection = {
  name: 'samples',
  version: 1,
  tables: [
    tableFold<Record<string, unknown>, { type: 'Sampled'; data: object }>({
      table: {
        name: 'samples',
        columns: {
          id: 'integer',
          ...Object.fromEntries(types.map((type) => [`a_${type}`, type])),
          ...Object.fromEntries(types.map((type) => [`no_${type}`, type])),
        },
        key: ['id'],
        nullable: types.map((type) => `no_${type}`),
      },
      keys: { Sampled: () => rowsOfSide(0).map(({ id }) => ({ id })) },
      evolve: (_, __, key) => rowsOfSide(0)[key['id'] as number],
    }),
  ],
};

describe.each(databases)('The database on %s', (_, open) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await open();
  });
  afterAll(() => test.close());

  it('gives back every type as it was written', async () => {
    const log = new InMemoryLog();
    const runner = new ProjectionRunner({
      name: 'spec',
      projections: [samples],
      database: test.database,
      feeds: log,
    });
    log.append({ type: 'Sampled', data: {} });
    runner.start();
    await runner.waitFor(log.end, SOON_MS);
    const { rows } = await sql`select * from samples order by id`.execute(test.database.for());
    expect(rows).toEqual(rowsOfSide(1));
    await runner.stop();
  });

  it('takes parameters of every type in queries', async () => {
    const { rows } =
      await sql`select ${5n}::bigint as big, ${5}::text as text, ${true}::boolean as truth,
      ${'2024-02-29'}::date as day, 'b' = any(${['a', 'b']}::text[]) as found,
      ${null}::integer as nothing`.execute(test.database.for());
    expect(rows).toEqual([
      { big: 5n, text: '5', truth: true, day: '2024-02-29', found: true, nothing: null },
    ]);
  });

  it('rolls back a transaction whose failure was swallowed', async () => {
    const db = test.database.for<unknown>();
    await sql`create table kept (id integer)`.execute(db);
    const swallowing = db.transaction().execute(async (trx) => {
      await sql`insert into kept values (1)`.execute(trx);
      await sql`select 1 / 0`.execute(trx).catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow();
    expect((await sql`select * from kept`.execute(db)).rows).toEqual([]);
  });

  it('answers a ping', () => expect(test.database.ping(SOON_MS)).resolves.toBeUndefined());
});

describe('The directory of an embedded database', () => {
  let directory: string;
  let warnings: string[];
  const open = () => openDatabase({ directory, onWarning: (message) => warnings.push(message) });

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'hostledger-db-'));
    warnings = [];
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is opened once at a time', async () => {
    const database = await open();
    await expect(open()).rejects.toThrow(DirectoryInUse);
    await expect(open()).rejects.toThrow(`process ${process.pid}`);
    await database.close();
    const again = await open();
    await again.close();
    expect(await readdir(directory)).toEqual(['lock.2']);
  });

  it('is taken over from a process that is gone', async () => {
    const pid = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
    await writeFile(path.join(directory, 'lock.7'), JSON.stringify({ pid, released: false }));
    const database = await open();
    expect(await readdir(directory)).toEqual(['lock.8']);
    const lock = JSON.parse(await readFile(path.join(directory, 'lock.8'), 'utf8')) as object;
    expect(lock).toMatchObject({ pid: process.pid, released: false });
    await database.close();
  });

  it('is taken over when the process id was used again', async () => {
    const theirs = { pid: process.pid, birth: 'another boot/1', released: false };
    await writeFile(path.join(directory, 'lock.1'), JSON.stringify(theirs));
    const attempt = open();
    if (process.platform !== 'linux') return expect(attempt).rejects.toThrow(DirectoryInUse);
    await (await attempt).close();
  });

  it('has one winner when several take over at once', async () => {
    for (let round = 1; round <= 20; round += 1) {
      const gone = { pid: process.pid, birth: 'another boot/1', released: false };
      await writeFile(path.join(directory, `lock.${round * 10}`), JSON.stringify(gone));
      const attempts = await Promise.allSettled([open(), open(), open(), open(), open()]);
      const winners = attempts.filter(({ status }) => status === 'fulfilled');
      expect(winners).toHaveLength(1);
      for (const attempt of attempts) {
        if (attempt.status === 'fulfilled') await attempt.value.close();
        else expect(attempt.reason).toBeInstanceOf(DirectoryInUse);
      }
    }
  });

  it('is emptied, with a warning, when PostgreSQL cannot open it', async () => {
    const data = path.join(directory, 'pgdata');
    await mkdir(path.join(data, 'global'), { recursive: true });
    await writeFile(path.join(data, 'PG_VERSION'), '18\n');
    await writeFile(path.join(data, 'global', 'pg_control'), 'damaged');
    const database = await open();
    await database.ping(90_000);
    expect(warnings).toEqual([expect.stringContaining('cannot be opened')]);
    await database.close();
  });
});

describe('A PostgreSQL server that goes away', () => {
  it('is found again', async () => {
    const test = await databases[1][1]();
    const log = new InMemoryLog();
    const runner = new ProjectionRunner({
      name: 'spec',
      projections: [samples],
      database: test.database,
      feeds: log,
    });
    runner.start();
    await until(() => runner.status().phase === 'live');
    await test.server!.restart();
    log.append({ type: 'Sampled', data: {} });
    await runner.waitFor(log.end, SOON_MS);
    await until(() => runner.status().phase === 'live');
    await runner.stop();
    await test.close();
  });
});
