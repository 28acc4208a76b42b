import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '@hostledger/eventsourcing/postgres';
import { readCompose } from './support/compose.js';
import { StandIns, type Running } from './support/stand-ins.js';

// What docker/cluster/compose.yaml says, done with the built programs where there is no Docker.

/** A process takes half a minute to come up on a machine that is busy with other specs. */
jest.setTimeout(600_000);

const compose = readCompose('docker/cluster/compose.yaml', { HOSTLEDGER_SITE: 'localhost' });

describe('The processes of the cluster, with its environment', () => {
  const cluster = new StandIns(compose);
  const apis: Running[] = [];
  const workers: Running[] = [];
  let token: string;

  const send = (origin: string, path: string, init: RequestInit = {}, key: string = randomUUID()) =>
    fetch(`${origin}${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': key,
        ...(init.headers as Record<string, string>),
      },
    });

  afterAll(() => cluster.stop());

  it('have certificates and passwords made by the first step', async () => {
    expect(await cluster.setUp()).toMatch(
      /^the authority: new.*\n127\.0\.0\.1: new.*\nlocalhost: new/,
    );
    expect(readdirSync(cluster.identity('worker')).sort()).toEqual([
      ...['ca.crt', 'database-url', 'eventstore-url', 'notary-key', 'webhook-key'],
    ]);
    expect(readFileSync(cluster.identity('worker/notary-key'), 'utf8')).toMatch(
      /^PRIVATE\+KEY\+hostledger\.local\/log\+/,
    );
  });

  it('are not let in before the second step made their users', async () => {
    await cluster.startStores();
    const early = await cluster.start('api');
    await early.fault('event-store', /access-denied .*password is wrong/);
    expect(await early.program.stop()).toBe(0);
    expect(await cluster.users()).toMatch(/api made\nworker made\nauditor made\n\$settings set/);
    expect(await cluster.users()).toBe('Users and rights are as they should be\n');
  });

  it('become ready, two of each', async () => {
    for (const [name, running] of [
      ['worker', workers],
      ['api', apis],
    ] as const) {
      const { replicas } = compose.services[name]!.deploy!;
      while (running.length < replicas) {
        const next = await cluster.start(name);
        await next.ready();
        running.push(next);
      }
    }
    const issue = ['token', 'issue', '--subject', 'ana', '--role', 'commercial'];
    token = (await cluster.cli(issue)).trim();
  });

  it('take a command in one API and answer it from the other, once', async () => {
    const body = JSON.stringify({ name: 'Bitmain', legalName: 'Bitmain Delaware', country: 'US' });
    const key = randomUUID();
    const post = { method: 'POST', body };
    const [first, again] = [
      await send(apis[0]!.origin, '/v1/customers', post, key),
      await send(apis[1]!.origin, '/v1/customers', post, key),
    ];
    expect([first.status, again.status]).toEqual([201, 201]);
    const location = first.headers.get('location')!;
    expect(again.headers.get('location')).toBe(location);
    const seen = await send(apis[1]!.origin, location, {
      headers: { 'min-log-position': first.headers.get('log-position')! },
    });
    expect(seen.status).toBe(200);
    expect(await seen.json()).toMatchObject({ name: 'Bitmain' });
  });

  it('sign the log with the key that was made', async () => {
    const auditor = { EVENTSTORE_URL_FILE: cluster.identity('auditor/eventstore-url') };
    await workers[0]!.patiently(async () => {
      const printed = await cluster.cli(['notary', 'key'], auditor).catch(() => '');
      return printed.startsWith('hostledger.local/log+');
    });
  });

  it('go on with a key that was rotated to when the first step is done again', async () => {
    const keyFile = cluster.identity('worker/notary-key');
    const first = readFileSync(keyFile, 'utf8');
    const rotate = ['notary', 'rotate'];
    const rotated = (await cluster.cli(rotate, cluster.environment('worker'))).trim();
    const second = readFileSync(keyFile, 'utf8');
    expect(second).not.toBe(first);
    await cluster.identities('identities');
    expect(readFileSync(keyFile, 'utf8')).toBe(second);
    expect(await cluster.cli(['notary', 'key'])).toBe(`${rotated}\n`);
    await workers[0]!.ready();
  });

  it('go on with a key that was given to them before it was rotated to', async () => {
    const [keyFile, next] = ['worker/notary-key', 'worker/notary-key.next'].map((file) =>
      cluster.identity(file),
    ) as [string, string];
    const env = cluster.environment('worker');
    const { NOTARY_ORIGIN } = env as { NOTARY_ORIGIN: string };
    const made = await cluster.cli(['notary', 'next', next], { NOTARY_ORIGIN });
    // Asked again, it makes no other.
    expect(await cluster.cli(['notary', 'next', next], { NOTARY_ORIGIN })).toBe(made);
    expect(await cluster.cli(['notary', 'rotate', '--new-key', next], env)).toBe(made);
    await workers[0]!.ready();
    renameSync(next, keyFile);
    await cluster.identities('identities');
    const third = readFileSync(keyFile, 'utf8');
    expect(readFileSync(cluster.identity('authority/notary-key'), 'utf8')).toBe(third.trim());
    expect(await cluster.cli(['notary', 'rotate', '--new-key', keyFile], env)).toBe(made);
    await workers[0]!.ready();
  });

  it('go on when the worker that has the work dies', async () => {
    await workers[0]!.program.kill();
    const body = JSON.stringify({ name: 'Later', legalName: 'Later Ltd', country: 'US' });
    const made = await send(apis[0]!.origin, '/v1/customers', { method: 'POST', body });
    const headers = { 'min-log-position': made.headers.get('log-position')! };
    await workers[1]!.patiently(async () => {
      const seen = await send(apis[1]!.origin, made.headers.get('location')!, { headers });
      return seen.status === 200;
    });
  });

  it('are red, and say why, where an authority is foreign or a password wrong', async () => {
    await cluster.identities('foreign');
    const isForeign = (url: string): string =>
      url.replace(cluster.identity('api/ca.crt'), cluster.identity('api/ca.crt', 'foreign'));
    const hasWrongPassword = (url: string): string => url.replace(/:[\w-]{32}@/, ':wrong@');
    const api = await cluster.start('api', withUrls(isForeign, hasWrongPassword));
    await api.fault('event-store', /(127\.0\.0\.1|localhost):\d+: .*certificate/);
    await api.fault('read-model-database', /password authentication failed/);
    expect(await api.program.stop()).toBe(0);
    const url = isForeign(readFileSync(cluster.identity('api/database-url'), 'utf8'));
    const database = await openDatabase({ url });
    await expect(database.ping(10_000)).rejects.toThrow(/certificate/);
    await database.close();
  });

  it('are red, and say why, where they may not append', async () => {
    const auditor = { EVENTSTORE_URL_FILE: cluster.identity('auditor/eventstore-url') };
    const api = await cluster.start('api', { ...cluster.environment('api'), ...auditor });
    await api.ready();
    const body = JSON.stringify({ name: 'Never', legalName: 'Never Ltd', country: 'US' });
    const refused = await send(api.origin, '/v1/customers', { method: 'POST', body });
    expect(refused.status).toBe(503);
    await api.fault('event-store', /does not let this user append: access-denied/);
    expect(await api.program.stop()).toBe(0);
  });

  it('stop when asked to', async () => {
    for (const { program } of [...apis, workers[1]!]) expect(await program.stop()).toBe(0);
  });

  /** The environment of the API with other connection strings than the set-up made. */
  const withUrls = (
    ...changes: readonly [(store: string) => string, (database: string) => string]
  ): Record<string, string> => {
    const files = ['eventstore-url', 'database-url'].map((file, index) => {
      const changed = join(cluster.home, `other-${file}`);
      const url = readFileSync(cluster.identity(`api/${file}`), 'utf8');
      writeFileSync(changed, changes[index]!(url));
      return changed;
    });
    return {
      ...cluster.environment('api'),
      EVENTSTORE_URL_FILE: files[0]!,
      DATABASE_URL_FILE: files[1]!,
    };
  };
});
