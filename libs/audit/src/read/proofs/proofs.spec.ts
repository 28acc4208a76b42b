import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import fc from 'fast-check';
import {
  AggregateStore,
  noDecisions,
  tableFold,
  type DomainEvent,
  type Projection,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import { ProjectionRunner, ReadModels } from '@hostledger/eventsourcing/postgres';
import { embeddedDatabase, Home, until, type TestDatabase } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { notaryProjections, notarySlices } from '../../notary.js';
import { NotaryKeyFiles } from '../../process/key-files.js';
import { Notary } from '../../process/notary.js';
import { parseCheckpoint, signCheckpoint } from '../../transparency/checkpoint.js';
import { leafHash, leafLine } from '../../transparency/leaf.js';
import { isConsistent, rootByInclusion } from '../../transparency/merkle.js';
import {
  makeSignerKey,
  parseNote,
  parseVerifierKey,
  verifyNote,
} from '../../transparency/signed-note.js';
import type { CheckpointList, CheckpointView, NotaryKeyList } from '../checkpoints/views.js';
import type { ConsistencyProofView, InclusionProofView } from './views.js';

const ORIGIN = 'log.example/proofs';

/** As the index of the history has it, as far as proofs ask. */
type Indexed = DomainEvent<
  'MinerMoved' | 'AccessTokenIssued' | 'NotaryKeyAdopted' | 'CheckpointSigned'
>;
const at = ({ position }: { position: bigint }) => [{ position }];
const index: Projection = {
  name: 'audit_events',
  version: 1,
  tables: [
    tableFold<{ position: bigint; event_id: string }, Indexed>({
      table: {
        name: 'audit_events',
        columns: { position: 'bigint', event_id: 'text' },
        key: ['position'],
        insertOnly: true,
      },
      keys: { MinerMoved: at, AccessTokenIssued: at, NotaryKeyAdopted: at, CheckpointSigned: at },
      evolve: (_, { position, id }) => ({ position, event_id: id }),
    }),
  ],
};

let home: Home;
let database: TestDatabase;
let runner: ProjectionRunner;
let app: NestFastifyApplication;
const dataDir = mkdtempSync(join(tmpdir(), 'hostledger-proofs-'));
let log: readonly RecordedEvent[];

const SECRET = 'ab'.repeat(32);
const metadataNow = () => ({
  ...{ commandId: randomUUID(), commandHash: 'hash', occurredAt: new Date().toISOString() },
  ...{ actor: { subject: 'ada', role: 'operator' }, $correlationId: 'c', $causationId: 'c' },
});
const tokenIsIssued = () =>
  home.events.append('accessToken-t', 'no_stream', [
    {
      ...{ id: randomUUID(), type: 'AccessTokenIssued', metadata: metadataNow() },
      data: { tokenId: 't', secretHash: SECRET, subject: 'erp', roles: [], expiresAt: null },
    },
  ]);

/** Somebody else puts into the log what looks like the notary's, of sizes that were signed and of others. */
const isForged = async (sizes: readonly number[]): Promise<void> => {
  const time = new Date().toISOString();
  const key = makeSignerKey(ORIGIN);
  const root = Buffer.alloc(32, 7);
  await home.events.append(
    'notary-2020-01-01',
    'no_stream',
    sizes.map((treeSize) => ({
      ...{ id: randomUUID(), type: 'CheckpointSigned', metadata: metadataNow() },
      data: {
        ...{
          origin: ORIGIN,
          treeSize,
          rootHash: root.toString('base64'),
          position: '100000',
          time,
        },
        note: signCheckpoint(
          { ...{ origin: ORIGIN, size: treeSize, root, position: 100000n, time } },
          key,
        ),
      },
    })),
  );
};

const happens = async (events: number): Promise<void> => {
  const data = { serial: 'S1', note: 'Zoë 矿机' };
  const metadata = metadataNow();
  await home.events.append(
    `miner-${randomUUID()}`,
    'no_stream',
    Array.from({ length: events }, () => ({
      ...{ id: randomUUID(), type: 'MinerMoved', data, metadata },
    })),
  );
};

beforeAll(async () => {
  home = await Home.open();
  database = await embeddedDatabase();
  const feeds = new EventStoreFeeds(home.events);
  const store = new AggregateStore(home.events);
  const projections = [...notaryProjections, index];
  runner = new ProjectionRunner({
    ...{ name: 'spec', projections, database: database.database, feeds },
  });
  runner.start();
  const notary = new Notary({
    ...{ store, log: home.events, feeds, database: database.database, origin: ORIGIN },
    keys: new NotaryKeyFiles({ origin: ORIGIN, dataDir }),
    ...{ intervalMs: 0, place: undefined, witnesses: [] },
    decisions: () => Promise.resolve(noDecisions),
    warned: () => undefined,
    pauses: { firstMs: 0, gatherMs: 5 },
  });
  // Before the notary is there, so that the first checkpoint is of this and of the key.
  await happens(1);
  notary.start();
  await until(() => notary.status().signed !== undefined);
  await tokenIsIssued();
  for (const events of [300, 7, 700]) {
    const before = notary.status().size;
    await happens(events);
    await until(() => (notary.status().signed?.size ?? 0) >= before + events);
  }
  await notary.stop();
  await happens(3);
  await isForged([2, 3, 1_000_000]);
  log = (await home.log()).filter(({ type }) => !type.startsWith('$'));
  await runner.waitFor(log.at(-1)!.position, 30_000);
  const readModels = new ReadModels(database.database, { projections, progress: runner });
  const eventSourcing = EventSourcingModule.with({
    ...{ aggregateStore: store, eventStore: home.events, readModels },
  });
  app = await servedRoutes({
    imports: [eventSourcing],
    controllers: notarySlices.flatMap(({ controllers }) => [...controllers]),
  });
});
afterAll(async () => {
  await app.close();
  await runner.stop();
  await database.close();
  await home.close();
  rmSync(dataDir, { recursive: true });
});

const get = (url: string, role = 'auditor', accept = 'application/json') =>
  app.inject({ url: `/v1/audit/${url}`, headers: { authorization: `Bearer ${role}`, accept } });
const body = async <T>(url: string): Promise<T> => {
  const answer = await get(url);
  expect(answer.statusCode).toBe(200);
  return answer.json<T>();
};
const codeOf = async (url: string): Promise<string> =>
  (await get(url)).json<{ code: string }>().code;

/** What an auditor does with a checkpoint. */
const believed = async ({ note }: CheckpointView) => {
  const { items } = await body<NotaryKeyList>('keys');
  const checkpoint = parseCheckpoint(note);
  expect(verifyNote(checkpoint.note, parseVerifierKey(items[0]!.verifierKey)).signed).toBe(true);
  return checkpoint;
};

describe('Checkpoints', () => {
  it('are listed, the latest first, and each is of the log', async () => {
    const { items } = await body<CheckpointList>('checkpoints');
    expect(items.length).toBeGreaterThanOrEqual(4);
    const sizes = items.map(({ treeSize }) => treeSize);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    for (const item of items) {
      const { size, root, position } = await believed(item);
      expect(item).toMatchObject({
        ...{ origin: ORIGIN, treeSize: size, rootHash: root.toString('base64') },
        position: position.toString(),
        cosignatures: [],
      });
      expect(log[size - 1]!.position).toBe(position);
    }
    const page = await body<CheckpointList>('checkpoints?limit=2');
    // The first of the two is none that the notary has signed.
    expect(page.items).toEqual(items.slice(0, 1));
    const next = await body<CheckpointList>(`checkpoints?limit=2&cursor=${page.nextCursor!}`);
    expect(next.items).toEqual(items.slice(1, 3));
  });

  it('that no key has signed are not among them, whatever their size', async () => {
    const { items } = await body<CheckpointList>('checkpoints');
    const sizes = items.map(({ treeSize }) => treeSize);
    expect(sizes.filter((size) => size === 2)).toEqual([2]);
    expect(sizes).not.toContain(3);
    expect(sizes[0]).toBeLessThan(1_000_000);
    const genuine = await body<ConsistencyProofView>('proofs/consistency?from=2');
    expect(genuine.from).toEqual(items.at(-1));
  });

  it('have a latest one, which is a signed note for who asks for text', async () => {
    const { items } = await body<CheckpointList>('checkpoints?limit=4');
    const latest = await body<CheckpointView>('checkpoint');
    expect(latest).toEqual(items[0]);
    const text = await get('checkpoint', 'auditor', 'text/plain');
    expect(text.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(text.body).toBe(latest.note);
    expect(parseNote(text.body).signatures).toHaveLength(1);
  });

  it('and proofs are for auditors and administrators', async () => {
    for (const url of ['checkpoint', 'checkpoints', 'keys', 'proofs/consistency?from=2']) {
      expect((await get(url, 'operator')).statusCode).toBe(403);
      expect((await get(url, 'admin')).statusCode).toBe(200);
    }
  });
});

const hashOf = ({ leafHash: told }: InclusionProofView): Buffer => Buffer.from(told, 'base64');

describe('A proof of inclusion', () => {
  it('leads from the line of an event to the root that was signed, for any event and checkpoint', async () => {
    const { items } = await body<CheckpointList>('checkpoints');
    const cases = fc
      .tuple(fc.constantFrom(...items), fc.nat(), fc.boolean())
      .map(([checkpoint, leaf, byId]) => ({
        ...{ size: checkpoint.treeSize, leaf: leaf % checkpoint.treeSize, byId },
      }));
    await fc.assert(
      fc.asyncProperty(cases, async ({ size, leaf, byId }) => {
        const event = log[leaf]!;
        const which = byId ? `eventId=${event.id}` : `position=${event.position}`;
        const told = await body<InclusionProofView>(`proofs/inclusion?${which}&size=${size}`);
        expect(told.leaf).toBe(event.type === 'AccessTokenIssued' ? undefined : leafLine(event));
        expect(told.index).toBe(leaf);
        const { root } = await believed(told.checkpoint);
        const proof = told.proof.map((hash) => Buffer.from(hash, 'base64'));
        expect(rootByInclusion(hashOf(told), told.index, size, proof)).toEqual(root);
        expect(hashOf(told)).toEqual(leafHash(leafLine(event)));
      }),
      { numRuns: 25 },
    );
  });

  it('of a token is told without the hash of its secret, and can be checked all the same', async () => {
    const token = log.find(({ type }) => type === 'AccessTokenIssued')!;
    const answer = await get(`proofs/inclusion?position=${token.position}`);
    expect(answer.body).not.toContain(SECRET);
    const told = answer.json<InclusionProofView>();
    expect(told).toMatchObject({ withheld: ['/data/secretHash'] });
    expect(hashOf(told)).toEqual(leafHash(leafLine(token)));
  });

  it('is of the latest checkpoint where none is named', async () => {
    const latest = await body<CheckpointView>('checkpoint');
    const told = await body<InclusionProofView>(`proofs/inclusion?position=${log[0]!.position}`);
    expect(told.checkpoint).toEqual(latest);
  });

  it.each([
    [
      'is not there yet for what no checkpoint covers',
      () => `position=${log.at(-1)!.position}`,
      'audit/not-covered',
    ],
    [
      'nor by a checkpoint of before',
      () => `position=${log[100]!.position}&size=2`,
      'audit/not-covered',
    ],
    ['nor for what is no event', () => `position=${log[0]!.position + 1n}`, 'audit/event-unknown'],
    ['by whatever it is named', () => `eventId=${randomUUID()}`, 'audit/event-unknown'],
    [
      'nor for a size of no checkpoint',
      () => `position=${log[0]!.position}&size=3`,
      'audit/checkpoint-unknown',
    ],
    ['and wants to know of which event', () => '', 'request/invalid'],
    ['of one', () => `position=1&eventId=${randomUUID()}`, 'request/invalid'],
    ['that is one', () => `position=-1`, 'request/invalid'],
  ])('%s', async (_, query, code) => {
    expect(await codeOf(`proofs/inclusion?${query()}`)).toBe(code);
  });
});

describe('A proof of consistency', () => {
  it('shows that each checkpoint goes on from each one before', async () => {
    const { items } = await body<CheckpointList>('checkpoints');
    for (const [number, newer] of items.entries()) {
      for (const older of items.slice(number)) {
        const told = await body<ConsistencyProofView>(
          `proofs/consistency?from=${older.treeSize}&to=${newer.treeSize}`,
        );
        expect([told.from, told.to]).toEqual([older, newer]);
        const proof = told.proof.map((hash) => Buffer.from(hash, 'base64'));
        expect(isConsistent(await believed(told.from), await believed(told.to), proof)).toBe(true);
      }
    }
  });

  it('goes one way only, between sizes that were signed', async () => {
    const { items } = await body<CheckpointList>('checkpoints');
    const [newer, older] = items;
    const backwards = `proofs/consistency?from=${newer!.treeSize}&to=${older!.treeSize}`;
    expect(await codeOf(backwards)).toBe('audit/sizes-out-of-order');
    expect(await codeOf('proofs/consistency?from=1')).toBe('audit/checkpoint-unknown');
    expect(await codeOf('proofs/consistency')).toBe('request/invalid');
  });
});

it('A tree that is not built yet is waited for', async () => {
  const { sql } = await import('kysely');
  const { NOTARY_SCHEMA } = await import('../tree-table.js');
  const db = database.database.for<unknown>();
  for (const name of ['tiles', 'leaves']) {
    await sql`delete from ${sql.id(NOTARY_SCHEMA, name)}`.execute(db);
  }
  const inclusion = await get(`proofs/inclusion?position=${log[0]!.position}`);
  expect(inclusion.statusCode).toBe(503);
  expect(inclusion.headers['retry-after']).toBe('5');
  expect(await codeOf('proofs/consistency?from=2')).toBe('audit/tree-behind');
});
