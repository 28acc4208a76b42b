import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AggregateStore, deriveId } from '@hostledger/eventsourcing';
import { openApiDocument, problemCatalogue } from '@hostledger/http';
import { facilityAggregate } from '@hostledger/sites';
import { InMemoryStreams } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import '../http/problems.js';
import { adoptTerms } from './adopt-terms.js';
import { allocateCustomer } from './allocate-customer.js';
import { changeContract } from './change-contract.js';
import { customerStanding } from './customer-standing.js';
import { deposits } from './deposits.js';
import { draftContract } from './draft-contract.js';
import { executeContract } from './execute-contract.js';
import { contractLifecycle } from './lifecycle.js';
import { placeOrder } from './place-order.js';
import { registerCustomer } from './register-customer.js';
import { relocationConsents } from './relocation-consents.js';

const slices = [
  registerCustomer,
  customerStanding,
  deposits,
  draftContract,
  changeContract,
  executeContract,
  contractLifecycle,
  adoptTerms,
  placeOrder,
  allocateCustomer,
  relocationConsents,
];

let app: NestFastifyApplication;
let streams: InMemoryStreams;
let store: AggregateStore;

beforeEach(async () => {
  streams = new InMemoryStreams();
  store = new AggregateStore(streams);
  app = await servedRoutes({
    imports: [CqrsModule.forRoot()],
    controllers: slices.flatMap(({ controllers }) => [...controllers]),
    providers: [
      ...slices.flatMap(({ providers }) => [...providers]),
      { provide: AggregateStore, useValue: store },
    ],
  });
});

afterEach(() => app.close());

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: Record<string, unknown>;
}

const post = async (
  url: string,
  payload: object,
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
    headers: { authorization: 'Bearer commercial', ...headers },
  });
  return { status: statusCode, headers: sent, body: JSON.parse(body) as Answer['body'] };
};

const customer = { name: 'Bitmain', legalName: 'Bitmain Delaware Limited', country: 'US' };
const terms = {
  effectiveOn: '2023-09-25',
  documentDigest: 'd'.repeat(64),
  clauses: [{ ref: '4.1', title: 'Fees', text: 'Per kWh of nameplate.' }],
  rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.0750' },
};
const execution = {
  executedOn: '2023-09-25',
  documentDigest: 'd'.repeat(64),
  signatories: [{ party: 'Bitmain', name: 'A. Signer' }],
};
const order = { reference: 'SO-1', units: 100, powerWatts: 1_000, startsOn: '2023-10-01' };

const draft = async (): Promise<string> => {
  const { customerId } = (await post('/v1/customers', customer)).body;
  const contract = { reference: 'HA-1', title: 'Hosting', timeZone: 'UTC', currency: 'USD' };
  const { status, body } = await post('/v1/contracts', { customerId, ...contract });
  expect(status).toBe(201);
  return `/v1/contracts/${String(body.contractId)}`;
};

/** An executed contract with an order, at a site. */
const ordered = async (): Promise<{ contract: string; orderId: unknown }> => {
  const contract = await draft();
  expect(await post(`${contract}/terms`, terms)).toMatchObject({ status: 201 });
  expect(await post(`${contract}/execution`, execution)).toMatchObject({ status: 200 });
  const { status, body } = await post(`${contract}/orders`, order);
  expect(status).toBe(201);
  const at = '2023-09-01T00:00:00Z';
  const site = { facility: 'DENTON', name: 'Denton', timeZone: 'UTC', powerEnvelopeWatts: 5_000 };
  await store.handle(
    facilityAggregate,
    'DENTON',
    { type: 'OpenFacility', data: site, at },
    {
      commandId: deriveId('open'),
      actor: { subject: 'ada', role: 'operator' },
      correlationId: 'c',
      causationId: 'c',
      at,
    },
  );
  return { contract, orderId: body.orderId };
};
const noSites = { clauseRef: '4.1', facilities: [], consent: 'required' };
const consented = {
  consentedOn: '2023-10-01',
  fromOn: '2023-10-01',
  documentDigest: 'e'.repeat(64),
};
const capacity = { facility: 'DENTON', units: 60, powerWatts: 600, effectiveOn: '2023-10-01' };

describe('from a customer to an allocation', () => {
  it('each act is recorded under an id of its own and can be read from its position', async () => {
    const { contract, orderId } = await ordered();
    const allocated = await post(`${contract}/allocations`, { orderId, ...capacity });
    expect(allocated).toMatchObject({
      status: 201,
      headers: { etag: '"4"', location: `${contract}/allocations` },
    });
    expect(allocated.headers['log-position']).toMatch(/^\d+$/);
    const stream = `hostingContract-${contract.split('/').at(-1)}`;
    expect(streams.events(stream).map(({ type }) => type)).toEqual([
      'ContractDrafted',
      'TermsAdopted',
      'ContractExecuted',
      'ServiceOrderPlaced',
      'CustomerAllocated',
    ]);
    expect(streams.events(stream)[1]!.data).toEqual({
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

    const { contract, orderId } = await ordered();
    const allocation = { orderId, ...capacity };
    const made = await post(`${contract}/allocations`, allocation, key);
    const before = streams.log.length;
    expect(await post(`${contract}/allocations`, allocation, key)).toMatchObject({
      status: 201,
      body: made.body,
    });
    expect(await post(`${contract}/allocations`, { ...allocation, units: 1 }, key)).toMatchObject({
      status: 422,
    });
    expect(streams.log).toHaveLength(before);
  });

  it('tells the version of adopted terms, also when asked again later', async () => {
    const contract = await draft();
    const key = { 'idempotency-key': 'key-1' };
    expect((await post(`${contract}/terms`, terms, key)).body.version).toBe(1);
    const next = { ...terms, effectiveOn: '2024-01-01' };
    expect((await post(`${contract}/terms`, next)).body.version).toBe(2);
    expect((await post(`${contract}/terms`, terms, key)).body.version).toBe(1);
  });

  it('If-Match guards an act', async () => {
    const contract = await draft();
    const stale = await post(`${contract}/terms`, terms, { 'if-match': '"7"' });
    expect(stale).toMatchObject({ status: 412, body: { code: 'request/revision-mismatch' } });
    const current = await post(`${contract}/terms`, terms, { 'if-match': '"0"' });
    expect(current).toMatchObject({ status: 201, headers: { etag: '"1"' } });
  });
});

describe('the life of a contract', () => {
  it('goes through its routes, from activation to its end', async () => {
    const { contract } = await ordered();
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
    const events = streams.events(`hostingContract-${contract.split('/').at(-1)}`).slice(4);
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
    const { contract } = await ordered();
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
    const contract = await draft();
    await post(`${contract}/terms`, terms);
    await post(`${contract}/execution`, execution);
    const key = { 'idempotency-key': 'order-1' };
    const placed = await post(`${contract}/orders`, order, key);
    const { data } = streams.log.find(({ type }) => type === 'CustomerRegistered')!;
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
    const { contract } = await ordered();
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
    const contract = await draft();
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

describe('machines that are to be moved', () => {
  const relocation = { clauseRef: '4.1', facilities: ['PECOS'], consent: 'required' };
  const consent = {
    facilities: ['PECOS'],
    consentedOn: '2023-10-01',
    fromOn: '2023-10-02',
    documentDigest: 'e'.repeat(64),
  };

  it('go where the terms say, and their customer agrees', async () => {
    const contract = await draft();
    const elsewhere = { ...terms, relocation: { ...relocation, clauseRef: '9' } };
    expect(await post(`${contract}/terms`, elsewhere)).toMatchObject({
      status: 422,
      body: {
        code: 'contract/relocation-clause-unknown',
        errors: [{ pointer: '/relocation/clauseRef' }],
      },
    });
    await post(`${contract}/terms`, { ...terms, relocation });
    await post(`${contract}/execution`, execution);
    const consents = `${contract}/relocation-consents`;
    const given = await post(consents, consent, { 'idempotency-key': 'consent-1' });
    expect(given).toMatchObject({ status: 201, headers: { location: consents } });
    const again = await post(consents, consent, { 'idempotency-key': 'consent-1' });
    expect(again).toMatchObject({ status: 201, body: given.body });
    const withdrawal = `${consents}/${String(given.body.consentId)}/withdrawal`;
    const cause = 'The customer sells them';
    expect(await post(withdrawal, { withdrawnOn: '2023-09-30', cause })).toMatchObject({
      status: 409,
      body: { code: 'contract/consent-not-given', errors: [{ pointer: '/withdrawnOn' }] },
    });
    expect(await post(withdrawal, { withdrawnOn: '2023-10-03', cause })).toMatchObject({
      status: 200,
    });
    const stream = `hostingContract-${contract.split('/').at(-1)}`;
    expect(streams.events(stream).map(({ type }) => type)).toEqual([
      'ContractDrafted',
      'TermsAdopted',
      'ContractExecuted',
      'RelocationConsented',
      'RelocationConsentWithdrawn',
    ]);
    expect(streams.events(stream)[1]!.data).toMatchObject({ relocation });
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
    expect(streams.log).toEqual([]);
  });

  it('an allocation over its order, naming the field and the rule, and leaving no trace', async () => {
    const { contract, orderId } = await ordered();
    const before = streams.log.length;
    const over = { orderId, ...capacity, units: 101 };
    expect(await post(`${contract}/allocations`, over)).toMatchObject({
      status: 409,
      body: { code: 'contract/order-exceeded', freeUnits: 100, errors: [{ pointer: '/units' }] },
    });
    expect(streams.log).toHaveLength(before);
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
    ['/terms', '/relocation/consent', { ...terms, relocation: { clauseRef: '4.1' } }],
    ['/terms', '/relocation/facilities', { ...terms, relocation: noSites }],
    ['/relocation-consents', '/facilities', { ...consented, facilities: [] }],
    ['/execution', '/documentDigest', { ...execution, documentDigest: 'x' }],
    ['/execution', '/signatories', { ...execution, signatories: [] }],
    ['/orders', '/model', { ...order, model: null }],
    ['/orders', '/units', { ...order, units: 0 }],
    ['/allocations', '/facility', { ...capacity, orderId: deriveId('order'), facility: 'denton' }],
  ])('a body of the wrong form: %s names %s', async (route, pointer, body) => {
    const contract = await draft();
    const before = streams.log.length;
    const refused = await post(`${contract}${route}`, body);
    expect(refused.status).toBe(400);
    const errors = refused.body.errors as { pointer: string }[];
    expect([...new Set(errors.map((error) => error.pointer))]).toEqual([pointer]);
    expect(streams.log).toHaveLength(before);
  });

  it('a token without the commercial role', async () => {
    const operator = { authorization: 'Bearer operator' };
    expect(await post('/v1/customers', customer, operator)).toMatchObject({ status: 403 });
  });
});

it('Every route that can be refused by a rule shows the codes of its own rules', () => {
  const conflicts = Object.entries(openApiDocument(app).paths)
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
