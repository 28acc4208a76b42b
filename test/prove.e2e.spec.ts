import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import { startPostgres, type TestPostgres } from '@hostledger/testing';
import { readCompose } from './support/compose.js';
import { built, freePort } from './support/processes.js';
import { StandIns } from './support/stand-ins.js';

// `npm run prove` against an event store and a PostgreSQL over their own addresses: the shorter scenario and
// the contract of the store. Whole, it takes five minutes and more.

const WITHIN_MS = 900_000;
jest.setTimeout(WITHIN_MS);

let directory: string;
let node: RunningNode;
let postgres: TestPostgres;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hostledger-prove-'));
  node = await startNodeInProcess({ directory, listen: { port: await freePort() } });
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
  await node?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const prove = (...args: readonly string[]): Promise<string> =>
  run({ EVENTSTORE_URL: `esdb://${node.endpoint}?tls=false`, DATABASE_URL: postgres.url }, args);

const run = (
  servers: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<string> => {
  const program = promisify(execFile)(process.execPath, [built('test/prove/main.js'), ...args], {
    env: { ...process.env, ...servers },
    timeout: WITHIN_MS,
  });
  return program.then(
    ({ stdout }) => stdout,
    // With status 1 it has told what failed.
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );
};

it('says of each suite how it went, and that everything passed', async () => {
  const said = await prove('--only', 'scenarios', 'contract', '--scenario', 'pass-through');
  const line = (what: string) => new RegExp(`^  ${what} +[1-9][0-9]* passed +0 failed`, 'm');
  expect(said).toMatch(/^Event store [0-9.]+, PostgreSQL [0-9.]+/);
  expect(said).toMatch(line('scenario pass-through'));
  expect(said).toMatch(line('scenario pass-through, again'));
  expect(said).toMatch(line('what the system needs of the store'));
  expect(said).toMatch(/^Everything passed$/m);
});

it('proves a cluster with what prove.yaml gives it, by users of least rights', async () => {
  const variables = { HOSTLEDGER_SITE: 'localhost' };
  const cluster = new StandIns(readCompose('docker/cluster/compose.yaml', variables));
  const { services } = readCompose('docker/cluster/prove.yaml');
  try {
    await cluster.setUp();
    const mounted = services['postgres']!.volumes!.map((volume) => volume.split(':'));
    const [[rules], [init]] = mounted as [[string], [string]];
    await cluster.startStores({ rules, init: ['postgres-init.sh', init] });
    await cluster.users();
    const { environment, volumes } = services['prove']!;
    // Where a volume is mounted there, its folder is here.
    const folders = volumes!.map((volume) => volume.split(/-identity:|:/) as [string, string]);
    const env = Object.entries(environment!).map(([name, file]) => {
      const [part, at] = folders.find(([, mount]) => file.startsWith(`${mount}/`))!;
      return [name, file.replace(at, cluster.identity(part))];
    });
    const args = ['--only', 'scenarios', 'contract', '--scenario', 'pass-through'];
    const said = await run(Object.fromEntries(env) as Record<string, string>, args);
    expect(said).toMatch(/^Everything passed$/m);
  } finally {
    await cluster.stop();
  }
});

it('leaves a log alone that has something in it', async () => {
  expect(await prove('--only', 'contract')).toMatch(/^The log is not empty/m);
});
