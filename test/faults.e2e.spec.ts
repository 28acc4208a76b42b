import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, type TestPostgres } from '@hostledger/testing';
import { doorToEventStore, doorToPostgres, type Door } from './support/door.js';
import { BuiltProgram, freePort, isReady } from './support/processes.js';

// The built processes with their stores taken away and given back: what fails is named, nothing
// acknowledged is lost, and everything recovers by itself.

const WITHIN_MS = 30_000;

describe('the system while a store is away', () => {
  const home = mkdtempSync(join(tmpdir(), 'hostledger-faults-'));
  const programs: BuiltProgram[] = [];
  let postgres: TestPostgres;
  let storeDoor: Door;
  let databaseDoor: Door;
  let api: string;
  let worker: string;
  let token: string;

  beforeAll(async () => {
    postgres = await startPostgres();
    const [node, apiPort, workerPort] = [await freePort(), await freePort(), await freePort()];
    const store = await doorToEventStore(node);
    storeDoor = store.door;
    const database = await doorToPostgres(postgres.url);
    databaseDoor = database.door;
    const env = {
      DATA_DIR: join(home, 'data'),
      EMBEDDED_NODE_PORT: String(node),
      EVENTSTORE_URL: store.url,
      DATABASE_URL: database.url,
      HOST: '127.0.0.1',
      PORT: String(apiPort),
      WORKER_PORT: String(workerPort),
      LOG_LEVEL: 'warn',
    };
    api = `http://127.0.0.1:${apiPort}`;
    worker = `http://127.0.0.1:${workerPort}`;
    const start = (program: string): BuiltProgram => {
      const started = BuiltProgram.start(program, env);
      programs.unshift(started);
      return started;
    };
    start('libs/embedded-node/src/main.js');
    await start('apps/worker/src/main.js').until(() => isReady(worker));
    await start('apps/api/src/main.js').until(() => isReady(api));
    const issue = ['token', 'issue', '--subject', 'ana', '--role', 'admin'];
    token = (await BuiltProgram.run('apps/cli/src/main.js', issue, env)).trim();
  }, 90_000);

  afterAll(async () => {
    for (const program of programs) await program.stop();
    await Promise.all([storeDoor.shut(), databaseDoor.shut()]);
    await postgres.stop();
    rmSync(home, { recursive: true, force: true });
  }, 60_000);

  const call = (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: object,
  ) =>
    fetch(`${api}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(WITHIN_MS),
    });

  const register = (key: string): Promise<Response> =>
    call(
      'POST',
      '/v1/customers',
      { 'idempotency-key': key },
      { name: key, legalName: key, country: 'US' },
    );

  const names = async (position: string): Promise<string[]> => {
    const answer = await call('GET', '/v1/customers?limit=1000', { 'min-log-position': position });
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { items: { name: string }[] }).items.map(({ name }) => name);
  };

  const failing = async (origin: string): Promise<string[]> => {
    const answer = await fetch(`${origin}/health/ready`, { signal: AbortSignal.timeout(10_000) });
    const { parts } = (await answer.json()) as { parts: { name: string; status: string }[] };
    return parts.filter(({ status }) => status === 'failing').map(({ name }) => name);
  };

  const until = async (condition: () => Promise<boolean>): Promise<void> => {
    const deadline = performance.now() + WITHIN_MS;
    while (!(await condition().catch(() => false))) {
      if (performance.now() > deadline) throw new Error('It did not come about in time');
      await sleep(100);
    }
  };

  it('without the event store: readiness names it, commands answer 503 and can be sent again', async () => {
    const before = await register('before');
    expect(before.status).toBe(201);
    await storeDoor.shut();
    for (const process of [api, worker])
      await until(async () => (await failing(process)).includes('event-store'));
    const refused = await register('during');
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');

    await storeDoor.open();
    await until(async () => (await isReady(api)) && (await isReady(worker)));
    const again = await register('during');
    expect(again.status).toBe(201);
    const position = again.headers.get('log-position')!;
    const found = await names(position);
    expect(found.filter((name) => name === 'before' || name === 'during').sort()).toEqual([
      'before',
      'during',
    ]);
  }, 120_000);

  it('without PostgreSQL: readiness names it, reads answer 503, commands go on, and all of it is seen after', async () => {
    await databaseDoor.shut();
    await until(async () => (await failing(api)).includes('read-model-database'));
    const read = await call('GET', '/v1/customers');
    expect(read.status).toBe(503);
    expect(Number(read.headers.get('retry-after'))).toBeGreaterThan(0);
    const registered = await register('blind');
    expect(registered.status).toBe(201);

    await databaseDoor.open();
    await until(async () => (await isReady(api)) && (await isReady(worker)));
    await until(async () =>
      (await names(registered.headers.get('log-position')!)).includes('blind'),
    );
  }, 120_000);
});
