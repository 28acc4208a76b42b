import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ANY,
  DeadlineExceededError,
  EventStoreDBClient,
  eventTypeFilter,
  jsonEvent,
  NO_STREAM,
  persistentSubscriptionToStreamSettingsFromDefaults,
  UnavailableError,
  type JSONEventData,
} from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import { socketEndpoint, startNodeInProcess, type RunningNode } from './index.js';

let directory: string;
let node: RunningNode | undefined;
const clients: EventStoreDBClient[] = [];

const start = async (where = directory): Promise<RunningNode> => {
  node = await startNodeInProcess({ directory: where });
  return node;
};

const connect = (endpoint: string): EventStoreDBClient => {
  const client = new EventStoreDBClient({ endpoint }, { insecure: true });
  clients.push(client);
  return client;
};

const event = (n: number, text = ''): JSONEventData =>
  jsonEvent({ type: 'Tested', data: { n, text } });

const count = async (client: EventStoreDBClient, stream: string): Promise<number> => {
  let last = -1n;
  for await (const { event: found } of client.readStream(stream)) last = found!.revision;
  return Number(last) + 1;
};

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'hl-')), 'events');
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.dispose().catch(() => undefined)));
  await node?.stop();
  node = undefined;
  rmSync(directory, { recursive: true, force: true });
});

describe('a node', () => {
  it('keeps everything over a restart and goes on with its positions', async () => {
    const before = connect((await start()).endpoint);
    const { position } = await before.appendToStream('a', [event(1), event(2)], {
      expectedRevision: NO_STREAM,
    });
    await before.dispose();
    await node!.stop();
    const after = connect((await start()).endpoint);
    expect(await count(after, 'a')).toBe(2);
    const next = await after.appendToStream('a', event(3), { expectedRevision: 1n });
    expect(next.position!.commit).toBeGreaterThan(position!.commit);
  });

  it('refuses a second one on the same data, and the first goes on', async () => {
    const client = connect((await start()).endpoint);
    await expect(startNodeInProcess({ directory })).rejects.toThrow(
      /Another process has the event log/,
    );
    await client.appendToStream('a', event(1), { expectedRevision: NO_STREAM });
  });

  it('lets nobody but its owner in: directory 0700, socket 0600', async () => {
    const { endpoint } = await start();
    expect(endpoint).toBe(socketEndpoint(directory));
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(endpoint.slice('unix:'.length)).mode & 0o777).toBe(0o600);
  });

  it('is not stopped by what a dead one left behind', async () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'node.sock'), '');
    const client = connect((await start()).endpoint);
    await client.appendToStream('a', event(1), { expectedRevision: NO_STREAM });
  });

  it('finds a shorter place for its socket when the path is too long for one', async () => {
    const long = join(directory, 'd'.repeat(120));
    const { endpoint } = await start(long);
    expect(endpoint.length).toBeLessThan(100);
    await connect(endpoint).appendToStream('a', event(1), { expectedRevision: NO_STREAM });
  });

  it('refuses what it does not serve with UNIMPLEMENTED', async () => {
    const client = connect((await start()).endpoint);
    const settings = persistentSubscriptionToStreamSettingsFromDefaults();
    const refused = client.createPersistentSubscriptionToStream('a', 'group', settings);
    await expect(refused).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });

  it('survives clients that vanish in the middle of things', async () => {
    const { endpoint } = await start();
    for (let i = 0; i < 5; i += 1) {
      const rude = connect(endpoint);
      const subscription = rude.subscribeToAll().on('error', () => undefined);
      subscription.on('data', () => undefined);
      const pending = Array.from({ length: 50 }, (_, n) =>
        rude.appendToStream(`r-${i}-${n}`, event(n), { expectedRevision: ANY }),
      );
      await Promise.race(pending);
      await rude.dispose();
      await Promise.allSettled(pending.map((p) => Promise.race([p, delay(200)])));
    }
    await connect(endpoint).appendToStream('a', event(1), { expectedRevision: NO_STREAM });
  });

  it('has kept all it acknowledged when it is stopped under load, and is gone then', async () => {
    const { endpoint } = await start();
    const client = connect(endpoint);
    let acknowledged = 0;
    const writers = Array.from({ length: 200 }, (_, n) =>
      client
        .appendToStream(`s-${n}`, event(n), { expectedRevision: NO_STREAM })
        .then(() => (acknowledged += 1))
        .catch(() => undefined),
    );
    await Promise.race(writers);
    await node!.stop();
    await Promise.all(writers.map((writer) => Promise.race([writer, delay(1_000)])));
    expect(existsSync(endpoint.slice('unix:'.length))).toBe(false);
    const again = connect((await start()).endpoint);
    let found = 0;
    for (let n = 0; n < writers.length; n += 1) {
      found += await count(again, `s-${n}`).catch(() => 0);
    }
    expect(acknowledged).toBeGreaterThan(0);
    expect(found).toBeGreaterThanOrEqual(acknowledged);
  });

  it('writes nothing whose deadline has passed, and says so', async () => {
    const { endpoint, faults } = await start();
    const client = connect(endpoint);
    faults.holdAppends = 1;
    const late = client.appendToStream('a', event(1), {
      expectedRevision: NO_STREAM,
      deadline: 100,
    });
    late.catch(() => undefined);
    while (faults.heldAppends.length === 0) await delay(5);
    await delay(150);
    faults.heldAppends.forEach((release) => release());
    await expect(late).rejects.toBeInstanceOf(DeadlineExceededError);
    await client.appendToStream('a', event(2), { expectedRevision: NO_STREAM });
  });

  it('holds appends and leaves out checkpoints when it is told to', async () => {
    const { endpoint, faults } = await start();
    const client = connect(endpoint);
    faults.dropCheckpoints = true;
    let checkpoints = 0;
    const filtered = client.subscribeToAll({
      filter: eventTypeFilter({
        prefixes: ['None'],
        maxSearchWindow: 1,
        checkpointReached: () => void (checkpoints += 1),
      }),
    });
    filtered.on('data', () => undefined).on('error', () => undefined);
    faults.holdAppends = 1;
    const order: string[] = [];
    const held = client
      .appendToStream('held', event(1), { expectedRevision: NO_STREAM })
      .then(() => order.push('held'));
    while (faults.heldAppends.length === 0) await delay(5);
    for (let n = 0; n < 20; n += 1) {
      await client.appendToStream(`free-${n}`, event(n), { expectedRevision: NO_STREAM });
    }
    order.push('free');
    expect(await count(client, 'held').catch(() => 0)).toBe(0);
    faults.heldAppends.forEach((release) => release());
    await held;
    expect(order).toEqual(['free', 'held']);
    expect(checkpoints).toBe(0);
    faults.dropCheckpoints = false;
    for (let n = 0; n < 100 && checkpoints === 0; n += 1) {
      await client.appendToStream('more', event(n), { expectedRevision: ANY });
    }
    expect(checkpoints).toBeGreaterThan(0);
    await filtered.unsubscribe();
  });

  it('refuses appends while the disk is full, loses nothing, and recovers by itself', async () => {
    const { endpoint, faults } = await start();
    const client = connect(endpoint);
    await client.appendToStream('a', event(0), { expectedRevision: NO_STREAM });
    faults.diskFull(true);
    let acknowledged = 0;
    let refusal: unknown;
    for (let n = 1; n < 500 && !refusal; n += 1) {
      await client
        .appendToStream('a', event(n, 'x'.repeat(10_000)), {
          expectedRevision: BigInt(acknowledged),
        })
        .then(() => (acknowledged += 1))
        .catch((error: unknown) => (refusal = error));
    }
    expect(refusal).toBeInstanceOf(UnavailableError);
    expect((refusal as Error).message).toMatch(/full/);
    faults.diskFull(false);
    await client.appendToStream('a', event(501), { expectedRevision: BigInt(acknowledged) });
    expect(await count(client, 'a')).toBe(acknowledged + 2);
  });
});

const delay = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
