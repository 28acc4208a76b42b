import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { requestClock } from '@hostledger/http';
import { readModelsOf, recorded } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import type { FacilityEvent } from '../domain/facility.js';
import type { RackEvent } from '../domain/rack.js';
import '../http/problems.js';
import { facilitiesProjection } from './facilities/projection.js';
import { facilitiesQuery } from './facilities/query.js';
import { racksProjection } from './racks/projection.js';
import { racksQuery } from './racks/query.js';

const opened = (facility: string, timeZone = 'America/Chicago'): FacilityEvent => ({
  type: 'FacilityOpened',
  data: {
    facility,
    name: `Site ${facility}`,
    timeZone,
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
const hot = { facility: 'MARBLE', rack: 'HOT', slotCount: 3, powerLimitWatts: 10_000 };
const atHot = (slot: number) => ({ ...use(slot), facility: 'MARBLE', rack: 'HOT' });
const rackHot: RackEvent[] = [
  { type: 'RackCommissioned', data: hot },
  ...[1, 2].flatMap((slot): RackEvent[] => [
    { type: 'SlotReserved', data: { ...atHot(slot), expiresAt: '2024-06-01T00:15:00.000Z' } },
    { type: 'SlotOccupied', data: atHot(slot) },
  ]),
  {
    type: 'SlotPowerChanged',
    data: {
      ...atHot(2),
      powerWatts: 4_000,
      fromWatts: 3_247,
      changeId: 'change-1',
      profile: 'turbo',
      hashrateGhs: 170_000,
    },
  },
  {
    type: 'RackDerated',
    data: {
      facility: 'MARBLE',
      rack: 'HOT',
      powerLimitWatts: 6_000,
      fromWatts: 10_000,
      ratedWatts: 10_000,
      cause: 'heat',
      expectedUntil: '2024-06-02T00:00:00.000Z',
    },
  },
];
const cool = { ...hot, rack: 'COOL' };
const grid = {
  facility: 'DALTON',
  curtailmentId: 'curtailment-1',
  scope: { kind: 'racks', racks: ['A'] },
  cause: 'grid',
  startsAt: '2024-06-01T14:00:00.000Z',
} as const;
const energyRate = {
  facility: 'DALTON',
  ratePerKwh: '0.0450',
  currency: 'USD',
  effectiveOn: '2024-06-01',
};
const deed = {
  facility: 'DALTON',
  disposalId: 'disposal-1',
  to: 'Somebody',
  disposedOn: '2024-07-01',
  documentDigest: 'd'.repeat(64),
};
const dalton: FacilityEvent[] = [
  {
    type: 'PowerEnvelopeChanged',
    data: {
      facility: 'DALTON',
      fromWatts: 3_000_000_000,
      powerEnvelopeWatts: 4_000_000_000,
      cause: 'more',
    },
  },
  { type: 'PowerRateFixed', data: { ...energyRate, effectiveOn: '2024-01-01' } },
  { type: 'PowerRateFixed', data: energyRate },
  { type: 'PowerRateFixed', data: { ...energyRate, ratePerKwh: '0.0440' } },
  { type: 'PowerRateFixed', data: { ...energyRate, effectiveOn: '9000-01-01' } },
  { type: 'CurtailmentDeclared', data: grid },
  {
    type: 'CurtailmentDeclared',
    data: {
      ...grid,
      curtailmentId: 'curtailment-2',
      scope: { kind: 'facility' },
      cause: 'economic',
      startsAt: '2024-06-02T14:00:00.000Z',
    },
  },
  {
    type: 'CurtailmentEnded',
    data: {
      facility: 'DALTON',
      curtailmentId: 'curtailment-1',
      endedAt: '2024-06-01T18:00:00.000Z',
      energyAvoidedWh: 1_400_000,
    },
  },
  {
    type: 'CurtailmentMeasured',
    data: {
      facility: 'DALTON',
      curtailmentId: 'curtailment-1',
      energyAvoidedWh: 1_410_000,
      cause: 'Settled',
    },
  },
  {
    type: 'CurtailmentDeclared',
    data: {
      ...grid,
      curtailmentId: 'curtailment-3',
      cause: 'maintenance',
      startsAt: '2024-06-01T14:30:00.000Z',
    },
  },
  {
    type: 'CurtailmentCancelled',
    data: {
      facility: 'DALTON',
      curtailmentId: 'curtailment-3',
      cancelledAt: '2024-06-01T14:00:00.000Z',
      cause: 'crew is late',
    },
  },
  {
    type: 'FacilityAcquired',
    data: {
      facility: 'DALTON',
      from: 'Celsius Mining LLC',
      acquiredOn: '2024-01-02',
      documentDigest: 'd'.repeat(64),
    },
  },
  { type: 'DisposalBegan', data: deed },
  {
    type: 'DisposalAbandoned',
    data: { facility: 'DALTON', disposalId: 'disposal-1', reason: '1 machines are there' },
  },
  { type: 'DisposalBegan', data: { ...deed, disposalId: 'disposal-2' } },
  { type: 'FacilityDisposed', data: { ...deed, disposalId: 'disposal-2' } },
];
/** A rack of a site that was disposed of. */
const gone = { facility: 'DALTON', rack: 'GONE', slotCount: 3, powerLimitWatts: 10_000 };
const ofDisposal = (disposalId: string) => ({ facility: 'DALTON', rack: 'GONE', disposalId });
const log = [
  ...recorded(`facility-${facility}`, [
    opened(facility),
    { type: 'RackPowerCommitted', data: { facility, racks: plans } },
  ]),
  ...recorded(`rack-${facility}.A`, rackA),
  ...['MARBLE', 'DALTON'].flatMap((code) => recorded(`facility-${code}`, [opened(code)])),
  ...recorded('facility-MARBLE', [
    { type: 'RackPowerCommitted', data: { facility: 'MARBLE', racks: [hot, cool] } },
  ] satisfies FacilityEvent[]),
  ...recorded('rack-MARBLE.HOT', rackHot),
  ...recorded('facility-WEAK', [
    opened('WEAK'),
    {
      type: 'RackPowerCommitted',
      data: { facility: 'WEAK', racks: [{ ...hot, facility: 'WEAK' }] },
    },
    {
      type: 'FacilityDerated',
      data: {
        facility: 'WEAK',
        powerEnvelopeWatts: 4_000,
        fromWatts: 3_000_000_000,
        ratedWatts: 3_000_000_000,
        cause: 'the utility cut the feed',
        expectedUntil: '2024-06-03T00:00:00.000Z',
      },
    },
  ] as FacilityEvent[]),
  ...recorded('rack-WEAK.HOT', [
    { type: 'RackCommissioned', data: { ...hot, facility: 'WEAK' } },
    {
      type: 'SlotReserved',
      data: { ...atHot(1), facility: 'WEAK', expiresAt: '2024-06-01T00:15:00.000Z' },
    },
  ] as RackEvent[]),
  ...recorded('rack-MARBLE.COOL', [{ type: 'RackCommissioned', data: cool }] as RackEvent[]),
  // As many units as orders for power alone may name, and slots of racks of the largest size.
  ...recorded('facility-VAST', [
    opened('VAST'),
    ...Array.from({ length: 300 }, (_, n): FacilityEvent => ({
      type: 'CapacityCommitted',
      data: {
        facility: 'VAST',
        allocationId: `allocation-${n}`,
        contractId: `contract-${n % 2}`,
        customerId: 'customer-1',
        orderId: 'order-1',
        units: 10_000_000,
        powerWatts: 10_000_000,
        effectiveOn: '2024-06-01',
      },
    })),
    ...[
      { allocationId: 'allocation-0', units: 4_000_000, powerWatts: 1, reductionId: 'reduction-1' },
      { allocationId: 'allocation-1', units: 10_000_000, powerWatts: 10_000_000 },
      {
        allocationId: 'allocation-10',
        units: 10_000_000,
        powerWatts: 10_000_000,
        reductionId: 'reduction-2',
      },
    ].map((given): FacilityEvent => ({
      type: 'CapacityReleased',
      data: { facility: 'VAST', ...given, cause: 'given back' },
    })),
  ]),
  // Written before such names were refused.
  ...[
    ['PECOS', 'US/Pacific-New'],
    ['OFFSET', '+05:00'],
    ['LINE', 'Pacific/Kiritimati'],
  ].flatMap(([code, timeZone]) =>
    recorded(`facility-${code!}`, [
      opened(code!, timeZone),
      ...['2024-06-09', '2024-06-10', '2024-06-11'].map((effectiveOn): FacilityEvent => ({
        type: 'PowerRateFixed',
        data: { facility: code!, ratePerKwh: '0.05', currency: 'USD', effectiveOn },
      })),
    ]),
  ),
  ...recorded('facility-DALTON', [
    { type: 'RackPowerCommitted', data: { facility: 'DALTON', racks: [gone] } },
  ] as FacilityEvent[]),
  ...recorded('rack-DALTON.GONE', [
    { type: 'RackCommissioned', data: gone },
    { type: 'RackClosed', data: ofDisposal('disposal-1') },
    { type: 'RackReopened', data: ofDisposal('disposal-1') },
    { type: 'RackClosed', data: ofDisposal('disposal-2') },
  ] as RackEvent[]),
  ...recorded('facility-DALTON', dalton),
].map((event, index) => ({ ...event, position: BigInt(index + 1) * 100n }));

let app: NestFastifyApplication;
let close: () => Promise<void>;

beforeAll(async () => {
  const projections = [facilitiesProjection, racksProjection];
  const filled = await readModelsOf(projections, log);
  close = filled.close;
  app = await servedRoutes({
    controllers: [...facilitiesQuery.controllers, ...racksQuery.controllers],
    providers: [{ provide: ReadModels, useValue: filled.readModels }],
  });
});

afterAll(async () => {
  await app.close();
  await close();
});

afterEach(() => jest.restoreAllMocks());

const get = async (url: string) => {
  const headers = { authorization: 'Bearer auditor' };
  const { statusCode: status, headers: sent, body } = await app.inject({ url, headers });
  return { status, headers: sent, body: JSON.parse(body) as Record<string, unknown> };
};

it('A facility tells its power, racks, slots and what was promised, and where it is true', async () => {
  const { status, headers, body } = await get('/v1/facilities/DENTON');
  expect(status).toBe(200);
  expect(headers).toMatchObject({ etag: '"1"', 'log-position': '35900' });
  expect(body).toEqual({
    facility,
    name: 'Site DENTON',
    timeZone: 'America/Chicago',
    status: 'open',
    openedAt: '2024-06-01T00:00:00.000Z',
    openCurtailments: 0,
    powerEnvelopeWatts: 3_000_000_000,
    ratedEnvelopeWatts: 3_000_000_000,
    racks: {
      count: 3,
      inService: 1,
      powerLimitWatts: 30_000,
      breachWatts: 0,
      freeWatts: 2_999_970_000,
    },
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

it('Sums go beyond what an integer holds', async () => {
  const { body } = await get('/v1/facilities/VAST');
  expect(body).toMatchObject({
    capacity: {
      committedUnits: 2_976_000_000,
      committedWatts: 2_979_999_999,
      freeWatts: 20_000_001,
    },
  });
});

it('Facilities are listed by code, page by page', async () => {
  const first = await get('/v1/facilities?limit=2');
  const codes = ({ body }: typeof first) =>
    (body.items as { facility: string }[]).map((item) => item.facility);
  expect(codes(first)).toEqual(['DALTON', 'DENTON']);
  const next = await get(`/v1/facilities?limit=2&cursor=${String(first.body.nextCursor)}`);
  expect(codes(next)).toEqual(['LINE', 'MARBLE']);
  expect(codes(await get('/v1/facilities?cursor=' + String(next.body.nextCursor)))).toEqual([
    'OFFSET',
    'PECOS',
    'VAST',
    'WEAK',
  ]);
});

it('Racks are listed by code, page by page, planned ones too', async () => {
  const first = await get('/v1/facilities/DENTON/racks?limit=2');
  expect(first.body.items).toMatchObject([
    { rack: 'A', status: 'inService', powerLimitWatts: 10_000, slots: { total: 3, free: 1 } },
    { rack: 'B', status: 'planned', slots: { total: 3, free: 0, freeWatts: 0 } },
  ]);
  const cursor = String(first.body.nextCursor);
  const next = await get(`/v1/facilities/DENTON/racks?limit=2&cursor=${cursor}`);
  expect(next.body.items).toMatchObject([{ rack: 'C' }]);
});

it('A derated rack tells by how much it is exceeded, and can be found by that', async () => {
  const { body } = await get('/v1/facilities/MARBLE/racks/HOT');
  expect(body).toMatchObject({
    powerLimitWatts: 6_000,
    ratedWatts: 10_000,
    derating: { cause: 'heat', expectedUntil: '2024-06-02T00:00:00.000Z' },
    breachWatts: 1_247,
    slots: { occupied: 2, occupiedWatts: 7_247, freeWatts: 0 },
    places: [{ powerWatts: 3_247 }, { powerWatts: 4_000 }, { status: 'free' }],
  });
  const site = await get('/v1/facilities/MARBLE');
  expect(site.body).toMatchObject({
    racks: { count: 2, inService: 2, breachWatts: 1_247 },
    // What the one uses too much is free in the other all the same.
    slots: { occupiedWatts: 7_247, freeWatts: 10_000, free: 4 },
  });
  const found = async (query: string) =>
    ((await get(`/v1/facilities/${query}`)).body.items as { rack: string }[]).map(
      ({ rack }) => rack,
    );
  expect(await found('MARBLE/racks?inBreach=true&derated=true')).toEqual(['HOT']);
  expect(await found('MARBLE/racks?derated=false')).toEqual(['COOL']);
  expect(await found('DENTON/racks?inBreach=true')).toEqual([]);
  expect(await found('DENTON/racks?minFreeWatts=3506')).toEqual(['A']);
  expect(await found('DENTON/racks?minFreeWatts=3507')).toEqual([]);
  expect(await found('MARBLE/racks?minFreeSlots=2&derated=false')).toEqual(['COOL']);
  expect(await found('DENTON/racks?status=planned')).toEqual(['B', 'C']);
  expect(await found('DENTON/racks?status=inService')).toEqual(['A']);
});

it('A derated site tells by how much it is exceeded, and has no more free than it can draw', async () => {
  const { body } = await get('/v1/facilities/WEAK');
  expect(body).toMatchObject({
    powerEnvelopeWatts: 4_000,
    ratedEnvelopeWatts: 3_000_000_000,
    derating: {
      cause: 'the utility cut the feed',
      expectedUntil: '2024-06-03T00:00:00.000Z',
      breach: { rackLimitWatts: 6_000, committedWatts: 0, usedWatts: 0 },
    },
    racks: { freeWatts: 0 },
    capacity: { freeWatts: 4_000 },
    slots: { free: 2, freeWatts: 753 },
  });
  const { body: listed } = await get('/v1/facilities?inBreach=true');
  expect(listed.items).toMatchObject([{ facility: 'WEAK' }]);
});

it('A site tells its power, its curtailments, and into whose hands it went', async () => {
  const { body } = await get('/v1/facilities/DALTON');
  expect(body).toMatchObject({
    status: 'disposed',
    powerEnvelopeWatts: 4_000_000_000,
    powerRate: { effectiveOn: '2024-06-01', ratePerKwh: '0.0440', currency: 'USD' },
    openCurtailments: 1,
    acquiredFrom: 'Celsius Mining LLC',
    acquiredOn: '2024-01-02',
    disposedTo: 'Somebody',
    disposedOn: '2024-07-01',
    racks: { count: 1, inService: 0 },
    slots: { total: 0, free: 0, freeWatts: 0 },
  });
  const closed = async (query: string) =>
    (await get(`/v1/facilities/DALTON/racks?${query}`)).body.items;
  expect(await closed('status=closed')).toMatchObject([
    { rack: 'GONE', slots: { total: 3, free: 0, freeWatts: 0 } },
  ]);
  expect(await closed('minFreeSlots=1')).toEqual([]);
  expect(await closed('minFreeWatts=1')).toEqual([]);
  expect(body).not.toHaveProperty('disposalAbandonedFor');
  const listed = await get('/v1/facilities?status=disposed');
  expect(listed.body.items).toMatchObject([
    { facility: 'DALTON', powerRate: { ratePerKwh: '0.0440' } },
  ]);
});

it.each([
  ['2024-06-10T18:59:59.999Z', { OFFSET: '2024-06-10', LINE: '2024-06-11', PECOS: '2024-06-10' }],
  ['2024-06-10T19:00:00.000Z', { OFFSET: '2024-06-11', LINE: '2024-06-11', PECOS: '2024-06-10' }],
  ['2024-06-10T06:59:59.999Z', { OFFSET: '2024-06-10', LINE: '2024-06-10', PECOS: '2024-06-09' }],
])('What energy costs at %s goes by the day of each site', async (now, days) => {
  jest.spyOn(requestClock, 'now').mockReturnValue(now);
  const listed = (await get('/v1/facilities')).body.items as {
    facility: string;
    powerRate?: { effectiveOn: string };
  }[];
  for (const [code, effectiveOn] of Object.entries(days)) {
    expect(listed.find((each) => each.facility === code)).toMatchObject({
      powerRate: { effectiveOn },
    });
    const { body } = await get(`/v1/facilities/${code}`);
    expect(body).toMatchObject({ powerRate: { effectiveOn } });
  }
});

it('What energy costs is listed by day, of several for one day the last', async () => {
  const { body } = await get('/v1/facilities/DALTON/power-rates');
  expect(body.items).toMatchObject([
    { effectiveOn: '9000-01-01' },
    { effectiveOn: '2024-06-01', ratePerKwh: '0.0440', currency: 'USD' },
    { effectiveOn: '2024-01-01', ratePerKwh: '0.0450' },
  ]);
});

it('Those who hold the capacity of a site are listed, with what is left to each', async () => {
  const { body } = await get('/v1/facilities/VAST/allocations?limit=2');
  expect(body.items).toEqual([
    {
      allocationId: 'allocation-0',
      contractId: 'contract-0',
      customerId: 'customer-1',
      orderId: 'order-1',
      units: 6_000_000,
      powerWatts: 9_999_999,
      effectiveOn: '2024-06-01',
      committedAt: '2024-06-01T00:00:01.000Z',
    },
    // Those numbered 1 and 10 were given back whole.
    expect.objectContaining({ allocationId: 'allocation-100', contractId: 'contract-0' }),
  ]);
  const cursor = String(body.nextCursor);
  const next = await get(`/v1/facilities/VAST/allocations?limit=1&cursor=${cursor}`);
  expect(next.body.items).toMatchObject([{ allocationId: 'allocation-101' }]);
});

it('Curtailments are found by rack, by instant, and by whether they are over', async () => {
  const causes = async (query: string) =>
    ((await get(`/v1/facilities/DALTON/curtailments?${query}`)).body.items as object[]).map(
      (item) => (item as { cause: string }).cause,
    );
  expect(await causes('')).toEqual(['economic', 'maintenance', 'grid']);
  expect(await causes('open=true')).toEqual(['economic']);
  expect(await causes('at=2024-06-01T15:00:00.000Z')).toEqual(['grid']);
  expect(await causes('at=2024-06-01T18:00:00.000Z')).toEqual([]);
  expect(await causes('rack=A')).toEqual(['economic', 'maintenance', 'grid']);
  expect(await causes('rack=B')).toEqual(['economic']);
  const { body } = await get('/v1/facilities/DALTON/curtailments?open=false');
  expect(body.items).toMatchObject([
    { cancelledAt: '2024-06-01T14:00:00.000Z', cancelledFor: 'crew is late' },
    { racks: ['A'], endedAt: '2024-06-01T18:00:00.000Z', energyAvoidedWh: 1_410_000 },
  ]);
});

it('Slots that are held are listed with their watts and their end', async () => {
  const { body } = await get('/v1/facilities/DENTON/reservations?rack=A');
  expect(body.items).toEqual([
    {
      rack: 'A',
      slot: 3,
      reservationId: 'reservation-3',
      serial: 'SERIAL3',
      powerWatts: 3_247,
      reservedAt: '2024-06-01T00:00:02.000Z',
      expiresAt: '2024-06-01T00:15:00.000Z',
    },
  ]);
  expect((await get('/v1/facilities/DENTON/reservations?rack=B')).body.items).toEqual([]);
  const before = async (instant: string) =>
    (await get(`/v1/facilities/DENTON/reservations?expiresBefore=${instant}`)).body.items;
  expect(await before('2024-06-01T00:15:00.000Z')).toEqual([]);
  expect(await before('2024-06-01T00:15:00.001Z')).toMatchObject([{ slot: 3 }]);
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
  ['/v1/facilities/NOWHERE/reservations', 404, 'facility/unknown'],
  ['/v1/facilities/NOWHERE/allocations', 404, 'facility/unknown'],
  ['/v1/facilities/DENTON/reservations?expiresBefore=2024', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/racks?minFreeWatts=much', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/racks?derated=1', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/racks?derated=0', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/curtailments?open=1', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/curtailments?at=2024', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/curtailments?at=2024-W05-1', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/curtailments?at=2024-02-30T00:00:00.000Z', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/curtailments?at=2024-06-01T24:00:00.000Z', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/curtailments?at=0000-01-01T00:00:00.000Z', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/racks/Z', 404, 'rack/unknown'],
  ['/v1/facilities/denton', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/racks/a', 400, 'request/invalid'],
])('%s is refused with %i %s', async (url, status, code) => {
  expect(await get(url)).toMatchObject({ status, body: { code } });
});
