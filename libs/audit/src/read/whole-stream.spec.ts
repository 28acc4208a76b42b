import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { accessTokenAggregate } from '@hostledger/access';
import { deriveId, type NewEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { sitesAggregates } from '@hostledger/sites';
import { Home } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { AuditCatalogue, AuditCatalogueModule } from '../catalogue.js';
import { asOfQuery } from './as-of.js';
import { siteQuestions } from './questions/sites.js';

// What somebody did to the store past this system, on the embedded node: answers are refused and not
// given of what is left.

let home: Home;
let app: NestFastifyApplication;

beforeAll(async () => {
  home = await Home.open();
  const catalogue = new AuditCatalogue([accessTokenAggregate, ...sitesAggregates], []);
  app = await servedRoutes({
    imports: [AuditCatalogueModule.with(catalogue)],
    controllers: [...asOfQuery.controllers, ...siteQuestions.controllers],
    providers: [{ provide: EventStore, useValue: home.events }],
  });
});
afterAll(async () => {
  await app.close();
  await home.close();
});

const get = async (path: string) => {
  const headers = { authorization: 'Bearer auditor' };
  const { statusCode, body } = await app.inject({ url: `/v1/audit/${path}`, headers });
  return { status: statusCode, body: JSON.parse(body) as Record<string, unknown> };
};

let written = 0;
const happened = async (stream: string, ...facts: readonly (readonly [string, object])[]) => {
  const events = facts.map(([type, data]): NewEvent => ({
    ...{ id: deriveId('whole', (written += 1)), type, data },
    metadata: {
      ...{ commandId: deriveId('command', written), commandHash: 'h', $correlationId: 'c' },
      ...{ actor: { subject: 'ada', role: 'operator' }, $causationId: 'c' },
      occurredAt: '2024-01-01T00:00:00.000Z',
    },
  }));
  await home.events.append(stream, 'no_stream', events);
};

const site = async (code: string): Promise<string> => {
  const opened = { facility: code, name: code, timeZone: 'America/Chicago' };
  const rate = { facility: code, ratePerKwh: '0.05', currency: 'USD', effectiveOn: '2024-01-01' };
  await happened(
    `facility-${code}`,
    ['FacilityOpened', { ...opened, powerEnvelopeWatts: 9 }],
    ['PowerRateFixed', rate],
    ['PowerRateFixed', { ...rate, ratePerKwh: '0.06' }],
  );
  return `facility-${code}`;
};

/** Past this system, where anything may be written. */
const slipped = async (stream: string, type: string, data: unknown) => {
  await home.events.client().appendToStream(
    stream,
    [
      {
        ...{ id: deriveId('slipped', stream), type, contentType: 'application/json' as const },
        data: data as never,
        metadata: undefined,
      },
    ],
    { expectedRevision: 'any' },
  );
};

const untold = async (code: string) => {
  const answers = [await get(`as-of/facility-${code}`), await get(`facilities/${code}/power-rate`)];
  return answers.map(({ status, body }) => `${status} ${String(body['code'])}`);
};
const UNTOLD = ['409 audit/state-untold', '409 audit/state-untold'];

describe('An answer of a stream that is not whole', () => {
  it.each([
    ['CUTBEFORE', { truncateBefore: 2 }],
    ['SHORTENED', { maxCount: 1 }],
    ['HIDDEN', { truncateBefore: 99 }],
  ])('is refused: %s', async (code, settings) => {
    const stream = await site(code);
    expect((await get(`facilities/${code}/power-rate`)).body).toMatchObject({ ratePerKwh: '0.06' });
    await home.events.client().setStreamMetadata(stream, settings);
    expect(await untold(code)).toEqual(UNTOLD);
  });

  it('is refused where it was deleted, also for ever', async () => {
    await home.events.client().deleteStream(await site('DELETED'));
    await home.events.client().tombstoneStream(await site('BURIED'));
    expect(await untold('DELETED')).toEqual(UNTOLD);
    expect(await untold('BURIED')).toEqual(UNTOLD);
  });

  it('is refused where an event of it says nothing, and names that', async () => {
    const stream = await site('NOTHING');
    await slipped(stream, 'PowerRateFixed', null);
    expect(await untold('NOTHING')).toEqual(UNTOLD);
    const { body } = await get('facilities/NOTHING/power-rate');
    expect(body).toMatchObject({ stream, revision: '3', eventType: 'PowerRateFixed' });
  });

  it('counts an event without an instant by when it was recorded', async () => {
    const stream = await site('BARE');
    const rate = { facility: 'BARE', ratePerKwh: '0.07', currency: 'USD' };
    await slipped(stream, 'PowerRateFixed', { ...rate, effectiveOn: '2024-01-02' });
    const { body: then } = await get(`as-of/${stream}?asOf=2024-01-03`);
    expect(then).toMatchObject({ counted: 3, leftOut: { happenedLater: 1 } });
    const { status, body: now } = await get(`as-of/${stream}`);
    expect(status).toBe(200);
    expect(now).toMatchObject({ counted: 4, last: { revision: 3, actor: '', role: '' } });
    expect((await get('facilities/BARE/power-rate')).body).toMatchObject({ ratePerKwh: '0.07' });
  });
});

describe('The state of an access token', () => {
  it('is without the hash of its secret, and says so', async () => {
    const data = { tokenId: 't', secretHash: 'ab', subject: 'erp', roles: [], expiresAt: null };
    await happened('accessToken-t', ['AccessTokenIssued', { ...data, note: '' }]);
    const { body } = await get('as-of/accessToken-t');
    expect(body).toMatchObject({
      state: { status: 'issued', subject: 'erp', roles: [], expiresAt: null },
      withheld: ['/state/secretHash'],
    });
    expect(body['state']).not.toHaveProperty('secretHash');
  });
});
