import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { deriveId, type DomainEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { InMemoryStreams } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { contractQuestions } from './contracts.js';
import { machineQuestions } from './machines.js';
import { siteQuestions } from './sites.js';

// The questions of auditors, each with what was true on a day and what was believed of it. Positions
// are those of the log in memory: the n-th event is at n × 100.

const contractId = deriveId('contract');
const customerId = deriveId('customer');
const buyer = deriveId('buyer');
const CONTRACT = `hostingContract-${contractId}`;
const [DIGEST, BETTER, PAPER] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)];
const SERIAL = 'SN0000001';

const terms = (version: number, effectiveOn: string, ratePerKwh: string, more = {}) => ({
  ...{ contractId, version, effectiveOn, documentDigest: DIGEST, clauses: [] },
  ...{ rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh }, ...more },
});
const event = (type: string, data: object): DomainEvent => ({ type, data });
const storage = (facility: string) => ({ kind: 'storage', facility });
const slot = (number: number) => ({ kind: 'slot', facility: 'DENTON', rack: 'A-01', slot: number });

const streams = new InMemoryStreams();
let app: NestFastifyApplication;

const happenings: readonly (readonly [stream: string, at: string, DomainEvent])[] = [
  [
    CONTRACT,
    '2023-09-01T12:00:00.000Z',
    event('ContractDrafted', {
      ...{ contractId, customerId, reference: 'HA-1', title: 'Hosting' },
      ...{ timeZone: 'America/Chicago', currency: 'USD' },
    }),
  ],
  [CONTRACT, '2023-09-02T12:00:00.000Z', event('TermsAdopted', terms(1, '2023-10-01', '0.070'))],
  [
    CONTRACT,
    '2023-12-01T12:00:00.000Z',
    event('TermsAdopted', terms(2, '2024-01-01', '0.080', { changes: 'Dearer' })),
  ],
  // Position 400: only then it is known that the first version had been written down wrongly.
  [
    CONTRACT,
    '2024-02-01T12:00:00.000Z',
    event('TermsCorrected', {
      ...terms(1, '2023-10-01', '0.075'),
      ...{ documentDigest: BETTER, cause: 'A typo' },
    }),
  ],
  [
    CONTRACT,
    '2024-02-02T12:00:00.000Z',
    event('CustomerAllocated', {
      ...{ contractId, customerId, orderId: 'o', allocationId: 'x', facility: 'DENTON' },
      ...{ units: 10, powerWatts: 30_000, effectiveOn: '2023-10-01' },
    }),
  ],
  [
    CONTRACT,
    '2024-02-03T12:00:00.000Z',
    event('AllocationReduced', {
      ...{ contractId, customerId, orderId: 'o', allocationId: 'x', reductionId: 'r' },
      ...{ facility: 'DENTON', units: 4, powerWatts: 12_000, effectiveOn: '2024-03-01' },
      cause: 'Given back',
    }),
  ],
  [
    CONTRACT,
    '2024-02-04T12:00:00.000Z',
    event('DepositReceived', {
      ...{ contractId, customerId, depositId: 'd', amount: '100.00', currency: 'USD' },
      ...{ receivedOn: '2023-10-05', reference: 'WIRE-1' },
    }),
  ],
  [
    CONTRACT,
    '2024-02-05T12:00:00.000Z',
    event('DepositDrawn', {
      ...{ contractId, customerId, depositId: 'd', drawId: 'w', amount: '30.25' },
      ...{ currency: 'USD', drawnOn: '2024-01-10', reference: 'S-1', cause: 'Unpaid' },
    }),
  ],
  // Positions 900 to 1200.
  [
    'facility-DENTON',
    '2023-01-01T12:00:00.000Z',
    event('FacilityOpened', {
      ...{ facility: 'DENTON', name: 'Denton', timeZone: 'America/Chicago' },
      powerEnvelopeWatts: 9_000_000,
    }),
  ],
  [
    'facility-DENTON',
    '2023-01-02T12:00:00.000Z',
    event('RackPowerCommitted', {
      facility: 'DENTON',
      racks: ['A-01', 'A-02'].map((rack) => ({ rack, slotCount: 2, powerLimitWatts: 7_000 })),
    }),
  ],
  [
    'facility-DENTON',
    '2023-01-03T12:00:00.000Z',
    event('PowerRateFixed', {
      ...{ facility: 'DENTON', ratePerKwh: '0.048', currency: 'USD', effectiveOn: '2023-01-01' },
    }),
  ],
  [
    'facility-DENTON',
    '2023-01-04T12:00:00.000Z',
    event('PowerRateFixed', {
      ...{ facility: 'DENTON', ratePerKwh: '0.050', currency: 'USD', effectiveOn: '2023-01-01' },
    }),
  ],
  // Positions 1300 on.
  [
    'rack-DENTON.A-01',
    '2023-01-02T12:00:00.000Z',
    event('RackCommissioned', {
      ...{ facility: 'DENTON', rack: 'A-01', slotCount: 2, powerLimitWatts: 7_000 },
    }),
  ],
  [
    'rack-DENTON.A-01',
    '2023-10-02T12:00:00.000Z',
    event('SlotReserved', {
      ...{ facility: 'DENTON', rack: 'A-01', slot: 2, reservationId: 'r1', serial: SERIAL },
      ...{ powerWatts: 3_000, expiresAt: '2023-10-03T12:00:00.000Z' },
    }),
  ],
  [
    'rack-DENTON.A-01',
    '2023-10-02T13:00:00.000Z',
    event('SlotOccupied', {
      ...{ facility: 'DENTON', rack: 'A-01', slot: 2, reservationId: 'r1', serial: SERIAL },
      powerWatts: 3_000,
    }),
  ],
  [
    `miner-${SERIAL}`,
    '2023-10-01T12:00:00.000Z',
    event('MinerReceived', {
      ...{ serial: SERIAL, model: 'S19JXP-151', ratedHashrateGhs: 151_000, nameplateWatts: 3_000 },
      ...{ contractId, customerId, deliveryId: 'd', line: 1, place: storage('DENTON') },
      condition: 'ok',
    }),
  ],
  [
    `miner-${SERIAL}`,
    '2023-10-02T13:00:00.000Z',
    event('MinerInstalled', {
      ...{ serial: SERIAL, model: 'S19JXP-151', customerId, powerWatts: 3_000 },
      ...{ from: storage('DENTON'), to: slot(2), reservationId: 'r1', first: true },
    }),
  ],
  [
    `miner-${SERIAL}`,
    '2024-01-15T12:00:00.000Z',
    event('TitleTransferred', {
      ...{ serial: SERIAL, model: 'S19JXP-151', fromCustomerId: customerId, toCustomerId: buyer },
      ...{ effectiveOn: '2024-01-15', documentDigest: PAPER, place: slot(2), energized: false },
    }),
  ],
];

beforeAll(async () => {
  for (const [stream, at, happened] of happenings) await streams.happened(stream, at, happened);
  app = await servedRoutes({
    controllers: [contractQuestions, siteQuestions, machineQuestions].flatMap(
      ({ controllers }) => controllers as never[],
    ),
    providers: [{ provide: EventStore, useValue: streams }],
  });
});
afterAll(() => app.close());

const ask = async (path: string, role = 'auditor') => {
  const headers = { authorization: `Bearer ${role}` };
  const { statusCode, body } = await app.inject({ url: `/v1/audit/${path}`, headers });
  const answer = JSON.parse(body) as Record<string, unknown>;
  return { status: statusCode, ...answer } as Record<string, unknown>;
};
const ofContract = (what: string, moment = '') => ask(`contracts/${contractId}/${what}${moment}`);

describe('Which terms were in force on a day', () => {
  it('are told with who said so, in which document, and what was different', async () => {
    expect(await ofContract('terms', '?asOf=2024-01-01')).toMatchObject({
      ...{ status: 200, asOf: '2024-01-01', timeZone: 'America/Chicago', version: 2, customerId },
      statements: [
        { version: 1, kind: 'adoption', inForce: false },
        {
          ...{ version: 2, kind: 'adoption', inForce: true, changes: 'Dearer' },
          ...{ documentDigest: DIGEST, terms: { rateCard: { ratePerKwh: '0.080' } } },
          said: { actor: 'ada', role: 'operator', position: '300', type: 'TermsAdopted' },
        },
        { version: 1, kind: 'correction' },
      ],
    });
  });

  it('were believed to be others before the correction was known', async () => {
    const inForce = async (knownAt: string) => {
      const answer = await ofContract('terms', `?asOf=2023-12-31&knownAt=${knownAt}`);
      const statements = answer['statements'] as { inForce: boolean }[];
      return { ...answer, said: statements.find((one) => one.inForce) };
    };
    expect(await inForce('399')).toMatchObject({
      ...{ version: 1, recordedLater: 5, knownAt: { position: '300' } },
      said: { kind: 'adoption', documentDigest: DIGEST, said: { position: '200' } },
    });
    expect(await inForce('400')).toMatchObject({
      ...{ version: 1, knownAt: { position: '400' } },
      said: { kind: 'correction', documentDigest: BETTER, changes: 'A typo' },
    });
  });

  it('are none before the first version takes effect', async () => {
    const answer = await ofContract('terms', '?asOf=2023-09-30');
    expect(answer).not.toHaveProperty('version');
    expect(answer).toMatchObject({ statements: [{ inForce: false }, {}, {}] });
  });

  it('is asked of a contract that was known', async () => {
    const unknown = await ask(`contracts/${deriveId('none')}/terms`);
    expect(unknown).toMatchObject({ status: 404, code: 'audit/stream-unknown' });
    const early = await ofContract('terms', '?knownAt=99');
    expect(early).toMatchObject({ status: 404, code: 'audit/not-known-then' });
    expect((await ask(`contracts/${contractId}/terms`, 'billing')).status).toBe(403);
  });
});

it('Who signed a contract, and which document, is told with its terms', async () => {
  const other = deriveId('signed');
  const stream = `hostingContract-${other}`;
  const at = '2023-09-25T12:00:00.000Z';
  const drafted = { ...happenings[0]![2].data, contractId: other };
  const signatories = [{ party: 'Bitmain', name: 'A. Signer' }];
  await streams.happened(stream, at, event('ContractDrafted', drafted));
  await streams.happened(stream, at, {
    ...event('ContractExecuted', {
      ...{ contractId: other, executedOn: '2023-09-25', documentDigest: PAPER, signatories },
    }),
  });
  const termsOn = (day: string) => ask(`contracts/${other}/terms?asOf=${day}`);
  expect(await termsOn('2023-09-25')).toMatchObject({
    executed: { documentDigest: PAPER, signatories, said: { type: 'ContractExecuted' } },
  });
  expect(await termsOn('2023-09-24')).not.toHaveProperty('executed');
});

it('Which capacity was allocated on a day, and who reduced it', async () => {
  expect(await ofContract('allocations', '?asOf=2024-02-29')).toMatchObject({
    ...{ units: 10, powerWatts: 30_000 },
    allocations: [
      { allocationId: 'x', facility: 'DENTON', units: 10, said: [{ position: '500' }] },
    ],
  });
  expect(await ofContract('allocations', '?asOf=2024-03-01')).toMatchObject({
    units: 6,
    allocations: [{ units: 6, powerWatts: 18_000, said: [{}, { type: 'AllocationReduced' }] }],
  });
  expect(await ofContract('allocations', '?asOf=2024-03-01&knownAt=499')).toMatchObject({
    ...{ units: 0, allocations: [] },
  });
});

it('What was held of deposits on a day, and what it was kept for', async () => {
  expect(await ofContract('deposits', '?asOf=2024-01-09')).toMatchObject({ held: '100.00' });
  expect(await ofContract('deposits', '?asOf=2024-01-10')).toMatchObject({
    held: '69.75',
    movements: [
      { kind: 'received', amount: '100.00', on: '2023-10-05', reference: 'WIRE-1' },
      { kind: 'drawn', amount: '30.25', cause: 'Unpaid', said: { actor: 'ada', position: '800' } },
    ],
  });
});

it('What energy cost a site on a day: of two rates for one day the one said last', async () => {
  const rate = (moment: string) => ask(`facilities/DENTON/power-rate${moment}`);
  expect(await rate('?asOf=2023-06-01')).toMatchObject({
    ...{ ratePerKwh: '0.050', currency: 'USD' },
    fixed: [{ holds: false }, { holds: true, said: { position: '1200', actor: 'ada' } }],
  });
  expect(await rate('?asOf=2023-06-01&knownAt=1199')).toMatchObject({
    ...{ ratePerKwh: '0.048', fixed: [{ holds: true }] },
  });
  expect(await rate('?asOf=2022-12-31')).not.toHaveProperty('ratePerKwh');
});

describe('What a rack held at a moment', () => {
  const rack = (moment: string) => ask(`facilities/DENTON/racks/A-01${moment}`);

  it('is told slot by slot, with the event by which each machine came', async () => {
    expect(await rack('?asOf=2023-10-02T12:30:00Z')).toMatchObject({
      ...{ occupied: 0, reserved: 1, powerWattsInUse: 3_000 },
      slots: [{ slot: 2, status: 'reserved', serial: SERIAL, said: { position: '1400' } }],
    });
    expect(await rack('?asOf=2023-10-02')).toMatchObject({
      ...{ timeZone: 'America/Chicago', occupied: 1, reserved: 0, powerLimitWatts: 7_000 },
      slots: [{ slot: 2, status: 'occupied', serial: SERIAL, said: { type: 'SlotOccupied' } }],
    });
  });

  it('is what was known of it then', async () => {
    expect(await rack('?knownAt=1399')).toMatchObject({ recordedLater: 2, slots: [] });
    expect(await rack('?knownAt=1250')).toMatchObject({
      status: 404,
      code: 'audit/not-known-then',
    });
  });

  it('is told of all racks of a site, page by page; one not in service yet is left out', async () => {
    const racks = (query: string) => ask(`facilities/DENTON/racks${query}`);
    const first = await racks('?asOf=2023-10-02&limit=1');
    expect(first).toMatchObject({ items: [{ rack: 'A-01', occupied: 1, last: { revision: 2 } }] });
    const cursor = first['nextCursor'] as string;
    const second = await racks(`?asOf=2023-10-02&limit=1&cursor=${cursor}`);
    expect(second).toMatchObject({ items: [] });
    expect(second).not.toHaveProperty('nextCursor');
  });
});

describe('Where a machine was, and through whose hands it went', () => {
  const machine = (what: string, moment = '') => ask(`miners/${SERIAL}/${what}${moment}`);

  it('is told of a day, as known at a moment', async () => {
    expect(await machine('place', '?asOf=2023-10-01')).toMatchObject({
      ...{ status: 'stored', place: storage('DENTON'), happenedLater: 2 },
      placed: { type: 'MinerReceived', position: '1600' },
    });
    expect(await machine('place', '?asOf=2023-10-02T13:00:00Z')).toMatchObject({
      ...{ asOf: '2023-10-02T13:00:00Z', place: slot(2), customerId, happenedLater: 1 },
    });
    expect(await machine('place', '?asOf=2023-10-02&knownAt=1699')).toMatchObject({
      ...{ place: storage('DENTON'), recordedLater: 2 },
    });
    expect(await machine('place')).toMatchObject({ customerId: buyer, place: slot(2) });
    const before = await machine('place', '?asOf=2023-09-30');
    expect(before).toMatchObject({ status: 404, code: 'audit/not-known-then' });
  });

  it('is a chain from the dock on', async () => {
    expect(await machine('custody')).toMatchObject({
      isUnbroken: true,
      entries: [
        { kind: 'dock', place: storage('DENTON'), customerId },
        { kind: 'move', place: slot(2), said: { actor: 'ada' } },
        { kind: 'title', customerId: buyer, documentDigest: PAPER, place: slot(2) },
      ],
    });
  });

  it('is broken where an entry begins elsewhere than the one before ended', async () => {
    const serial = 'SN0000002';
    const received = { ...happenings.at(-3)![2].data, serial };
    const installed = { ...happenings.at(-2)![2].data, serial, from: storage('PECOS') };
    await streams.happened(`miner-${serial}`, '2024-01-01T00:00:00.000Z', {
      ...event('MinerReceived', received),
    });
    await streams.happened(`miner-${serial}`, '2024-01-01T00:00:00.000Z', {
      ...event('MinerInstalled', installed),
    });
    expect(await ask(`miners/${serial}/custody`)).toMatchObject({
      ...{ isUnbroken: false, entries: [{ kind: 'dock' }, { kind: 'move', isBroken: true }] },
    });
  });
});
