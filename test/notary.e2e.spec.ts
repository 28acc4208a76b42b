import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isConsistent,
  leafHash,
  leafLine,
  parseCheckpoint,
  parseVerifierKey,
  TreeHead,
  verifyNote,
  type CheckpointSigned,
} from '@hostledger/audit';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { Cluster } from './support/cluster.js';
import type { BuiltProgram } from './support/processes.js';

// A built worker is killed again and again while events come, and is started again: what it signs is
// the tree of the log, and no other, each checkpoint once and published.

const DEATHS = 5;
const EVENTS_AT_ONCE = 300;
const SOON_MS = 60_000;
const PAGE = 10_000;

describe('A notary that is killed', () => {
  const published = mkdtempSync(join(tmpdir(), 'hostledger-published-'));
  let cluster: Cluster;
  let store: EventStore;

  beforeAll(async () => {
    cluster = await Cluster.start({ NOTARY_INTERVAL_SECONDS: '1', NOTARY_PUBLISH: published });
    store = new EventStore({ connection: cluster.env['EVENTSTORE_URL']!, callTimeoutMs: 30_000 });
  }, 120_000);
  afterAll(async () => {
    await store.close();
    await cluster.stop();
    rmSync(published, { recursive: true });
  }, 60_000);

  const happens = async (): Promise<void> => {
    const metadata = {
      ...{ commandId: randomUUID(), commandHash: 'hash', occurredAt: new Date().toISOString() },
      ...{ actor: { subject: 'ada', role: 'operator' }, $correlationId: 'c', $causationId: 'c' },
    };
    const events = Array.from({ length: EVENTS_AT_ONCE }, (_, number) => ({
      ...{ id: randomUUID(), type: 'SomethingHappened', data: { number }, metadata },
    }));
    await store.append(`other-${randomUUID()}`, 'no_stream', events);
  };

  const log = async (): Promise<RecordedEvent[]> => {
    const all: RecordedEvent[] = [];
    for (;;) {
      const page = await store.readAll(all.at(-1)?.position ?? 0n, PAGE);
      all.push(...page);
      if (page.length < PAGE) return all.filter(({ type }) => !type.startsWith('$'));
    }
  };

  const checkpointsIn = (events: readonly RecordedEvent[]): CheckpointSigned['data'][] =>
    events.flatMap(({ type, data }) =>
      type === 'CheckpointSigned' ? [data as CheckpointSigned['data']] : [],
    );

  it('goes on to the same roots, and publishes each checkpoint', async () => {
    for (let death = 0; death < DEATHS; death += 1) {
      const worker: BuiltProgram = await cluster.startWorker();
      await happens();
      await sleep(Math.random() * 2_500);
      await happens();
      await worker.kill();
    }
    await cluster.startWorker();
    await happens();
    const deadline = performance.now() + SOON_MS;
    const isWhole = async (): Promise<boolean> => {
      const events = await log();
      const covered = checkpointsIn(events).at(-1)?.treeSize ?? 0;
      const worth = events.findLastIndex(({ type }) => type === 'SomethingHappened') + 1;
      return covered >= worth && existsSync(join(published, `${covered}.checkpoint`));
    };
    while (!(await isWhole())) {
      if (performance.now() > deadline) throw new Error(`Not signed within ${SOON_MS} ms`);
      await sleep(200);
    }

    const events = await log();
    const roots = new Map<number, string>();
    const head = new TreeHead();
    for (const event of events) {
      head.append(leafHash(leafLine(event)));
      roots.set(head.size, head.root().toString('base64'));
    }
    const checkpoints = checkpointsIn(events);
    const key = parseVerifierKey((await cluster.cli('notary', 'key')).trim());
    expect(checkpoints.map(({ treeSize, rootHash }) => [treeSize, rootHash])).toEqual(
      checkpoints.map(({ treeSize }) => [treeSize, roots.get(treeSize)]),
    );
    expect(new Set(checkpoints.map(({ treeSize }) => treeSize)).size).toBe(checkpoints.length);
    for (const { treeSize, note } of checkpoints) {
      expect(verifyNote(parseCheckpoint(note).note, key)).toEqual({ signed: true });
      expect(readFileSync(join(published, `${treeSize}.checkpoint`), 'utf8')).toBe(note);
    }

    await cluster.startApi();
    const first = checkpoints[0]!;
    const { proof, to } = await cluster.read<{ proof: string[]; to: { note: string } }>(
      `/v1/audit/proofs/consistency?from=${first.treeSize}`,
    );
    const hashes = proof.map((hash) => Buffer.from(hash, 'base64'));
    expect(isConsistent(parseCheckpoint(first.note), parseCheckpoint(to.note), hashes)).toBe(true);

    const rotated = (await cluster.cli('notary', 'rotate')).trim();
    expect(await cluster.cli('notary', 'key')).toBe(`${rotated}\n`);
    for (;;) {
      const { note } = await cluster.read<{ note: string }>('/v1/audit/checkpoint');
      if (verifyNote(parseCheckpoint(note).note, parseVerifierKey(rotated)).signed) break;
      if (performance.now() > deadline + SOON_MS) throw new Error('The new key signs nothing');
      await sleep(200);
    }
  }, 300_000);
});
