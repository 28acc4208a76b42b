import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import { deriveId, WrongExpectedRevision, type NewEvent, type RecordedEvent } from '../index.js';
import { EventStore, EventStoreFeeds } from './index.js';

// What the system needs of its event store, through the adapter it uses. With EVENTSTORE_URL the same
// is asked of that server; every example uses streams of its own.

const WRITERS = 16;
const APPENDS = 160;

describe('the contract of the event store', () => {
  let directory: string | undefined;
  let node: RunningNode | undefined;
  let store: EventStore;
  let stream: string;

  beforeAll(async () => {
    const url = process.env['EVENTSTORE_URL'];
    if (!url) {
      directory = mkdtempSync(join(tmpdir(), 'hl-contract-'));
      node = await startNodeInProcess({ directory });
    }
    store = new EventStore({ connection: url || { endpoint: node!.endpoint } });
  });
  afterAll(async () => {
    await store.close();
    await node?.stop();
    if (directory) rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(() => (stream = `contract-${randomUUID()}`));

  const event = (name: string, data: object = { name }): NewEvent => ({
    id: deriveId(`${stream}/${name}`),
    type: 'LampLit',
    data,
    metadata: {
      commandId: name,
      commandHash: 'h',
      actor: { subject: 'ana', role: 'operator' },
      occurredAt: '2024-04-20T00:00:00.000Z',
      $correlationId: 'x',
      $causationId: 'y',
    },
  });
  const ids = (events: readonly RecordedEvent[]) => events.map(({ id }) => id);

  it('keeps what was appended, as it was given', async () => {
    const given = [event('a', { text: 'Straße 電力 \u0000', none: null, list: [1, { x: '0.1' }] })];
    const { revision, position } = await store.append(stream, 'no_stream', given);
    const [found] = await store.readStream(stream, 0n);
    expect(found).toMatchObject({ ...given[0]!, stream, revision: 0n, position });
    expect([revision, (await store.eventAt(position))?.id]).toEqual([0n, given[0]!.id]);
  });

  it('appends all of several events or none', async () => {
    await store.append(stream, 'no_stream', [event('a'), event('b'), event('c')]);
    await expect(store.append(stream, 1n, [event('d'), event('e')])).rejects.toMatchObject({
      expected: 1n,
      actual: 2n,
    });
    expect(await store.readStream(stream, 0n)).toHaveLength(3);
  });

  it('lets one of many win at one revision, and tells the others', async () => {
    await store.append(stream, 'no_stream', [event('first')]);
    const outcomes = await Promise.allSettled(
      Array.from({ length: WRITERS }, (_, n) => store.append(stream, 0n, [event(`n${n}`)])),
    );
    const lost = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    expect(lost).toHaveLength(WRITERS - 1);
    for (const reason of lost) expect(reason).toBeInstanceOf(WrongExpectedRevision);
    expect(await store.readStream(stream, 0n)).toHaveLength(2);
  });

  it('answers the same append again as it did, later too, and writes nothing', async () => {
    const first = [event('a'), event('b')];
    const { revision } = await store.append(stream, 'no_stream', first);
    await store.append(stream, 1n, [event('c')]);
    await store.append(stream, 2n, [event('d')]);
    expect((await store.append(stream, 'no_stream', first)).revision).toBe(revision);
    expect((await store.append(stream, 1n, [event('c')])).revision).toBe(2n);
    expect(ids(await store.readStream(stream, 0n))).toEqual(
      ['a', 'b', 'c', 'd'].map((name) => event(name).id),
    );
  });

  it('takes appends up to our limits, and no event of more', async () => {
    const text = 'x'.repeat(60 * 1024);
    const many = Array.from({ length: 16 }, (_, n) => event(`n${n}`, { text }));
    expect((await store.append(stream, 'no_stream', many)).revision).toBe(15n);
    const large = [event('large', { text: 'x'.repeat(70 * 1024) })];
    await expect(store.append(stream, 15n, large)).rejects.toThrow(/65536/);
  });

  it('loses and doubles none of many appends under way at once, and keeps the order of each stream', async () => {
    const streams = Array.from({ length: WRITERS }, (_, n) => `${stream}-${n}`);
    const before = await store.head();
    await Promise.all(
      streams.map(async (name) => {
        for (let n = 0; n < APPENDS / WRITERS; n += 1) {
          await store.append(name, n === 0 ? 'no_stream' : BigInt(n - 1), [event(`${name}-${n}`)]);
        }
      }),
    );
    const all = (await readAfter(before)).filter((found) => found.stream.startsWith(stream));
    expect(new Set(ids(all)).size).toBe(APPENDS);
    expect(all).toHaveLength(APPENDS);
    for (const name of streams) {
      const own = all.filter((found) => found.stream === name);
      expect(own.map(({ revision }) => Number(revision))).toEqual([...own.keys()]);
    }
    const positions = all.map(({ position }) => position);
    expect(positions).toEqual([...positions].sort((a, b) => (a < b ? -1 : 1)));
  });

  it('tells who follows the log of every append once, in order, and goes on after a position', async () => {
    const before = await store.head();
    const written = Array.from({ length: 50 }, (_, n) => event(`n${n}`));
    await store.append(stream, 'no_stream', written.slice(0, 20));
    const feed = new EventStoreFeeds(store).open({
      name: 'contract',
      from: before,
      eventTypes: ['LampLit'],
    });
    const seen: RecordedEvent[] = [];
    try {
      await store.append(stream, 19n, written.slice(20));
      while (seen.length < written.length) {
        const { events } = await feed.next(100);
        seen.push(...events.filter((found) => found.stream === stream));
      }
    } finally {
      await feed.close();
    }
    expect(ids(seen)).toEqual(written.map(({ id }) => id));
    const rest = await readAfter(seen[29]!.position);
    expect(ids(rest.filter((found) => found.stream === stream))).toEqual(ids(seen.slice(30)));
  });

  it('says which server it is', async () => {
    expect(await store.serverVersion()).toMatch(/^\d+\.\d+/);
  });

  const readAfter = async (position: bigint): Promise<RecordedEvent[]> => {
    const events: RecordedEvent[] = [];
    for await (const batch of store.readLog(position, await store.head())) events.push(...batch);
    return events;
  };
});
