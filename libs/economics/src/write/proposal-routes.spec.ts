import { deriveId } from '@hostledger/eventsourcing';
import { request, twoSites, World } from '../process/proposals.fixture.js';

// From the request to plan against actual, over HTTP, by two subjects.

const world = new World();
const bob = { authorization: 'Bearer bob:commercial' };
const post = (url: string, body: object = {}, headers?: Record<string, string>) =>
  world.call('POST', url, body, headers);
const get = (url: string) => world.call('GET', url);

beforeAll(async () => {
  await world.open();
  await twoSites(world);
  await world.machine('STOREDMACHINE', 'CHEAP');
  await world.rack('CHEAP', 'C2', 1, 4_000);
  await world.catchUp();
});
afterAll(() => world.close());

let proposalId: string;
let relocationId: string;

describe('a proposal', () => {
  it('is asked for by operators, once', async () => {
    const body = { ...request, candidates: 'all' };
    expect(await post('/relocation-proposals', body, bob)).toMatchObject({ status: 403 });
    const key = { 'idempotency-key': 'ask-1' };
    const asked = await post('/relocation-proposals', body, key);
    expect(asked).toMatchObject({ status: 202, headers: { etag: '"0"' } });
    proposalId = String(asked.body.proposalId);
    expect(asked.headers.location).toBe(`/v1/relocation-proposals/${proposalId}`);
    const again = await post('/relocation-proposals', body, key);
    expect(again).toMatchObject({
      status: 202,
      body: { proposalId },
      headers: { 'idempotent-replayed': 'true' },
    });
    const other = await post('/relocation-proposals', { ...body, maxMoves: 1 }, key);
    expect(other).toMatchObject({ status: 422, body: { code: 'request/idempotency-key-reused' } });
  });

  it('is being computed until it is answered', async () => {
    await world.catchUp();
    const { status, body } = await get(`/relocation-proposals/${proposalId}`);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        state: 'requested',
        requestedBy: 'ana',
        asked: { candidates: 'all', holdHours: 168 },
      },
    });
    expect(body).not.toHaveProperty('expected');
    expect(body).not.toHaveProperty('actual');
  });

  it('tells what its moves bring, how far from the best that is, and from what it was computed', async () => {
    await world.answered();
    const { headers, body } = await get(`/relocation-proposals/${proposalId}`);
    expect(headers.etag).toBe('"2"');
    relocationId = String(body.relocationId);
    // The stored machine earns 5.6227 a day for 89 5/6 days, less 15: it takes one of the three slots.
    expect(body).toMatchObject({
      state: 'proposed',
      currency: 'USD',
      expected: { moves: 3, value: '1028.0126', bound: '1028.0126', gapPercent: '0.0000' },
      inputs: { machines: 3, conditions: { price: { value: '60000', origin: 'recorded' } } },
      routes: [
        { from: 'DEAR', to: 'CHEAP', moves: 2, value: '537.9094', completed: 0 },
        { from: 'CHEAP', to: 'CHEAP', moves: 1, value: '490.1032' },
      ],
      actual: { relocationId, status: 'planned', completed: 0, open: 3, openValue: '1028.0126' },
    });
    const gains = await get(`/relocation-proposals/${proposalId}/gains?limit=1`);
    expect(gains.body.items).toMatchObject([
      { firstMove: 1, moves: 1, from: 'CHEAP', standing: 'stored', gainPerDay: '5.6227' },
    ]);
    const next = `?cursor=${String(gains.body.nextCursor)}`;
    expect(
      (await get(`/relocation-proposals/${proposalId}/gains${next}`)).body.items,
    ).toMatchObject([{ firstMove: 2, moves: 2, from: 'DEAR', movingCost: '60.00' }]);
    expect((await get(`/relocation-plans/${relocationId}`)).body).toMatchObject({
      plannedBy: 'ana',
      status: 'planned',
      moves: 3,
    });
  });

  it('is approved by another subject than who asked for it', async () => {
    const approval = `/relocation-plans/${relocationId}/approval`;
    const ana = { authorization: 'Bearer ana:commercial' };
    expect(await post(approval, {}, ana)).toMatchObject({
      status: 403,
      body: { code: 'relocation/own-plan' },
    });
    expect(await post(approval, {}, bob)).toMatchObject({ status: 200, body: { moves: 3 } });
  });

  it('is told against what became of it', async () => {
    await world.carryOut();
    expect((await get(`/relocation-proposals/${proposalId}`)).body).toMatchObject({
      actual: {
        status: 'approved',
        approvedBy: 'bob',
        completed: 1,
        completedValue: '490.1032',
        open: 2,
        openValue: '537.9094',
      },
    });
    await world.report('relocationDeparture', relocationId, ['DEARMACHINE1']);
    await world.report('relocationArrival', relocationId, ['DEARMACHINE1']);
    await post(`/relocation-plans/${relocationId}/cancellation`, { cause: 'The rate rose' });
    await world.carryOut('2024-05-02T12:00:00.000Z');
    const { body } = await get(`/relocation-proposals/${proposalId}`);
    expect(body).toMatchObject({
      actual: {
        status: 'cancelled',
        completed: 2,
        completedValue: '759.0579',
        aborted: 1,
        abortedValue: '268.9547',
        open: 0,
        openValue: '0.00',
        abortedFor: [{ code: 'relocation/cancelled', moves: 1 }],
        completedAt: '2024-05-02T12:00:00.000Z',
        secondsToComplete: 86_400,
      },
      routes: [{ from: 'DEAR', completed: 1, aborted: 1 }, { completed: 1 }],
    });
  });

  it('that finds nothing worth moving says so plainly', async () => {
    const dear = { ...request, movingCost: { within: '15.00', between: '9999.00' } };
    const { body } = await post('/relocation-proposals', dear);
    await world.answered();
    const found = await get(`/relocation-proposals/${String(body.proposalId)}`);
    expect(found.body).toMatchObject({
      state: 'failed',
      failure: {
        code: 'proposal/nothing-to-gain',
        message: 'No move brings more than it costs',
      },
      inputs: { machines: 1 },
      routes: [],
    });
    const failed = await get('/relocation-proposals?state=failed');
    expect(failed.body.items).toMatchObject([{ proposalId: body.proposalId }]);
    const all = await get('/relocation-proposals?limit=1');
    expect(all.body.items).toMatchObject([{ proposalId: body.proposalId }]);
    const earlier = await get(`/relocation-proposals?cursor=${String(all.body.nextCursor)}`);
    expect(earlier.body.items).toMatchObject([{ proposalId }]);
    expect((await get('/relocation-proposals?reference=OTHER')).body.items).toEqual([]);
  });
});

describe('what is refused', () => {
  it.each<[string, object]>([
    ['/horizonDays', { horizonDays: 0 }],
    ['/currency', { currency: 'usd' }],
    ['/movingCost', { movingCost: undefined }],
    ['/movingCost/between', { movingCost: { within: '1.00', between: '-5' } }],
    ['/downtimeHours/within', { downtimeHours: { within: 1.5, between: 48 } }],
    ['/candidates', { candidates: 'none' }],
    ['/scope/facilities', { scope: { facilities: ['dear'] } }],
    ['/scope/facilities', { scope: { facilities: [] } }],
    ['/scope/contracts', { scope: { contracts: ['HA-1'] } }],
    ['/destinations', { destinations: ['CHEAP', 'CHEAP'] }],
    ['/rates/0/ratePerKwh', { rates: [{ facility: 'CHEAP', ratePerKwh: 0.03 }] }],
    ['/conditions/difficulty', { conditions: { difficulty: '0' } }],
    ['/conditions/subsidySats', { conditions: { subsidySats: -1 } }],
    ['/conditions/poolFeePercent', { conditions: { poolFeePercent: '101' } }],
    ['/conditions/hashprice', { conditions: { hashprice: '47' } }],
    ['/maxMoves', { maxMoves: 0 }],
    ['/minimumGain', { minimumGain: 12 }],
    ['/holdHours', { holdHours: 100_000 }],
  ])('a request of the wrong form: %s', async (pointer, change) => {
    const before = world.streams.log.length;
    const { status, body } = await post('/relocation-proposals', { ...request, ...change });
    expect(status).toBe(400);
    const errors = body.errors as { pointer: string }[];
    expect([...new Set(errors.map((error) => error.pointer))]).toEqual([pointer]);
    expect(world.streams.log).toHaveLength(before);
  });

  it('a machine that would not run again within the horizon', async () => {
    const change = { horizonDays: 1, downtimeHours: { within: 4, between: 25 } };
    expect(await post('/relocation-proposals', { ...request, ...change })).toMatchObject({
      status: 422,
      body: {
        code: 'proposal/downtime-too-long',
        errors: [{ pointer: '/downtimeHours/between' }],
      },
    });
  });

  it('a proposal that nobody asked for', async () => {
    const url = `/relocation-proposals/${deriveId('?')}`;
    expect(await get(url)).toMatchObject({ status: 404, body: { code: 'proposal/unknown' } });
    expect(await get(`${url}/gains`)).toMatchObject({ status: 404 });
  });
});
