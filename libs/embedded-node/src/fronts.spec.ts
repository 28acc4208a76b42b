import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  EventStoreDBClient,
  jsonEvent,
  NO_STREAM,
  NotLeaderError,
  StreamNotFoundError,
  UnavailableError,
} from '@eventstore/db-client';
import { Fronts } from './index.js';

// What a client goes through when the servers of a cluster change places, through the real client.

const TIMES = { detection: 200, election: 300, deposed: 1_500, write: 200, followerLag: 300 };

let directory: string;
let fronts: Fronts;
const clients: EventStoreDBClient[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hl-fronts-'));
  fronts = await Fronts.start({ directory, times: TIMES });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.dispose().catch(() => undefined)));
  await fronts.stop();
  rmSync(directory, { recursive: true, force: true });
});

const connect = (options = ''): EventStoreDBClient => {
  const client = EventStoreDBClient.connectionString(`${fronts.connectionString}${options}`);
  clients.push(client);
  return client;
};

/** Straight to one of them, whatever it says of others. */
const connectTo = (index: number): EventStoreDBClient => {
  const endpoint = `127.0.0.1:${fronts.ports[index]}`;
  const client = new EventStoreDBClient({ endpoint }, { insecure: true });
  clients.push(client);
  return client;
};

const append = (client: EventStoreDBClient, stream: string, requiresLeader = false) =>
  client.appendToStream(stream, jsonEvent({ type: 'Tested', data: {} }), {
    expectedRevision: NO_STREAM,
    requiresLeader,
  });

const count = async (
  client: EventStoreDBClient,
  stream: string,
  requiresLeader = false,
): Promise<number> => {
  let events = 0;
  try {
    for await (const { event } of client.readStream(stream, { requiresLeader }))
      events += event ? 1 : 0;
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  return events;
};

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('It did not come about in time');
    await sleep(20);
  }
};

const elected = (other: number): Promise<void> =>
  until(() => fronts.leader !== undefined && fronts.leader !== other);

describe('fronts over one log', () => {
  it('are found by any of their addresses, and lead to the leader', async () => {
    const client = connect();
    await append(client, 'a', true);
    expect(await count(client, 'a', true)).toBe(1);
    await append(connect('&nodePreference=leader'), 'b', true);
  });

  it('show what was committed on a follower, later', async () => {
    const follower = connect('&nodePreference=follower');
    await append(connectTo(0), 'a');
    expect(await count(follower, 'a')).toBe(0);
    expect(await count(connectTo(0), 'a')).toBe(1);
    await until(async () => (await count(follower, 'a')) === 1);
  });

  it('hand on what a follower is asked to write, unless the leader is required', async () => {
    await append(connectTo(1), 'a');
    const follower = connectTo(1);
    const refusal = await append(follower, 'b', true).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(NotLeaderError);
    expect((refusal as NotLeaderError).leader).toEqual({
      address: '127.0.0.1',
      port: fronts.ports[0],
    });
    // The client goes where it was sent.
    await append(follower, 'c', true);
    await expect(count(connectTo(2), 'a', true)).rejects.toBeInstanceOf(NotLeaderError);
  });

  it('choose another leader when theirs is killed, and the client finds it', async () => {
    const client = connect();
    await append(client, 'before', true);
    await fronts.kill(0);
    await expect(append(client, 'lost', true)).rejects.toBeInstanceOf(UnavailableError);
    await elected(0);
    await until(() =>
      append(client, 'after', true).then(
        () => true,
        () => false,
      ),
    );
    expect(await count(client, 'before', true)).toBe(1);
    await fronts.revive(0);
    await expect(append(connectTo(0), 'no', true)).rejects.toBeInstanceOf(NotLeaderError);
  });

  it('lead nobody anywhere while they elect: discovery fails with a plain error', async () => {
    fronts.setElection(2_500);
    fronts.resign();
    await expect(append(connect('&maxDiscoverAttempts=2'), 'a', true)).rejects.toThrow(
      'Failed to discover',
    );
    await expect(count(connectTo(1), 'a')).rejects.toBeInstanceOf(UnavailableError);
    await expect(append(connectTo(1), 'a')).rejects.toThrow('Server Is Not Ready');
    await elected(0);
    await append(connect(), 'a', true);
  });

  it('have one that claims to lead and commits nothing, while the others have another', async () => {
    const old = connectTo(0);
    await append(old, 'before', true);
    fronts.isolate(0);
    await expect(append(old, 'a', true)).rejects.toMatchObject({ type: 'deadline-exceeded' });
    await elected(0);
    await append(connectTo(fronts.leader!), 'a', true);
    // It is asked for as a leader, and answers as one, from what it had.
    expect(await count(old, 'a', true)).toBe(0);
    expect(await count(old, 'before', true)).toBe(1);
    await until(() =>
      count(old, 'a', true).then(
        () => false,
        () => true,
      ),
    );
    fronts.heal(0);
    await expect(count(connectTo(0), 'a', true)).rejects.toBeInstanceOf(NotLeaderError);
    await until(async () => (await count(connectTo(0), 'a')) === 1);
  });

  it('say nothing where the network is cut, and go on when it is mended in time', async () => {
    const client = connectTo(0);
    await append(client, 'a', true);
    fronts.cut(0);
    const held = append(client, 'b', true);
    const silence = sleep(100).then(() => 'silence' as const);
    expect(await Promise.race([held, silence])).toBe('silence');
    fronts.heal(0);
    await held;
    expect(fronts.leader).toBe(0);
  });

  it('do not elect without a majority', async () => {
    await fronts.kill(1);
    await fronts.kill(0);
    await sleep(TIMES.detection + TIMES.election + 300);
    expect(fronts.leader).toBeUndefined();
    await fronts.revive(1);
    await until(() => fronts.leader !== undefined);
    await append(connect(), 'a', true);
  });
});
