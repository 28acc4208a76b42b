import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import { startPostgres, type TestPostgres } from '@hostledger/testing';
import { built, freePort } from './support/processes.js';

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

const prove = async (...args: readonly string[]): Promise<string> => {
  const env = {
    ...process.env,
    EVENTSTORE_URL: `esdb://${node.endpoint}?tls=false`,
    DATABASE_URL: postgres.url,
  };
  const run = promisify(execFile)(process.execPath, [built('test/prove/main.js'), ...args], {
    env,
    timeout: WITHIN_MS,
  });
  return run.then(
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

it('leaves a log alone that has something in it', async () => {
  expect(await prove('--only', 'contract')).toMatch(/^The log is not empty/m);
});
