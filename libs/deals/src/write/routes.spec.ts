import { deriveId } from '@hostledger/eventsourcing';
import { problemCatalogue } from '@hostledger/http';
import { DealsRoutes } from './routes.fixture.js';

// The story of Cedarvale: the site goes to Celsius for 14 million in cash and claims of 31 million.

const digest = 'd'.repeat(64);
const customerId = deriveId('celsius');
const counterparty = 'Celsius Network LLC';
const claim = { reference: 'POC 425', holder: counterparty, debtor: 'Core Scientific, Inc.' };
const cash = {
  kind: 'cash',
  direction: 'received',
  description: 'Cash at closing',
  faceAmount: '14000000.00',
};
const release = {
  kind: 'claimRelease',
  direction: 'received',
  description: 'All claims of Celsius',
  faceAmount: '31000000.00',
  claim,
};
const site = {
  kind: 'site',
  direction: 'given',
  description: 'The site at Cedarvale',
  facility: 'CEDARVALE',
};
const design = { kind: 'design', direction: 'given', description: 'Designs of the buildings' };
const proposal = {
  reference: 'CEL-CORZ-2023',
  title: 'Cedarvale for cash and claims',
  counterparty,
  customerId,
  currency: 'USD',
  timeZone: 'America/Chicago',
  proposedOn: '2023-09-14',
  documentDigest: digest,
  legs: [cash, release, site, design],
};
const approval = {
  court: 'S.D. Tex. Bankr.',
  docket: '22-90341, ECF 1259',
  orderReference: 'Order approving the settlement',
  documentDigest: digest,
  approvedOn: '2023-11-02',
};

const routes = new DealsRoutes();

beforeAll(async () => {
  await routes.open();
  await routes.register(customerId);
  for (const facility of ['CEDARVALE', 'DENTON', 'PYOTE', 'MARBLE']) {
    await routes.openFacility(facility);
  }
  for (const serial of ['MINER0001', 'MINER0002', 'MINER0003']) {
    await routes.receive(serial, customerId, 'CEDARVALE');
  }
  await routes.receive('MINER0004', customerId, 'DENTON');
});
afterAll(() => routes.close());

const propose = async (change: object = {}): Promise<string> => {
  const { status, headers, body } = await routes.post('/settlements', { ...proposal, ...change });
  expect(status).toBe(201);
  expect(headers).toMatchObject({
    location: `/v1/settlements/${String(body.settlementId)}`,
    'log-position': expect.stringMatching(/^\d+$/) as string,
  });
  return `/settlements/${String(body.settlementId)}`;
};
const codeOf = ({ status, body }: { status: number; body: Record<string, unknown> }) => {
  expect(problemCatalogue().get(String(body.code))?.status).toBe(status);
  return `${status} ${String(body.code)}`;
};

describe('what is refused', () => {
  it.each<[string, object]>([
    ['no legs', { legs: [] }],
    ['a leg of no kind', { legs: [{ ...cash, kind: 'shares' }] }],
    ['a leg in no direction', { legs: [{ ...cash, direction: 'both' }] }],
    ['an amount as a number', { legs: [{ ...cash, faceAmount: 14_000_000 }] }],
    ['a negative amount', { legs: [{ ...cash, faceAmount: '-1.00' }] }],
    ['a claim of nobody', { legs: [{ ...release, claim: { ...claim, holder: '' } }] }],
    ['a claim that is a text', { legs: [{ ...release, claim: 'POC 425' }] }],
    ['a claim that is a list', { legs: [{ ...release, claim: [] }] }],
    ['a claim that is null', { legs: [{ ...release, claim: null }] }],
    ['a leg that is null', { legs: [null] }],
    ['a leg that is a list', { legs: [[]] }],
    ['legs that are no list', { legs: cash }],
    ['a site by no code', { legs: [{ ...site, facility: 'cedarvale' }] }],
    ['no currency', { currency: 'USDT' }],
    ['no time zone', { timeZone: '+05:00' }],
    ['no day of the calendar', { proposedOn: '2023-02-30' }],
    ['no digest', { documentDigest: 'D'.repeat(64) }],
    ['what nobody asks for', { proposedBy: 'bob' }],
    ['more legs than there are', { legs: Array.from({ length: 101 }, () => cash) }],
  ])('%s is no proposal', async (_, change) => {
    const answer = await routes.post('/settlements', { ...proposal, ...change });
    expect(codeOf(answer)).toBe('400 request/invalid');
  });

  it.each<[string, string, object]>([
    ['422 settlement/leg-unsound', '/legs/0/claim', { legs: [{ ...cash, claim }] }],
    ['422 settlement/nothing', '/legs/0/faceAmount', { legs: [{ ...cash, faceAmount: '0.00' }] }],
    ['422 settlement/leg-repeated', '/legs/1/claim', { legs: [release, release] }],
    ['404 facility/unknown', '/legs/0/facility', { legs: [{ ...site, facility: 'NOWHERE' }] }],
    ['404 customer/unknown', '/customerId', { customerId: deriveId('nobody') }],
    ['409 settlement/act-in-future', '/proposedOn', { proposedOn: '2999-01-01' }],
  ])('%s at %s', async (code, pointer, change) => {
    const answer = await routes.post('/settlements', { ...proposal, ...change });
    expect(codeOf(answer)).toBe(code);
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });

  it('whoever only reads, and settlements and legs that are not there', async () => {
    const read = { authorization: 'Bearer eve:auditor' };
    const denied = await routes.call('POST', '/settlements', proposal, read);
    expect(denied.status).toBe(403);
    const nowhere = `/settlements/${deriveId('nowhere')}`;
    expect(codeOf(await routes.post(`${nowhere}/approval`, approval))).toBe(
      '404 settlement/unknown',
    );
    expect(codeOf(await routes.post(`${nowhere}/legs/1/performance`, {}))).toBe(
      '404 settlement/unknown',
    );
    for (const leg of ['0', '101', '1.5', 'one']) {
      const answer = await routes.post(`${nowhere}/legs/${leg}/performance`, {});
      expect(codeOf(answer)).toBe('400 request/invalid');
    }
  });
});

describe('Cedarvale', () => {
  let url: string;
  let approvedAt: string;

  it('is proposed, and the same key has the same outcome', async () => {
    url = await propose();
    const key = { 'idempotency-key': 'cedarvale' };
    const other = { ...proposal, reference: 'CEL-OTHER', legs: [cash] };
    const first = await routes.post('/settlements', other, 'ana', key);
    const again = await routes.post('/settlements', other, 'ana', key);
    expect(again.body).toEqual(first.body);
    expect(again.headers).toMatchObject({ 'idempotent-replayed': 'true' });
    const body = { ...other, title: 'Another' };
    expect((await routes.post('/settlements', body, 'ana', key)).status).toBe(422);
    const given = await routes.post(`/settlements/${String(first.body.settlementId)}/withdrawal`, {
      cause: 'withdrawn',
      explanation: 'Proposed twice',
      withdrawnOn: '2023-09-15',
    });
    expect(given.status).toBe(200);
  });

  it('has nothing performed before a court approved; If-Match guards that', async () => {
    const payment = { performedOn: '2023-11-10', amount: '1.00', reference: 'W' };
    expect(codeOf(await routes.post(`${url}/legs/1/performance`, payment))).toBe(
      '409 settlement/not-approved',
    );
    const stale = await routes.post(`${url}/approval`, approval, 'ana', { 'if-match': '"3"' });
    expect(stale.status).toBe(412);
    const approved = await routes.post(`${url}/approval`, approval, 'ana', { 'if-match': '"4"' });
    expect(approved).toMatchObject({ status: 200, headers: { etag: '"5"' } });
    approvedAt = String(approved.headers['log-position']);
    expect((await routes.post(`${url}/approval`, approval)).status).toBe(200);
    expect(
      codeOf(await routes.post(`${url}/approval`, { ...approval, approvedOn: '2023-11-03' })),
    ).toBe('409 settlement/not-proposed');
  });

  it('gives the machines there a case each, page by page', async () => {
    await routes.clearSites();
    await routes.depart('MINER0002', 'DENTON');
    await routes.retire('MINER0003');
    await routes.fill();
    const cases = `${url}/relocation-cases`;
    const first = await routes.get(`${cases}?limit=2`);
    expect(first.body.items).toMatchObject([
      { serial: 'MINER0001', customerId, facility: 'CEDARVALE', state: 'open' },
      {
        serial: 'MINER0002',
        state: 'moved',
        toFacility: 'DENTON',
        endedAt: expect.any(String) as string,
      },
    ]);
    const rest = await routes.get(`${cases}?limit=2&cursor=${String(first.body.nextCursor)}`);
    expect(rest.body).toMatchObject({ items: [{ serial: 'MINER0003', state: 'retired' }] });
    expect(rest.body).not.toHaveProperty('nextCursor');
    const open = await routes.get(`${cases}?state=open&facility=CEDARVALE`);
    expect(open.body.items).toMatchObject([{ serial: 'MINER0001' }]);
    expect((await routes.get(`${cases}?state=open&facility=DENTON`)).body.items).toEqual([]);
    expect((await routes.get(`${cases}?state=lost`)).status).toBe(400);
    const unknown = await routes.get(`/settlements/${deriveId('x')}/relocation-cases`);
    expect(codeOf(unknown)).toBe('404 settlement/unknown');
    expect((await routes.get(url)).body.clearances).toMatchObject([
      { facility: 'CEDARVALE', status: 'underWay', cases: { open: 1, moved: 1, retired: 1 } },
    ]);
  });

  it('is clear once the last machine left', async () => {
    await routes.depart('MINER0001', 'DENTON');
    await routes.clearSites();
    const settlementId = url.split('/').at(-1)!;
    const clearance = await routes.stream(`siteClearance-${settlementId}.CEDARVALE`);
    expect(clearance.at(-1)).toMatchObject({ type: 'SiteCleared', data: { cases: 3 } });
  });

  it('is paid in parts', async () => {
    const pay = (told: object) => routes.post(`${url}/legs/1/performance`, told);
    const first = { performedOn: '2023-11-10', amount: '4000000.00', reference: 'WIRE-1' };
    expect(await pay(first)).toMatchObject({ status: 200, headers: { etag: '"6"' } });
    expect(await pay(first)).toMatchObject({ status: 200, headers: { etag: '"6"' } });
    const rest = { performedOn: '2023-11-20', amount: '10000000.01', reference: 'WIRE-2' };
    expect(codeOf(await pay(rest))).toBe('409 settlement/leg-exceeded');
    expect((await pay({ ...rest, amount: '10000000.00' })).status).toBe(200);
    expect(codeOf(await pay({ performedOn: '2023-11-20' }))).toBe(
      '422 settlement/performance-unsound',
    );
  });

  it('has its claim released once, under all settlements', async () => {
    const second = await propose({ reference: 'CEL-2', legs: [release] });
    expect((await routes.post(`${second}/approval`, approval)).status).toBe(200);
    const told = { performedOn: '2023-11-21', documentDigest: digest };
    expect(
      codeOf(await routes.post(`${url}/legs/2/performance`, { ...told, amount: '1.00' })),
    ).toBe('422 settlement/performance-unsound');
    const both = await Promise.all([
      routes.post(`${url}/legs/2/performance`, told),
      routes.post(`${url}/legs/2/performance`, told),
    ]);
    expect(both.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect(codeOf(await routes.post(`${second}/legs/1/performance`, told))).toBe(
      '409 settlement/claim-released',
    );
    const third = { ...proposal, legs: [cash, release] };
    const vain = await routes.post('/settlements', third);
    expect(codeOf(vain)).toBe('409 settlement/claim-released');
    expect(vain.body.errors).toMatchObject([{ pointer: '/legs/1/claim' }]);
  });

  it('goes over once the site itself says so, with its deed', async () => {
    const go = (told: object = {}) => routes.post(`${url}/legs/3/performance`, told);
    expect(codeOf(await go())).toBe('409 settlement/site-not-transferred');
    await routes.disposeOf('CEDARVALE', 'Celsius Mining LLC', '2023-11-15');
    expect(codeOf(await go())).toBe('409 settlement/site-of-another');
    expect((await go({ party: 'Celsius Mining LLC' })).status).toBe(200);
  });

  it('is closed once the last leg is waived, by somebody else than who proposed', async () => {
    const closing = { closedOn: '2023-12-04' };
    expect(codeOf(await routes.post(`${url}/closure`, closing))).toBe('409 settlement/legs-open');
    const waiver = { cause: 'Never finished', waivedOn: '2023-12-01', documentDigest: digest };
    expect(codeOf(await routes.post(`${url}/legs/4/waiver`, waiver))).toBe(
      '403 settlement/own-waiver',
    );
    expect((await routes.post(`${url}/legs/4/waiver`, waiver, 'bob')).status).toBe(200);
    expect((await routes.post(`${url}/closure`, closing)).status).toBe(200);
    expect((await routes.post(`${url}/closure`, closing)).status).toBe(200);
  });

  it('has one price in two true statements', async () => {
    await routes.fill();
    const { status, headers, body } = await routes.get(url);
    expect(status).toBe(200);
    expect(headers.etag).toBe('"11"');
    expect(body).toMatchObject({
      status: 'closed',
      closedOn: '2023-12-04',
      openLegs: 0,
      price: {
        received: { cash: '14000000.00', cashAndClaims: '45000000.00' },
        given: { cash: '0.00', cashAndClaims: '0.00' },
      },
      clearances: [{ status: 'cleared', cases: { open: 0, moved: 2, retired: 1 } }],
      legs: [
        {
          state: 'performed',
          face: '14000000.00',
          performed: '14000000.00',
          remaining: '0.00',
          performances: [{ reference: 'WIRE-1' }, { reference: 'WIRE-2' }],
        },
        { state: 'performed', performed: '31000000.00', claim },
        {
          state: 'performed',
          performances: [
            {
              performedOn: '2023-11-15',
              documentDigest: 'e'.repeat(64),
              party: 'Celsius Mining LLC',
            },
          ],
        },
        { state: 'waived', waiver: { waivedBy: 'bob' } },
      ],
    });
    expect(body).not.toHaveProperty('abandonedReleases');
  });

  it('is told as of a day and as known at a moment, with the figures of then', async () => {
    const onDay = await routes.get(`${url}?asOf=2023-11-15`);
    expect(onDay.body).toMatchObject({
      asOf: '2023-11-15',
      status: 'approved',
      price: { received: { cash: '14000000.00', cashAndClaims: '45000000.00' } },
      legs: [
        { state: 'partlyPerformed', performed: '4000000.00', remaining: '10000000.00' },
        { state: 'open', remaining: '31000000.00' },
        { state: 'performed' },
        { state: 'open' },
      ],
    });
    const known = await routes.get(`${url}?knownAt=${approvedAt}`);
    expect(known.body).toMatchObject({
      status: 'approved',
      openLegs: 4,
      knownAt: { revision: 5, position: approvedAt },
    });
    const { body: now } = await routes.get(`${url}?asOf=2024-01-31T12:00:00Z`);
    const { clearances: _, ...present } = (await routes.get(url)).body;
    const { asOf: __, knownAt: ___, ...then } = now;
    expect(then).toEqual(present);
    expect(codeOf(await routes.get(`${url}?asOf=2023-09-13`))).toBe('404 settlement/unknown');
    expect(codeOf(await routes.get(`${url}?knownAt=1`))).toBe('404 settlement/unknown');
    expect((await routes.get(`${url}?asOf=2023-02-30`)).status).toBe(400);
  });

  it('is found in lists, the last proposed first, and has a timeline', async () => {
    const all = await routes.get('/settlements?limit=2');
    expect((all.body.items as object[]).length).toBe(2);
    const more = await routes.get(`/settlements?limit=2&cursor=${String(all.body.nextCursor)}`);
    expect(more.body.items).toMatchObject([{ reference: 'CEL-CORZ-2023' }]);
    for (const filter of [
      'status=closed',
      'reference=CEL-CORZ-2023',
      `customerId=${customerId}&status=closed`,
      `counterparty=${encodeURIComponent(counterparty)}&status=closed`,
    ]) {
      const { body } = await routes.get(`/settlements?${filter}`);
      expect(body.items).toMatchObject([{ reference: 'CEL-CORZ-2023' }]);
    }
    expect((await routes.get('/settlements?status=over')).status).toBe(400);
    const timeline = await routes.get(`${url}/timeline?limit=3`);
    expect(timeline.body.items).toMatchObject([
      { type: 'SettlementProposed', actor: 'ana' },
      { type: 'SettlementLegAdded' },
      { type: 'SettlementLegAdded' },
    ]);
    const nowhere = `/settlements/${deriveId('nowhere')}`;
    for (const path of [nowhere, `${nowhere}/timeline`, `${nowhere}?asOf=2023-11-15`]) {
      expect(codeOf(await routes.get(path))).toBe('404 settlement/unknown');
    }
  });
});

describe('two sites in one settlement', () => {
  it('one is given and one received; each is performed by what its own stream says', async () => {
    const url = await propose({
      reference: 'SWAP',
      legs: [
        { ...site, facility: 'PYOTE' },
        { ...site, facility: 'MARBLE', direction: 'received' },
      ],
    });
    await routes.post(`${url}/approval`, approval);
    const settlementId = url.split('/').at(-1)!;
    const [approved] = (await routes.stream(`settlement-${settlementId}`)).slice(-1);
    expect(approved).toMatchObject({ data: { sitesGiven: ['PYOTE'] } });
    await routes.acquire('MARBLE', counterparty, '2023-11-05');
    expect(codeOf(await routes.post(`${url}/legs/1/performance`, {}))).toBe(
      '409 settlement/site-not-transferred',
    );
    expect((await routes.post(`${url}/legs/2/performance`, {})).status).toBe(200);
    await routes.disposeOf('PYOTE', counterparty, '2023-11-06');
    expect((await routes.post(`${url}/legs/1/performance`, {})).status).toBe(200);
    await routes.clearSites();
    expect(await routes.stream(`siteClearance-${settlementId}.PYOTE`)).toMatchObject([
      { type: 'MachinesCounted', data: { machines: 0 } },
      { type: 'SiteCleared' },
    ]);
    const value = {
      amount: '9000000.00',
      basis: 'appraisal',
      valuedOn: '2023-10-01',
      documentDigest: digest,
    };
    expect((await routes.post(`${url}/legs/1/valuation`, value)).status).toBe(200);
    await routes.fill();
    expect((await routes.get(url)).body.totals).toEqual([
      {
        kind: 'site',
        direction: 'given',
        legs: 1,
        face: '0.00',
        valued: '9000000.00',
        performed: '0.00',
        waived: '0.00',
        remaining: '0.00',
      },
      {
        kind: 'site',
        direction: 'received',
        legs: 1,
        face: '0.00',
        valued: '0.00',
        performed: '0.00',
        waived: '0.00',
        remaining: '0.00',
      },
    ]);
  });
});
