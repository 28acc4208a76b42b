import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { Fronts } from '@hostledger/embedded-node';
import { deriveId } from '../context.js';
import { CallTimedOut, isTransient, reasonOf } from './failures.js';
import { EventStore } from './store.js';

// What the client makes of a cluster whose servers change places, contained.

const TIMES = { detection: 100, election: 200, followerLag: 60_000 };
const metadata = {
  commandId: 'c-1',
  commandHash: '',
  actor: { subject: 'ana', role: 'admin' as const },
  occurredAt: '2024-05-01T10:00:00.000Z',
  $correlationId: 'c-1',
  $causationId: 'c-1',
};

describe('the event store of a cluster', () => {
  let directory: string;
  let fronts: Fronts;
  let store: EventStore;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hl-cluster-'));
    fronts = await Fronts.start({ directory, times: TIMES });
    store = new EventStore({ connection: fronts.connectionString });
  });

  afterEach(async () => {
    await store.close();
    await fronts.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  let events = 0;
  const append = (to: EventStore, stream: string) => {
    events += 1;
    const event = { id: deriveId('cluster', events), type: 'Tested', data: {}, metadata };
    return to.append(stream, 'no_stream', [event]);
  };

  it('is waited for while nobody leads it', async () => {
    await append(store, 'lamp-1');
    fronts.setElection(1_200);
    fronts.resign();
    await append(store, 'lamp-2');
    // One that begins in the middle of an election knows no server yet.
    fronts.resign();
    const late = new EventStore({
      connection: `${fronts.connectionString}&maxDiscoverAttempts=1`,
    });
    await append(late, 'lamp-3');
    await late.close();
  });

  it('has no leader for a while, which passes by itself', async () => {
    fronts.setElection(60_000);
    fronts.resign();
    const url = `${fronts.connectionString}&maxDiscoverAttempts=1`;
    const client = EventStoreDBClient.connectionString(url);
    const event = jsonEvent({ type: 'Tested', data: {} });
    const error: unknown = await client.appendToStream('lamp-1', event).catch((e: unknown) => e);
    expect([isTransient(error), reasonOf(error)]).toEqual([true, 'no-leader']);
  });

  it('answers by its leader, whatever server the client has found', async () => {
    await append(store, 'lamp-1');
    const astray = new EventStore({
      connection: `${fronts.connectionString}&nodePreference=follower`,
    });
    expect(await astray.readStream('lamp-1', 0n)).toHaveLength(1);
    expect(await astray.readAll(0n, 10)).toHaveLength(1);
    expect(await astray.head()).toBeGreaterThan(0n);
    await astray.close();
  });

  it('takes no read for whole that ended because its client was given up', async () => {
    await append(store, 'lamp-1');
    const leader = fronts.faultsOf(fronts.leader!);
    leader.answer = 'stall';
    const reads = [store.readStream('lamp-1', 0n), store.readAll(0n, 10)] as const;
    await sleep(200);
    leader.answer = 'normal';
    const stuck = store.client();
    for (let n = 0; n < 2; n += 1) await store.noteFault(new CallTimedOut('append', 1), stuck);
    for (const read of reads) expect(await read).toHaveLength(1);
  });

  it('has its client replaced once for all the calls that failed with it', async () => {
    const broken = store.client();
    const faults = Array.from({ length: 5 }, () => new CallTimedOut('append', 1));
    await store.noteFault(faults[0], broken);
    expect(store.client()).toBe(broken);
    await store.noteFault(faults[1], broken);
    const next = store.client();
    expect(next).not.toBe(broken);
    for (const fault of faults.slice(2)) await store.noteFault(fault, broken);
    expect(store.client()).toBe(next);
  });
});
