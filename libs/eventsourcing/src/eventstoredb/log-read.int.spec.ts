import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import { deriveId, StoreUnavailable, type RecordedEvent } from '../index.js';
import { EventStore } from './index.js';

const metadata = {
  commandId: 'c',
  commandHash: 'h',
  actor: { subject: 'ana', role: 'operator' },
  occurredAt: '2024-04-20T00:00:00.000Z',
  $correlationId: 'x',
  $causationId: 'y',
};

describe('reading the whole log', () => {
  let directory: string;
  let node: RunningNode;
  let store: EventStore;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hl-log-read-'));
    node = await startNodeInProcess({ directory });
    store = connected();
    for (let stream = 0; stream < 6; stream += 1) {
      const events = Array.from({ length: 500 }, (_, number) => ({
        id: deriveId('lamp', stream, number),
        type: 'LampLit',
        data: { number },
        metadata,
      }));
      await store.append(`lamp-${stream}`, 'no_stream', events);
    }
    await store.client().setStreamMetadata('lamp-0', { maxCount: 1 });
  });
  afterEach(async () => {
    await store.close();
    await node.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const connected = (): EventStore =>
    new EventStore({ connection: { endpoint: node.endpoint }, callTimeoutMs: 1_000, maxTries: 2 });
  const all = async (after: bigint, until: bigint): Promise<RecordedEvent[]> => {
    const events: RecordedEvent[] = [];
    for await (const batch of store.readLog(after, until)) events.push(...batch);
    return events;
  };

  it('gives every record once and in order, those of the store as well', async () => {
    const events = await all(0n, await store.head());
    expect(events).toHaveLength(3_001);
    expect(events.at(-1)).toMatchObject({ type: '$metadata', stream: '$$lamp-0' });
    const positions = events.map(({ position }) => position);
    expect(positions).toEqual([...positions].sort((a, b) => (a < b ? -1 : 1)));
  });

  it('begins after a record and ends with another', async () => {
    const events = await all(0n, await store.head());
    const part = await all(events[700]!.position, events[2_200]!.position);
    expect(part).toEqual(events.slice(701, 2_201));
  });

  it('ends where nobody asks on', async () => {
    for await (const batch of store.readLog(0n, await store.head())) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    expect(await all(0n, await store.head())).toHaveLength(3_001);
  });

  it('goes on where the connection was lost', async () => {
    const head = await store.head();
    const events: RecordedEvent[] = [];
    let broken = false;
    for await (const batch of store.readLog(0n, head)) {
      events.push(...batch);
      if (broken) continue;
      broken = true;
      await node.stop();
      node = await startNodeInProcess({ directory });
    }
    expect(events).toHaveLength(3_001);
    expect(new Set(events.map(({ id }) => id)).size).toBe(3_001);
  });

  it('gives up where the store does not answer', async () => {
    const head = await store.head();
    node.faults.answer = 'unavailable';
    await expect(all(0n, head)).rejects.toThrow(StoreUnavailable);
  });
});
