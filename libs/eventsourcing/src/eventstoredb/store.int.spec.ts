import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import {
  AppendTooLarge,
  deriveId,
  silentObserver,
  StoreUnavailable,
  WrongExpectedRevision,
  type NewEvent,
} from '../index.js';
import { CallTimedOut } from './failures.js';
import { EventStore, EventStoreFeeds } from './index.js';

const metadata: NewEvent['metadata'] = {
  commandId: 'c',
  commandHash: 'h',
  actor: { subject: 'ana', role: 'operator' },
  occurredAt: '2024-04-20T00:00:00.000Z',
  $correlationId: 'x',
  $causationId: 'y',
};

const event = (name: string, data: object = { name }, type = 'LampLit'): NewEvent => ({
  id: deriveId(name),
  type,
  data,
  metadata,
});

describe('the event store adapter', () => {
  let directory: string;
  let node: RunningNode;
  let store: EventStore;
  let retried: string[];
  let reopened: string[];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hl-store-'));
    node = await startNodeInProcess({ directory });
    retried = [];
    reopened = [];
    store = new EventStore({
      connection: { endpoint: node.endpoint },
      callTimeoutMs: 1_000,
      retryWindowMs: 4_000,
      observer: { ...silentObserver, appendRetried: (reason) => retried.push(reason) },
    });
  });

  afterEach(async () => {
    await store.close();
    await node.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const typesOf = async (stream: string): Promise<string[]> =>
    (await store.readStream(stream, 0n)).map(({ id }) => id);

  it('takes a read that another fault cut off for no answer, and not for an empty one', async () => {
    await store.append('lamp-hall', 'no_stream', [event('lit')]);
    node.faults.answer = 'stall';
    const client = store.client();
    const reading = store.readStream('lamp-hall', 0n);
    const head = store.head();
    head.catch(() => undefined);
    await sleep(100);
    // What other calls meet meanwhile has the client replaced, and ends all that is under way with it.
    await store.noteFault(new CallTimedOut('another call', 1), client);
    await store.noteFault(new CallTimedOut('another call', 1), client);
    node.faults.answer = 'normal';
    await expect(head).rejects.toThrow(StoreUnavailable);
    expect(await reading).toHaveLength(1);
  });

  it('reads the whole log page by page without what the store itself records', async () => {
    await store.append('lamp-1', 'no_stream', [event('a'), event('b')]);
    for (let count = 1; count <= 4; count += 1) {
      await store.client().setStreamMetadata('lamp-1', { maxCount: 100 + count });
    }
    await store.append('lamp-2', 'no_stream', [event('c')]);
    const all = await store.readAll(0n, 2);
    expect(all.map(({ stream, revision }) => [stream, revision])).toEqual([
      ['lamp-1', 0n],
      ['lamp-1', 1n],
    ]);
    const rest = await store.readAll(all[1]!.position, 2);
    expect(rest.map(({ stream, revision }) => [stream, revision])).toEqual([['lamp-2', 0n]]);
  });

  it('reads the whole log from one event on, and nothing where none begins', async () => {
    await store.append('lamp-1', 'no_stream', [event('a'), event('b')]);
    await store.append('lamp-2', 'no_stream', [event('c')]);
    const all = await store.readAll(0n, 10);
    const [, second] = all;
    expect(await store.readAllFrom(second!.position, 10)).toEqual(all.slice(1));
    expect(await store.readAllFrom(second!.position, 1)).toEqual([second]);
    expect(await store.readAllFrom(second!.position + 1n, 10)).toEqual([]);
    expect(await store.readAllFrom(all.at(-1)!.position + 1_000n, 10)).toEqual([]);
    expect(await store.hasPosition(second!.position)).toBe(true);
    expect(await store.hasPosition(second!.position + 1n)).toBe(false);
  });

  it('tells a stream that was deleted for ever from others', async () => {
    for (const stream of ['lamp-1', 'lamp-2', 'lamp-3']) {
      await store.append(stream, 'no_stream', [event(stream)]);
    }
    await store.client().deleteStream('lamp-2');
    await store.client().tombstoneStream('lamp-3');
    const streams = ['lamp-1', 'lamp-2', 'lamp-3', 'lamp-never'];
    const told = await Promise.all(streams.map((stream) => store.isTombstoned(stream)));
    expect(told).toEqual([false, false, true, false]);
  });

  describe('appending', () => {
    it('tells revision and position, which reading confirms', async () => {
      const first = await store.append('lamp-a', 'no_stream', [event('1'), event('2')]);
      expect(first.revision).toBe(1n);
      const [, last] = await store.readStream('lamp-a', 0n);
      expect(last).toMatchObject({
        revision: 1n,
        position: first.position,
        data: { name: '2' },
        metadata,
      });
      expect(await store.head()).toBe(first.position);
    });

    it('reads nothing from a stream that does not exist', async () => {
      expect(await store.readStream('lamp-none', 0n)).toEqual([]);
    });

    it('names the revision found in place of the one expected', async () => {
      await store.append('lamp-a', 'no_stream', [event('1')]);
      const refused = store.append('lamp-a', 'no_stream', [event('2')]);
      await expect(refused).rejects.toMatchObject({ name: 'WrongExpectedRevision', actual: 0n });
      await expect(store.append('lamp-b', 5n, [event('3')])).rejects.toMatchObject({
        actual: 'no_stream',
      });
    });

    it('is settled once when the reply was lost after the commit', async () => {
      node.faults.loseReplies = 1;
      const outcome = await store.append('lamp-a', 'no_stream', [event('1')]);
      expect(outcome.revision).toBe(0n);
      expect(retried).toHaveLength(1);
      expect(await typesOf('lamp-a')).toEqual([deriveId('1')]);
    });

    it('does not double or lose any of many appends when replies are lost among them', async () => {
      await store.append('lamp-0', 'no_stream', [event('0')]);
      node.faults.loseReplies = 3;
      const names = Array.from({ length: 200 }, (_, i) => `n${i}`);
      await Promise.all(
        names.map((name) => store.append(`lamp-${name}`, 'no_stream', [event(name)])),
      );
      const all = await store.readAll(0n, 1_000);
      expect(all.map(({ id }) => id).sort()).toEqual(
        ['0', ...names].map((n) => deriveId(n)).sort(),
      );
    });

    it('rides out a server that is away for a while', async () => {
      node.faults.answer = 'unavailable';
      const appended = store.append('lamp-a', 'no_stream', [event('1')]);
      await until(() => retried.length > 0);
      node.faults.answer = 'normal';
      expect((await appended).revision).toBe(0n);
    });

    it('rides out a change of leader', async () => {
      await store.append('lamp-a', 'no_stream', [event('1')]);
      node.faults.answer = 'not-leader';
      const appended = store.append('lamp-a', 0n, [event('2')]);
      await until(() => retried.length > 0);
      node.faults.answer = 'normal';
      expect((await appended).revision).toBe(1n);
    });

    it('says that the outcome is unknown when nobody answers within the bounds', async () => {
      node.faults.answer = 'stall';
      const started = performance.now();
      await expect(store.append('lamp-a', 'no_stream', [event('1')])).rejects.toThrow(
        StoreUnavailable,
      );
      expect(performance.now() - started).toBeLessThan(6_000);
      node.faults.answer = 'normal';
      await store.append('lamp-a', 'no_stream', [event('1')]);
      expect(await typesOf('lamp-a')).toEqual([deriveId('1')]);
    });

    it('survives the death of the server and goes on with the next', async () => {
      await store.append('lamp-a', 'no_stream', [event('1')]);
      await node.stop();
      const appended = store.append('lamp-a', 0n, [event('2')]);
      await until(() => retried.length > 0);
      node = await startNodeInProcess({ directory });
      expect((await appended).revision).toBe(1n);
    });

    it('refuses what is too large or cannot be JSON before anything is sent', async () => {
      const large = event('1', { text: 'x'.repeat(64 * 1024) });
      await expect(store.append('lamp-a', 'no_stream', [large])).rejects.toThrow(AppendTooLarge);
      const many = Array.from({ length: 20 }, (_, i) =>
        event(`${i}`, { text: 'x'.repeat(60_000) }),
      );
      await expect(store.append('lamp-a', 'no_stream', many)).rejects.toThrow(AppendTooLarge);
      const bigint = event('2', { count: 1n });
      await expect(store.append('lamp-a', 'no_stream', [bigint])).rejects.toThrow(TypeError);
      expect(await store.head()).toBe(0n);
    });

    it('keeps what was acknowledged when the disk is full, and goes on when it has space', async () => {
      const acknowledged: string[] = [];
      node.faults.diskFull(true);
      let refusal: unknown;
      for (let i = 0; i < 200 && !refusal; i += 1) {
        const name = `n${i}`;
        await store
          .append(`lamp-${name}`, 'no_stream', [event(name, { text: 'x'.repeat(20_000) })])
          .then(() => acknowledged.push(name))
          .catch((error: unknown) => (refusal = error));
      }
      expect(refusal).toBeInstanceOf(StoreUnavailable);
      expect(store.writeFault()).toMatch(/full/);
      node.faults.diskFull(false);
      await store.append('lamp-after', 'no_stream', [event('after')]);
      expect(store.writeFault()).toBeUndefined();
      const ids = (await store.readAll(0n, 1_000)).map(({ id }) => id);
      for (const name of [...acknowledged, 'after']) expect(ids).toContain(deriveId(name));
    });
  });

  describe('a supervised subscription', () => {
    const feeds = (stallAfterMs = 20_000): EventStoreFeeds =>
      new EventStoreFeeds(
        store,
        { ...silentObserver, subscriptionReopened: (_name, reason) => reopened.push(reason) },
        stallAfterMs,
      );

    const append = async (from: number, count: number, type = 'LampLit'): Promise<void> => {
      for (let i = from; i < from + count; i += 1) {
        await store.append(`lamp-${i}`, 'no_stream', [event(`${i}`, { i }, type)]);
      }
    };

    /** Takes events until there are so many; fails on any that comes twice or out of order. */
    const take = async (
      feed: ReturnType<EventStoreFeeds['open']>,
      count: number,
    ): Promise<number[]> => {
      const taken: number[] = [];
      let position = -1n;
      while (taken.length < count) {
        const batch = await feed.next(7);
        for (const recorded of batch.events) {
          expect(recorded.position).toBeGreaterThan(position);
          ({ position } = recorded);
          taken.push((recorded.data as { i: number }).i);
        }
      }
      return taken;
    };

    const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

    it('hands out history and goes on live, without gap or double', async () => {
      await append(0, 40);
      const feed = feeds().open({ name: 'test', from: 0n });
      const taking = take(feed, 80);
      await append(40, 40);
      expect(await taking).toEqual(upTo(80));
      await feed.close();
    });

    it('begins after the position it is given', async () => {
      await append(0, 3);
      const [, second] = await store.readAll(0n, 10);
      const feed = feeds().open({ name: 'test', from: second!.position });
      expect(await take(feed, 1)).toEqual([2]);
      await feed.close();
    });

    it('tells when the end of the log is reached, also of an empty one', async () => {
      const feed = feeds().open({ name: 'test', from: 0n });
      expect(await feed.next(10)).toMatchObject({ events: [], caughtUp: true });
      await feed.close();
    });

    it.each(['normally', 'with-error'] as const)('is reopened when it ends %s', async (how) => {
      await append(0, 10);
      const feed = feeds().open({ name: 'test', from: 0n });
      expect(await take(feed, 10)).toEqual(upTo(10));
      node.faults.endSubscriptions(how);
      await append(10, 10);
      expect(await take(feed, 10)).toEqual(upTo(20).slice(10));
      expect(reopened.length).toBeGreaterThan(0);
      await feed.close();
    });

    it('is reopened when it fell silent while the log went on', async () => {
      await append(0, 1);
      const feed = feeds(200).open({ name: 'test', from: 0n });
      expect(await take(feed, 1)).toEqual([0]);
      node.faults.silentSubscriptions = true;
      await append(1, 5);
      expect(await take(feed, 5)).toEqual([1, 2, 3, 4, 5]);
      await feed.close();
    });

    it('outlives the server', async () => {
      await append(0, 5);
      const feed = feeds().open({ name: 'test', from: 0n });
      expect(await take(feed, 5)).toEqual(upTo(5));
      await node.stop();
      node = await startNodeInProcess({ directory });
      await append(5, 5);
      expect(await take(feed, 5)).toEqual([5, 6, 7, 8, 9]);
      await feed.close();
    });

    it('moves on past events that its filter leaves out', async () => {
      await append(0, 1, 'LampBroken');
      const batch = Array.from({ length: 250 }, (_, i) => i);
      for (let part = 0; part < 10; part += 1) {
        const events = batch.map((i) => event(`b${part}-${i}`));
        await store.append(`lamp-many-${part}`, 'no_stream', events);
      }
      const feed = feeds().open({ name: 'test', from: 0n, eventTypes: ['LampBroken'] });
      const first = await feed.next(10);
      expect(first.events).toHaveLength(1);
      let { position } = first;
      for (let i = 0; i < 10 && position === first.position; i += 1)
        ({ position } = await feed.next(10));
      expect(position).toBeGreaterThan(first.position);
      await feed.close();
    });

    it('rejects the waiting consumer when it is closed', async () => {
      const feed = feeds().open({ name: 'test', from: 0n });
      await feed.next(1);
      const waiting = feed.next(1);
      await feed.close();
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    });
  });

  it('is of the right kind when it refuses', async () => {
    await store.append('lamp-a', 'no_stream', [event('1')]);
    await expect(store.append('lamp-a', 'no_stream', [event('2')])).rejects.toBeInstanceOf(
      WrongExpectedRevision,
    );
  });
});

const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 1_000 && !condition(); i += 1)
    await new Promise((done) => setTimeout(done, 10));
  expect(condition()).toBe(true);
};
