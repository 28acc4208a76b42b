import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BuiltProgram, freePort, isReady } from './support/processes.js';

// The embedded default is stopped, copied, lost with what came after the copy, and restored. What its
// owner does by hand is done here by the same commands.

const CLI = 'apps/cli/src/main.js';
const WITHIN_MS = 300_000;
const CUSTOMERS = 12;
const LATER = 3;
/** All that cannot be made anew: docs/backup-and-upgrade.md. */
const TO_KEEP = ['events', 'access-token', 'notary-key', 'webhook-key'];

describe('a backup of the embedded default', () => {
  let home: string;
  let data: string;
  let origin: string;
  let port: number;
  let system: BuiltProgram;
  let atBackup: Checkpoint;
  let later: Checkpoint;

  const start = async (): Promise<void> => {
    const env = { DATA_DIR: data, PORT: String(port), NOTARY_INTERVAL_SECONDS: '1' };
    system = BuiltProgram.start('apps/standalone/src/main.js', { ...env, LOG_LEVEL: 'warn' });
    await system.until(() => isReady(origin));
  };
  const answer = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const token = (await readFile(join(data, 'access-token'), 'utf8')).trim();
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const response = await fetch(`${origin}${path}`, { ...init, headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const ask = async <Body>(path: string, position = 0n): Promise<Body> => {
    const headers = { 'min-log-position': position.toString() };
    return (await answer(path, { headers })).json() as Promise<Body>;
  };
  /** Resolves with where in the log it is. */
  const register = async (name: string): Promise<bigint> => {
    const { headers } = await answer('/v1/customers', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': name },
      body: JSON.stringify({ name, legalName: `${name} Inc.`, country: 'US' }),
    });
    return BigInt(headers.get('log-position')!);
  };
  const customers = async (position = 0n): Promise<string[]> => {
    const { items } = await ask<{ items: { name: string }[] }>('/v1/customers?limit=100', position);
    return items.map(({ name }) => name).toSorted();
  };
  /** Of the log up to there at least, as an auditor takes it along. */
  const checkpointOf = async (position: bigint): Promise<Checkpoint> => {
    for (;;) {
      const signed = await ask<Checkpoint>('/v1/audit/checkpoint').catch(() => undefined);
      if (signed && BigInt(signed.position) >= position) return signed;
      await sleep(200);
    }
  };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'hostledger-backup-'));
    data = join(home, 'data');
    port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    await start();
    let last = 0n;
    for (let n = 0; n < CUSTOMERS; n += 1) last = await register(`before-${n}`);
    atBackup = await checkpointOf(last);
    await system.stop();
    await copy(data, join(home, 'backup'));
    await start();
    for (let n = 0; n < LATER; n += 1) last = await register(`after-${n}`);
    later = await checkpointOf(last);
    await system.kill();
    await rm(data, { recursive: true });
    await copy(join(home, 'backup'), data);
    await start();
  }, WITHIN_MS);
  afterAll(async () => {
    await system.stop();
    await rm(home, { recursive: true, force: true });
  });

  const copy = async (from: string, to: string): Promise<void> => {
    await mkdir(to);
    // The socket of the node, which is made anew, is not copied.
    const filter = (path: string) => !path.endsWith('.sock');
    for (const part of TO_KEEP) {
      await cp(join(from, part), join(to, part), { recursive: true, filter });
    }
  };
  const verify = async (kept: Checkpoint): Promise<{ code: number; said: string }> => {
    const bundle = join(home, `${kept.treeSize}.tar`);
    const note = join(home, `${kept.treeSize}.checkpoint`);
    const { items } = await ask<{ items: { verifierKey: string }[] }>('/v1/audit/keys');
    await writeFile(note, kept.note);
    const token = await readFile(join(data, 'access-token'), 'utf8');
    const env = { HOSTLEDGER_URL: origin, HOSTLEDGER_TOKEN: token.trim() };
    await BuiltProgram.run(CLI, ['audit', 'export', '--to', bundle, '--url', origin], env);
    const proof = ['--key', items.at(-1)!.verifierKey, '--checkpoint', note];
    const args = ['audit', 'verify', bundle, ...proof, '--allow-uncovered'];
    return BuiltProgram.run(CLI, args, env).then(
      (said) => ({ code: 0, said }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, said: stdout }),
    );
  };

  it('has all that was there when it was made, also in read models made anew', async () => {
    const names = await customers();
    expect(names).toHaveLength(CUSTOMERS);
    expect(names.every((name) => name.startsWith('before-'))).toBe(true);
  });

  it(
    'is the history that the auditor knew then',
    async () => {
      const { code, said } = await verify(atBackup);
      expect(said).toContain('The history is whole');
      expect(code).toBe(0);
    },
    WITHIN_MS,
  );

  it(
    'lacks what came after it, which who kept a later checkpoint can prove',
    async () => {
      const { code, said } = await verify(later);
      expect(code).toBe(1);
      expect(said).not.toContain('The history is whole');
    },
    WITHIN_MS,
  );

  it('is gone on with', async () => {
    const names = await customers(await register('restored'));
    expect(names).toHaveLength(CUSTOMERS + 1);
  });
});

interface Checkpoint {
  readonly treeSize: number;
  readonly position: string;
  readonly note: string;
}
