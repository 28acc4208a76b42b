import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AggregateStore } from '@hostledger/eventsourcing';
import { problemCatalogue } from '@hostledger/http';
import { InMemoryStreams } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import '../http/problems.js';
import { commissionManyRacks } from './commission-racks.js';
import { FacilityCensus, type Census } from '../process/disposal.js';
import { derateFacility } from './derate-facility.js';
import { facilityActs } from './facility-acts.js';
import { openFacility } from './open-facility.js';
import { changeRackPower } from './rack-power.js';

let app: NestFastifyApplication;
let streams: InMemoryStreams;
let census: Census;

beforeEach(async () => {
  streams = new InMemoryStreams();
  census = { machines: 0, openDeliveries: 0 };
  const slices = [openFacility, facilityActs, derateFacility, commissionManyRacks, changeRackPower];
  app = await servedRoutes({
    imports: [CqrsModule.forRoot()],
    controllers: slices.flatMap(({ controllers }) => [...controllers]),
    providers: [
      ...slices.flatMap(({ providers }) => [...providers]),
      { provide: AggregateStore, useValue: new AggregateStore(streams) },
      { provide: FacilityCensus, useValue: { count: () => Promise.resolve(census) } },
    ],
  });
});

afterEach(() => app.close());

const denton = {
  facility: 'DENTON',
  name: 'Denton, Texas',
  timeZone: 'America/Chicago',
  powerEnvelopeWatts: 1_000_000,
};
const line = (rack: string, powerLimitWatts = 350_000) => ({
  rack,
  slotCount: 100,
  powerLimitWatts,
});

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: Record<string, unknown>;
}

const post = async (
  url: string,
  payload: object | string,
  headers: Record<string, string> = {},
): Promise<Answer> => {
  const {
    statusCode,
    headers: sent,
    body,
  } = await app.inject({
    method: 'POST',
    url,
    payload,
    headers: { authorization: 'Bearer operator', ...headers },
  });
  return { status: statusCode, headers: sent, body: JSON.parse(body) as Answer['body'] };
};
const open = (change: object = {}, headers?: Record<string, string>) =>
  post('/v1/facilities', { ...denton, ...change }, headers);
const racks = (payload: object | string, headers?: Record<string, string>) =>
  post('/v1/facilities/DENTON/racks', payload, headers);
const csv = { 'content-type': 'text/csv' };

describe('POST /v1/facilities', () => {
  it('opens a facility under its code', async () => {
    const { status, headers, body } = await open({ location: 'Denton, TX' });
    expect(status).toBe(201);
    expect(headers).toMatchObject({ etag: '"0"', location: '/v1/facilities/DENTON' });
    expect(body).toEqual({ facility: 'DENTON' });
    expect(streams.events('facility-DENTON')).toEqual([
      { type: 'FacilityOpened', data: { ...denton, location: 'Denton, TX' } },
    ]);
  });

  it('refuses a code in use', async () => {
    await open();
    const { status, body } = await open();
    expect(status).toBe(409);
    expect(body).toMatchObject({
      code: 'facility/already-open',
      errors: [{ pointer: '/facility' }],
    });
  });

  it('has one outcome for a key, whatever facility the body names', async () => {
    const key = { 'idempotency-key': 'key-1' };
    const first = await open({}, key);
    expect(await open({}, key)).toMatchObject({
      status: 201,
      headers: { etag: first.headers.etag, 'idempotent-replayed': 'true' },
    });
    for (const change of [{ facility: 'MARBLE' }, { name: 'Another name' }]) {
      const reused = await open(change, key);
      expect(reused).toMatchObject({
        status: 422,
        body: { code: 'request/idempotency-key-reused' },
      });
    }
    expect(streams.events('facility-MARBLE')).toEqual([]);
  });

  it.each<[string, object]>([
    ['/facility', { facility: 'denton' }],
    ['/name', { name: '' }],
    ['/timeZone', { timeZone: 'Mars/Base' }],
    ['/timeZone', { timeZone: 'US/Pacific-New' }],
    ['/timeZone', { timeZone: '+05:00' }],
    ['/powerEnvelopeWatts', { powerEnvelopeWatts: 1.5 }],
    ['/location', { location: null }],
    ['/owner', { owner: 'me' }],
  ])('names the field that is wrong: %s', async (pointer, change) => {
    const { status, body } = await open(change);
    expect(status).toBe(400);
    const errors = body.errors as { pointer: string }[];
    expect([...new Set(errors.map((error) => error.pointer))]).toEqual([pointer]);
    expect(streams.log).toEqual([]);
  });

  it('is for operators', async () => {
    expect(await open({}, { authorization: 'Bearer commercial' })).toMatchObject({ status: 403 });
    expect(streams.log).toEqual([]);
  });
});

describe('POST /v1/facilities/{code}/racks', () => {
  beforeEach(() => open());

  it('commissions racks from JSON', async () => {
    const { status, headers, body } = await racks({ lines: [line('A-01'), line('A-02')] });
    expect(status).toBe(201);
    expect(headers.etag).toBe('"1"');
    expect(body).toEqual({ facility: 'DENTON', commissioned: 2, rejected: [] });
    expect(streams.events('rack-DENTON.A-02')).toEqual([
      { type: 'RackCommissioned', data: { facility: 'DENTON', ...line('A-02') } },
    ]);
  });

  it('commissions racks from CSV and names the line that it refuses', async () => {
    const file = 'rack,slotCount,powerLimitWatts\nA-01,100,350000\na-02,100,350000\nA-03,x,1\n';
    const { status, body } = await racks(file, csv);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      commissioned: 1,
      rejected: [
        { line: 3, column: 'rack' },
        { line: 4, column: 'slotCount' },
      ],
    });
    expect(streams.events('rack-DENTON.A-01')).toEqual([
      { type: 'RackCommissioned', data: { facility: 'DENTON', ...line('A-01') } },
    ]);
  });

  it('takes all or nothing when the rules refuse one, and names its line', async () => {
    const before = streams.log.length;
    const file = 'rack,slotCount,powerLimitWatts\nbad code,1,1\nA-01,1,1\nA-01,1,1\n';
    expect(await racks(file, csv)).toMatchObject({
      status: 422,
      body: { code: 'facility/rack-named-twice', errors: [{ line: 4, column: 'rack' }] },
    });
    expect(await racks({ lines: [line('A-01', 600_000), line('A-02', 600_000)] })).toMatchObject({
      status: 409,
      body: { code: 'facility/power-envelope-exceeded', freeWatts: 1_000_000 },
    });
    expect(streams.log).toHaveLength(before);
  });

  it('takes 2,000 racks at once, in one append on the facility, and no more', async () => {
    const lines = Array.from({ length: 2_001 }, (_, n) => line(`RACK-${n}`, 1));
    expect(await racks({ lines })).toMatchObject({
      status: 422,
      body: { code: 'facility/too-many-racks' },
    });
    const before = streams.appendCount();
    expect(await racks({ lines: lines.slice(1) })).toMatchObject({
      status: 201,
      body: { commissioned: 2_000 },
    });
    expect(streams.appendCount() - before).toBe(2_001);
  });

  it('refuses an unknown facility', async () => {
    const unknown = await post('/v1/facilities/MARBLE/racks', { lines: [line('A')] });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'facility/unknown' } });
  });

  it('asked again under its key, answers as before', async () => {
    const key = { 'idempotency-key': 'key-1' };
    await racks({ lines: [line('A-01')] }, key);
    const before = streams.log.length;
    expect(await racks({ lines: [line('A-01')] }, key)).toMatchObject({
      status: 201,
      headers: { 'idempotent-replayed': 'true' },
    });
    expect(await racks({ lines: [line('A-02')] }, key)).toMatchObject({ status: 422 });
    expect(streams.log).toHaveLength(before);
  });
});

describe('a facility in operation', () => {
  const url = '/v1/facilities/DENTON';
  const commercial = { authorization: 'Bearer commercial' };
  const documentDigest = 'd'.repeat(64);

  beforeEach(async () => {
    await post('/v1/facilities', denton);
    await post(`${url}/racks`, { lines: [line('A-01')] });
  });

  it('changes its power, as far as racks and customers need it', async () => {
    const more = { powerEnvelopeWatts: 2_000_000, cause: 'second transformer' };
    const guarded = { 'if-match': '"1"' };
    expect(await post(`${url}/power-envelope`, more, guarded)).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
      body: { facility: 'DENTON' },
    });
    const less = { powerEnvelopeWatts: 1, cause: 'none' };
    expect(await post(`${url}/power-envelope`, less)).toMatchObject({
      status: 409,
      body: { code: 'facility/power-envelope-in-use', rackLimitWatts: 350_000 },
    });
  });

  it('is derated below what its racks may draw, until it is restored', async () => {
    const cut = { powerEnvelopeWatts: 300_000, cause: 'the utility cut the feed' };
    expect(await post(`${url}/derating`, cut)).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
      body: { facility: 'DENTON', powerEnvelopeWatts: 300_000, ratedEnvelopeWatts: 1_000_000 },
    });
    expect(await post(`${url}/racks`, { lines: [line('A-02', 1)] })).toMatchObject({
      status: 409,
      body: { code: 'facility/power-envelope-exceeded', freeWatts: 0 },
    });
    expect(await post(`${url}/restoration`, {})).toMatchObject({
      status: 200,
      body: { powerEnvelopeWatts: 1_000_000, ratedEnvelopeWatts: 1_000_000 },
    });
    expect(await post(`${url}/derating`, { powerEnvelopeWatts: 1 })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/cause' }] },
    });
  });

  it('pays for energy with an exact rate', async () => {
    const rate = { ratePerKwh: '0.0450', currency: 'USD', effectiveOn: '2024-06-01' };
    expect(await post(`${url}/power-rates`, rate, commercial)).toMatchObject({ status: 200 });
    expect(
      await post(`${url}/power-rates`, { ...rate, ratePerKwh: 0.045 }, commercial),
    ).toMatchObject({ status: 400, body: { errors: [{ pointer: '/ratePerKwh' }] } });
    for (const currency of ['XXQ', 'usd']) {
      expect(await post(`${url}/power-rates`, { ...rate, currency }, commercial)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/currency' }] },
      });
    }
    expect(await post(`${url}/power-rates`, rate)).toMatchObject({ status: 403 });
  });

  it('is curtailed from an instant to an instant', async () => {
    const window = { racks: ['A-01'], cause: 'grid', startsAt: '2024-06-01T14:00:00.000Z' };
    const declared = await post(`${url}/curtailments`, window);
    expect(declared).toMatchObject({ status: 201, headers: { location: `${url}/curtailments` } });
    const id = String(declared.body.curtailmentId);
    expect(await post(`${url}/curtailments`, window)).toMatchObject({
      status: 409,
      body: { code: 'facility/curtailment-open', curtailmentId: id },
    });
    const twice = { ...window, racks: ['A-01', 'A-01'] };
    expect(await post(`${url}/curtailments`, twice)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/racks' }] },
    });
    const strange = { ...window, racks: ['A-01', 'Z-99'] };
    expect(await post(`${url}/curtailments`, strange)).toMatchObject({
      status: 422,
      body: { code: 'facility/rack-unknown', errors: [{ pointer: '/racks/1' }] },
    });
    const vague = { ...window, startsAt: '2024-06-01T14:00:00+02:00' };
    expect(await post(`${url}/curtailments`, vague)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/startsAt' }] },
    });
    const called = { cancelledAt: window.startsAt, cause: 'called off' };
    expect(await post(`${url}/curtailments/${id}/cancellation`, called)).toMatchObject({
      status: 409,
      body: { code: 'facility/curtailment-begun' },
    });
    const measurement = `${url}/curtailments/${id}/measurement`;
    const measured = { energyAvoidedWh: 1_410_000 };
    expect(await post(measurement, measured)).toMatchObject({
      status: 409,
      body: { code: 'facility/curtailment-not-ended' },
    });
    const over = { endedAt: '2024-06-01T18:00:00.000Z', energyAvoidedWh: 1_400_000 };
    expect(await post(`${url}/curtailments/${id}/end`, over)).toMatchObject({ status: 200 });
    expect(await post(measurement, measured)).toMatchObject({
      status: 409,
      body: { code: 'facility/curtailment-measured', energyAvoidedWh: 1_400_000 },
    });
    expect(await post(measurement, { ...measured, cause: 'Settled' })).toMatchObject({
      status: 200,
      body: { facility: 'DENTON' },
    });
    for (const energyAvoidedWh of [-1, 0.5]) {
      expect(await post(measurement, { energyAvoidedWh })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/energyAvoidedWh' }] },
      });
    }
    expect(await post(measurement, measured, commercial)).toMatchObject({ status: 403 });
  });

  it('is not curtailed where it was called off before', async () => {
    const window = { cause: 'grid', startsAt: '2024-06-01T14:00:00.000Z' };
    const announced = await post(`${url}/curtailments`, window);
    const id = String(announced.body.curtailmentId);
    const called = { cancelledAt: '2024-06-01T12:00:00.000Z', cause: 'called off' };
    expect(await post(`${url}/curtailments/${id}/cancellation`, called)).toMatchObject({
      status: 200,
    });
    expect(await post(`${url}/curtailments`, window)).toMatchObject({ status: 201 });
  });

  it('changes hands, when nothing is there', async () => {
    const from = { from: 'Celsius Mining LLC', acquiredOn: '2024-01-02', documentDigest };
    expect(await post(`${url}/acquisition`, from, commercial)).toMatchObject({ status: 200 });
    const deed = { to: 'Somebody', disposedOn: '2024-06-01', documentDigest };
    census = { machines: 3, openDeliveries: 0 };
    expect(await post(`${url}/disposal`, deed, commercial)).toMatchObject({
      status: 409,
      body: { code: 'facility/not-empty', machines: 3 },
    });
    census = { machines: 0, openDeliveries: 0 };
    expect(await post(`${url}/disposal`, deed, commercial)).toMatchObject({
      status: 202,
      headers: { location: url },
    });
    expect(await post(`${url}/racks`, { lines: [line('A-02')] })).toMatchObject({
      status: 409,
      body: { code: 'facility/disposal-begun' },
    });
  });
});

describe('a rack that is derated', () => {
  const url = '/v1/facilities/DENTON/racks/A-01';

  beforeEach(async () => {
    await post('/v1/facilities', denton);
    await post('/v1/facilities/DENTON/racks', { lines: [line('A-01')] });
  });

  it('has the lower limit until it is restored', async () => {
    const body = { powerLimitWatts: 280_000, cause: 'breaker 7 runs hot' };
    const guarded = { 'if-match': '"0"' };
    expect(await post(`${url}/derating`, body, guarded)).toMatchObject({
      status: 200,
      headers: { etag: '"1"' },
      body: { facility: 'DENTON', rack: 'A-01', powerLimitWatts: 280_000, ratedWatts: 350_000 },
    });
    expect(await post(`${url}/derating`, body, guarded)).toMatchObject({ status: 412 });
    expect(await post(`${url}/restoration`, {})).toMatchObject({
      status: 200,
      body: { powerLimitWatts: 350_000 },
    });
  });

  it('is refused what is no derating', async () => {
    const same = { powerLimitWatts: 350_000, cause: 'none' };
    expect(await post(`${url}/derating`, same)).toMatchObject({
      status: 409,
      body: { code: 'rack/not-derated', errors: [{ pointer: '/powerLimitWatts' }] },
    });
    expect(await post(`${url}/derating`, { powerLimitWatts: 1 })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/cause' }] },
    });
    const unknown = '/v1/facilities/DENTON/racks/B-01/derating';
    expect(await post(unknown, { ...same, powerLimitWatts: 1 })).toMatchObject({
      status: 404,
      body: { code: 'rack/unknown' },
    });
  });
});

it('Every refusal of the domain is in the catalogue of problems', () => {
  const domain = join(__dirname, '../domain');
  const codes = readdirSync(domain)
    .filter((file) => !file.endsWith('.spec.ts'))
    .flatMap(
      (file) => readFileSync(join(domain, file), 'utf8').match(/(rack|facility)\/[a-z-]+/g) ?? [],
    );
  expect(codes).toContain('rack/slot-taken');
  expect(codes.filter((code) => !problemCatalogue().has(code))).toEqual([]);
});
