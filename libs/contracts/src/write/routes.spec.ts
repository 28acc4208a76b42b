import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deriveId } from '@hostledger/eventsourcing';
import { openApiDocument, problemCatalogue } from '@hostledger/http';
import { ContractsRoutes, customer, execution, order, terms } from './routes.fixture.js';

let routes: ContractsRoutes;

beforeEach(async () => {
  routes = await new ContractsRoutes().open();
});
afterEach(() => routes.close());

const post = (...asked: Parameters<ContractsRoutes['post']>) => routes.post(...asked);

const capacity = { facility: 'DENTON', units: 60, powerWatts: 600, effectiveOn: '2023-10-01' };

describe('from a customer to an allocation', () => {
  it('each act is recorded under an id of its own and can be read from its position', async () => {
    const { contract, orderId } = await routes.ordered();
    const allocated = await post(`${contract}/allocations`, { orderId, ...capacity });
    expect(allocated).toMatchObject({
      status: 201,
      headers: { etag: '"4"', location: `${contract}/allocations` },
    });
    expect(allocated.headers['log-position']).toMatch(/^\d+$/);
    expect(routes.eventsOf(contract).map(({ type }) => type)).toEqual([
      'ContractDrafted',
      'TermsAdopted',
      'ContractExecuted',
      'ServiceOrderPlaced',
      'CustomerAllocated',
    ]);
    expect(routes.eventsOf(contract)[1]!.data).toEqual({
      contractId: contract.split('/').at(-1),
      version: 1,
      ...terms,
    });
  });

  it('a repeated key has the first outcome, and another body under it is refused', async () => {
    const key = { 'idempotency-key': 'key-1' };
    const first = await post('/v1/customers', customer, key);
    const again = await post('/v1/customers', customer, key);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers['idempotent-replayed']).toBe('true');
    const other = await post('/v1/customers', { ...customer, country: 'SG' }, key);
    expect(other).toMatchObject({ status: 422, body: { code: 'request/idempotency-key-reused' } });

    const { contract, orderId } = await routes.ordered();
    const allocation = { orderId, ...capacity };
    const made = await post(`${contract}/allocations`, allocation, key);
    const before = routes.streams.log.length;
    expect(await post(`${contract}/allocations`, allocation, key)).toMatchObject({
      status: 201,
      body: made.body,
    });
    expect(await post(`${contract}/allocations`, { ...allocation, units: 1 }, key)).toMatchObject({
      status: 422,
    });
    expect(routes.streams.log).toHaveLength(before);
  });

  it('tells the version of adopted terms, also when asked again later', async () => {
    const contract = await routes.draft();
    const key = { 'idempotency-key': 'key-1' };
    expect((await post(`${contract}/terms`, terms, key)).body.version).toBe(1);
    const next = { ...terms, effectiveOn: '2024-01-01' };
    expect((await post(`${contract}/terms`, next)).body.version).toBe(2);
    expect((await post(`${contract}/terms`, terms, key)).body.version).toBe(1);
  });

  it('If-Match guards an act', async () => {
    const contract = await routes.draft();
    const stale = await post(`${contract}/terms`, terms, { 'if-match': '"7"' });
    expect(stale).toMatchObject({ status: 412, body: { code: 'request/revision-mismatch' } });
    const current = await post(`${contract}/terms`, terms, { 'if-match': '"0"' });
    expect(current).toMatchObject({ status: 201, headers: { etag: '"1"' } });
  });
});

describe('the life of a contract', () => {
  it('goes through its routes, from activation to its end', async () => {
    const { contract } = await routes.ordered();
    const ruling = {
      court: 'S.D. Tex. Bankr.',
      docket: '22-90341',
      documentDigest: 'e'.repeat(64),
    };
    const { customerId } = (await post('/v1/customers', { ...customer, name: 'Fortitude' })).body;
    const documentDigest = 'f'.repeat(64);
    const acts: [string, object][] = [
      ['activation', { activatedOn: '2023-10-01' }],
      ['suspension', { suspendedOn: '2023-11-01', cause: 'nonPayment', clauseRef: '9.2' }],
      ['resumption', { resumedOn: '2023-11-08' }],
      ['assumption', { assumedOn: '2023-12-01', ruling }],
      ['assignment', { toCustomerId: customerId, effectiveOn: '2024-01-01', documentDigest }],
      ['notice', { noticedOn: '2024-02-01', effectiveOn: '2024-05-01', by: 'customer' }],
      ['termination', { terminatedOn: '2024-05-01', cause: 'notice' }],
    ];
    for (const [act, body] of acts) {
      expect([act, (await post(`${contract}/${act}`, body)).status]).toEqual([act, 200]);
    }
    const events = routes.eventsOf(contract).slice(4);
    expect(events.map(({ type }) => type)).toEqual([
      'ContractActivated',
      'ServiceSuspended',
      'ServiceResumed',
      'ContractAssumed',
      'PartyAssigned',
      'TerminationNoticed',
      'ContractTerminated',
    ]);
    expect(events[3]!.data).toMatchObject({ assumedOn: '2023-12-01', ruling });
    expect(await post(`${contract}/expiry`, { expiredOn: '2025-01-01' })).toMatchObject({
      status: 409,
      body: { code: 'contract/ended' },
    });
    expect(await post(`${contract}/rejection`, { rejectedOn: '2025-01-01', ruling })).toMatchObject(
      { status: 409, body: { code: 'contract/ended' } },
    );
  });

  it('is refused what it cannot be, by field', async () => {
    const { contract } = await routes.ordered();
    expect(
      await post(`${contract}/termination`, { terminatedOn: '2024-05-01', cause: 'notice' }),
    ).toMatchObject({
      status: 409,
      body: { code: 'contract/notice-not-over', errors: [{ pointer: '/terminatedOn' }] },
    });
    expect(
      await post(`${contract}/assignment`, {
        toCustomerId: deriveId('nobody'),
        effectiveOn: '2024-01-01',
        documentDigest: 'f'.repeat(64),
      }),
    ).toMatchObject({
      status: 404,
      body: { code: 'customer/unknown', errors: [{ pointer: '/toCustomerId' }] },
    });
    expect(await post(`${contract}/rejection`, { rejectedOn: '2024-01-01' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/ruling' }] },
    });
    expect(await post(`${contract}/terms`, { ...terms, kind: 'original' })).toMatchObject({
      status: 409,
    });
  });
});

describe('a customer whose credit is stopped', () => {
  it('has nothing begun for it, and is answered as before what was begun', async () => {
    const contract = await routes.draft();
    await post(`${contract}/terms`, terms);
    await post(`${contract}/execution`, execution);
    const key = { 'idempotency-key': 'order-1' };
    const placed = await post(`${contract}/orders`, order, key);
    const { data } = routes.streams.log.find(({ type }) => type === 'CustomerRegistered')!;
    const { customerId } = data as { customerId: string };
    const standing = `/v1/customers/${customerId}/credit-standing`;
    const stop = { standing: 'stop', cause: 'invoice is late' };
    expect(await post(standing, stop)).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    const refused = { status: 409, body: { code: 'customer/credit-stop' } };
    expect(await post(`${contract}/orders`, order)).toMatchObject(refused);
    const another = { reference: 'HA-2', title: 'Hosting', timeZone: 'UTC', currency: 'USD' };
    expect(await post('/v1/contracts', { customerId, ...another })).toMatchObject(refused);
    const part = { orderId: placed.body.orderId, facility: 'DENTON', units: 1, powerWatts: 10 };
    const effectiveOn = '2023-10-01';
    expect(await post(`${contract}/allocations`, { ...part, effectiveOn })).toMatchObject(refused);
    expect(await post(`${contract}/orders`, order, key)).toMatchObject({
      status: 201,
      headers: { 'idempotent-replayed': 'true' },
    });
    await post(standing, { standing: 'watch', cause: 'invoice was paid' });
    expect(await post(`${contract}/orders`, order)).toMatchObject({ status: 201 });
  });

  it('is succeeded by a customer that is known', async () => {
    const { customerId } = (await post('/v1/customers', customer)).body;
    const { customerId: successorId } = (await post('/v1/customers', customer)).body;
    const proof = { effectiveOn: '2024-06-01', documentDigest: 'd'.repeat(64) };
    const url = `/v1/customers/${String(customerId)}/succession`;
    expect(await post(url, { successorId: deriveId('nobody'), ...proof })).toMatchObject({
      status: 404,
      body: { code: 'customer/unknown', errors: [{ pointer: '/successorId' }] },
    });
    expect(await post(url, { successorId, ...proof })).toMatchObject({ status: 200 });
    const contract = { reference: 'HA-1', title: 'Hosting', timeZone: 'UTC', currency: 'USD' };
    expect(await post('/v1/contracts', { customerId, ...contract })).toMatchObject({
      status: 409,
      body: { code: 'customer/succeeded', successorId },
    });
  });
});

describe('customers that succeed each other', () => {
  const proof = { effectiveOn: '2024-06-01', documentDigest: 'd'.repeat(64) };
  const succeed = (customerId: unknown, successorId: unknown, headers = {}) =>
    post(`/v1/customers/${String(customerId)}/succession`, { successorId, ...proof }, headers);
  const register = async () => (await post('/v1/customers', customer)).body.customerId;

  it('form no circle', async () => {
    const [first, second, third] = [await register(), await register(), await register()];
    expect(await succeed(first, second)).toMatchObject({ status: 200 });
    const key = { 'idempotency-key': 'second' };
    expect(await succeed(second, third, key)).toMatchObject({ status: 200 });
    for (const [last, taken] of [
      [third, first],
      [third, second],
    ]) {
      expect(await succeed(last, taken)).toMatchObject({
        status: 409,
        body: {
          code: 'customer/successor-succeeded',
          errors: [{ pointer: '/successorId' }],
        },
      });
    }
    expect(await succeed(third, await register())).toMatchObject({ status: 200 });
    expect(await succeed(second, third, key)).toMatchObject({
      status: 200,
      headers: { 'idempotent-replayed': 'true' },
    });
  });

  it('take over no contract once they are succeeded or their credit is stopped', async () => {
    const { contract } = await routes.ordered();
    const [gone, stopped, sound] = [await register(), await register(), await register()];
    await succeed(gone, sound);
    const stop = { standing: 'stop', cause: 'invoice is late' };
    await post(`/v1/customers/${String(stopped)}/credit-standing`, stop);
    const assign = (toCustomerId: unknown, headers = {}) =>
      post(`${contract}/assignment`, { toCustomerId, ...proof }, headers);
    const pointer = '/toCustomerId';
    expect(await assign(gone)).toMatchObject({
      status: 409,
      body: { code: 'customer/succeeded', errors: [{ pointer }] },
    });
    expect(await assign(stopped)).toMatchObject({
      status: 409,
      body: { code: 'customer/credit-stop', errors: [{ pointer }] },
    });
    const key = { 'idempotency-key': 'assignment' };
    expect(await assign(sound, key)).toMatchObject({ status: 200 });
    await post(`/v1/customers/${String(sound)}/credit-standing`, stop);
    expect(await assign(sound, key)).toMatchObject({
      status: 200,
      headers: { 'idempotent-replayed': 'true' },
    });
  });
});

describe('a deposit', () => {
  it('is received, drawn and refunded, never below nothing', async () => {
    const contract = await routes.draft();
    await post(`${contract}/terms`, terms);
    await post(`${contract}/execution`, execution);
    const money = { amount: '1000.50', currency: 'USD', reference: 'WIRE-1' };
    const received = await post(`${contract}/deposits`, { ...money, receivedOn: '2023-09-26' });
    expect(received).toMatchObject({ status: 201 });
    const url = `${contract}/deposits/${String(received.body.depositId)}`;
    const draw = { ...money, amount: '1000.00', cause: 'June is unpaid', drawnOn: '2023-10-01' };
    expect(await post(`${url}/draw`, draw)).toMatchObject({ status: 200 });
    const refund = { ...money, amount: '0.51', refundedOn: '2023-10-02' };
    expect(await post(`${url}/refund`, refund)).toMatchObject({
      status: 409,
      body: { code: 'contract/deposit-exceeded' },
    });
    expect(await post(`${url}/refund`, { ...refund, amount: '0.50' })).toMatchObject({
      status: 200,
    });
    expect(
      await post(`${contract}/deposits`, { ...money, receivedOn: '2023-09-26', amount: 5 }),
    ).toMatchObject({ status: 400, body: { errors: [{ pointer: '/amount' }] } });
  });
});

describe('what is refused', () => {
  it('a contract with a customer that is not there', async () => {
    const customerId = deriveId('nobody');
    const contract = { reference: 'HA-1', title: 'Hosting', timeZone: 'UTC', currency: 'USD' };
    expect(await post('/v1/contracts', { customerId, ...contract })).toMatchObject({
      status: 404,
      body: { code: 'customer/unknown', errors: [{ pointer: '/customerId' }] },
    });
    expect(routes.streams.log).toEqual([]);
  });

  it('an allocation over its order, naming the field and the rule, and leaving no trace', async () => {
    const { contract, orderId } = await routes.ordered();
    const before = routes.streams.log.length;
    const over = { orderId, ...capacity, units: 101 };
    expect(await post(`${contract}/allocations`, over)).toMatchObject({
      status: 409,
      body: { code: 'contract/order-exceeded', freeUnits: 100, errors: [{ pointer: '/units' }] },
    });
    expect(routes.streams.log).toHaveLength(before);
  });

  it.each<[string, string, object]>([
    ['/terms', '/effectiveOn', { ...terms, effectiveOn: '2023-02-30' }],
    [
      '/terms',
      '/rateCard/ratePerKwh',
      { ...terms, rateCard: { ...terms.rateCard, ratePerKwh: 7 } },
    ],
    [
      '/terms',
      '/rateCard/currency',
      { ...terms, rateCard: { ...terms.rateCard, currency: 'usd' } },
    ],
    [
      '/terms',
      '/rateCard/currency',
      { ...terms, rateCard: { ...terms.rateCard, currency: 'ZZZ' } },
    ],
    ['/terms', '/rateCard', { ...terms, rateCard: undefined }],
    ['/terms', '/rateCard/discount', { ...terms, rateCard: { ...terms.rateCard, discount: '1' } }],
    ['/terms', '/clauses/0/text', { ...terms, clauses: [{ ref: '1', title: 'x', text: '' }] }],
    ['/execution', '/documentDigest', { ...execution, documentDigest: 'x' }],
    ['/execution', '/signatories', { ...execution, signatories: [] }],
    ['/orders', '/model', { ...order, model: null }],
    ['/orders', '/units', { ...order, units: 0 }],
    ['/allocations', '/facility', { ...capacity, orderId: deriveId('order'), facility: 'denton' }],
  ])('a body of the wrong form: %s names %s', async (route, pointer, body) => {
    const contract = await routes.draft();
    const before = routes.streams.log.length;
    const refused = await post(`${contract}${route}`, body);
    expect(refused.status).toBe(400);
    const errors = refused.body.errors as { pointer: string }[];
    expect([...new Set(errors.map((error) => error.pointer))]).toEqual([pointer]);
    expect(routes.streams.log).toHaveLength(before);
  });

  it('a token without the commercial role', async () => {
    const operator = { authorization: 'Bearer operator' };
    expect(await post('/v1/customers', customer, operator)).toMatchObject({ status: 403 });
  });
});

it('Every route that can be refused by a rule shows the codes of its own rules', () => {
  const conflicts = Object.entries(openApiDocument(routes.app).paths)
    .map(([path, { post: operation }]) => [path, operation?.responses['409']] as const)
    .filter(([, response]) => response && 'content' in response)
    .map(([path, response]) => {
      const content = response && 'content' in response ? response.content : undefined;
      const { examples = {} } = content?.['application/problem+json'] ?? {};
      return [path, Object.keys(examples)] as const;
    });
  const codesOf = new Map(conflicts);
  expect(codesOf.get('/v1/contracts/{contractId}/allocations')).toContain(
    'contract/order-exceeded',
  );
  const others = conflicts.filter(
    ([, codes]) => codes.length === 0 || !codes.every((code) => /^(contract|cust)/.test(code)),
  );
  expect(others).toEqual([]);
});

it('Every refusal of the domain is in the catalogue of problems', () => {
  const domain = join(__dirname, '../domain');
  const codes = readdirSync(domain)
    .filter((file) => !file.endsWith('.spec.ts'))
    .flatMap(
      (file) =>
        readFileSync(join(domain, file), 'utf8').match(/(customer|contract)\/[a-z-]+/g) ?? [],
    );
  expect(codes).toContain('contract/order-exceeded');
  expect(codes.filter((code) => !problemCatalogue().has(code))).toEqual([]);
});
