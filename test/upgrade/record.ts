import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { play } from '../../apps/cli/src/play/play.js';
import { Cluster } from '../support/cluster.js';
import { answersOf, keepRelease, RELEASES, type Routes, type SentCommand } from './release.js';

// `npm run release:record`: what the version that is about to be released writes and answers. Needs
// pg_dump. Never done again for a version that is out.

/** The second has something of everything that there is. */
const SCENARIOS = ['pass-through', 'test/fuzz/objects'];
const PATIENCE_MS = 60_000;
const MAX_DUMP_BYTES = 256 * 1024 * 1024;
const COVERED_WITHIN_MS = 120_000;

const COMMANDS = [
  { path: '/v1/customers', body: { name: 'Upgrade', legalName: 'Upgrade Inc.', country: 'US' } },
] as const;

interface Key {
  readonly verifierKey: string;
}

const record = async (): Promise<void> => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const home = await mkdtemp(join(tmpdir(), 'hostledger-release-'));
  const dataDir = join(home, 'data');
  const settings = {
    ...{ DATA_DIR: dataDir, NOTARY_INTERVAL_SECONDS: '1' },
    ...{
      WEBHOOK_KEY: Buffer.alloc(32, 1).toString('base64'),
      WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    },
  };
  const cluster = await Cluster.start(settings);
  try {
    await cluster.startWorker();
    await cluster.startApi();
    const token = () => Promise.resolve(cluster.token);
    const silent = { line: () => undefined, progress: () => undefined };
    const url = cluster.origin;
    for (const scenario of SCENARIOS) {
      await play({ scenario, url, token, patienceMs: PATIENCE_MS, output: silent });
    }
    const commands: SentCommand[] = [];
    for (const { path, body } of COMMANDS) {
      const key = `upgrade:${path}`;
      const { body: answer } = await cluster.act<object>(path, body, key);
      commands.push({ path, key, body, answer });
    }
    const checkpoint = await coveringAll(cluster);
    const { items: keys } = await cluster.read<{ items: Key[] }>('/v1/audit/keys');
    const { position } = await cluster.answer('/v1/customers');
    const routes = await cluster.read<Routes>('/openapi.json');
    const answers = await answersOf(routes, (path) => cluster.read(path, position));
    const notaryKey = await readFile(join(dataDir, 'notary-key'), 'utf8');
    await cluster.stopPrograms();
    const dump = ['--no-owner', '--no-privileges', '--inserts', '--rows-per-insert=200'];
    const { stdout: readModels } = await promisify(execFile)(
      'pg_dump',
      [...dump, cluster.postgres.url],
      { maxBuffer: MAX_DUMP_BYTES },
    );
    const compact = join(home, 'log.sqlite');
    const log = new DatabaseSync(join(dataDir, 'events', 'log.sqlite'));
    log.exec(`vacuum into '${compact}'`);
    log.close();
    await keepRelease(join(RELEASES, version), {
      ...{ version, readModels, answers, position, commands, checkpoint, notaryKey },
      verifierKey: keys.at(-1)!.verifierKey,
      log: await readFile(compact),
    });
    console.log(`${version}: ${Object.keys(answers).length} answers, log at ${position}`);
  } finally {
    await cluster.stop();
    await rm(home, { recursive: true, force: true });
  }
};

/** The checkpoint after which the notary has nothing more to sign. */
const coveringAll = async (cluster: Cluster): Promise<string> => {
  const deadline = performance.now() + COVERED_WITHIN_MS;
  for (let before = ''; performance.now() < deadline; await sleep(3_000)) {
    const { note } = await cluster.read<{ note: string }>('/v1/audit/checkpoint');
    if (note === before) return note;
    before = note;
  }
  throw new Error('The notary did not come to the end of the log');
};

record().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
