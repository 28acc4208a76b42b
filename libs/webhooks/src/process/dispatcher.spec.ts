import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import {
  AggregateStore,
  systemActor,
  type CommandContext,
  type NewEvent,
  type StreamAccess,
} from '@hostledger/eventsourcing';
import { EventStore, EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import { ProjectionRunner, ReadModels } from '@hostledger/eventsourcing/postgres';
import { EventFeed, FeedEvent, type Parties } from '@hostledger/feed';
import { databases, until, type TestDatabase } from '@hostledger/testing';
import {
  isLive,
  webhookAggregate,
  type LiveWebhook,
  type WebhookCommand,
  type WebhookFilter,
} from '../domain/webhook.js';
import { AddressGuard, networkOf } from '../outbound/address-guard.js';
import { WebhookKey } from '../outbound/secret.js';
import { ProgressTable, type ProgressStore } from '../read/progress.js';
import { webhooksProjection } from '../read/projection.js';
import { listedWebhooks } from '../read/query.js';
import { WebhookDispatcher, type DispatcherOptions } from './dispatcher.js';
import { TestReceiver } from './receivers.fixture.js';
import type { RetryPolicy } from './retry-policy.js';

const NO_PARTIES: Parties = { contracts: [], customers: [] };
const SOURCE = 'https://ledger.example';
const POLICY: RetryPolicy = {
  maxAttempts: 3,
  firstPauseMs: 20,
  factor: 1.5,
  longestPauseMs: 40,
  pauseAfterMs: 3_600_000,
};
const key = new WebhookKey(Buffer.alloc(32, 9).toString('base64'));

let directory: string;
let node: RunningNode;
let log: EventStore;
let feed: EventFeed;
let testDatabase: TestDatabase;
let runner: ProjectionRunner;
let readModels: ReadModels;
let store: AggregateStore;
let warnings: string[];
const closing: (() => Promise<unknown>)[] = [];

const contextOf = (at = new Date().toISOString()): CommandContext => ({
  commandId: randomUUID(),
  actor: systemActor('spec'),
  correlationId: 'correlation-1',
  causationId: 'request-1',
  at,
});

/** Appends events `LampLit` with their number to a stream, after what it has. */
const append = async (stream: string, count: number): Promise<bigint> => {
  const { length } = await log.readStream(stream, 0n);
  const events = Array.from({ length: count }, (_, index): NewEvent => {
    const { actor, at } = contextOf();
    return {
      id: randomUUID(),
      type: 'LampLit',
      data: { number: length + index },
      metadata: {
        commandId: 'c',
        commandHash: 'h',
        actor,
        occurredAt: at,
        $correlationId: 'x',
        $causationId: 'y',
      },
    };
  });
  const expected = length === 0 ? 'no_stream' : BigInt(length - 1);
  return (await log.append(stream, expected, events)).position;
};

const act = (command: Omit<WebhookCommand, 'at'>, with_ = store) => {
  const at = new Date().toISOString();
  const full = { ...command, at } as WebhookCommand;
  return with_.handle(webhookAggregate, full.data.webhookId, full, contextOf(at));
};

const subscribe = async (
  receiver: TestReceiver,
  filter: WebhookFilter = { categories: ['lamp'] },
): Promise<string> => {
  const webhookId = randomUUID();
  receiver.secret = key.secretOf(webhookId, 1);
  const data = { webhookId, url: receiver.url, filter, description: '', after: '0', keyId: key.id };
  await act({ type: 'SubscribeWebhook', data });
  return webhookId;
};

const stateOf = async (webhookId: string): Promise<LiveWebhook> => {
  const { state } = await store.load(webhookAggregate, webhookId, { fresh: true });
  if (!isLive(state)) throw new Error(`The webhook is ${state.status}`);
  return state;
};

const receiving = async (): Promise<TestReceiver> => {
  const receiver = new TestReceiver();
  await receiver.listen();
  closing.push(() => receiver.close());
  return receiver;
};

const dispatching = (options: Partial<DispatcherOptions> = {}): WebhookDispatcher => {
  const dispatcher = new WebhookDispatcher({
    store,
    database: testDatabase.database,
    progress: new ProgressTable(testDatabase.database),
    source: {
      follow: (after, how) => feed.follow(after, how),
      read: async (stream, revision) => {
        const [event] = await log.readStream(stream, revision, 1);
        return event && new FeedEvent(event, NO_PARTIES, SOURCE);
      },
    },
    list: () => listedWebhooks(readModels),
    head: () => log.head(),
    key,
    guard: new AddressGuard([networkOf('127.0.0.0/8')]),
    policy: POLICY,
    observer: { attempted: () => undefined, warned: (message) => warnings.push(message) },
    limits: { answerWithinMs: 300, connections: 4 },
    pollMs: 10,
    ...options,
  });
  dispatcher.start();
  closing.unshift(() => dispatcher.stop());
  return dispatcher;
};

const revisions = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => String(index));

describe.each(databases)('webhooks with their progress in %s', (_kind, open) => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hostledger-webhooks-'));
    testDatabase = await open();
    // The embedded one is opened by its first query, which takes a while.
    await testDatabase.database.ping(60_000);
  }, 90_000);

  afterAll(async () => {
    await testDatabase.close();
    rmSync(directory, { recursive: true, force: true });
  });

  beforeEach(async () => {
    warnings = [];
    node = await startNodeInProcess({ directory: join(directory, randomUUID()) });
    log = new EventStore({ connection: { endpoint: node.endpoint } });
    store = new AggregateStore(log);
    const feeds = new EventStoreFeeds(log);
    const parties = {
      of: (events: readonly unknown[]) => Promise.resolve(events.map(() => NO_PARTIES)),
    };
    feed = new EventFeed({ log, feeds, parties, source: SOURCE });
    const { database } = testDatabase;
    const projections = [webhooksProjection];
    runner = new ProjectionRunner({ name: 'spec', projections, database, feeds });
    runner.start();
    readModels = new ReadModels(database, { projections, progress: runner });
  });

  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await feed.close();
    await runner.stop();
    await log.close();
    await node.stop();
    await testDatabase.empty();
  });

  it('deliver what matches as CloudEvents, in the order of each stream, signed', async () => {
    const receiver = await receiving();
    const webhookId = await subscribe(receiver);
    await append('lamp-a', 5);
    await append('other-a', 2);
    dispatching();
    await append('lamp-b', 5);
    await until(() => receiver.accepted.length === 10);
    expect(receiver.acceptedOf('lamp-a')).toEqual(revisions(5));
    expect(receiver.acceptedOf('lamp-b')).toEqual(revisions(5));
    const [{ id, event }] = receiver.accepted as [TestReceiver['got'][number]];
    expect(id).toBe(event.id);
    expect(event).toMatchObject({
      specversion: '1.0',
      source: SOURCE,
      type: 'hostledger.LampLit',
      data: { number: expect.any(Number) as number },
    });
    const known = new ProgressTable(testDatabase.database);
    await until(async () => (await known.load(webhookId))?.delivered === 10);
    expect(await known.load(webhookId)).toMatchObject({ unsettled: [], failingSince: null });
  });

  it('deliver nothing that deliveries, tokens and command keys record, whatever the filter', async () => {
    const receiver = await receiving();
    await subscribe(receiver, {});
    await append('accessToken-a', 1);
    await append('commandKey-a', 1);
    await append('lamp-a', 1);
    dispatching();
    await until(() => receiver.accepted.length === 1);
    expect(receiver.got.map(({ event }) => event.subject)).toEqual(['lamp-a']);
  });

  it('let a stream wait for its event that fails, and no other stream', async () => {
    const receiver = await receiving();
    let fails = true;
    receiver.behaviour = ({ event: { subject } }) => (fails && subject === 'lamp-a' ? 503 : 200);
    await subscribe(receiver);
    await append('lamp-a', 3);
    await append('lamp-b', 20);
    dispatching({ policy: { ...POLICY, maxAttempts: 1_000 } });
    await until(() => receiver.acceptedOf('lamp-b').length === 20);
    await until(() => receiver.got.length > 22);
    expect(receiver.acceptedOf('lamp-a')).toEqual([]);
    const tried = receiver.got.filter(({ event }) => event.subject === 'lamp-a');
    expect(new Set(tried.map(({ event }) => event.revision))).toEqual(new Set(['0']));
    expect(new Set(tried.map(({ id }) => id)).size).toBe(1);
    fails = false;
    await until(() => receiver.acceptedOf('lamp-a').length === 3);
    expect(receiver.acceptedOf('lamp-a')).toEqual(revisions(3));
  });

  it('go on after a dead letter, and deliver it when it is replayed', async () => {
    const receiver = await receiving();
    let fails = true;
    receiver.behaviour = ({ event: { revision } }) => (fails && revision === '1' ? 500 : 200);
    const webhookId = await subscribe(receiver);
    await append('lamp-a', 3);
    dispatching();
    await until(() => receiver.acceptedOf('lamp-a').length === 2);
    expect(receiver.acceptedOf('lamp-a')).toEqual(['0', '2']);
    const [letter] = [...(await stateOf(webhookId)).deadLetters.values()];
    expect(letter).toMatchObject({
      status: 'open',
      stream: 'lamp-a',
      revision: '1',
      attempts: POLICY.maxAttempts,
      lastStatus: 500,
      cause: 'status',
    });

    // In vain once more, and then not.
    const { position } = letter!;
    await act({ type: 'RequestReplay', data: { webhookId, position } });
    await until(() => receiver.got.length === 2 + 2 * POLICY.maxAttempts);
    await until(
      async () => (await stateOf(webhookId)).deadLetters.get(position)?.status === 'open',
    );
    fails = false;
    await act({ type: 'RequestReplay', data: { webhookId, position: null } });
    await until(() => receiver.acceptedOf('lamp-a').length === 3);
    await until(async () => (await stateOf(webhookId)).deadLetters.size === 0);
    const ids = receiver.got.filter(({ event }) => event.revision === '1').map(({ id }) => id);
    expect(new Set(ids).size).toBe(1);
  });

  it('pause on 410 Gone, and go on with the same event when they are resumed', async () => {
    const receiver = await receiving();
    receiver.behaviour = () => 410;
    const webhookId = await subscribe(receiver);
    await append('lamp-a', 2);
    const dispatcher = dispatching();
    await until(async () => (await stateOf(webhookId)).status === 'paused');
    await until(() => dispatcher.status().deliveries.length === 0);
    expect(receiver.got).toHaveLength(1);
    receiver.behaviour = () => 200;
    await append('lamp-a', 1);
    await act({ type: 'ResumeWebhook', data: { webhookId } });
    await until(() => receiver.accepted.length === 3);
    expect(receiver.acceptedOf('lamp-a')).toEqual(revisions(3));
  });

  it('pause when nothing was delivered for as long as may be', async () => {
    const receiver = await receiving();
    receiver.behaviour = () => 500;
    const webhookId = await subscribe(receiver);
    await append('lamp-a', 1);
    dispatching({ policy: { ...POLICY, maxAttempts: 1_000, pauseAfterMs: 60 } });
    await until(async () => (await stateOf(webhookId)).status === 'paused');
    expect(receiver.got.length).toBeGreaterThan(1);
    const events = await log.readStream(`webhook-${webhookId}`, 0n);
    expect(events.at(-1)).toMatchObject({
      type: 'WebhookPaused',
      data: { by: 'system', cause: 'failing' },
    });
  });

  it('are not delayed by the receiver of another one', async () => {
    const [slow, quick] = [await receiving(), await receiving()];
    slow.behaviour = () => 'stall';
    await subscribe(slow);
    await subscribe(quick);
    for (const lamp of ['a', 'b', 'c', 'd', 'e', 'f']) await append(`lamp-${lamp}`, 20);
    const limits = { answerWithinMs: 20_000, connections: 4 };
    dispatching({ limits });
    await until(() => slow.got.length === limits.connections);
    await until(() => quick.accepted.length === 120);
    expect(slow.accepted).toHaveLength(0);
    slow.cut();
  });

  it('hold their reading back when as many events wait as may', async () => {
    const receiver = await receiving();
    receiver.behaviour = () => 'stall';
    const webhookId = await subscribe(receiver);
    for (let lamp = 0; lamp < 12; lamp += 1) await append(`lamp-${lamp}`, 30);
    const limits = { answerWithinMs: 20_000, connections: 4 };
    const dispatcher = dispatching({ limits, maxWaiting: 50 });
    const waiting = (): number | undefined =>
      dispatcher.status().deliveries.find((one) => one.webhookId === webhookId)?.waiting;
    await until(() => (waiting() ?? 0) >= 50 && receiver.got.length === limits.connections);
    // One page of the feed at most beyond it.
    expect(waiting()).toBeLessThan(50 + 256);
    receiver.behaviour = () => 200;
    receiver.cut();
    await until(() => receiver.accepted.length >= 360);
    expect(receiver.acceptedOf('lamp-7')).toEqual(revisions(30));
  });

  it('are signed with both secrets while a rotation overlaps, then with the new one', async () => {
    const receiver = await receiving();
    const webhookId = await subscribe(receiver);
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const rotation = { webhookId, keyId: key.id, previousUntil: soon };
    await act({ type: 'RotateWebhookSecret', data: rotation });
    let ahead = 0;
    dispatching({ clock: () => new Date(Date.now() + ahead) });
    await append('lamp-a', 1);
    await until(() => receiver.accepted.length === 1);
    expect(receiver.accepted[0]!.signatures).toBe(2);
    receiver.secret = key.secretOf(webhookId, 2);
    await append('lamp-a', 1);
    await until(() => receiver.accepted.length === 2);
    // Past the overlap, though still within the five minutes that receivers allow.
    ahead = 60_000;
    const over = new Date(Date.now() + 30_000).toISOString();
    await act({ type: 'RotateWebhookSecret', data: { ...rotation, previousUntil: over } });
    receiver.secret = key.secretOf(webhookId, 3);
    await until(async () => (await stateOf(webhookId)).secret.version === 3);
    await until(async () => {
      await append('lamp-a', 1);
      await sleep(20);
      return receiver.accepted.at(-1)!.signatures === 1;
    });
  });

  it('take a change of address at once, for what waits as well', async () => {
    const [old, fresh] = [await receiving(), await receiving()];
    old.behaviour = () => 500;
    const webhookId = await subscribe(old);
    fresh.secret = old.secret;
    await append('lamp-a', 2);
    dispatching({ policy: { ...POLICY, firstPauseMs: 3_600_000, longestPauseMs: 3_600_000 } });
    await until(() => old.got.length === 1);
    await act({ type: 'ChangeWebhook', data: { webhookId, url: fresh.url } });
    await until(() => fresh.acceptedOf('lamp-a').length === 2);
    expect(old.got).toHaveLength(1);
  });

  it('are not sent without the master key that their secret comes from', async () => {
    const receiver = await receiving();
    await subscribe(receiver);
    await append('lamp-a', 1);
    dispatching({ key: new WebhookKey(Buffer.alloc(32, 1).toString('base64')) });
    await until(() => warnings.some((warning) => warning.includes('another WEBHOOK_KEY')));
    expect(receiver.got).toHaveLength(0);
  });

  it('end with their deletion', async () => {
    const receiver = await receiving();
    const webhookId = await subscribe(receiver);
    const dispatcher = dispatching();
    await append('lamp-a', 1);
    await until(() => receiver.accepted.length === 1);
    await act({ type: 'DeleteWebhook', data: { webhookId } });
    await until(() => dispatcher.status().deliveries.length === 0);
    const known = new ProgressTable(testDatabase.database);
    await until(async () => (await known.load(webhookId)) === undefined);
  });

  it('go on from what the log knows where the table of progress was lost', async () => {
    const receiver = await receiving();
    const webhookId = await subscribe(receiver);
    const first = await append('lamp-a', 3);
    const dispatcher = dispatching();
    await until(() => receiver.accepted.length === 3);
    await dispatcher.stop();
    await act({ type: 'RecordProgress', data: { webhookId, position: first.toString() } });
    await sql`drop table hostledger_meta.webhook_progress`.execute(testDatabase.database.for());
    await append('lamp-a', 2);
    dispatching();
    await until(() => receiver.accepted.length === 5);
    expect(receiver.acceptedOf('lamp-a')).toEqual(revisions(5));
  });

  /** A dispatcher that can die: from then on nothing it learns reaches any store. */
  const mortal = () => {
    let dead = false;
    const table = new ProgressTable(testDatabase.database);
    const progress: ProgressStore = {
      prepare: () => table.prepare(),
      load: (webhookId) => table.load(webhookId),
      save: (webhookId, saved) => (dead ? Promise.resolve() : table.save(webhookId, saved)),
      remove: (webhookId) => table.remove(webhookId),
    };
    const streams: StreamAccess = {
      append: (...of) =>
        dead ? Promise.reject(new Error('The process has died')) : log.append(...of),
      readStream: (...of) => log.readStream(...of),
    };
    const dispatcher = dispatching({ progress, store: new AggregateStore(streams) });
    return {
      die: async (receiver: TestReceiver) => {
        dead = true;
        receiver.cut();
        await dispatcher.stop();
      },
    };
  };

  it('lose nothing and keep the order however often the dispatcher dies', async () => {
    const LAMPS = 6;
    const EVENTS = 30;
    const DEATHS = 12;
    const receiver = await receiving();
    const webhookId = await subscribe(receiver);
    receiver.behaviour = async () => {
      const chance = Math.random();
      await sleep(chance * 8);
      return chance < 0.2 ? 503 : 200;
    };
    const writing = (async () => {
      for (let round = 0; round < EVENTS / 5; round += 1) {
        for (let lamp = 0; lamp < LAMPS; lamp += 1) await append(`lamp-${lamp}`, 5);
        await sleep(20);
      }
    })();
    for (let death = 0; death < DEATHS; death += 1) {
      const { die } = mortal();
      await sleep(Math.random() * 150);
      await die(receiver);
    }
    await writing;
    receiver.behaviour = () => 200;
    dispatching();
    const complete = (lamp: number): boolean =>
      new Set(
        receiver.got.filter(({ event }) => event.subject === `lamp-${lamp}`).map(({ id }) => id),
      ).size === EVENTS;
    await until(() => Array.from({ length: LAMPS }, (_, lamp) => lamp).every(complete));
    await until(async () => {
      const { deadLetters } = await stateOf(webhookId);
      const missing = LAMPS * EVENTS - new Set(receiver.accepted.map(({ id }) => id)).size;
      return missing <= deadLetters.size;
    });
    for (let lamp = 0; lamp < LAMPS; lamp += 1) {
      const seen = receiver.got
        .filter(({ event }) => event.subject === `lamp-${lamp}`)
        .map(({ event }) => event.revision);
      expect([...new Set(seen)]).toEqual(revisions(EVENTS));
    }
    // What was given up comes after all, under the same ids.
    await act({ type: 'RequestReplay', data: { webhookId, position: null } });
    await until(async () => (await stateOf(webhookId)).deadLetters.size === 0);
    expect(new Set(receiver.accepted.map(({ id }) => id)).size).toBe(LAMPS * EVENTS);
  }, 60_000);
});
