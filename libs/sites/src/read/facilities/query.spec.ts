import { requestClock } from '@hostledger/http';
import { facility, serveQueries } from '../queries.fixture.js';

let served: Awaited<ReturnType<typeof serveQueries>>;

beforeAll(async () => {
  served = await serveQueries();
});

afterAll(() => served.close());

afterEach(() => jest.restoreAllMocks());

const get = (url: string) => served.get(url);

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

it.each([
  ['/v1/facilities/NOWHERE', 404, 'facility/unknown'],
  ['/v1/facilities/NOWHERE/allocations', 404, 'facility/unknown'],
  ['/v1/facilities/DENTON/curtailments?open=1', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/curtailments?at=2024', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/curtailments?at=2024-W05-1', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/curtailments?at=2024-02-30T00:00:00.000Z', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/curtailments?at=2024-06-01T24:00:00.000Z', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/curtailments?at=0000-01-01T00:00:00.000Z', 400, 'request/invalid'],
  ['/v1/facilities/denton', 400, 'request/invalid'],
])('%s is refused with %i %s', async (url, status, code) => {
  expect(await get(url)).toMatchObject({ status, body: { code } });
});
