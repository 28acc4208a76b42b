import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  contractAggregate,
  contractsProjections,
  type ContractCommand,
} from '@hostledger/contracts';
import { AggregateStore, deriveId } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { problemCatalogue } from '@hostledger/http';
import { operationsProcess } from '@hostledger/operations';
import { facilityAggregate, rackAggregate, rackId } from '@hostledger/sites';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { FleetApiModule, fleetBulkKinds, fleetProjections } from './index.js';
import { contextOf, disagreementsIn } from './process/moves.fixture.js';

// The room from its routes to its read models, on streams in memory and an embedded database.

const at = '2023-10-02T08:00:00.000Z';
const contractId = deriveId('contract');
const customerId = deriveId('customer');
const streams = new InMemoryStreams();
const store = new AggregateStore(streams);
let app: NestFastifyApplication;
let readModels: Pick<ReadModels, 'read'> | undefined;
const closings: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  app = await servedRoutes({
    imports: [
      CqrsModule.forRoot(),
      EventSourcingModule.with({
        aggregateStore: store,
        eventStore: streams as unknown as EventStore,
        readModels: { read: (...asked: Asked) => readModels!.read(...asked) } as ReadModels,
      }),
      FleetApiModule,
    ],
  });
  closings.push(() => app.close());
  await setUpSite();
});

type Asked = Parameters<ReadModels['read']>;

afterAll(async () => {
  for (const close of closings) await close();
});

const setUpSite = async (): Promise<void> => {
  const site = { name: 'Denton', timeZone: 'America/Chicago', powerEnvelopeWatts: 1_000_000 };
  const open = { type: 'OpenFacility', data: { facility: 'DENTON', ...site }, at } as const;
  await store.handle(facilityAggregate, 'DENTON', open, contextOf('site'));
  for (const rack of ['A1', 'B1']) {
    const data = { facility: 'DENTON', rack, slotCount: 4, powerLimitWatts: 10_000 };
    const commission = { type: 'CommissionRack', data, at } as const;
    await store.handle(rackAggregate, rackId('DENTON', rack), commission, contextOf(rack));
  }
  const documentDigest = 'a'.repeat(64);
  const agreement = { reference: 'HA-1', title: 'Hosting', timeZone: 'UTC', currency: 'USD' };
  const signatories = [{ party: 'Bitmain', name: 'A. Signer' }];
  const commands: ContractCommand[] = [
    { type: 'DraftContract', data: { contractId, customerId, ...agreement }, at },
    {
      type: 'AdoptTerms',
      data: {
        effectiveOn: '2023-09-24',
        documentDigest,
        clauses: [],
        rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' },
      },
      at,
    },
    {
      type: 'ExecuteContract',
      data: { executedOn: '2023-09-25', documentDigest, signatories },
      at,
    },
  ];
  for (const command of commands) {
    await store.handle(contractAggregate, contractId, command, contextOf(command.type));
  }
};

const call = async (
  method: 'GET' | 'POST',
  url: string,
  payload?: object | string,
  headers: Record<string, string> = {},
) => {
  const authorization = 'Bearer operator';
  const sent = { method, url, payload, headers: { authorization, ...headers } };
  const answer = await app.inject(sent);
  const body = answer.json<Record<string, unknown>>();
  return { status: answer.statusCode, headers: answer.headers, body };
};
const post = (url: string, payload: object | string, headers?: Record<string, string>) =>
  call('POST', url, payload, headers);
const csv = { 'content-type': 'text/csv' };

/** As the worker does it. */
const perform = async (operationId: unknown): Promise<void> => {
  const worker = operationsProcess(store, streams, fleetBulkKinds(store, streams));
  const started = streams.log.find(
    ({ type, data }) =>
      type === 'OperationStarted' && (data as { operationId: string }).operationId === operationId,
  );
  const { kind } = started!.data as { kind: string };
  const item = { item_id: String(operationId), due_at: at, cause_id: 'e', correlation_id: 'c' };
  await worker.perform({ ...item, kind }, { at, signal: new AbortController().signal });
};

const rejectionsOf = (operationId: unknown): object[] =>
  streams
    .events(`operation-${String(operationId)}`)
    .flatMap(({ data }) => (data as { rejected: unknown }).rejected)
    .filter((entry): entry is object => typeof entry === 'object');

const manifest = [
  'serial,model,condition,mac',
  'hkydd0001,s19jxp-151,ok,02-ab-cd-00-00-01',
  'HKYDD0002,S19JXP-151,,',
  'HKYDD0003,S21-200,damaged,',
  'HKYDD0004,S19JXP-151,missing,',
  'HKYDD0001,S19JXP-151,ok,',
  'HKYDD0006,S99,ok,',
  'HK-6,S19JXP-151,ok,',
  'HKYDD0008,S19JXP-151,broken,',
].join('\n');
const about = `contractId=${contractId}&facility=DENTON&reference=BATCH-1`;
let deliveryId: string;

describe('a delivery', () => {
  it('names the parameter that is wrong, and changes nothing', async () => {
    const before = streams.log.length;
    const unknown = await post(
      `/v1/deliveries?${about.replace('DENTON', 'NOWHERE')}`,
      manifest,
      csv,
    );
    expect(unknown).toMatchObject({ status: 404, body: { code: 'facility/unknown' } });
    const other = await post(
      `/v1/deliveries?${about.replace(contractId, deriveId('?'))}`,
      manifest,
      csv,
    );
    expect(other).toMatchObject({ status: 404, body: { code: 'contract/unknown' } });
    const missing = await post('/v1/deliveries?facility=DENTON&reference=x', manifest, csv);
    expect(missing).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/contractId' }] },
    });
    expect(streams.log).toHaveLength(before);
  });

  it('is refused as a whole when that is asked for, naming lines and columns', async () => {
    const before = streams.log.length;
    const form = await post(`/v1/deliveries?${about}&mode=all-or-nothing`, manifest, csv);
    expect(form).toMatchObject({ status: 422, body: { code: 'upload/lines-invalid' } });
    const wellFormed = manifest.split('\n').slice(0, 7).join('\n');
    const rules = await post(`/v1/deliveries?${about}&mode=all-or-nothing`, wellFormed, csv);
    expect(rules).toMatchObject({
      status: 422,
      body: {
        totalErrors: 2,
        errors: [
          { line: 6, column: 'serial', code: 'delivery/duplicate-in-manifest' },
          { line: 7, column: 'model', code: 'model/unknown' },
        ],
      },
    });
    expect(streams.log).toHaveLength(before);
  });

  it('is accepted with the lines that are right', async () => {
    const key = { 'idempotency-key': 'delivery-1', 'x-reason': 'Deal of 2023', ...csv };
    const { status, headers, body } = await post(`/v1/deliveries?${about}`, manifest, key);
    expect(status).toBe(202);
    expect(body).toMatchObject({ accepted: 4, rejected: 4 });
    expect(headers.location).toBe(`/v1/operations/${String(body.operationId)}`);
    deliveryId = String(body.deliveryId);
    const again = await post(`/v1/deliveries?${about}`, manifest, key);
    expect(again).toMatchObject({ status: 202, body, headers: { 'idempotent-replayed': 'true' } });
    const other = await post(`/v1/deliveries?${about}`, `${manifest}\n`, key);
    expect(other).toMatchObject({ status: 422, body: { code: 'request/idempotency-key-reused' } });

    const early = await post(`/v1/deliveries/${deliveryId}/reconciliation`, {});
    expect(early).toMatchObject({ status: 409, body: { code: 'delivery/still-receiving' } });
    await perform(body.operationId);
    expect(rejectionsOf(body.operationId)).toMatchObject([
      { line: 6, code: 'delivery/duplicate-in-manifest' },
      { line: 7, code: 'model/unknown' },
      { line: 8, code: 'line/invalid' },
      { line: 9, code: 'line/invalid' },
    ]);
  });

  it('is reconciled with every line accounted for', async () => {
    const { status, body } = await post(`/v1/deliveries/${deliveryId}/reconciliation`, {});
    expect(status).toBe(200);
    expect(body).toEqual({
      deliveryId,
      contractId,
      lines: 8,
      received: 3,
      missing: 1,
      refused: 4,
      hashrateGhs: 151_000 + 151_000 + 200_000,
    });
    expect(streams.events(`hostingContract-${contractId}`).at(-1)).toMatchObject({
      type: 'MinersDelivered',
      data: { deliveryId, received: 3 },
    });
    const unknown = await post(`/v1/deliveries/${deriveId('?')}/reconciliation`, {});
    expect(unknown).toMatchObject({ status: 404, body: { code: 'delivery/unknown' } });
  });

  it('may come as JSON', async () => {
    const lines = [{ serial: 'HKYDD0101', model: 'S19JXP-151' }, { serial: 'HKYDD0102' }];
    const url = `/v1/deliveries?${about.replace('BATCH-1', 'BATCH-2')}`;
    const { status, body } = await post(url, { lines });
    expect({ status, body }).toMatchObject({ status: 202, body: { accepted: 1, rejected: 1 } });
    await perform(body.operationId);
  });
});

describe('moving miners', () => {
  const place = (rack: string, slot: number) => ({ facility: 'DENTON', rack, slot });

  it('installs one into a slot', async () => {
    const body = place('A1', 1);
    const url = '/v1/miners/hkydd0001/installation';
    const headers = { 'idempotency-key': 'install-1', 'if-match': '"0"' };
    const first = await post(url, body, headers);
    expect(first).toMatchObject({
      status: 200,
      headers: { etag: '"1"', location: '/v1/miners/HKYDD0001' },
      body: { serial: 'HKYDD0001', ...body },
    });
    const again = await post(url, body, headers);
    expect(again).toMatchObject({ status: 200, headers: { 'idempotent-replayed': 'true' } });
    const stale = await post(url, place('A1', 2), headers);
    expect(stale).toMatchObject({ status: 412, body: { code: 'request/revision-mismatch' } });
  });

  it('relocates one, and refuses its key for another slot', async () => {
    const key = { 'idempotency-key': 'relocate-1' };
    const there = await post('/v1/miners/HKYDD0001/relocation', place('B1', 1), key);
    expect(there).toMatchObject({ status: 200, headers: { etag: '"2"' } });
    const reused = await post('/v1/miners/HKYDD0001/relocation', place('B1', 2), key);
    expect(reused).toMatchObject({ status: 422, body: { code: 'request/idempotency-key-reused' } });
    const back = await post('/v1/miners/HKYDD0001/relocation', place('A1', 1));
    expect(back).toMatchObject({ status: 200, body: { rack: 'A1', slot: 1 } });
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('refuses with the rule that is broken', async () => {
    const code = async (serial: string, to: object, headers = {}, act = 'installation') =>
      (await post(`/v1/miners/${serial}/${act}`, to, headers)).body.code;
    expect(await code('HKYDD9999', place('A1', 2))).toBe('miner/unknown');
    expect(await code('HKYDD0002', place('A1', 1))).toBe('rack/slot-taken');
    expect(await code('HKYDD0002', place('A1', 5))).toBe('rack/slot-unknown');
    expect(await code('HKYDD0002', place('Z1', 1))).toBe('rack/unknown');
    expect(await code('HKYDD0002', place('A1', 2), { 'if-match': '"7"' })).toBe(
      'request/revision-mismatch',
    );
    expect(await code('HKYDD0002', place('A1', 2), {}, 'relocation')).toBe('miner/not-installed');
    expect(await code('HKYDD0002', { ...place('A1', 2), watts: 1 })).toBe('request/invalid');
    expect(await code('HKYDD0002', place('a1', 2))).toBe('request/invalid');
  });

  it('moves many, one line at a time', async () => {
    const lines = [
      { serial: 'HKYDD0002', ...place('A1', 2) },
      { serial: 'HKYDD0003', ...place('A1', 2) },
      { serial: 'HKYDD0002', ...place('A1', 3) },
    ];
    const { status, body } = await post('/v1/installations', { lines });
    expect({ status, body }).toMatchObject({ status: 202, body: { accepted: 2, rejected: 1 } });
    await perform(body.operationId);
    expect(rejectionsOf(body.operationId)).toMatchObject([
      { line: 3, code: 'move/miner-twice' },
      { line: 2, code: 'rack/slot-taken' },
    ]);
  });

  it('relocates from a CSV file, for a reason', async () => {
    const text = 'serial,facility,rack,slot\nHKYDD0001,DENTON,B1,4\n';
    const { body } = await post('/v1/relocations', text, { 'x-reason': 'halving', ...csv });
    await perform(body.operationId);
    expect(rejectionsOf(body.operationId)).toEqual([]);
  });
});

describe('the read models', () => {
  beforeAll(async () => {
    const filled = await readModelsOf([...contractsProjections, ...fleetProjections], streams.log);
    readModels = filled.readModels;
    closings.unshift(filled.close);
  });
  const get = (url: string) => call('GET', url);
  const serials = ({ body }: { body: Record<string, unknown> }) =>
    (body.items as { serial: string }[]).map(({ serial }) => serial);

  it('tell where a miner stands and whose it is', async () => {
    const { status, headers, body } = await get('/v1/miners/hkydd0001');
    expect(status).toBe(200);
    expect(headers.etag).toBe('"4"');
    expect(body).toMatchObject({
      serial: 'HKYDD0001',
      model: 'S19JXP-151',
      state: 'installed',
      place: { kind: 'slot', facility: 'DENTON', rack: 'B1', slot: 4 },
      customerId,
      contractId,
      mac: '02:AB:CD:00:00:01',
      deliveryId,
      deliveryLine: 2,
    });
    expect(await get('/v1/miners/HKYDD9999')).toMatchObject({
      status: 404,
      body: { code: 'miner/unknown' },
    });
  });

  it('tell every place of a miner, and why', async () => {
    const { body } = await get('/v1/miners/HKYDD0001/history');
    expect(body.places).toMatchObject([
      {
        kind: 'delivery',
        to: { kind: 'storage', facility: 'DENTON' },
        reason: 'Deal of 2023',
        by: 'ada',
        revision: 0,
      },
      { kind: 'installation', to: { rack: 'A1', slot: 1 }, revision: 1 },
      { kind: 'relocation', from: { rack: 'A1', slot: 1 }, to: { rack: 'B1', slot: 1 } },
      { kind: 'relocation', to: { rack: 'A1', slot: 1 } },
      {
        kind: 'relocation',
        from: { rack: 'A1', slot: 1 },
        to: { rack: 'B1', slot: 4 },
        reason: 'halving',
        revision: 4,
      },
    ]);
  });

  it('tell everything that happened to a miner, by whom and why, page by page', async () => {
    const first = await get('/v1/miners/hkydd0001/timeline?limit=4');
    expect(first.status).toBe(200);
    const types = ({ body }: { body: Record<string, unknown> }) =>
      (body.items as { type: string }[]).map(({ type }) => type);
    const next = await get(
      `/v1/miners/HKYDD0001/timeline?limit=4&cursor=${String(first.body.nextCursor)}`,
    );
    const told = streams.log.filter(({ stream }) => stream === 'miner-HKYDD0001');
    expect([...types(first), ...types(next)]).toEqual(told.map(({ type }) => type));
    expect(next.body.nextCursor).toBeUndefined();
    expect((next.body.items as object[]).at(-1)).toMatchObject({
      type: 'MinerRelocated',
      actor: 'ada',
      role: 'operator',
      reason: 'halving',
      position: told.at(-1)!.position.toString(),
      causationId: told.at(-1)!.metadata.$causationId,
    });
    const other = await get('/v1/miners/HKYDD9999/timeline');
    expect(other).toMatchObject({ status: 404, body: { code: 'miner/unknown' } });
  });

  it('list miners by any of their filters, page by page', async () => {
    const all = ['HKYDD0001', 'HKYDD0002', 'HKYDD0003', 'HKYDD0101'];
    const first = await get('/v1/miners?limit=3');
    expect(serials(first)).toEqual(all.slice(0, 3));
    const next = await get(`/v1/miners?limit=3&cursor=${String(first.body.nextCursor)}`);
    expect(serials(next)).toEqual(all.slice(3));
    const filtered = async (filter: string) => serials(await get(`/v1/miners?${filter}`));
    expect(await filtered(`customerId=${customerId}&contractId=${contractId}`)).toEqual(all);
    expect(await filtered('model=S21-200')).toEqual(['HKYDD0003']);
    expect(await filtered('facility=DENTON&rack=B1')).toEqual(['HKYDD0001']);
    expect(await filtered('facility=DENTON&state=stored')).toEqual(['HKYDD0003', 'HKYDD0101']);
    expect(await filtered('serial=hkydd01')).toEqual(['HKYDD0101']);
    expect(await filtered('facility=NOWHERE')).toEqual([]);
  });

  it('tell what moved, the latest first', async () => {
    const { body } = await get('/v1/moves?facility=DENTON&since=2023-01-01T00:00:00Z');
    expect(body.items).toMatchObject([
      { serial: 'HKYDD0001', kind: 'relocation', reason: 'halving', movedBy: 'ada' },
      { serial: 'HKYDD0002', kind: 'installation' },
      { serial: 'HKYDD0001', kind: 'relocation', to: { rack: 'A1' } },
      { serial: 'HKYDD0001', kind: 'relocation', to: { rack: 'B1' } },
      { serial: 'HKYDD0001', kind: 'installation', from: { kind: 'storage' } },
    ]);
    const first = await get('/v1/moves?limit=3');
    const next = await get(`/v1/moves?limit=3&cursor=${String(first.body.nextCursor)}`);
    expect(serials(first)).toEqual(['HKYDD0001', 'HKYDD0002', 'HKYDD0001']);
    expect(serials(next)).toEqual(['HKYDD0001', 'HKYDD0001']);
    expect((await get('/v1/moves?since=2999-01-01T00:00:00Z')).body.items).toEqual([]);
    for (const since of ['yesterday', '2023-01', '2023-W01', '0000-01-01', '9999-12']) {
      expect((await get(`/v1/moves?since=${since}`)).status).toBe(400);
    }
  });

  it('tell how a delivery went and what was wrong with it', async () => {
    expect((await get('/v1/deliveries')).body.items).toMatchObject([
      { reference: 'BATCH-2', status: 'receiving', lines: 2, received: 1, refused: 1 },
      { reference: 'BATCH-1', status: 'reconciled', lines: 8, received: 3, missing: 1 },
    ]);
    expect((await get(`/v1/deliveries/${deliveryId}`)).body).toMatchObject({
      deliveryId,
      refused: 4,
      discrepancies: 6,
      byModel: [
        { model: 'S19JXP-151', units: 2 },
        { model: 'S21-200', units: 1 },
      ],
      reason: 'Deal of 2023',
    });
    const { body } = await get(`/v1/deliveries/${deliveryId}/discrepancies`);
    expect(body.items).toMatchObject([
      { line: 4, kind: 'damaged', serial: 'HKYDD0003' },
      { line: 5, kind: 'missing', serial: 'HKYDD0004' },
      { line: 6, kind: 'duplicateInManifest' },
      { line: 7, kind: 'unknownModel' },
      { line: 8, kind: 'malformed' },
      { line: 9, kind: 'malformed' },
    ]);
  });

  it('tell what was deployed over time', async () => {
    const { body } = await get('/v1/fleet/deployments?by=all&groupBy=family');
    expect(body.items).toMatchObject([
      { family: 'S19', received: { units: 3 }, toDate: { received: { units: 3 } } },
      { family: 'S21', received: { units: 1, hashrateGhs: 200_000 }, deployed: { units: 0 } },
    ]);
    const months = await get('/v1/fleet/deployments?model=S19JXP-151');
    expect(months.body.items).toMatchObject([{ received: { units: 3 } }]);
    expect(await get('/v1/fleet/deployments?from=2023-13')).toMatchObject({ status: 400 });
    const later = await get('/v1/fleet/deployments?from=2100-01&by=year');
    expect(later.body.items).toEqual([]);
  });

  it('tell the mix of the fleet', async () => {
    const energized = { units: 0, hashrateGhs: 0, powerWatts: 0 };
    const { body } = await get('/v1/fleet/mix?by=model');
    expect(body).toEqual({
      items: [
        { model: 'S19JXP-151', units: 3, hashrateGhs: 453_000, powerWatts: 9_741, energized },
        { model: 'S21-200', units: 1, hashrateGhs: 200_000, powerWatts: 3_500, energized },
      ],
      total: { units: 4, hashrateGhs: 653_000, powerWatts: 13_241, energized },
    });
    const stored = await get('/v1/fleet/mix?state=stored&facility=DENTON');
    expect(stored.body.items).toMatchObject([
      { model: 'S19JXP-151', state: 'stored', customerId, units: 1 },
      { model: 'S21-200', state: 'stored', units: 1 },
    ]);
  });
});

it('every code that a rule of this room refuses with is in the catalogue', () => {
  for (const code of [
    'miner/unknown',
    'miner/duplicate-serial',
    'miner/already-installed',
    'miner/not-installed',
    'miner/relocation-abandoned',
    'model/unknown',
    'move/not-reserved',
    'move/miner-twice',
    'delivery/unknown',
    'delivery/still-receiving',
    'delivery/too-many-lines',
    'delivery/duplicate-in-manifest',
  ]) {
    expect(problemCatalogue().has(code)).toBe(true);
  }
});
