import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { transformFile } from '@swc/core';
import { sql } from 'kysely';
import { openDatabase } from './index.js';

const SOURCES = path.resolve(__dirname, '..');
const SECONDS = 1_000;

/** Compiles the library, because a worker thread cannot load TypeScript. */
const compileTo = async (target: string): Promise<void> => {
  for (const folder of ['.', 'postgres']) {
    await mkdir(path.join(target, folder), { recursive: true });
    for (const name of await readdir(path.join(SOURCES, folder))) {
      if (!name.endsWith('.ts') || name.endsWith('.spec.ts')) continue;
      const { code } = await transformFile(path.join(SOURCES, folder, name), {
        swcrc: false,
        module: { type: 'commonjs' },
        jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
      });
      await writeFile(path.join(target, folder, name.replace(/\.ts$/, '.js')), code);
    }
  }
  await symlink(path.resolve(SOURCES, '../../../node_modules'), path.join(target, 'node_modules'));
};

/** Opens the database of the directory given last, and keeps the threads it starts. */
const PREAMBLE = `
const threads = require('node:worker_threads');
const started = [];
threads.Worker = class extends threads.Worker {
  constructor(...given) { super(...given); started.push(this); }
};
const { openDatabase, ProjectionRunner } = require('./postgres/index.js');
const { sql } = require('kysely');
const say = (value) => console.log(JSON.stringify(value));
const main = async (run) => {
  const database = await openDatabase({ directory: process.argv.at(-1) });
  await run(database);
  await database.close();
};
`;

const SURVIVES = `main(async (database) => {
  const db = database.for();
  await sql\`create table kept as select 7 as value\`.execute(db);
  const interrupted = await db.transaction().execute(async (trx) => {
    await sql\`insert into kept values (8)\`.execute(trx);
    await started.at(-1).terminate();
    await sql\`insert into kept values (9)\`.execute(trx);
  }).then(() => 'committed', (error) => error.name);
  const { rows } = await sql\`select * from kept\`.execute(db);
  say({ interrupted, rows, threads: started.length });
})`;

const STAYS_RESPONSIVE = `main(async (database) => {
  await database.ping(30000);
  let longest = 0, last = performance.now();
  const ticking = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const began = performance.now();
  await sql\`select count(*) from generate_series(1, 2000000)\`.execute(database.for());
  const queryMs = performance.now() - began;
  clearInterval(ticking);
  say({ queryMs, longest });
})`;

const FOLLOWS_FOR_EVER = `main(async (database) => {
  const table = { name: 'seen', columns: { id: 'bigint', text: 'text' }, key: ['id'], insertOnly: true };
  const total = { name: 'total', columns: { id: 'text', events: 'bigint' }, key: ['id'] };
  const projection = { name: 'endless', version: 1, tables: [
    { table, keys: { E: (e) => [{ id: e.position }] },
      evolve: (_, e) => ({ id: e.position, text: 'x'.repeat(200) }) },
    { table: total, keys: { E: () => [{ id: 'all' }] },
      evolve: (row) => ({ id: 'all', events: (row?.events ?? 0n) + 1n }) },
  ] };
  const feeds = { open: ({ from }) => ({
    next: async () => {
      await new Promise(setImmediate);
      const events = Array.from({ length: 500 }, () => {
        from += 1n;
        return { id: 'event-' + from, type: 'E', data: {}, position: from };
      });
      return { events, position: from, caughtUp: false };
    },
    close: async () => {},
  }) };
  const runner = new ProjectionRunner({ name: 'spec', projections: [projection], database, feeds });
  runner.onProgress(() => say(runner.position.toString()));
  runner.start();
  await new Promise(() => {});
})`;

describe('The thread of the embedded database', () => {
  let library: string;
  let directory: string;

  const run = (script: string): ChildProcess =>
    spawn(process.execPath, ['-e', PREAMBLE + script, directory], {
      cwd: library,
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  const linesOf = (child: ChildProcess): AsyncIterableIterator<string> =>
    createInterface({ input: child.stdout! })[Symbol.asyncIterator]();

  const answerOf = async (script: string): Promise<unknown> => {
    const child = run(script);
    const { value } = (await linesOf(child).next()) as IteratorResult<string, undefined>;
    if (child.exitCode === null) await once(child, 'exit');
    return JSON.parse(value ?? 'null');
  };

  beforeAll(async () => {
    library = await mkdtemp(path.join(tmpdir(), 'hostledger-lib-'));
    await compileTo(library);
  });
  afterAll(() => rm(library, { recursive: true, force: true }));
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'hostledger-db-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is started again when it has died, without what was not committed', async () => {
    expect(await answerOf(SURVIVES)).toEqual({
      interrupted: 'SessionLost',
      rows: [{ value: 7 }],
      // One made the database, one died, one came after it.
      threads: 3,
    });
  });

  it('does not hold up the process while it works', async () => {
    const answer = (await answerOf(STAYS_RESPONSIVE)) as { queryMs: number; longest: number };
    expect(answer.longest).toBeLessThan(answer.queryMs / 2);
  });

  it(
    'leaves rows and checkpoint at one position when its process is killed',
    async () => {
      const child = run(FOLLOWS_FOR_EVER);
      for await (const line of linesOf(child)) {
        if (BigInt(JSON.parse(line) as string) >= 10_000n) break;
      }
      child.kill('SIGKILL');
      await once(child, 'exit');

      const warnings: string[] = [];
      const database = await openDatabase({ directory, onWarning: (text) => warnings.push(text) });
      const { rows } = await sql<{ position: bigint }>`select g.position, t.events,
      (select count(*) from endless_v1.seen) as seen, (select max(id) from endless_v1.seen) as last
      from hostledger_meta.generations g left join endless_v1.total t on true`.execute(
        database.for(),
      );
      const { position } = rows[0]!;
      expect(position).toBeGreaterThanOrEqual(10_000n);
      expect(rows).toEqual([{ position, events: position, seen: position, last: position }]);
      expect(warnings).toEqual([]);
      await database.close();
    },
    120 * SECONDS,
  );
});
