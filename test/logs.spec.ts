import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepLog, keepSecrets, secretsOf } from '@hostledger/testing';
import { leaksIn } from './support/logs-teardown.js';

// The search for secrets in the logs of the suite finds what it is to find.

const ofSuite = process.env['KEPT_LOGS'];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostledger-logs-spec-'));
  process.env['KEPT_LOGS'] = folder;
});
afterEach(() => {
  process.env['KEPT_LOGS'] = ofSuite;
  rmSync(folder, { recursive: true });
});

const leaks = (): readonly string[] => leaksIn(folder).map((leak) => leak.replace(/-\d+\.log/, ''));

it('The suite keeps its logs', () => {
  expect(ofSuite).toMatch(/hostledger-logs-/);
});

it('A secret that a spec names is found wherever it stands, and is not told', () => {
  keepSecrets('correct horse', undefined, 'short');
  keepLog('apps/api/src/main.js', 'Ready\nshort\n{"err":"wrong: correct horse"}\n');
  expect(leaks()).toEqual(['apps_api_src_main.js:3 holds a secret of a spec']);
});

it('What opens something is found by its form', () => {
  for (const line of [
    `First access token: hl_11111111-1111-4111-8111-111111111111_${'A'.repeat(43)}`,
    '{"token":"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"}',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'PRIVATE+KEY+host+1234abcd+AQID=',
    '-----BEGIN PRIVATE KEY-----',
    'postgres://app:secret@db.example',
    'Ready on http://127.0.0.1:3000, postgres://app:…@db, hl_1_…, subject oidc:x#a@b.example',
  ]) {
    keepLog('x', `${line}\n`);
  }
  expect(leaks()).toEqual([
    'x:1 holds an issued token',
    'x:2 holds a token of an issuer',
    'x:3 holds a secret of a webhook',
    'x:4 holds a private key',
    'x:5 holds a private key',
    'x:6 holds a password of an address',
  ]);
});

it('The secrets of an environment are those it says are, and passwords of addresses', () => {
  expect(
    secretsOf({
      ...{ PORT: '3000', WEBHOOK_KEY: 'abc', HOSTLEDGER_TOKEN: 'hl_x', WEBHOOK_KEY_FILE: '/run/x' },
      ...{ DATABASE_URL: 'postgres://app:s3cr%40t@db/x', EVENTSTORE_URL: 'esdb://db:2113' },
    }),
  ).toEqual(['abc', 'hl_x', 's3cr%40t', 's3cr@t']);
});
