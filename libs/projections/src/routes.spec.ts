import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AggregateStore, type EventMetadata } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels, type GenerationRow } from '@hostledger/eventsourcing/postgres';
import { type Authenticator, type Role } from '@hostledger/http';
import { InMemoryStreams } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { slices } from './projections.module.js';
import { FURTHER_REFUSALS } from './write/further-refusals.js';

const STREAM = 'projections-read_models';
const at = '2024-04-20T00:00:00.000Z';

const generation = (change: Partial<GenerationRow> = {}): GenerationRow => ({
  name: 'racks',
  version: 1,
  run: 0,
  group: 'read_models',
  position: 0n,
  lastEvent: undefined,
  events: 0n,
  filled: true,
  inUse: true,
  failure: undefined,
  refusal: undefined,
  owner: 'host/1',
  eventTypes: undefined,
  startedAt: at,
  updatedAt: '2024-04-20T00:00:10.000Z',
  ...change,
});
const stopped = {
  position: 100n,
  eventType: 'RackOpened',
  eventId: 'e1',
  cause: 'Error: unlucky',
  acts: 0,
};

let streams: InMemoryStreams;
let rows: GenerationRow[];
/** Of somebody else than the read models. */
let further: Map<string, string>;
let app: NestFastifyApplication;

/** The token is the role. */
const authenticator: Authenticator = {
  authenticate: (token) =>
    Promise.resolve({ subject: `the-${token}`, roles: [token as Role], tokenId: token }),
};

beforeEach(async () => {
  streams = new InMemoryStreams();
  rows = [generation()];
  further = new Map();
  const readAll = (after: bigint, count: number) =>
    Promise.resolve(streams.log.filter(({ position }) => position > after).slice(0, count));
  app = await servedRoutes(
    {
      controllers: slices.flatMap(({ controllers }) => [...controllers]),
      providers: [
        { provide: AggregateStore, useValue: new AggregateStore(streams) },
        { provide: EventStore, useValue: { head: () => streams.head(), readAll } },
        { provide: FURTHER_REFUSALS, useValue: () => Promise.resolve(further) },
        { provide: ReadModels, useValue: { generations: () => Promise.resolve(rows) } },
      ],
    },
    authenticator,
  );
});
afterEach(() => app.close());

const call = async (
  method: 'GET' | 'POST',
  path: string,
  { as = 'admin', payload, headers }: { as?: Role; payload?: object; headers?: object } = {},
) => {
  const answer = await app.inject({
    method,
    url: `/v1/${path}`,
    headers: { authorization: `Bearer ${as}`, ...headers },
    ...(payload && { payload }),
  });
  return { status: answer.statusCode, body: JSON.parse(answer.body) as Record<string, unknown> };
};

describe('Acts', () => {
  it('are for administrators, of projections that there are', async () => {
    expect(await call('POST', 'projections/racks/rebuild', { as: 'operator' })).toMatchObject({
      status: 403,
    });
    expect(await call('POST', 'projections/cellars/rebuild')).toMatchObject({
      status: 404,
      body: { code: 'projection/unknown' },
    });
    expect(streams.log).toEqual([]);
  });

  it('are written to the stream of the group', async () => {
    expect(await call('POST', 'projections/racks/rebuild')).toEqual({
      status: 202,
      body: { projection: 'racks', run: 1 },
    });
    rows = [generation({ run: 1 }), generation({ inUse: false })];
    await call('POST', 'projections/racks/switch', { payload: { run: 0 } });
    rows = [generation(), generation({ run: 1, inUse: false, failure: stopped })];
    await call('POST', 'projections/racks/resume');
    const headers = { 'x-reason': 'A duplicate of the import' };
    const payload = { position: '100' };
    await call('POST', 'projections/racks/parked-events', { payload, headers });
    await call('POST', 'projections/racks/parked-events/100/unpark');
    await call('POST', 'projections/racks/runs/1/drop');
    rows = [generation({ refusal: { reason: 'It is shorter', acts: 0 } })];
    expect(await call('POST', 'log/acceptance')).toEqual({
      status: 202,
      body: { groups: ['read_models'] },
    });
    const stop = { position: '100', eventId: 'e1', eventType: 'RackOpened' };
    const projection = 'racks';
    expect(streams.events(STREAM)).toEqual([
      { type: 'ProjectionRebuildRequested', data: { projection, run: 1, replaces: 0 } },
      { type: 'ProjectionSwitched', data: { projection, run: 0 } },
      { type: 'ProjectionResumed', data: { projection } },
      { type: 'EventParked', data: { projection, ...stop } },
      { type: 'EventUnparked', data: { projection, ...stop } },
      { type: 'ProjectionRunDropped', data: { projection, run: 1 } },
      { type: 'LogAccepted', data: { reason: 'It is shorter' } },
    ]);
    expect(streams.log[3]!.metadata.reason).toBe('A duplicate of the import');
  });

  it.each([
    ['switch', { payload: { run: 7 } }, 404, 'projection/run-unknown'],
    ['switch', { payload: {} }, 400, 'request/invalid'],
    ['runs/0/drop', {}, 409, 'projection/run-in-use'],
    ['resume', {}, 409, 'projection/not-stopped'],
    ['parked-events', { payload: { position: '100' } }, 422, 'projection/reason-missing'],
    [
      'parked-events',
      { payload: { position: '100' }, headers: { 'x-reason': 'why' } },
      409,
      'projection/not-stopped-there',
    ],
    ['parked-events/100/unpark', {}, 404, 'projection/event-not-parked'],
  ])('that make no sense are refused: %s %j', async (path, request, status, code) => {
    const answer = await call('POST', `projections/racks/${path}`, request);
    expect(answer).toMatchObject({ status, body: { code } });
  });

  it('accept a log that somebody else refuses than the read models', async () => {
    further = new Map([['read_models', 'More was published']]);
    expect(await call('POST', 'log/acceptance')).toEqual({
      ...{ status: 202, body: { groups: ['read_models'] } },
    });
    expect(streams.events(STREAM)).toEqual([
      { type: 'LogAccepted', data: { reason: 'More was published' } },
    ]);
  });

  it('do not accept a log that is not refused', async () => {
    expect(await call('POST', 'log/acceptance')).toMatchObject({
      status: 409,
      body: { code: 'projection/log-not-refused' },
    });
  });
});

describe('An accepted log', () => {
  it('answers a repetition as it did the first time, obeyed or not', async () => {
    rows = [
      generation({ refusal: { reason: 'It is shorter', acts: 0 } }),
      generation({ name: 'moves_process', group: 'processes' }),
    ];
    const headers = { 'idempotency-key': 'the-restore' };
    const first = await call('POST', 'log/acceptance', { headers });
    expect(first).toEqual({ status: 202, body: { groups: ['read_models'] } });
    expect(await call('POST', 'log/acceptance', { headers })).toEqual(first);
    rows = [generation(), generation({ name: 'moves_process', group: 'processes' })];
    expect(await call('POST', 'log/acceptance', { headers })).toEqual(first);
    expect(streams.events(STREAM)).toHaveLength(1);
    const another = { headers: { 'idempotency-key': 'another' } };
    expect(await call('POST', 'log/acceptance', another)).toMatchObject({ status: 409 });
  });
});

describe('GET /v1/projections', () => {
  it('says how far each is, what is being filled and what stopped', async () => {
    await call('POST', 'projections/racks/rebuild');
    rows = [
      generation({ position: 100n, events: 1n, failure: stopped }),
      generation({ run: 1, inUse: false, filled: false, position: 50n, events: 500n }),
      generation({ run: 9, version: 0, inUse: false }),
    ];
    const { body } = await call('GET', 'projections', { as: 'auditor' });
    expect(body['items']).toEqual([
      {
        name: 'racks',
        group: 'read_models',
        version: 1,
        run: 0,
        phase: 'stopped',
        position: '100',
        lagEvents: 0,
        lagIsExact: true,
        lagSeconds: 0,
        owner: 'host/1',
        failure: {
          position: '100',
          eventId: 'e1',
          eventType: 'RackOpened',
          cause: 'Error: unlucky',
        },
        refusal: null,
        filling: [
          {
            version: 1,
            run: 1,
            position: '50',
            progress: 0.5,
            eventsPerSecond: 50,
            secondsLeft: 10,
            failure: null,
          },
        ],
        retained: [{ version: 0, run: 9, position: '0' }],
        parkedEvents: [],
      },
    ]);
  });

  it('counts the events that are not in the tables yet', async () => {
    await call('POST', 'projections/racks/rebuild');
    await call('POST', 'projections/racks/rebuild');
    const { body } = await call('GET', 'projections/racks');
    expect(body).toMatchObject({ phase: 'live', lagEvents: 2, lagIsExact: true });
    rows = [generation({ eventTypes: ['RackOpened'] })];
    expect((await call('GET', 'projections/racks')).body).toMatchObject({ lagEvents: 0 });
  });

  it('calls a lag of more than 1,000 events an estimate', async () => {
    const events = Array.from({ length: 1_200 }, (_, index) => ({
      id: `e${index}`,
      type: 'RackOpened',
      data: {},
      metadata: { commandId: `c${index}` } as EventMetadata,
    }));
    await streams.append('rack-1', 'no_stream', events);
    // Two thirds of the log are ahead, and a third of it held 400 events.
    rows = [generation({ position: streams.log[399]!.position, events: 400n })];
    expect((await call('GET', 'projections/racks')).body).toMatchObject({
      lagEvents: 800,
      lagIsExact: true,
    });
    rows = [generation({ position: streams.log[99]!.position, events: 100n })];
    const { body } = await call('GET', 'projections/racks');
    expect(body).toMatchObject({ lagIsExact: false });
    expect(body['lagEvents']).toBeGreaterThanOrEqual(1_050);
    expect(body['lagEvents']).toBeLessThanOrEqual(1_150);
  });
});
