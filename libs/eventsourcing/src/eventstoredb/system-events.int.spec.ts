import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import { deriveId, StoreUnavailable } from '../index.js';
import { EventStore, readSystemEvents } from './index.js';

const metadata = {
  ...{ commandId: 'c', commandHash: 'h', actor: { subject: 'ana', role: 'operator' } },
  ...{ occurredAt: '2024-04-20T00:00:00.000Z', $correlationId: 'x', $causationId: 'y' },
};

let directory: string;
let node: RunningNode;
let store: EventStore;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hl-system-events-'));
  node = await startNodeInProcess({ directory });
  store = new EventStore({ connection: { endpoint: node.endpoint }, callTimeoutMs: 1_000 });
});
afterEach(async () => {
  await store.close();
  await node.stop();
  rmSync(directory, { recursive: true, force: true });
});

const lit = async (name: string): Promise<bigint> => {
  const event = { id: deriveId(name), type: 'LampLit', data: { name }, metadata };
  return (await store.append(`lamp-${name}`, 'no_stream', [event])).position;
};
const found = async (options: Partial<Parameters<typeof readSystemEvents>[1]> = {}) => {
  const bounds = { after: 0n, maxCount: 100, withinMs: 10_000, ...options };
  const { events, isComplete } = await readSystemEvents(store, bounds);
  return { events: events.map(({ type, stream, data }) => [type, stream, data]), isComplete };
};

const TRUNCATED = ['$metadata', '$$lamp-a', { $tb: 1 }];

describe('System events', () => {
  it('are what changed streams beside appends: metadata, deletions, settings', async () => {
    const client = store.client();
    for (const name of ['a', 'b', 'c']) await lit(name);
    expect(await found()).toEqual({ events: [], isComplete: true });
    await client.setStreamMetadata('lamp-a', { truncateBefore: 1 });
    await client.deleteStream('lamp-b');
    await client.tombstoneStream('lamp-c');
    await client.setStreamMetadata('$streams', { maxCount: 9 });
    expect(await found()).toEqual({
      events: [
        TRUNCATED,
        ['$metadata', '$$lamp-b', { $tb: Number(2n ** 63n - 1n) }],
        ['$streamDeleted', 'lamp-c', {}],
        ['$metadata', '$$$streams', { $maxCount: 9 }],
      ],
      isComplete: true,
    });
  });

  it('are found between two positions', async () => {
    const client = store.client();
    const first = await lit('a');
    await client.setStreamMetadata('lamp-a', { truncateBefore: 1 });
    const second = await lit('b');
    await client.setStreamMetadata('lamp-b', { truncateBefore: 2 });
    await lit('c');
    const between = { events: [TRUNCATED], isComplete: true };
    expect(await found({ after: first, until: second })).toEqual(between);
    expect(await found({ until: first })).toEqual({ events: [], isComplete: true });
    expect((await found({ after: second })).events).toHaveLength(1);
  });

  it('are so many at most, and told to be no more than that', async () => {
    await lit('a');
    for (const truncateBefore of [1, 2, 3]) {
      await store.client().setStreamMetadata('lamp-a', { truncateBefore });
    }
    expect(await found({ maxCount: 1 })).toEqual({ events: [TRUNCATED], isComplete: false });
    expect((await found({ maxCount: 3 })).isComplete).toBe(true);
  });

  it('cannot be told while the log is away', async () => {
    await node.stop();
    await expect(found()).rejects.toThrow(StoreUnavailable);
    node = await startNodeInProcess({ directory });
  });
});
