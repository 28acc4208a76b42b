import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openDatabase, ReadModels, schemaOf } from '@hostledger/eventsourcing/postgres';
import { sql } from 'kysely';
import { ApiClient } from '../../apps/cli/src/play/api-client.js';
import { play, type Played } from '../../apps/cli/src/play/play.js';

const STANDALONE = 'dist/apps/standalone/src/main.js';
const CLI = 'dist/apps/cli/src/main.js';
const SCENARIO = 'core-scientific-bitmain';
const PATIENCE_MS = 60_000;
const PLAY_LIMIT_MS = 300_000;
const REBUILT_WITHIN_MS = 120_000;
const STOP_LIMIT_MS = 15_000;

/** The built system dies at these points of the play, and is started again. */
const deaths = [
  { step: 'Receive 27,000 machines', afterLines: 3_000 },
  { step: 'Install all of them', afterLines: 18_000 },
];

describe('the scenario core-scientific-bitmain, played while the system is killed twice', () => {
  let dataDir: string;
  let port: number;
  let server: ChildProcess | undefined;
  let played: Played;
  let died = 0;

  const env = () => ({
    ...process.env,
    DATA_DIR: dataDir,
    PORT: String(port),
    LOG_LEVEL: 'fatal',
  });

  const start = (): void => {
    server = spawn(process.execPath, [STANDALONE], { env: env(), stdio: 'ignore' });
  };

  const killAndStartAgain = async (): Promise<void> => {
    const dying = server!;
    dying.kill('SIGKILL');
    await once(dying, 'exit');
    start();
  };

  const token = async () => (await readFile(join(dataDir, 'access-token'), 'utf8')).trim();
  const api = async () =>
    new ApiClient({
      url: `http://127.0.0.1:${port}`,
      token: await token(),
      patienceMs: PATIENCE_MS,
    });

  beforeAll(async () => {
    if (!existsSync(STANDALONE)) throw new Error(`${STANDALONE} is missing: npm run build`);
    dataDir = await mkdtemp(join(tmpdir(), 'play-'));
    port = await freePort();
    start();
    let restarted = Promise.resolve();
    const progress = (text: string): void => {
      const [, done] = /: ([\d,]+) of /.exec(text) ?? [];
      const next = deaths[died];
      if (!next || !text.includes(next.step) || numberOf(done) < next.afterLines) return;
      died += 1;
      restarted = killAndStartAgain();
    };
    played = await play({
      scenario: SCENARIO,
      url: `http://127.0.0.1:${port}`,
      token,
      patienceMs: PATIENCE_MS,
      output: { line: () => undefined, progress },
    });
    await restarted;
  }, PLAY_LIMIT_MS);

  const stop = async (): Promise<void> => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGTERM');
    await gone;
  };

  afterAll(async () => {
    await stop();
    await rm(dataDir, { recursive: true, force: true });
  }, STOP_LIMIT_MS);

  it('comes to its end in spite of both deaths, with no line refused', () => {
    expect(died).toBe(2);
    const uploads = played.steps.filter(({ done }) => done !== undefined);
    expect(uploads.map(({ name, done, rejected }) => [name, done, rejected])).toEqual([
      ['delivery', 27_000, 0],
      ['installation', 27_000, 0],
      ['exchange', 480, 0],
      ['clear-denton', 168, 0],
      ['clear-cottonwood', 84, 0],
    ]);
  });

  it('holds what was ordered, allocated, delivered and installed under the contract', async () => {
    const [contract] = played.answers.contracts;
    const all = { units: 27_000, powerWatts: 87_669_000 };
    const rated = { ...all, hashrateGhs: 4_077_000_000 };
    expect(contract).toMatchObject({
      status: 'executed',
      termsVersion: 1,
      ordered: all,
      allocated: all,
      delivered: rated,
      installed: rated,
    });
    expect(contract!.allocations).toMatchObject([
      { facility: 'DENTON', units: 20_000, powerWatts: 64_940_000 },
      { facility: 'COTTONWOOD', units: 7_000, powerWatts: 22_729_000 },
    ]);
    const path = `/v1/contracts/${contract!.contractId}/deliveries`;
    expect(await (await api()).readAll(path)).toMatchObject([
      { lines: 27_000, received: 27_000, missing: 0, refused: 0, hashrateGhs: 4_077_000_000 },
    ]);
  });

  it('has used racks and watts for what stands in them, and left no reservation', () => {
    expect(played.answers.facilities).toMatchObject([
      {
        facility: 'COTTONWOOD',
        stored: 0,
        racksUsed: 87,
        racks: { count: 90, powerLimitWatts: 24_570_000 },
        slots: { total: 7_560, occupied: 7_000, reserved: 0, occupiedWatts: 22_729_000 },
      },
      {
        facility: 'DENTON',
        stored: 0,
        racksUsed: 241,
        racks: { count: 250, powerLimitWatts: 68_250_000 },
        slots: { total: 21_000, occupied: 20_000, reserved: 0, occupiedWatts: 64_940_000 },
      },
    ]);
  });

  it('tells every move once, with its reason', () => {
    const { moves } = played.answers;
    const told = moves.map(({ kind, from, to, units }) => [kind, from, to, units]);
    expect(told.slice(0, 2).sort()).toEqual([
      ['installation', 'DENTON', 'COTTONWOOD', 7_000],
      ['installation', 'DENTON', 'DENTON', 20_000],
    ]);
    expect(told.slice(2, 4).sort()).toEqual([
      ['relocation', 'COTTONWOOD', 'DENTON', 240],
      ['relocation', 'DENTON', 'COTTONWOOD', 240],
    ]);
    expect(told.slice(4)).toEqual([
      ['relocation', 'DENTON', 'DENTON', 168],
      ['relocation', 'COTTONWOOD', 'COTTONWOOD', 84],
    ]);
    expect(new Set(moves.slice(2, 4).map(({ reason }) => reason))).toEqual(
      new Set([expect.stringMatching(/^After the halving \(block 840,000\)/)]),
    );
  });

  it('has every machine in the slot that the files say', async () => {
    const files = ['installations', 'relocations-exchange', 'relocations-denton'];
    const expected = new Map<string, string>();
    for (const file of [...files, 'relocations-cottonwood']) {
      const text = await readFile(join('scenarios', SCENARIO, `${file}.csv`), 'utf8');
      for (const line of text.trim().split('\n').slice(1)) {
        const [serial, ...place] = line.split(',');
        expected.set(serial!, place.join());
      }
    }
    const miners = await (await api()).readAll<MinerView>('/v1/miners');
    const found = miners.map(({ serial, place: { facility, rack, slot } }) => [
      serial,
      [facility, rack, slot].join(),
    ]);
    expect(found).toHaveLength(27_000);
    expect(found.filter(([serial, place]) => expected.get(serial!) !== place)).toEqual([]);
  });

  it('consists of one model', () => {
    expect(played.answers.mix).toEqual([
      {
        model: 'S19JXP-151',
        units: 27_000,
        hashrateGhs: 4_077_000_000,
        powerWatts: 87_669_000,
        energized: { units: 0, hashrateGhs: 0, powerWatts: 0 },
      },
    ]);
  });

  it('changes nothing when it is played again', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'play', SCENARIO], {
      env: env(),
    });
    expect(stdout).toContain(
      `All 17 steps had been played before, nothing was changed: the log still stands at ` +
        `${played.answers.position} `,
    );
  }, 60_000);

  it('has the same rows in every table when all projections are rebuilt', async () => {
    const client = await api();
    const projections = await client.readAll<ProjectionView>('/v1/projections');
    const runs = new Map<string, number>();
    for (const { name } of projections) {
      const path = `/v1/projections/${name}/rebuild`;
      const { body } = await client.command({ path, key: randomUUID(), correlationId: path });
      runs.set(name, body['run'] as number);
    }
    const deadline = performance.now() + REBUILT_WITHIN_MS;
    const isRebuilt = ({ name, run }: ProjectionView): boolean => run === runs.get(name);
    while (!(await client.readAll<ProjectionView>('/v1/projections')).every(isRebuilt)) {
      if (performance.now() > deadline) throw new Error('Not rebuilt in time');
      await sleep(200);
    }
    await stop();
    const { differences, rows } = await compareRuns(join(dataDir, 'read-models'));
    expect(differences).toEqual([]);
    expect(rows).toBeGreaterThan(27_000);
  }, 180_000);
});

interface ProjectionView {
  readonly name: string;
  readonly run: number;
}

/** Every table in use beside that of the run before, which was kept up to date with it. */
const compareRuns = async (directory: string) => {
  const database = await openDatabase({ directory });
  try {
    const db = database.for<unknown>();
    const all = await new ReadModels(database, { projections: [] }).generations();
    const differences: string[] = [];
    let rows = 0;
    for (const shown of all.filter(({ inUse }) => inUse)) {
      const before = all.find(({ name, inUse }) => name === shown.name && !inUse);
      if (before?.position !== shown.position) differences.push(`${shown.name}: not kept up`);
      if (!before) continue;
      const { rows: tables } = await sql<{ name: string }>`select table_name as name
        from information_schema.tables where table_schema = ${schemaOf(shown)}`.execute(db);
      for (const { name } of tables) {
        const [now, then] = [sql.id(schemaOf(shown), name), sql.id(schemaOf(before), name)];
        const { rows: counts } = await sql<{ all: number; other: number }>`select
          (select count(*)::int from ${now}) as all,
          (select count(*)::int from (table ${now} except all table ${then}) a)
          + (select count(*)::int from (table ${then} except all table ${now}) b) as other
          `.execute(db);
        rows += counts[0]!.all;
        if (counts[0]!.other > 0) differences.push(`${name}: ${counts[0]!.other} rows differ`);
      }
    }
    return { differences, rows };
  } finally {
    await database.close();
  }
};

interface MinerView {
  readonly serial: string;
  readonly place: { readonly facility: string; readonly rack?: string; readonly slot?: number };
}

const numberOf = (text = ''): number => Number(text.replaceAll(',', '') || 0);

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
};
