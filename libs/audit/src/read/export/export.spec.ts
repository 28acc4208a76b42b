import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AggregateStore, noDecisions, type RecordedEvent } from '@hostledger/eventsourcing';
import { EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import { ProjectionRunner, ReadModels } from '@hostledger/eventsourcing/postgres';
import { embeddedDatabase, Home, until, type TestDatabase } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { begunIn, NotResumable } from '../../bundle/export-file.js';
import { BundleReader } from '../../bundle/reader.js';
import { verifyBundle } from '../../bundle/verify.js';
import { notaryProjections } from '../../notary.js';
import { NotaryKeyFiles } from '../../process/key-files.js';
import { Notary } from '../../process/notary.js';
import { parseVerifierKey } from '../../transparency/signed-note.js';
import { exportQuery } from './query.js';

const ORIGIN = 'log.example/export';

let home: Home;
let database: TestDatabase;
let runner: ProjectionRunner;
let app: NestFastifyApplication;
const directory = mkdtempSync(join(tmpdir(), 'hostledger-export-'));

const happens = async (events: number): Promise<void> => {
  const metadata = {
    ...{ commandId: randomUUID(), commandHash: 'hash', occurredAt: new Date().toISOString() },
    ...{ actor: { subject: 'ada', role: 'operator' }, $correlationId: 'c', $causationId: 'c' },
  };
  await home.events.append(
    `miner-${randomUUID()}`,
    'no_stream',
    Array.from({ length: events }, () => ({
      ...{ id: randomUUID(), type: 'MinerMoved', data: { note: 'Zoë 矿机' }, metadata },
    })),
  );
};

beforeAll(async () => {
  home = await Home.open();
  database = await embeddedDatabase();
  const feeds = new EventStoreFeeds(home.events);
  const store = new AggregateStore(home.events);
  const projections = notaryProjections;
  runner = new ProjectionRunner({
    ...{ name: 'spec', projections, database: database.database, feeds },
  });
  runner.start();
  const notary = new Notary({
    ...{ store, log: home.events, feeds, database: database.database, origin: ORIGIN },
    keys: new NotaryKeyFiles({ origin: ORIGIN, dataDir: directory }),
    ...{ intervalMs: 0, place: undefined, witnesses: [] },
    decisions: () => Promise.resolve(noDecisions),
    warned: () => undefined,
    pauses: { firstMs: 0, gatherMs: 5 },
  });
  notary.start();
  for (const events of [300, 7, 900]) {
    const before = notary.status().size;
    await happens(events);
    await until(() => (notary.status().signed?.size ?? 0) >= before + events);
  }
  await notary.stop();
  await happens(3);
  await runner.waitFor(await home.events.head(), 30_000);
  const readModels = new ReadModels(database.database, { projections, progress: runner });
  const eventSourcing = EventSourcingModule.with({
    ...{ aggregateStore: store, eventStore: home.events, readModels },
  });
  app = await servedRoutes({ imports: [eventSourcing], controllers: exportQuery.controllers });
});
afterAll(async () => {
  await app.close();
  await runner.stop();
  await database.close();
  await home.close();
  rmSync(directory, { recursive: true });
});

const get = (query = '', role = 'auditor') =>
  app.inject({
    url: `/v1/audit/export${query}`,
    headers: { authorization: `Bearer ${role}` },
  });

/** Taken away, and verified with the key that is in the log. */
const taken = async (query = '') => {
  const answer = await get(query);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toBe('application/x-tar');
  const path = join(directory, `${randomUUID()}.tar`);
  writeFileSync(path, answer.rawPayload);
  const reader = await BundleReader.open(path);
  const { head } = reader;
  await reader.close();
  const log = await home.log();
  const { data } = log.find(({ type }) => type === 'NotaryKeyAdopted')!;
  const { verifierKey } = data as { readonly verifierKey: string };
  return { head, verdict: await verifyBundle(path, { keys: [parseVerifierKey(verifierKey)] }) };
};

describe('an export over HTTP', () => {
  it("is a bundle that is whole, with the notary's own leaves", async () => {
    const { head, verdict } = await taken();
    // Whether something of the domain came after the last checkpoint is a matter of time.
    const sound = verdict.unproved === 0 ? 'whole' : 'whole-up-to';
    expect(verdict).toMatchObject({ verdict: sound, findings: [], toEnd: true });
    // The last checkpoint covers these and the key; its event and what came later nobody has signed.
    expect(verdict.covered!.events).toBeGreaterThan(1_207);
    expect(head.keptLeaves).toBeGreaterThanOrEqual(verdict.covered!.events);
  });

  it('may be of a part', async () => {
    const log = await home.log();
    const from = log[600]!.position;
    const until = log[1_000]!.position;
    const { verdict } = await taken(`?fromPosition=${from}&until=${until}`);
    expect(verdict).toMatchObject({ before: 600, events: 401, lastPosition: until.toString() });
    expect(verdict.findings.filter(({ code }) => code !== 'not-covered')).toEqual([]);
  });

  it('is refused beyond the end of the log', async () => {
    const answer = await get('?until=999999999999');
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toMatchObject({ code: 'audit/position-ahead' });
  });

  it('is for auditors and admins', async () => {
    expect((await get('', 'operator')).statusCode).toBe(403);
    expect((await get('', 'billing')).statusCode).toBe(403);
    expect((await get('', 'admin')).statusCode).toBe(200);
  });

  it('ends with who takes it, also before its first byte, and is no share of the server then', async () => {
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    let [batches, ended] = [0, 0];
    const endless = jest.spyOn(home.events, 'readLog').mockImplementation(async function* () {
      const record = { type: '$settings', stream: '$settings', position: 1n } as RecordedEvent;
      try {
        for (; ; batches += 1) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          yield [record];
        }
      } finally {
        ended += 1;
      }
    });
    const taker = new AbortController();
    const head = await home.events.head();
    const taking = [1, 2].map(() =>
      fetch(`http://127.0.0.1:${port}/v1/audit/export?fromPosition=${head}`, {
        headers: { authorization: 'Bearer auditor' },
        signal: taker.signal,
      }).catch(() => 'left'),
    );
    await until(() => batches > 10);
    expect((await get()).json()).toMatchObject({ code: 'audit/too-many-exports' });
    taker.abort();
    expect(await Promise.all(taking)).toEqual(['left', 'left']);
    await until(() => ended === 2);
    endless.mockRestore();
    await until(async () => (await get()).statusCode === 200);
  });

  it('goes on where it broke off, to the same bytes, whatever happened since', async () => {
    const whole = (await get()).rawPayload;
    const path = join(directory, 'broken.tar');
    writeFileSync(path, whole.subarray(0, 3_000));
    const { head, bytes } = (await begunIn(path, { after: 0n }))!;
    expect(bytes).toBe(3_000);
    await happens(2);
    const resume = Buffer.from(JSON.stringify(head)).toString('base64url');
    for (const skip of [0, 3_000, whole.length - 1, whole.length]) {
      const rest = await get(`?resume=${resume}&skip=${skip}`);
      expect(rest.statusCode).toBe(200);
      expect(rest.rawPayload.equals(whole.subarray(skip))).toBe(true);
    }
    await expect(begunIn(path, { after: 5n })).rejects.toThrow(NotResumable);
    writeFileSync(path, whole);
    expect((await begunIn(path, { after: 0n }))!.isWhole).toBe(true);
  });

  it('is not gone on with where the log is not what it was', async () => {
    const { head } = await taken();
    const codes: string[] = [];
    for (const changed of [
      { ...head, keptLeaves: 10 ** 9 },
      { ...head, head: '999999999999' },
      { format: 'none' },
    ]) {
      const resume = Buffer.from(JSON.stringify(changed)).toString('base64url');
      codes.push((await get(`?resume=${resume}&skip=0`)).json<{ code: string }>().code);
    }
    expect(codes).toEqual(['audit/export-changed', 'audit/export-changed', 'request/invalid']);
  });

  it('wants positions', async () => {
    expect((await get('?until=end')).statusCode).toBe(400);
  });
});
