import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { AUTHENTICATORS, configureHttp, DENIAL_OBSERVER, fastifyAdapter } from '@hostledger/http';
import { readModelsOf, recorded } from '@hostledger/testing';
import type { FacilityEvent } from '../domain/facility.js';
import type { RackEvent } from '../domain/rack.js';
import '../http/problems.js';
import { facilitiesProjection } from './facilities/projection.js';
import { facilitiesQuery } from './facilities/query.js';
import { racksProjection } from './racks/projection.js';
import { racksQuery } from './racks/query.js';

const opened = (facility: string): FacilityEvent => ({
  type: 'FacilityOpened',
  data: {
    facility,
    name: `Site ${facility}`,
    timeZone: 'America/Chicago',
    powerEnvelopeWatts: 3_000_000_000,
  },
});
const facility = 'DENTON';
const plans = ['A', 'B', 'C'].map((rack) => ({ rack, slotCount: 3, powerLimitWatts: 10_000 }));
const use = (slot: number) => ({
  facility,
  rack: 'A',
  slot,
  reservationId: `reservation-${slot}`,
  serial: `SERIAL${slot}`,
  powerWatts: 3_247,
});
const rackA: RackEvent[] = [
  { type: 'RackCommissioned', data: { facility, ...plans[0]! } },
  { type: 'SlotReserved', data: { ...use(1), expiresAt: '2024-06-01T00:15:00.000Z' } },
  { type: 'SlotReserved', data: { ...use(3), expiresAt: '2024-06-01T00:15:00.000Z' } },
  { type: 'SlotOccupied', data: use(1) },
];
const log = [
  ...recorded(`facility-${facility}`, [
    opened(facility),
    { type: 'RackPowerCommitted', data: { facility, racks: plans } },
  ]),
  ...recorded(`rack-${facility}.A`, rackA),
  ...['MARBLE', 'DALTON'].flatMap((code) => recorded(`facility-${code}`, [opened(code)])),
].map((event, index) => ({ ...event, position: BigInt(index + 1) * 100n }));

let app: NestFastifyApplication;
let close: () => Promise<void>;

beforeAll(async () => {
  const projections = [facilitiesProjection, racksProjection];
  const filled = await readModelsOf(projections, log);
  close = filled.close;
  const authenticate = () => Promise.resolve({ subject: 'ada', roles: ['auditor'] });
  const built = await Test.createTestingModule({
    controllers: [...facilitiesQuery.controllers, ...racksQuery.controllers],
    providers: [
      { provide: ReadModels, useValue: filled.readModels },
      { provide: AUTHENTICATORS, useValue: [{ authenticate }] },
      { provide: DENIAL_OBSERVER, useValue: () => undefined },
    ],
  }).compile();
  app = built.createNestApplication<NestFastifyApplication>(fastifyAdapter(), {
    bodyParser: false,
    logger: false,
  });
  await configureHttp(app, { requestsPerMinute: 0 });
  await app.init();
});

afterAll(async () => {
  await app.close();
  await close();
});

const get = async (url: string) => {
  const headers = { authorization: 'Bearer any' };
  const { statusCode: status, headers: sent, body } = await app.inject({ url, headers });
  return { status, headers: sent, body: JSON.parse(body) as Record<string, unknown> };
};

it('A facility tells its power, racks, slots and what was promised, and where it is true', async () => {
  const { status, headers, body } = await get('/v1/facilities/DENTON');
  expect(status).toBe(200);
  expect(headers).toMatchObject({ etag: '"1"', 'log-position': '800' });
  expect(body).toEqual({
    facility,
    name: 'Site DENTON',
    timeZone: 'America/Chicago',
    openedAt: '2024-06-01T00:00:00.000Z',
    powerEnvelopeWatts: 3_000_000_000,
    racks: { count: 3, inService: 1, powerLimitWatts: 30_000, freeWatts: 2_999_970_000 },
    capacity: { committedUnits: 0, committedWatts: 0, freeWatts: 3_000_000_000 },
    slots: {
      total: 3,
      reserved: 1,
      occupied: 1,
      free: 1,
      reservedWatts: 3_247,
      occupiedWatts: 3_247,
      freeWatts: 3_506,
    },
  });
});

it('Facilities are listed by code, page by page', async () => {
  const first = await get('/v1/facilities?limit=2');
  const codes = ({ body }: typeof first) =>
    (body.items as { facility: string }[]).map((item) => item.facility);
  expect(codes(first)).toEqual(['DALTON', 'DENTON']);
  const next = await get(`/v1/facilities?limit=2&cursor=${String(first.body.nextCursor)}`);
  expect(codes(next)).toEqual(['MARBLE']);
  expect(next.body.nextCursor).toBeUndefined();
});

it('Racks are listed by code, page by page, planned ones too', async () => {
  const first = await get('/v1/facilities/DENTON/racks?limit=2');
  expect(first.body.items).toMatchObject([
    { rack: 'A', status: 'inService', powerLimitWatts: 10_000, slots: { total: 3, free: 1 } },
    { rack: 'B', status: 'planned', slots: { total: 3, free: 3, freeWatts: 10_000 } },
  ]);
  const cursor = String(first.body.nextCursor);
  const next = await get(`/v1/facilities/DENTON/racks?limit=2&cursor=${cursor}`);
  expect(next.body.items).toMatchObject([{ rack: 'C' }]);
});

it('A rack tells all its slots', async () => {
  const { headers, body } = await get('/v1/facilities/DENTON/racks/A');
  expect(headers.etag).toBe('"3"');
  expect(body.places).toEqual([
    {
      slot: 1,
      status: 'occupied',
      serial: 'SERIAL1',
      powerWatts: 3_247,
      reservationId: 'reservation-1',
      since: '2024-06-01T00:00:03.000Z',
    },
    { slot: 2, status: 'free' },
    {
      slot: 3,
      status: 'reserved',
      serial: 'SERIAL3',
      powerWatts: 3_247,
      reservationId: 'reservation-3',
      since: '2024-06-01T00:00:02.000Z',
      expiresAt: '2024-06-01T00:15:00.000Z',
    },
  ]);
});

it.each([
  ['/v1/facilities/NOWHERE', 404, 'facility/unknown'],
  ['/v1/facilities/NOWHERE/racks', 404, 'facility/unknown'],
  ['/v1/facilities/DENTON/racks/Z', 404, 'rack/unknown'],
  ['/v1/facilities/denton', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/racks/a', 400, 'request/invalid'],
])('%s is refused with %i %s', async (url, status, code) => {
  expect(await get(url)).toMatchObject({ status, body: { code } });
});
