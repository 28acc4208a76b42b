import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AggregateStore, deriveId } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { DealsApiModule, dealsProjections } from '../deals.module.js';

// The routes of supply agreements, from the request to the read model.

const streams = new InMemoryStreams();
const store = new AggregateStore(streams);
let app: NestFastifyApplication;
let filled: Awaited<ReturnType<typeof readModelsOf>> | undefined;

beforeAll(async () => {
  const authenticate = (token: string) => {
    const [subject = '', role] = token.split(':');
    return Promise.resolve({ subject, roles: [role] as never });
  };
  const read = (...asked: Parameters<ReadModels['read']>) => filled!.readModels.read(...asked);
  const imports = [
    CqrsModule.forRoot(),
    EventSourcingModule.with({
      aggregateStore: store,
      eventStore: streams as unknown as EventStore,
      readModels: { read } as ReadModels,
    }),
    DealsApiModule,
  ];
  app = await servedRoutes({ imports }, { authenticate });
});

afterAll(async () => {
  await app.close();
  await filled?.close();
});

/** Reads see what is in the log now. */
const fill = async (): Promise<void> => {
  if (filled) await filled.catchUp();
  else filled = await readModelsOf(dealsProjections, streams.log);
};

const call = async (
  method: 'GET' | 'POST',
  url: string,
  payload?: object,
  headers: Record<string, string> = {},
) => {
  const answer = await app.inject({
    method,
    url: `/v1${url}`,
    payload,
    headers: { authorization: 'Bearer cora:commercial', ...headers },
  });
  const body = answer.json<Record<string, unknown>>();
  return { status: answer.statusCode, headers: answer.headers, body };
};

const documentDigest = 'd'.repeat(64);
const cash = {
  kind: 'cash',
  face: '23100000.00',
  description: 'Cash',
  instalments: [
    { dueOn: '2023-09-30', amount: '11550000.00' },
    { dueOn: '2023-12-31', amount: '11550000.00' },
  ],
};
const equity = {
  kind: 'equity',
  face: '53900000.00',
  description: 'Common stock',
  valuation: { authority: 'Bankruptcy court', dueOn: '2023-12-31' },
};
const agreement = {
  reference: 'APA-1',
  title: 'Asset purchase agreement',
  seller: 'Bitmain',
  buyer: 'Core Scientific',
  agreedOn: '2023-09-05',
  timeZone: 'America/Chicago',
  currency: 'USD',
  price: '77000000.00',
  documentDigest,
  lines: [{ model: 'S19JXP-151', units: 27_000 }],
  options: [
    { model: 'S21-200', hashrateGhs: 1_000_000_000, pricePerTh: '17.50', expiresOn: '2099-06-30' },
  ],
  legs: [cash, equity],
};
const valuation = {
  leg: 2,
  pricePerShare: '5.0208926',
  rounding: 'halfUp',
  valuedOn: '2024-01-16',
  documentDigest,
  court: { court: 'Bankruptcy court', caseNumber: '22-90341', order: '1749' },
};
const payment = {
  leg: 1,
  instalment: 1,
  amount: '11550000.00',
  paidOn: '2023-09-29',
  reference: 'WIRE-1',
};

let path: string;

describe('A supply agreement', () => {
  it('is recorded once for a key', async () => {
    const key = { 'idempotency-key': 'deal-1' };
    const agreed = await call('POST', '/supply-agreements', agreement, key);
    expect(agreed).toMatchObject({ status: 201, headers: { etag: '"3"' } });
    path = `/supply-agreements/${String(agreed.body.agreementId)}`;
    expect(agreed.headers.location).toBe(`/v1${path}`);
    const again = await call('POST', '/supply-agreements', agreement, key);
    expect(again).toMatchObject({ status: 201, body: agreed.body });
    expect(again.headers['idempotent-replayed']).toBe('true');
  });

  it.each([
    [{ price: 77_000_000 }, 400, 'request/invalid', '/price'],
    [{ price: '-1' }, 400, 'request/invalid', '/price'],
    [{ lines: [] }, 400, 'request/invalid', '/lines'],
    [{ agreedOn: '2023-02-30' }, 400, 'request/invalid', '/agreedOn'],
    [{ legs: [{ ...cash, kind: 'barter' }] }, 400, 'request/invalid', '/legs/0/kind'],
    [{ buyer: undefined }, 400, 'request/invalid', '/buyer'],
    [{ notes: 'x' }, 400, 'request/invalid', '/notes'],
    [{ lines: [{ model: 'S99', units: 1 }] }, 422, 'model/unknown', '/lines/0/model'],
    [{ price: '77000000.01' }, 422, 'supply/legs-unequal-price', '/legs'],
  ])('is refused with %j', async (change, status, code, pointer) => {
    const before = streams.log.length;
    const refused = await call('POST', '/supply-agreements', { ...agreement, ...change });
    expect(refused).toMatchObject({ status, body: { code, errors: [{ pointer }] } });
    expect(streams.log).toHaveLength(before);
  });

  it('is of the commercial role alone', async () => {
    for (const role of ['operator', 'auditor', 'billing']) {
      const authorization = `Bearer ada:${role}`;
      expect(await call('POST', '/supply-agreements', agreement, { authorization })).toMatchObject({
        status: 403,
      });
    }
  });
});

describe('Its legs', () => {
  it('are paid, valued and issued; a repeated request is answered as it was at first', async () => {
    expect(await call('POST', `${path}/instalments`, payment)).toMatchObject({ status: 201 });
    expect(await call('POST', `${path}/instalments`, payment, { 'if-match': '"3"' })).toMatchObject(
      { status: 412 },
    );
    expect(await call('POST', `${path}/instalments`, payment)).toMatchObject({
      status: 409,
      body: { code: 'supply/amount-exceeded', open: '0.00' },
    });
    const issue = {
      leg: 2,
      shares: 10_735_143,
      issuedOn: '2024-01-23',
      holder: 'Affiliate of Bitmain',
      reference: 'DTC-1',
      documentDigest,
    };
    expect(await call('POST', `${path}/share-issues`, issue)).toMatchObject({
      status: 409,
      body: { code: 'supply/leg-not-valued' },
    });
    const key = { 'idempotency-key': 'valuation' };
    const valued = await call('POST', `${path}/valuations`, valuation, key);
    expect(valued).toMatchObject({
      status: 201,
      body: { shares: 10_735_143, value: '53900000.05', remainder: '-0.05' },
    });
    const corrected = await call(
      'POST',
      `${path}/valuations/${String(valued.body.valuationId)}/correction`,
      { ...valuation, pricePerShare: '5.02089', cause: 'Another digit' },
    );
    expect(corrected).toMatchObject({ status: 200, body: { shares: 10_735_149 } });
    expect((await call('POST', `${path}/valuations`, valuation, key)).body).toEqual(valued.body);
    expect(await call('POST', `${path}/share-issues`, issue)).toMatchObject({ status: 201 });
    expect(
      await call('POST', `${path}/performances`, { ...payment, documentDigest }),
    ).toMatchObject({ status: 400 });
  });

  it('are told face, valued, performed and remaining, at any date, as known at any', async () => {
    await fill();
    const now = await call('GET', path);
    expect(now).toMatchObject({
      status: 200,
      body: {
        price: { face: '77000000.00', performed: '65449972.14', pendingFace: '0.00' },
        legs: [
          {
            face: '23100000.00',
            performed: '11550000.00',
            remaining: '11550000.00',
            instalments: [{ paid: '11550000.00' }, { paid: '0.00' }],
          },
          {
            face: '53900000.00',
            sharesIssued: 10_735_143,
            valuationDue: { status: 'valued', missedOn: '2024-01-01' },
            valuation: { shares: 10_735_149, court: { order: '1749' } },
          },
        ],
      },
    });
    const atYearEnd = await call('GET', `${path}?asOf=2023-12-31`);
    expect(atYearEnd.body).toMatchObject({
      asOf: '2023-12-31',
      price: { valued: '23100000.00', performed: '11550000.00', pendingFace: '53900000.00' },
      legs: [{}, { valuationDue: { status: 'pending' } }],
    });
    expect((await call('GET', `${path}?asOf=2024-01-15`)).body).toMatchObject({
      legs: [{}, { valuationDue: { status: 'overdue', missedOn: '2024-01-01' } }],
    });
    const { position } = streams.log.find(({ type }) => type === 'ConsiderationValued')!;
    expect((await call('GET', `${path}?asOf=2024-01-16&knownAt=${position}`)).body).toMatchObject({
      legs: [{}, { valuation: { shares: 10_735_143 } }],
    });
    expect((await call('GET', `${path}?asOf=2024-01-16`)).body).toMatchObject({
      legs: [{}, { valuation: { shares: 10_735_149 } }],
    });
    expect(await call('GET', `${path}?asOf=2023-09-04`)).toMatchObject({
      status: 404,
      body: { code: 'supply/unknown' },
    });
  });
});

describe('Its hashrate', () => {
  const waiver = {
    line: 1,
    hashrateGhs: 151_000,
    waivedOn: '2024-03-31',
    cause: 'Credited',
    documentDigest,
  };

  it('is waived by another subject than who recorded the agreement', async () => {
    expect(await call('POST', `${path}/waivers`, waiver)).toMatchObject({
      status: 403,
      body: { code: 'supply/own-waiver' },
    });
    const other = { authorization: 'Bearer carl:commercial' };
    expect(await call('POST', `${path}/waivers`, waiver, other)).toMatchObject({ status: 201 });
  });

  it('may come in another model, and be more by an option', async () => {
    const supplement = {
      line: 1,
      model: 'S21-200',
      effectiveOn: '2024-05-01',
      documentDigest,
      cause: 'Supplement 1',
    };
    expect(await call('POST', `${path}/substitutions`, supplement)).toMatchObject({ status: 200 });
    const legs = [
      {
        kind: 'cash',
        face: '7000000.00',
        description: 'Cash',
        instalments: [{ dueOn: '2024-09-30', amount: '7000000.00' }],
      },
    ];
    const exercise = {
      hashrateGhs: 400_000_000,
      exercisedOn: '2024-06-01',
      documentDigest,
      legs,
    };
    expect(await call('POST', `${path}/options/1/exercise`, exercise)).toMatchObject({
      status: 200,
    });
    expect(await call('POST', `${path}/options/2/exercise`, exercise)).toMatchObject({
      status: 404,
      body: { code: 'supply/option-unknown' },
    });
    await fill();
    expect((await call('GET', path)).body).toMatchObject({
      price: { face: '84000000.00' },
      hashrate: { contracted: 4_477_000_000, waived: 151_000 },
      lines: [
        {
          models: [
            { model: 'S19JXP-151', units: 27_000 },
            { model: 'S21-200', units: 20_385 },
          ],
        },
        { option: 1, models: [{ model: 'S21-200', units: 2_000 }] },
      ],
      options: [{ exercisedHashrateGhs: 400_000_000 }],
    });
  });
});

it('What does not exist is not linked to it', async () => {
  const contractId = deriveId('nothing');
  const link = { contractId, linkedOn: '2023-09-22' };
  expect(await call('POST', `${path}/hosting-contracts`, link)).toMatchObject({
    status: 404,
    body: { code: 'contract/unknown', errors: [{ pointer: '/contractId' }] },
  });
  const deliveryId = deriveId('nothing');
  expect(await call('POST', `${path}/deliveries`, { deliveryId })).toMatchObject({
    status: 404,
    body: { code: 'delivery/unknown' },
  });
  const nowhere = `/supply-agreements/${deriveId('nothing')}`;
  expect(await call('POST', `${nowhere}/instalments`, payment)).toMatchObject({
    status: 404,
    body: { code: 'supply/unknown' },
  });
});

it('Agreements are listed and filtered, and their events told', async () => {
  await call('POST', '/supply-agreements', { ...agreement, reference: 'APA-2' });
  await fill();
  const references = async (query: string) =>
    ((await call('GET', `/supply-agreements${query}`)).body.items as { reference: string }[]).map(
      ({ reference }) => reference,
    );
  expect((await references('')).toSorted()).toEqual(['APA-1', 'APA-2']);
  expect(await references('?valuationPending=true')).toEqual(['APA-2']);
  expect(await references('?reference=APA-1')).toEqual(['APA-1']);
  expect(await references('?status=completed')).toEqual([]);
  const { body } = await call('GET', `${path}/timeline?limit=2`);
  expect(body).toMatchObject({
    items: [{ type: 'SupplyAgreed', actor: 'cora' }, { type: 'ConsiderationLegAdded' }],
  });
});
