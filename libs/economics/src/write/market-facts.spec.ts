import { requestClock } from '@hostledger/http';
import { Room } from '../economics.fixture.js';

const room = new Room();
const realNow = requestClock.now;

const epoch = {
  blockHeight: 838_656,
  difficulty: '86388558925171.02',
  effectiveAt: '2024-04-10T22:38:26.000Z',
  source: 'Bitcoin Core',
};
const next = {
  ...epoch,
  blockHeight: 840_672,
  difficulty: '88104191118793.16',
  effectiveAt: '2024-04-24T20:52:37.000Z',
};
const halving = {
  blockHeight: 840_000,
  subsidySats: 312_500_000,
  effectiveAt: '2024-04-20T00:09:27.000Z',
  source: 'Bitcoin Core',
};
const price = {
  currency: 'USD',
  price: '46994.44',
  fixedAt: '2024-04-20T00:00:00.000Z',
  source: 'CME CF BRR',
};
const corrected = {
  ...price,
  price: '64994.44',
  corrects: { revision: 0, cause: 'Digits were swapped' },
};

interface Listed {
  items: Record<string, unknown>[];
  nextCursor?: string;
}
/** The position that the first price was recorded at, and a moment before it was corrected. */
let pricedAt: string;

beforeAll(async () => {
  await room.open();
  requestClock.now = () => '2024-05-01T00:00:00.000Z';
});
afterAll(async () => {
  requestClock.now = realNow;
  await room.close();
});

describe('stating facts of the market', () => {
  it('records each in the stream of its period', async () => {
    const observed = await room.post('/v1/market/difficulty', epoch);
    expect(observed).toMatchObject({
      status: 201,
      headers: { etag: '"0"', location: '/v1/market/difficulty' },
      body: { stream: 'market-difficulty.3' },
    });
    expect(await room.post('/v1/market/difficulty', next)).toMatchObject({
      body: { stream: 'market-difficulty.4' },
    });
    expect(await room.post('/v1/market/subsidy', halving)).toMatchObject({
      status: 201,
      body: { stream: 'market-subsidy' },
    });
    const fixed = await room.post('/v1/market/prices', price);
    expect(fixed).toMatchObject({ status: 201, body: { stream: 'market-price.USD.2024-04' } });
    pricedAt = String(fixed.headers['log-position']);
  });

  it('says nothing twice', async () => {
    const before = room.streams.log.length;
    expect(await room.post('/v1/market/prices', price)).toMatchObject({
      status: 201,
      headers: { etag: '"0"' },
    });
    const key = { 'idempotency-key': 'epoch' };
    const later = {
      ...next,
      blockHeight: 842_688,
      effectiveAt: '2024-04-30T00:00:00.000Z',
    };
    expect(await room.post('/v1/market/difficulty', later, key)).toMatchObject({ status: 201 });
    expect(await room.post('/v1/market/difficulty', later, key)).toMatchObject({
      status: 201,
      headers: { 'idempotent-replayed': 'true' },
    });
    expect(room.streams.log).toHaveLength(before + 1);
  });

  it('replaces nothing without saying so, and corrects what holds', async () => {
    const { corrects, ...silent } = corrected;
    expect(await room.post('/v1/market/prices', silent)).toMatchObject({
      status: 409,
      body: { code: 'market/told-otherwise', revision: 0, value: '46994.44' },
    });
    const stale = { ...corrected, corrects: { ...corrects, revision: 1 } };
    expect(await room.post('/v1/market/prices', stale)).toMatchObject({
      status: 409,
      body: {
        code: 'market/correction-outdated',
        errors: [{ pointer: '/corrects/revision' }],
      },
    });
    const ifMatch = { 'if-match': '"7"' };
    expect(await room.post('/v1/market/prices', corrected, ifMatch)).toMatchObject({ status: 412 });
    expect(await room.post('/v1/market/prices', corrected)).toMatchObject({
      status: 201,
      headers: { etag: '"1"' },
    });
    expect(room.streams.events('market-price.USD.2024-04')).toEqual([
      { type: 'PriceFixed', data: price },
      { type: 'PriceFixed', data: corrected },
    ]);
  });

  it.each([
    ['difficulty', { ...epoch, blockHeight: 840_000 }, 422, 'market/not-an-epoch'],
    ['difficulty', { ...epoch, blockHeight: -2_016 }, 400, 'request/invalid'],
    ['difficulty', { ...epoch, difficulty: 86_388_558_925_171 }, 400, 'request/invalid'],
    ['difficulty', { ...epoch, difficulty: '0.00' }, 400, 'request/invalid'],
    ['difficulty', { ...epoch, difficulty: '1e14' }, 400, 'request/invalid'],
    ['difficulty', { ...epoch, corrects: null }, 400, 'request/invalid'],
    ['difficulty', { ...epoch, corrects: {} }, 400, 'request/invalid'],
    ['difficulty', { ...epoch, note: 'more' }, 400, 'request/invalid'],
    [
      'difficulty',
      { ...epoch, blockHeight: 836_640, effectiveAt: '2024-04-12T00:00:00.000Z' },
      409,
      'market/out-of-order',
    ],
    ['subsidy', { ...halving, subsidySats: 625_000_000 }, 422, 'market/not-the-subsidy'],
    ['subsidy', { ...halving, blockHeight: 840_672 }, 422, 'market/not-a-halving'],
    ['subsidy', { ...halving, effectiveAt: '2024-04-20' }, 400, 'request/invalid'],
    ['prices', { ...price, fixedAt: '2024-05-01T00:00:00.001Z' }, 409, 'market/not-come'],
    ['prices', { ...price, fixedAt: '2009-01-03T18:15:04.999Z' }, 422, 'market/before-bitcoin'],
    ['prices', { ...price, fixedAt: '0000-01-01T00:00:00.000Z' }, 400, 'request/invalid'],
    ['prices', { ...price, currency: 'XXY' }, 400, 'request/invalid'],
    ['prices', { ...price, price: '-1' }, 400, 'request/invalid'],
    ['prices', { ...corrected, currency: 'EUR' }, 409, 'market/nothing-to-correct'],
  ])('refuses for %s what is wrong: %#', async (list, body, status, code) => {
    const before = room.streams.log.length;
    expect(await room.post(`/v1/market/${list}`, body)).toMatchObject({ status, body: { code } });
    expect(room.streams.log).toHaveLength(before);
  });

  it('is for commercial people', async () => {
    const auditor = { authorization: 'Bearer auditor' };
    expect(await room.post('/v1/market/prices', price, auditor)).toMatchObject({ status: 403 });
  });
});

describe('the lists of the market', () => {
  beforeAll(() => room.catchUp());
  const list = async (url: string): Promise<Listed> => {
    const { status, body } = await room.get<Listed>(`/v1/market/${url}`);
    expect(status).toBe(200);
    return body;
  };

  it('tell what holds, the latest first, with the event that says so', async () => {
    const { items } = await list('difficulty');
    expect(items.map(({ blockHeight }) => blockHeight)).toEqual([842_688, 840_672, 838_656]);
    expect(items[1]).toMatchObject({
      ...next,
      statedBy: 'ada',
      recorded: { revision: 0, position: '200', eventId: expect.any(String) as string },
    });
    expect(await list('subsidy')).toMatchObject({ items: [halving] });
    expect((await list('prices')).items).toMatchObject([corrected]);
  });

  it('tell what was in force at an instant', async () => {
    const epochs = async (asOf: string) => {
      const { items } = await list(`difficulty?asOf=${asOf}&limit=1`);
      return items.map(({ blockHeight }) => blockHeight);
    };
    expect(await epochs('2024-04-24')).toEqual([840_672]);
    expect(await epochs('2024-04-24T20:52:37Z')).toEqual([840_672]);
    expect(await epochs('2024-04-24T20:52:36Z')).toEqual([838_656]);
    expect(await epochs('2024-04-10T22:38:25Z')).toEqual([]);
    expect(await epochs('1000-01-01')).toEqual([]);
  });

  it('tell what was known before a correction, and both when asked', async () => {
    expect((await list(`prices?knownAt=${pricedAt}`)).items).toMatchObject([price]);
    expect((await list(`prices?knownAt=${Number(pricedAt) - 1}`)).items).toEqual([]);
    expect((await list('prices?knownAt=9999999999999999999')).items).toMatchObject([corrected]);
    expect((await list('prices?knownAt=2024-04-30T23:59:59Z')).items).toEqual([]);
    expect((await list('prices?knownAt=2024-05-01T00:00:00Z')).items).toMatchObject([corrected]);
    const { items } = await list('prices?withCorrected=true');
    expect(items).toMatchObject([corrected, { ...price, corrected: true }]);
    expect(items[0]).not.toHaveProperty('corrected');
  });

  it('come in pages', async () => {
    const first = await list('difficulty?limit=2');
    expect(first.items).toHaveLength(2);
    const rest = await list(`difficulty?limit=2&cursor=${first.nextCursor}`);
    expect(rest).toMatchObject({ items: [epoch] });
    expect(rest).not.toHaveProperty('nextCursor');
  });

  it.each([
    ...['asOf=yesterday', 'asOf=2024-02-30', 'asOf=0000-01-01', 'knownAt=-1'],
    ...['knownAt=0000-01-01T00:00Z', 'withCorrected=1', 'limit=0'],
  ])('refuse %s', async (query) => {
    expect(await room.get(`/v1/market/prices?${query}`)).toMatchObject({ status: 400 });
  });

  it('are those of one currency when asked', async () => {
    expect((await list('prices?currency=EUR')).items).toEqual([]);
    expect((await list('prices?currency=USD')).items).toHaveLength(1);
  });
});
