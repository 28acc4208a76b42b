import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { contractsParties, contractsProjections } from '@hostledger/contracts';
import { deriveId } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { PartiesQuery, partiesProjection, PartyRules } from '@hostledger/feed';
import { requestClock } from '@hostledger/http';
import { readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { meterParties, meterProjections, meterSlices } from '../meters.js';
import {
  at,
  contractId,
  curtailmentId,
  hour,
  METER,
  MeterHouse,
  setUpContract,
} from '../process/meters.fixture.js';

@Module({
  controllers: meterSlices.flatMap(({ controllers }) => [...controllers]),
  providers: meterSlices.flatMap(({ providers }) => [...providers]),
})
class MetersApiModule {}

type Body = Record<string, unknown> & { items: Record<string, unknown>[] };
type Asked = Parameters<ReadModels['read']>;

const house = new MeterHouse();
const { streams, store } = house;
const realNow = requestClock.now;
const rules = new PartyRules([contractsParties, meterParties]);
const projections = [...contractsProjections, ...meterProjections, partiesProjection(rules)];
let app: NestFastifyApplication;
let filled: Awaited<ReturnType<typeof readModelsOf>> | undefined;

const call = async (
  method: 'GET' | 'POST',
  url: string,
  payload?: object | string,
  headers: Record<string, string> = {},
) => {
  const answer = await app.inject({
    method,
    url: `/v1${url}`,
    payload,
    headers: {
      authorization: 'Bearer billing',
      ...(typeof payload === 'string' ? { 'content-type': 'text/csv' } : {}),
      ...headers,
    },
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json<Body>() };
};
const post = (url: string, payload: object | string, headers?: Record<string, string>) =>
  call('POST', url, payload, headers);
const get = async (url: string) => {
  if (filled) await filled.catchUp(streams.log);
  else filled = await readModelsOf(projections, streams.log);
  return call('GET', url);
};

const meter = {
  ...{ meterId: METER, contractId, facility: 'DENTON', kind: 'energy' },
  ...{ startsAt: hour(0), reference: 'ION8650-1907A412' },
};

beforeAll(async () => {
  requestClock.now = () => at;
  await setUpContract(store);
  const read = (...asked: Asked) => filled!.readModels.read(...asked);
  const eventSourcing = EventSourcingModule.with({
    aggregateStore: store,
    eventStore: streams as unknown as EventStore,
    readModels: { read } as ReadModels,
  });
  app = await servedRoutes({ imports: [CqrsModule.forRoot(), eventSourcing, MetersApiModule] });
});
afterAll(async () => {
  requestClock.now = realNow;
  await app.close();
  await filled?.close();
});

describe('a meter', () => {
  it('is registered for a contract and found again', async () => {
    expect(await post('/meters', meter)).toMatchObject({
      status: 201,
      headers: { etag: '"0"', location: `/v1/meters/${METER}` },
      body: { meterId: METER },
    });
    expect(await post('/meters', meter)).toMatchObject({ status: 201 });
    expect(await post('/meters', { ...meter, kind: 'proceeds' })).toMatchObject({
      status: 409,
      body: { code: 'meter/registered-otherwise' },
    });
    await post('/meters', { ...meter, meterId: 'POOL-1', kind: 'proceeds' });
    expect(await get(`/meters/${METER}`)).toMatchObject({
      status: 200,
      body: { ...meter, unit: 'Wh', timeZone: 'America/Chicago', registeredBy: 'ada' },
    });
    const pools = await get(`/meters?facility=DENTON&contractId=${contractId}&kind=proceeds`);
    expect(pools.body.items).toMatchObject([{ meterId: 'POOL-1', unit: 'satoshi' }]);
    const first = await get('/meters?limit=1');
    expect(first.body.items).toMatchObject([{ meterId: METER }]);
    const next = await get(`/meters?limit=1&cursor=${String(first.body.nextCursor)}`);
    expect(next.body.items).toMatchObject([{ meterId: 'POOL-1' }]);
  });

  it.each([
    [{ ...meter, meterId: 'a-1' }, 400, 'request/invalid'],
    [{ ...meter, meterId: 'A.1' }, 400, 'request/invalid'],
    [{ ...meter, meterId: 'M-2', kind: 'water' }, 400, 'request/invalid'],
    [{ ...meter, meterId: 'M-2', startsAt: '2024-06-01' }, 400, 'request/invalid'],
    [{ ...meter, meterId: 'M-2', contractId: deriveId('none') }, 404, 'contract/unknown'],
    [{ ...meter, meterId: 'M-2', facility: 'PECOS' }, 404, 'facility/unknown'],
    [
      { ...meter, meterId: 'M-2', startsAt: '2008-06-01T00:00:00.000Z' },
      422,
      'meter/before-bitcoin',
    ],
  ])('is not registered from what is wrong: %#', async (body, status, code) => {
    expect(await post('/meters', body)).toMatchObject({ status, body: { code } });
  });

  it('is not for everybody', async () => {
    for (const role of ['auditor', 'commercial']) {
      const authorization = { authorization: `Bearer ${role}` };
      expect(await post('/meters', meter, authorization)).toMatchObject({ status: 403 });
    }
  });

  it('is unknown where nobody registered it', async () => {
    for (const url of ['/meters/M-9', '/meters/M-9/readings']) {
      expect(await get(url)).toMatchObject({ status: 404, body: { code: 'meter/unknown' } });
    }
    const line = { from: hour(0), until: hour(1), energyKwh: '1' };
    expect(await post('/meters/M-9/readings', { lines: [line] })).toMatchObject({
      status: 404,
      body: { code: 'meter/unknown' },
    });
  });
});

describe('a file of readings', () => {
  const file = (...lines: string[]) =>
    ['from,until,energyKwh,registerKwh', ...lines, ''].join('\r\n');

  it('is taken in in the order of time, and each refused line is named', async () => {
    const csv = file(
      `${hour(1)},${hour(2)},2.25,1004.75`,
      `${hour(0)},${hour(1)},2.5,1002.5`,
      `${hour(2)},${hour(3)},2.2501,`,
      `${hour(2)},yesterday,2.25,`,
      `${hour(4)},${hour(5)},2.25,`,
      `${hour(2)},${hour(3)},1.125,`,
    );
    const taken = await post(`/meters/${METER}/readings`, csv);
    expect(taken).toMatchObject({ status: 202, body: { accepted: 4, rejected: 2 } });
    const operationId = String(taken.body.operationId);
    expect(taken.headers.location).toBe(`/v1/operations/${operationId}`);
    expect(await house.perform(operationId)).toMatchObject([{ line: 6, code: 'meter/gap' }]);
    const { body } = await get(`/meters/${METER}/readings`);
    expect(body.items).toMatchObject([
      {
        ...{ from: hour(0), until: hour(1), energyKwh: '2.500', registerKwh: '1002.500' },
        ...{ quality: 'measured', line: 3, operationId, statedBy: 'ada' },
        recorded: { revision: 0, eventId: expect.any(String) as string },
      },
      { from: hour(1), energyKwh: '2.250', registerKwh: '1004.750', line: 2 },
      { from: hour(2), energyKwh: '1.125', line: 7 },
    ]);
    expect(body.items[2]).not.toHaveProperty('registerKwh');
    expect(body.items[0]!.digest).toMatch(/^[0-9a-f]{64}$/);
    const [accepted] = streams.events(`meterMonth-${METER}.2024-06`);
    expect(accepted).toMatchObject({
      type: 'UsageAccepted',
      data: { operationId, digest: body.items[0]!.digest, contractId, month: '2024-06' },
    });
  });

  it('is accepted whole or not at all, if that is asked for', async () => {
    const csv = file(`${hour(3)},${hour(4)},2.25,`, `${hour(4)},${hour(5)},-1,`);
    expect(await post(`/meters/${METER}/readings?mode=all-or-nothing`, csv)).toMatchObject({
      status: 422,
      body: { code: 'upload/lines-invalid' },
    });
  });

  it('may be JSON, and estimated where the terms say so', async () => {
    const lines = [
      { from: hour(3), until: hour(5), energyKwh: '4.5', estimatedBy: 'nameplate' },
      { from: hour(3), until: hour(5), energyKwh: 4.5 },
    ];
    const taken = await post(`/meters/${METER}/readings`, { lines });
    expect(taken.body).toMatchObject({ accepted: 1, rejected: 1 });
    expect(await house.perform(String(taken.body.operationId))).toMatchObject([
      { line: 1, code: 'meter/estimate-not-agreed' },
    ]);
    const sats = [
      { from: hour(0), until: hour(24), satoshi: '4210000', registerSatoshi: '9000000' },
    ];
    const mined = await post('/meters/POOL-1/readings', { lines: sats });
    expect(await house.perform(String(mined.body.operationId))).toEqual([]);
    const { body } = await get('/meters/POOL-1/readings');
    expect(body.items).toMatchObject([{ satoshi: '4210000', registerSatoshi: '9000000' }]);
  });
});

describe('a correction', () => {
  const url = `/meters/${METER}/corrections`;
  const half = new Date(Date.parse(hour(2)) + 1_800_000).toISOString();
  const correction = {
    ...{ from: hour(2), until: hour(3), cause: 'Read again' },
    readings: [
      { from: hour(2), until: half, energyKwh: '1' },
      { from: half, until: hour(3), energyKwh: '0.5' },
    ],
  };

  it('replaces what was known, which is still told when asked', async () => {
    const stale = { 'if-match': '"7"' };
    expect(await post(url, correction, stale)).toMatchObject({ status: 412 });
    expect(await post(url, correction, { 'idempotency-key': 'c-1' })).toMatchObject({
      status: 201,
      headers: { etag: '"1"' },
      body: { meterId: METER, month: '2024-06' },
    });
    expect(await post(url, correction, { 'idempotency-key': 'c-1' })).toMatchObject({
      headers: { 'idempotent-replayed': 'true' },
    });
    const since = `/meters/${METER}/readings?from=${hour(2)}&until=${hour(3)}`;
    const held = await get(since);
    expect(held.body.items).toMatchObject([
      { from: hour(2), until: half, energyKwh: '1.000', correctionCause: 'Read again' },
      { from: half, until: hour(3), energyKwh: '0.500' },
    ]);
    const all = await get(`${since}&withCorrected=true`);
    expect(all.body.items).toMatchObject([
      { from: hour(2), until: hour(3), energyKwh: '1.125', corrected: true },
      { from: hour(2), until: half },
      { from: half },
    ]);
    const first = await get(`${since}&withCorrected=true&limit=1`);
    const rest = await get(
      `${since}&withCorrected=true&limit=5&cursor=${String(first.body.nextCursor)}`,
    );
    expect(rest.body.items).toEqual(all.body.items.slice(1));
    expect((await get(`/meters/${METER}/readings?from=2024-06-02`)).body.items).toEqual([]);
  });

  it.each([
    [{ ...correction, from: hour(9), until: hour(10) }, 409, 'meter/nothing-to-correct', '/from'],
    [{ ...correction, until: half }, 422, 'meter/correction-incomplete', '/readings'],
    [
      { ...correction, readings: [{ from: hour(2), until: hour(3), satoshi: '5' }] },
      ...[422, 'meter/unit-wrong', '/readings/0'],
    ],
    [
      {
        ...correction,
        readings: [{ from: hour(2), until: hour(3), energyKwh: '1', registerKwh: '1000' }],
      },
      ...[409, 'meter/below-previous', '/readings/0/register'],
    ],
    [{ ...correction, readings: [] }, 400, 'request/invalid', '/readings'],
    [{ ...correction, cause: '' }, 400, 'request/invalid', '/cause'],
  ] as const)('is refused where it is wrong: %#', async (body, status, code, pointer) => {
    expect(await post(url, body)).toMatchObject({ status, body: { code, errors: [{ pointer }] } });
  });
});

describe('the end of a meter', () => {
  it('is not before it was read last', async () => {
    const url = `/meters/${METER}/retirement`;
    const retire = (endsAt: string) => post(url, { endsAt, cause: 'Replaced' });
    expect(await retire(hour(1))).toMatchObject({
      status: 409,
      body: { code: 'meter/read-beyond', errors: [{ pointer: '/endsAt' }] },
    });
    expect(await retire(hour(3))).toMatchObject({ status: 200, body: { endsAt: hour(3) } });
    expect(await get(`/meters/${METER}`)).toMatchObject({
      body: { endsAt: hour(3), retiredBecause: 'Replaced', readUntil: hour(3) },
    });
  });
});

describe('what a programme paid', () => {
  const url = '/billing/programme-receipts';
  const receipt = {
    ...{ facility: 'DENTON', curtailmentId, amount: '184250.00', currency: 'USD' },
    ...{ receivedOn: '2024-07-01', reference: 'ERS-0193' },
  };

  it('is recorded, listed and reversed', async () => {
    const recorded = await post(url, receipt);
    expect(recorded).toMatchObject({ status: 201, headers: { location: `/v1${url}` } });
    const { receiptId } = recorded.body;
    expect(await post(url, receipt)).toMatchObject({ status: 201, body: { receiptId } });
    const listed = await get(`${url}?facility=DENTON&from=2024-07-01&until=2024-07-02`);
    expect(listed.body.items).toMatchObject([{ receiptId, ...receipt, statedBy: 'ada' }]);
    expect(listed.body.items[0]).not.toHaveProperty('reversed');
    expect((await get(`${url}?until=2024-07-01`)).body.items).toEqual([]);
    const earlier = { ...receipt, receivedOn: '2024-06-30' };
    expect(await post(url, earlier)).toMatchObject({
      status: 409,
      body: { code: 'programme-receipt/told-otherwise', receiptId },
    });
    const reversal = { facility: 'DENTON', curtailmentId, cause: 'Taken back' };
    const reverse = (id: unknown) => post(`${url}/${String(id)}/reversal`, reversal);
    expect(await reverse(deriveId('none'))).toMatchObject({
      status: 404,
      body: { code: 'programme-receipt/unknown' },
    });
    expect(await reverse(receiptId)).toMatchObject({ status: 200, body: { receiptId } });
    expect((await get(`${url}?curtailmentId=${curtailmentId}`)).body.items).toMatchObject([
      { receiptId, reversed: true, reversedBecause: 'Taken back' },
    ]);
  });

  it.each([
    [{ curtailmentId: deriveId('none') }, 409, 'programme-receipt/curtailment-unknown'],
    [{ facility: 'PECOS' }, 409, 'programme-receipt/curtailment-unknown'],
    [{ amount: '1.005' }, 422, 'programme-receipt/not-an-amount'],
    [{ receivedOn: '2024-07-10' }, 409, 'programme-receipt/not-come'],
    [{ receivedOn: '2024-06-19' }, 409, 'programme-receipt/before-curtailment'],
    [{ amount: -5 }, 400, 'request/invalid'],
  ])('is refused where it is wrong: %#', async (change, status, code) => {
    const other = { ...receipt, reference: 'ERS-0194', ...change };
    expect(await post(url, other)).toMatchObject({ status, body: { code } });
  });

  it('comes on the day at the site that the curtailment begins on, at the earliest', async () => {
    // In UTC that is the day after.
    const first = { ...receipt, receivedOn: '2024-06-20', reference: 'ERS-0195' };
    expect(await post(url, first)).toMatchObject({ status: 201 });
  });
});

it('what a meter told concerns the contract and its customer', async () => {
  const event = streams.log.find(({ type }) => type === 'UsageCorrected')!;
  await filled!.catchUp(streams.log);
  const parties = new PartiesQuery(rules, filled!.readModels);
  expect(await parties.of([event])).toEqual([
    { contracts: [contractId], customers: ['customer-1'] },
  ]);
});
