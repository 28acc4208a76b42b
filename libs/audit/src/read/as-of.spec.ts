import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { contractsAggregates, customerAggregate } from '@hostledger/contracts';
import { tableFold, type DomainEvent, type Projection } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { sitesAggregates } from '@hostledger/sites';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { asOfSlices } from '../as-of.js';
import { AuditCatalogue, AuditCatalogueModule } from '../catalogue.js';

const RATES = 'facility-DENTON';

const opened: DomainEvent = {
  type: 'FacilityOpened',
  data: {
    ...{ facility: 'DENTON', name: 'Denton', timeZone: 'America/Chicago' },
    powerEnvelopeWatts: 125_000_000,
  },
};
const envelope = (powerEnvelopeWatts: number): DomainEvent => ({
  type: 'PowerEnvelopeChanged',
  data: { facility: 'DENTON', powerEnvelopeWatts },
});

const names: Projection = {
  name: 'site_names',
  version: 3,
  tables: [
    tableFold<
      { facility: string; at_watts: bigint; name: string },
      DomainEvent<'FacilityOpened', { facility: string; name: string; powerEnvelopeWatts: number }>
    >({
      table: {
        name: 'site_names',
        columns: { facility: 'text', at_watts: 'bigint', name: 'text' },
        key: ['facility', 'at_watts'],
      },
      keys: {
        FacilityOpened: ({ data }) => [
          { facility: data.facility, at_watts: BigInt(data.powerEnvelopeWatts) },
        ],
      },
      evolve: (_, { data }, key) => ({
        ...{ facility: key.facility!, at_watts: key.at_watts!, name: data.name },
      }),
    }),
  ],
};

describe('What was true at a moment, as known at another', () => {
  const streams = new InMemoryStreams();
  let app: NestFastifyApplication;
  let close: () => Promise<void>;

  beforeAll(async () => {
    await streams.happened(RATES, '2024-01-01T12:00:00.000Z', opened);
    // The evening of the last of January in Chicago, the first of February in UTC.
    await streams.happened(RATES, '2024-02-01T03:00:00.000Z', envelope(130_000_000));
    await streams.happened(RATES, '2024-03-01T12:00:00.000Z', envelope(140_000_000));
    const catalogue = new AuditCatalogue([...contractsAggregates, ...sitesAggregates], [names]);
    const filled = await readModelsOf([names], streams.log);
    ({ close } = filled);
    app = await servedRoutes({
      imports: [AuditCatalogueModule.with(catalogue)],
      controllers: asOfSlices.flatMap(({ controllers }) => [...controllers]),
      providers: [
        { provide: EventStore, useValue: streams },
        { provide: ReadModels, useValue: filled.readModels },
      ],
    });
  });
  afterAll(async () => {
    await app.close();
    await close();
  });

  const get = async (path: string, role = 'auditor') => {
    const headers = { authorization: `Bearer ${role}` };
    const { statusCode, body } = await app.inject({ url: `/v1/audit/${path}`, headers });
    return { status: statusCode, body: JSON.parse(body) as Record<string, unknown> };
  };

  it('is what the events that count come to, with the last of them cited', async () => {
    const { status, body } = await get(`as-of/${RATES}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      category: 'facility',
      timeZone: 'America/Chicago',
      state: { facility: 'DENTON', status: 'open', powerEnvelopeWatts: 140_000_000, racks: {} },
      last: {
        revision: 2,
        position: '300',
        type: 'PowerEnvelopeChanged',
        actor: 'ada',
        role: 'operator',
        eventId: streams.log[2]!.id,
      },
      counted: 3,
      leftOut: { recordedLater: 0, happenedLater: 0 },
    });
  });

  it('leaves out what was recorded later, by position and by instant', async () => {
    for (const knownAt of ['299', '2024-02-29T00:00:00Z']) {
      expect((await get(`as-of/${RATES}?knownAt=${knownAt}`)).body).toMatchObject({
        ...{ knownAt, counted: 2, leftOut: { recordedLater: 1, happenedLater: 0 } },
        state: { powerEnvelopeWatts: 130_000_000 },
        last: { position: '200' },
      });
    }
  });

  it('leaves out what happened later, a day being one of the zone of the stream', async () => {
    const on = async (asOf: string) => (await get(`as-of/${RATES}?asOf=${asOf}`)).body;
    expect(await on('2024-01-30')).toMatchObject({ counted: 1, leftOut: { happenedLater: 2 } });
    expect(await on('2024-01-31')).toMatchObject({ counted: 2, leftOut: { happenedLater: 1 } });
    expect(await on('2024-02-01T02:59:59Z')).toMatchObject({ counted: 1 });
  });

  it('is refused of what is not there, or was not known by then', async () => {
    const refusal = async (path: string) => {
      const { status, body } = await get(`as-of/${path}`);
      return `${status} ${String(body['code'])}`;
    };
    expect(await refusal('rig-1')).toBe('404 audit/category-unknown');
    expect(await refusal(`${customerAggregate.category}-1`)).toBe('404 audit/stream-unknown');
    expect(await refusal(`${RATES}?knownAt=99`)).toBe('404 audit/not-known-then');
    expect(await refusal(`${RATES}?asOf=2023-12-31`)).toBe('404 audit/not-known-then');
    expect(await refusal(`${RATES}?asOf=2023-02-30`)).toBe('400 request/invalid');
    expect(await refusal('facility')).toBe('400 request/invalid');
  });

  it('is told to auditors and admins alone', async () => {
    for (const role of ['operator', 'commercial', 'billing']) {
      expect((await get(`as-of/${RATES}`, role)).status).toBe(403);
      expect((await get('rows/site_names?key.facility=DENTON', role)).status).toBe(403);
    }
    expect((await get(`as-of/${RATES}`, 'admin')).status).toBe(200);
  });

  it('names an event that cannot be applied', async () => {
    const stream = 'facility-PECOS';
    await streams.happened(stream, '2024-01-01T00:00:00.000Z', { type: 'Haunted', data: {} });
    const { status, body } = await get(`as-of/${stream}`);
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'audit/state-untold', stream, revision: '0' });
  });

  describe('A row of a read model', () => {
    it('is told with the position that it is true at', async () => {
      const path = 'rows/site_names?key.facility=DENTON&key.at_watts=125000000';
      expect((await get(path)).body).toEqual({
        ...{ table: 'site_names', projection: 'site_names', version: 3 },
        key: { at_watts: '125000000', facility: 'DENTON' },
        row: { at_watts: '125000000', facility: 'DENTON', name: 'Denton' },
        position: '300',
      });
    });

    it('is null where there is none', async () => {
      const { body } = await get('rows/site_names?key.facility=PECOS&key.at_watts=1');
      expect(body).toMatchObject({ row: null, position: '300' });
    });

    it.each([
      ['rows/rigs?key.id=1', '404 audit/table-unknown'],
      ['rows/site_names?key.facility=DENTON', '422 audit/row-key-invalid'],
      ['rows/site_names?key.facility=DENTON&key.at_watts=many', '422 audit/row-key-invalid'],
      [
        'rows/site_names?key.facility=DENTON&key.at_watts=9999999999999999999',
        '422 audit/row-key-invalid',
      ],
      [
        'rows/site_names?key.facility=DENTON&key.at_watts=1&key.name=x',
        '422 audit/row-key-invalid',
      ],
      ['rows/site_names?key.facility=DENTON&facility=PECOS', '422 audit/row-key-invalid'],
    ])('%s is refused: %s', async (path, refusal) => {
      const { status, body } = await get(path);
      expect(`${status} ${String(body['code'])}`).toBe(refusal);
    });
  });
});
