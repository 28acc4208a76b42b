import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { BuiltProgram } from '../support/processes.js';
import { Cluster } from '../support/cluster.js';
import { compareWithLog, connectTo, tablesAtEnd } from '../support/tables.js';
import { answersOf, MAY_DIFFER, readRelease, type Release, type Routes } from './release.js';

// What a released version left behind, taken over by this one: its log, its read models, the checkpoint
// that an auditor keeps, and the commands that somebody may send again.

const releases = join(__dirname, 'releases');
const CLI = 'apps/cli/src/main.js';
const WITHIN_MS = 300_000;

describe.each(readdirSync(releases))('after an upgrade from %s', (name) => {
  let home: string;
  let release: Release;
  let cluster: Cluster;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'hostledger-upgrade-'));
    release = await readRelease(join(releases, name));
    const dataDir = join(home, 'data');
    await mkdir(join(dataDir, 'events'), { recursive: true });
    await writeFile(join(dataDir, 'events', 'log.sqlite'), release.log);
    await writeFile(join(dataDir, 'notary-key'), release.notaryKey, { mode: 0o600 });
    cluster = await Cluster.start({ DATA_DIR: dataDir });
    await load(release.readModels, cluster.postgres.url);
    await cluster.startWorker();
    await cluster.startApi();
  }, WITHIN_MS);
  afterAll(async () => {
    await cluster.stop();
    await rm(home, { recursive: true, force: true });
  });

  it(
    'answers all that was answered before, and perhaps more',
    async () => {
      const routes = await cluster.read<Routes>('/openapi.json');
      const answers = await answersOf(routes, (path) => cluster.read(path, release.position));
      const before = Object.entries(release.answers).filter(([path]) => !MAY_DIFFER.test(path));
      expect(before.length).toBeGreaterThan(50);
      expect(answers).toMatchObject(Object.fromEntries(before));
    },
    WITHIN_MS,
  );

  it('does what was asked for before once, also when it is sent again', async () => {
    for (const { path, key, body, answer } of release.commands) {
      const again = await cluster.act<object>(path, body, key);
      expect(again.body).toEqual(answer);
      expect(BigInt(again.position)).toBeLessThanOrEqual(BigInt(release.position));
    }
  });

  it('goes on with the streams that it found', async () => {
    const { items } = await cluster.read<{ items: { customerId: string }[] }>('/v1/customers');
    const customer = `/v1/customers/${items[0]!.customerId}`;
    const standing = { standing: 'watch', cause: 'Asked for after the upgrade' };
    const { position } = await cluster.act(`${customer}/credit-standing`, standing);
    expect(await cluster.read(customer, position)).toMatchObject({ standing: 'watch' });
  });

  it(
    'has the tables that come of the log from its first event on',
    async () => {
      const system = await connectTo(cluster.env);
      try {
        await tablesAtEnd(system);
        const { differences, rows } = await compareWithLog(system);
        expect(differences).toEqual([]);
        expect(rows).toBeGreaterThan(1_000);
      } finally {
        await system.close();
      }
    },
    WITHIN_MS,
  );

  it(
    'satisfies the auditor, who kept a checkpoint of the version before',
    async () => {
      const bundle = join(home, 'history.tar');
      const kept = join(home, 'checkpoint');
      await writeFile(kept, release.checkpoint);
      const env = { ...cluster.env, HOSTLEDGER_URL: '' };
      const until = ['--until', release.position];
      await BuiltProgram.run(CLI, ['audit', 'export', '--to', bundle, ...until], env);
      const proof = ['--key', release.verifierKey, '--checkpoint', kept];
      const said = await BuiltProgram.run(CLI, ['audit', 'verify', bundle, ...proof], {});
      expect(said).toContain('The history is whole');
    },
    WITHIN_MS,
  );
});

const load = async (statements: string, url: string): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    // psql's own commands, which guard a dump against being cut in two.
    await client.query(statements.replaceAll(/^\\.*$/gm, ''));
  } finally {
    await client.end();
  }
};
