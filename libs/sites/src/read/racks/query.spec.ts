import { serveQueries } from '../queries.fixture.js';

let served: Awaited<ReturnType<typeof serveQueries>>;

beforeAll(async () => {
  served = await serveQueries();
});

afterAll(() => served.close());

const get = (url: string) => served.get(url);

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
  ['/v1/facilities/NOWHERE/racks', 404, 'facility/unknown'],
  ['/v1/facilities/NOWHERE/reservations', 404, 'facility/unknown'],
  ['/v1/facilities/DENTON/reservations?expiresBefore=2024', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/racks?minFreeWatts=much', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/racks?derated=1', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/racks?derated=0', 400, 'request/invalid'],
  ['/v1/facilities/DENTON/racks/Z', 404, 'rack/unknown'],
  ['/v1/facilities/DENTON/racks/a', 400, 'request/invalid'],
])('%s is refused with %i %s', async (url, status, code) => {
  expect(await get(url)).toMatchObject({ status, body: { code } });
});
