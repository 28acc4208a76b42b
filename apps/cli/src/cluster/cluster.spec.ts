import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSignerKey, parseSignerKey } from '@hostledger/audit';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import type { EventMetadata } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { makeIdentities } from './identities.js';
import { managementOf, setUpStoreUsers, UsersRefused, USERS } from './store-users.js';

// The two steps of a set-up against a node that is served over TLS and asks who calls.

const DAY_MS = 86_400_000;
const START = new Date('2026-01-01T00:00:00.000Z');

describe('The set-up of a cluster', () => {
  const home = mkdtempSync(join(tmpdir(), 'hostledger-identities-'));
  const directory = join(home, 'identities');
  const stores: EventStore[] = [];
  let node: RunningNode;
  let port: number;

  const plan = (nodePort: number) => ({
    directory,
    nodes: [`127.0.0.1:${nodePort}`],
    database: 'localhost:5432',
    alsoReachedAs: ['localhost'],
    validDays: 365,
    renewWithinDays: 60,
    notaryOrigin: 'hostledger.example/log',
    owners: {},
  });
  const read = (...path: string[]): string => readFileSync(join(directory, ...path), 'utf8');
  const passwords = () =>
    Object.fromEntries(USERS.map(({ name }) => [name, read('users', `${name}-password`)]));

  const connect = (connection: string): EventStore => {
    const store = new EventStore({ connection, retryWindowMs: 500, callTimeoutMs: 5_000 });
    stores.push(store);
    return store;
  };
  const as = (user: string): EventStore => connect(read(user, 'eventstore-url'));
  const setUp = () =>
    setUpStoreUsers(managementOf(read('users', 'eventstore-url')), as('users'), passwords(), 5_000);
  const append = (store: EventStore, stream: string) =>
    store.append(stream, 'no_stream', [
      { id: crypto.randomUUID(), type: 'Tried', data: {}, metadata: {} as EventMetadata },
    ]);

  beforeAll(async () => {
    await makeIdentities(plan(2113), new Date());
    node = await startNodeInProcess({
      directory: join(home, 'events'),
      listen: { port: 0 },
      security: {
        certificate: read('127.0.0.1', 'node.crt'),
        key: read('127.0.0.1', 'node.key'),
        adminPassword: read('127.0.0.1', 'admin-password'),
      },
    });
    port = Number(node.endpoint.split(':')[1]);
    await makeIdentities(plan(port), new Date());
  });

  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await node?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('gives each part what it needs, for its eyes alone', () => {
    for (const path of ['authority/ca.key', '127.0.0.1/node.key', 'api/eventstore-url']) {
      expect(statSync(join(directory, path)).mode & 0o777).toBe(0o600);
    }
    expect(read('api', 'eventstore-url')).toMatch(
      new RegExp(`^esdb://api:[\\w-]{32}@127.0.0.1:${port}\\?tls=true&tlsCAFile=\\S+/api/ca.crt$`),
    );
    expect(read('worker', 'database-url')).toMatch(
      /^postgres:\/\/hostledger:[\w-]{32}@localhost:5432\/hostledger\?sslmode=verify-full&sslrootcert=\S+\/worker\/ca.crt$/,
    );
    const words = [...USERS.map(({ name }) => name), 'admin'].map((user) =>
      read('authority', `${user}-password`),
    );
    expect(new Set(words).size).toBe(words.length);
  });

  it('changes nothing when it is done again, and issues again what ends soon', async () => {
    const folder = join(home, 'renewal');
    const renewed = { ...plan(2113), directory: folder };
    const inDays = (days: number) =>
      makeIdentities(renewed, new Date(START.getTime() + days * DAY_MS));
    expect(await inDays(0)).toEqual([
      'the authority: new, valid for 3650 days',
      '127.0.0.1: new, valid for 365 days',
      'localhost: new, valid for 365 days',
    ]);
    const url = readFileSync(join(folder, 'api/eventstore-url'), 'utf8');
    expect(await inDays(300)).toEqual([
      'the authority: valid for 3350 days',
      '127.0.0.1: valid for 65 days',
      'localhost: valid for 65 days',
    ]);
    expect(await inDays(306)).toContain('127.0.0.1: new, valid for 365 days');
    expect(readFileSync(join(folder, 'api/eventstore-url'), 'utf8')).toBe(url);
  });

  it('never replaces the key of the notary, and keeps a copy of each that there was', async () => {
    const rotated = { ...plan(2113), directory: join(home, 'notary') };
    const file = (...path: string[]): string => join(rotated.directory, ...path);
    const text = (...path: string[]): string => readFileSync(file(...path), 'utf8').trim();
    await makeIdentities(rotated, START);
    const first = text('worker/notary-key');
    const { keyId } = parseSignerKey(first).verifier;
    const second = makeSignerKey(rotated.notaryOrigin).secret;
    writeFileSync(file('worker/notary-key'), `${second}\n`);
    // Twice: the second time finds what the first has made of it.
    for (const at of [START, new Date(START.getTime() + DAY_MS)]) {
      await makeIdentities(rotated, at);
      expect(text('worker/notary-key')).toBe(second);
      expect(text('authority/notary-key')).toBe(second);
      expect(text(`authority/notary-key.${keyId}`)).toBe(first);
    }
    // The volume of the workers was lost: they get the key in force, not the first one.
    rmSync(file('worker'), { recursive: true });
    await makeIdentities(rotated, START);
    expect(text('worker/notary-key')).toBe(second);
    // That of the authority was: the key is still that of the workers.
    rmSync(file('authority/notary-key'));
    await makeIdentities(rotated, START);
    expect([text('worker/notary-key'), text('authority/notary-key')]).toEqual([second, second]);
    writeFileSync(file('worker/notary-key'), 'cut off');
    await expect(makeIdentities(rotated, START)).rejects.toThrow(/no private key/);
    expect(text('authority/notary-key')).toBe(second);
  });

  it('has everybody trust another authority as well, so that one can follow the other', async () => {
    const folder = join(home, 'rotation');
    const rotated = { ...plan(2113), directory: folder };
    await makeIdentities(rotated, START);
    const file = (...path: string[]): string => readFileSync(join(folder, ...path), 'utf8');
    const other = read('authority', 'ca.crt');
    writeFileSync(join(folder, 'authority/also-trusted.crt'), other);
    expect(await makeIdentities(rotated, START)).toContain('127.0.0.1: valid for 365 days');
    expect(file('api', 'ca.crt')).toBe(`${file('authority', 'ca.crt')}${other}`);
    expect(file('127.0.0.1', 'trusted/ca1.crt')).toBe(other);
    for (const name of ['ca.crt', 'ca.key']) {
      writeFileSync(join(folder, 'authority', name), read('authority', name));
    }
    expect(await makeIdentities(rotated, START)).toContain('127.0.0.1: new, valid for 365 days');
  });

  it('makes users and rights once', async () => {
    expect(await setUp()).toEqual([
      ...['api made', 'worker made', 'auditor made'],
      ...['$settings set', '$$$all set'],
    ]);
    expect(await setUp()).toEqual([]);
  });

  it.each(['api', 'worker'])('lets the %s append, and read streams and the log', async (user) => {
    const store = as(user);
    await append(store, `tried-${user}`);
    expect(await store.readStream(`tried-${user}`, 0n)).toHaveLength(1);
    expect(await store.head()).toBeGreaterThan(0n);
  });

  it('lets nobody but administrators delete, or change metadata and settings', async () => {
    const worker = as('worker');
    await append(worker, 'tried-delete');
    await expect(worker.client().deleteStream('tried-delete')).rejects.toThrow(/Access Denied/);
    for (const stream of ['$$tried-delete', '$settings', '$$$all', '$user-worker']) {
      await expect(append(worker, stream)).rejects.toThrow(/access-denied/);
    }
    await expect(worker.readStream('$user-admin', 0n)).rejects.toMatchObject({
      type: 'access-denied',
    });
  });

  it('lets the auditor read all, metadata too, and append nothing', async () => {
    const store = as('auditor');
    expect(await store.readStream('tried-api', 0n)).toHaveLength(1);
    expect(await store.readStream('$$tried-api', 0n)).toEqual([]);
    expect(await store.head()).toBeGreaterThan(0n);
    await expect(append(store, 'tried-auditor')).rejects.toThrow(/does not let this user append/);
    expect(store.writeFault()).toMatch(/access-denied/);
  });

  it('refuses one append of many without an end to the others', async () => {
    const store = as('worker');
    const [allowed, refused, alsoAllowed] = await Promise.allSettled(
      ['tried-a', '$tried-b', 'tried-c'].map((stream) => append(store, stream)),
    );
    expect([allowed!.status, refused!.status, alsoAllowed!.status]).toEqual([
      ...['fulfilled', 'rejected', 'fulfilled'],
    ]);
  });

  it('says of a wrong password and of a foreign authority what they are', async () => {
    const url = read('api', 'eventstore-url');
    const wrong = connect(url.replace(/api:[^@]+@/, 'api:wrong@'));
    await expect(wrong.head()).rejects.toThrow(/access-denied .*password is wrong/);
    await makeIdentities({ ...plan(port), directory: join(home, 'foreign') }, new Date());
    const foreign = connect(url.replace(directory, join(home, 'foreign')));
    await expect(foreign.head()).rejects.toThrow(/127\.0\.0\.1:\d+: .*certificate/);
    const nobody = connect(url.replace(/api:[^@]+@/, ''));
    await expect(nobody.head()).rejects.toThrow(/access-denied .*Access Denied/);
  });

  it('puts right a password and groups that somebody changed', async () => {
    const management = managementOf(read('users', 'eventstore-url'));
    const changed = { ...passwords(), api: 'changed' };
    expect(await setUpStoreUsers(management, as('users'), changed, 5_000)).toEqual([
      'api has another password',
    ]);
    await expect(as('api').head()).rejects.toThrow(/access-denied/);
    expect(await setUp()).toEqual(['api has another password']);
    expect(await as('api').head()).toBeGreaterThan(0n);
  });

  it('ends at once where the administrator is not let in', async () => {
    const management = managementOf(read('users', 'eventstore-url'));
    const { origins, authority } = management;
    const stranger = { origins, authority, admin: { name: 'admin', password: 'changeit' } };
    await expect(setUpStoreUsers(stranger, as('users'), passwords(), 60_000)).rejects.toThrow(
      UsersRefused,
    );
  });
});
