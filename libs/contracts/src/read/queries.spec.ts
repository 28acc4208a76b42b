import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { deriveId } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { requestClock } from '@hostledger/http';
import { readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import '../http/problems.js';
import { contractsProjection } from './contracts/projection.js';
import { contractsQuery } from './contracts/query.js';
import { customersProjection } from './customers/projection.js';
import { customersQuery } from './customers/query.js';
import {
  customerId,
  otherCustomerId,
  contractId,
  orderId,
  documentDigest,
  clauses,
  rateCard,
  byModel,
  amendment,
  consent,
  history,
  growingId,
  largeId,
  log,
} from './queries.fixture.js';

const head = () => Promise.resolve(log.at(-1)!.position);
const readStream = (stream: string, from: bigint, maxCount = Infinity) =>
  Promise.resolve(
    log.filter((event) => event.stream === stream && event.revision >= from).slice(0, maxCount),
  );

let app: NestFastifyApplication;
let close: () => Promise<void>;

beforeAll(async () => {
  const filled = await readModelsOf([customersProjection, contractsProjection], log);
  close = filled.close;
  app = await servedRoutes({
    controllers: [...customersQuery.controllers, ...contractsQuery.controllers],
    providers: [
      { provide: ReadModels, useValue: filled.readModels },
      { provide: EventStore, useValue: { head, readStream } },
    ],
  });
});

afterAll(async () => {
  await app.close();
  await close();
});

const get = async (url: string) => {
  const headers = { authorization: 'Bearer auditor' };
  const { statusCode: status, headers: sent, body } = await app.inject({ url, headers });
  return { status, headers: sent, body: JSON.parse(body) as Record<string, unknown> };
};
const contract = `/v1/contracts/${contractId}`;

it('A contract tells what it holds: ordered, allocated, delivered', async () => {
  const { status, headers, body } = await get(contract);
  expect(status).toBe(200);
  expect(headers).toMatchObject({ etag: '"8"', 'log-position': String(log.at(-1)!.position) });
  expect(body).toEqual({
    contractId,
    customerId,
    reference: 'HA-1',
    title: 'Hosting agreement',
    timeZone: 'America/Chicago',
    currency: 'USD',
    status: 'executed',
    stage: 'executed',
    since: '2023-09-25',
    draftedAt: '2024-06-01T00:00:00.000Z',
    executedOn: '2023-09-25',
    documentDigest,
    signatories: [{ party: 'Bitmain', name: 'A. Signer' }],
    termsVersion: 2,
    termEndsOn: '2026-12-31',
    ordered: { units: 27_000, powerWatts: 90_000_000 },
    contractedHashrateGhs: 4_077_000_000,
    allocated: { units: 15_000, powerWatts: 49_000_000 },
    assigned: { units: 0, powerWatts: 0 },
    announced: { units: 0, powerWatts: 0, hashrateGhs: 0 },
    delivered: { units: 3, powerWatts: 9_741, hashrateGhs: 453_000 },
    accepted: { units: 3 },
    energized: { units: 0, powerWatts: 0, hashrateGhs: 0 },
    depositHeld: '0.00',
    orders: [
      {
        orderId,
        reference: 'SO-1',
        units: 27_000,
        powerWatts: 90_000_000,
        hashrateGhs: 4_077_000_000,
        startsOn: '2023-10-01',
        placedAt: '2024-06-01T00:00:03.000Z',
        basis: 'units',
        allocated: { units: 15_000, powerWatts: 49_000_000 },
        assigned: { units: 0, powerWatts: 0 },
      },
    ],
  });
});

it('It can be asked for as it was on a day, by what was known then', async () => {
  const { status, headers, body } = await get(`${contract}?asOf=2023-12-31`);
  expect(status).toBe(200);
  expect(headers).toMatchObject({ 'log-position': log[10]!.position.toString() });
  expect(body).toMatchObject({
    contractId,
    asOf: '2023-12-31',
    knownAt: { revision: 8 },
    stage: 'executed',
    terms: { version: 1, effectiveOn: '2023-09-25', recorded: { revision: 1 } },
    allocated: { units: 15_000, powerWatts: 49_000_000 },
    delivered: { units: 0 },
  });
  expect((await get(`${contract}?asOf=2024-01-01T05:59:59Z`)).body).toMatchObject({
    asOf: '2023-12-31',
  });
  expect((await get(`${contract}?asOf=2024-01-01`)).body).toMatchObject({
    terms: { version: 2, kind: 'amendment', ...amendment },
    depositHeld: '0.00',
  });
  const before = log[8]!.position - 1n;
  expect((await get(`${contract}?asOf=2024-01-01&knownAt=${before}`)).body).toMatchObject({
    knownAt: { revision: 5 },
    terms: { version: 1 },
  });
  expect((await get(`${contract}?knownAt=2024-05-31T00:00:00Z`)).status).toBe(404);
});

it('What it holds is counted however much it is', async () => {
  expect((await get(`/v1/contracts/${largeId}`)).body).toMatchObject({
    ordered: { units: 2_160_000_000, powerWatts: 216_000 },
  });
});

describe('what takes effect on a day to come', () => {
  const now = requestClock.now;
  beforeEach(() => {
    // In Chicago it is still 2024.
    requestClock.now = () => '2025-01-01T05:59:59.000Z';
  });
  afterEach(() => {
    requestClock.now = now;
  });

  it('is not counted before, whether a day is named or not', async () => {
    const today = {
      ordered: { units: 200, powerWatts: 2_000 },
      allocated: { units: 50, powerWatts: 500 },
    };
    const { body } = await get(`/v1/contracts/${growingId}`);
    expect(body).toMatchObject(today);
    expect(body.orders).toMatchObject([
      { allocated: today.allocated },
      { allocated: { units: 0 } },
    ]);
    expect((await get(`/v1/contracts/${growingId}?asOf=2024-12-31`)).body).toMatchObject(today);
    requestClock.now = () => '2025-01-01T06:00:00.000Z';
    const tomorrow = {
      ordered: { units: 400, powerWatts: 4_000 },
      allocated: { units: 100, powerWatts: 1_000 },
    };
    expect((await get(`/v1/contracts/${growingId}`)).body).toMatchObject(tomorrow);
    expect((await get(`/v1/contracts/${growingId}?asOf=2025-01-01`)).body).toMatchObject(tomorrow);
  });

  it('is told of an allocation beside what is left of it and what machines took up', async () => {
    const { body } = await get(`/v1/contracts/${growingId}/allocations`);
    const items = body.items as { allocationId: string }[];
    expect(items.find(({ allocationId }) => allocationId === deriveId('allocation', 1))).toEqual({
      allocationId: deriveId('allocation', 1),
      orderId: 'order-1',
      facility: 'DENTON',
      units: 50,
      powerWatts: 500,
      original: { units: 60, powerWatts: 600 },
      assigned: { units: 5, powerWatts: 50 },
      effectiveOn: '2024-05-01',
      allocatedAt: '2024-06-01T00:00:03.000Z',
      reductions: ['2024-12-31', '2025-01-01'].map((effectiveOn, n) => ({
        reductionId: `reduction-${n + 1}`,
        units: 10,
        powerWatts: 100,
        effectiveOn,
        cause: 'sold',
      })),
    });
  });
});

it('Its terms come by version', async () => {
  const first = await get(`${contract}/terms?limit=1`);
  expect(first.body.items).toEqual([
    {
      version: 1,
      effectiveOn: '2023-09-25',
      documentDigest,
      clauses,
      rateCard,
      kind: 'original',
      adoptedAt: '2024-06-01T00:00:01.000Z',
    },
  ]);
  const next = await get(`${contract}/terms?limit=1&cursor=${String(first.body.nextCursor)}`);
  expect(next.body.items).toMatchObject([
    { version: 2, effectiveOn: '2024-01-01', kind: 'amendment', ...amendment },
  ]);
  expect(next.body.nextCursor).toBeUndefined();
});

it('Its allocations and deliveries can be listed', async () => {
  expect((await get(`${contract}/allocations`)).body.items).toMatchObject([
    { facility: 'DENTON', units: 15_000, powerWatts: 49_000_000, effectiveOn: '2023-10-01' },
  ]);
  expect((await get(`${contract}/deliveries`)).body.items).toMatchObject([
    { reference: 'BATCH-1', lines: 5, received: 3, missing: 1, refused: 1, byModel },
  ]);
});

it('What its customer consented to is told of each day and as it stands', async () => {
  const { documentDigest: _, ...held } = consent;
  const consents = async (asOf: string) =>
    (await get(`${contract}?asOf=${asOf}`)).body.relocationConsents;
  expect(await consents('2024-04-30')).toEqual([]);
  expect(await consents('2024-05-19')).toEqual([held]);
  expect(await consents('2024-05-20')).toEqual([]);
  const before = log[10]!.position - 1n;
  expect((await get(`${contract}?asOf=2024-07-31&knownAt=${before}`)).body).toMatchObject({
    relocationConsents: [held],
  });
  const { body } = await get(`${contract}/relocation-consents`);
  expect(body.items).toEqual([{ ...consent, withdrawnOn: '2024-05-20', withdrawnFor: 'Sold' }]);
});

it('Its orders come page by page, as they were placed', async () => {
  const growing = `/v1/contracts/${growingId}/orders`;
  const first = await get(`${growing}?limit=1`);
  expect(first.body.items).toMatchObject([{ orderId: 'order-1', reference: 'SO-order-1' }]);
  const next = await get(`${growing}?limit=1&cursor=${String(first.body.nextCursor)}`);
  expect(next.body.items).toMatchObject([{ orderId: 'order-2', units: 200, basis: 'units' }]);
  expect(next.body.nextCursor).toBeUndefined();
});

it('Its allocations can be asked for by facility and by order', async () => {
  const growing = `/v1/contracts/${growingId}/allocations`;
  const facilities = async (query: string) =>
    ((await get(`${growing}?${query}`)).body.items as { facility: string }[]).map(
      ({ facility }) => facility,
    );
  expect((await facilities('limit=10')).toSorted()).toEqual(['DENTON', 'MARBLE']);
  expect(await facilities('facility=MARBLE')).toEqual(['MARBLE']);
  expect(await facilities(`orderId=${orderId}`)).toEqual([]);
  const own = await get(`${contract}/allocations?orderId=${orderId}&facility=DENTON`);
  expect(own.body.items).toHaveLength(1);
});

it('Its timeline tells what happened, when and by whom, page by page', async () => {
  const first = await get(`${contract}/timeline?limit=5`);
  const next = await get(`${contract}/timeline?limit=5&cursor=${String(first.body.nextCursor)}`);
  const entries = [first, next].flatMap(({ body }) => body.items as Record<string, unknown>[]);
  expect(entries.map(({ type }) => type)).toEqual(history.map(({ type }) => type));
  expect(entries[0]).toEqual({
    revision: 0,
    eventId: log[2]!.id,
    type: 'ContractDrafted',
    data: history[0]!.data,
    actor: 'ada',
    role: 'operator',
    occurredAt: '2024-06-01T00:00:00.000Z',
    recordedAt: '2024-06-01T00:00:00.000Z',
    position: log[2]!.position.toString(),
    correlationId: log[2]!.metadata.$correlationId,
    causationId: log[2]!.metadata.$causationId,
  });
  expect(next.headers).toMatchObject({ 'log-position': log.at(-1)!.position.toString() });
});

it('Contracts are listed, all of them or those of a customer', async () => {
  const all = await get('/v1/contracts');
  expect(all.body.items).toHaveLength(5);
  const executed = await get('/v1/contracts?stage=executed');
  expect(executed.body.items).toMatchObject([{ contractId }]);
  expect((await get('/v1/contracts?stage=suspended')).body.items).toEqual([]);
  const named = await get('/v1/contracts?reference=HA-LARGE');
  expect(named.body.items).toMatchObject([{ contractId: largeId }]);
  expect((await get('/v1/contracts?reference=HA-LARGE&stage=active')).body.items).toEqual([]);
  const own = await get(`/v1/contracts?customerId=${customerId}`);
  expect(own.body.items).toMatchObject([{ contractId }]);
  const page = await get(`/v1/contracts?customerId=${otherCustomerId}&limit=1`);
  const cursor = String(page.body.nextCursor);
  const last = await get(`/v1/contracts?customerId=${otherCustomerId}&limit=1&cursor=${cursor}`);
  expect([page, last].flatMap(({ body }) => body.items)).toHaveLength(2);
  expect(last.body.nextCursor).toBeUndefined();
});

it('Customers are listed by name and can be looked up', async () => {
  const { body } = await get('/v1/customers?limit=1');
  expect(body.items).toMatchObject([{ name: 'Bitmain' }]);
  const next = await get(`/v1/customers?limit=1&cursor=${String(body.nextCursor)}`);
  expect(next.body.items).toMatchObject([{ name: 'Celsius' }]);
  expect(await get(`/v1/customers/${customerId}`)).toMatchObject({
    status: 200,
    headers: { etag: '"0"' },
    body: { customerId, name: 'Bitmain', legalName: 'Bitmain Limited', country: 'US' },
  });
});

it.each([
  ['asOf', '2024-13-45T99:99Z'],
  ['asOf', '2024-02-10T25:00:00Z'],
  ['asOf', '2024-02-10T24:00:00Z'],
  ['asOf', '2024-02-31'],
  ['asOf', '2023-02-29T12:00:00Z'],
  ['asOf', '2024-02-10T12:60Z'],
  ['knownAt', '2024-02-31T00:00:00Z'],
  ['knownAt', '2024-01-01T00:00:61Z'],
])('%s=%s, which no calendar or clock shows, is refused by its name', async (name, value) => {
  expect(await get(`${contract}?${name}=${value}`)).toMatchObject({
    status: 400,
    body: { code: 'request/invalid', errors: [{ pointer: `/${name}` }] },
  });
});

it.each(['asOf=2024-02-29', 'asOf=2024-12-31T23:59Z', 'knownAt=2026-02-28T23:59:59.999999999Z'])(
  '%s is a moment',
  async (query) => {
    expect(await get(`${contract}?${query}`)).toMatchObject({ status: 200 });
  },
);

const unknown = deriveId('nothing');
it.each([
  [`/v1/customers/${unknown}`, 404, 'customer/unknown'],
  [`/v1/contracts/${unknown}`, 404, 'contract/unknown'],
  [`/v1/contracts/${unknown}/terms`, 404, 'contract/unknown'],
  [`/v1/contracts/${unknown}/timeline`, 404, 'contract/unknown'],
  [`/v1/contracts/${unknown}/orders`, 404, 'contract/unknown'],
  [`/v1/contracts/${unknown}/allocations?facility=DENTON`, 404, 'contract/unknown'],
  [`/v1/contracts/${unknown}/deliveries`, 404, 'contract/unknown'],
  [`/v1/contracts/${unknown}/deposits`, 404, 'contract/unknown'],
  [`${contract}/allocations?facility=denton`, 400, 'request/invalid'],
  [`${contract}/orders?cursor=none`, 400, 'request/cursor-invalid'],
  ['/v1/contracts/7', 400, 'request/invalid'],
  ['/v1/contracts?customerId=7', 400, 'request/invalid'],
  ['/v1/contracts?stage=new', 400, 'request/invalid'],
  [`/v1/contracts/${unknown}?asOf=2024-01-01`, 404, 'contract/unknown'],
  [`${contract}?asOf=yesterday`, 400, 'request/invalid'],
  [`${contract}?knownAt=2024-01-01`, 400, 'request/invalid'],
  ['/v1/contracts?colour=red', 400, 'request/invalid'],
])('%s is refused with %i %s', async (url, status, code) => {
  expect(await get(url)).toMatchObject({ status, body: { code } });
});
