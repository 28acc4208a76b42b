import { randomUUID } from 'node:crypto';
import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AggregateStore } from '@hostledger/eventsourcing';
import { type EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { ROLES } from '@hostledger/http';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { webhookAggregate, type DeadLetter } from '../domain/webhook.js';
import { AddressGuard, networkOf } from '../outbound/address-guard.js';
import { WebhookKey } from '../outbound/secret.js';
import { TestReceiver } from '../process/receivers.fixture.js';
import { webhooksProjection } from '../read/projection.js';
import { WebhooksApiModule } from '../webhooks.module.js';

const key = new WebhookKey(Buffer.alloc(32, 3).toString('base64'));
const NAMES: Readonly<Record<string, string>> = {
  'erp.example': '93.184.216.34',
  'inside.example': '10.0.0.5',
};

let streams: InMemoryStreams;
let store: AggregateStore;
let app: NestFastifyApplication;
let readModels: ReadModels | undefined;
let closeReadModels: (() => Promise<void>) | undefined;

const start = async (given: WebhookKey | undefined = key): Promise<void> => {
  const guard = new AddressGuard([networkOf('127.0.0.0/8')], (name) =>
    Promise.resolve(NAMES[name] === undefined ? [] : [NAMES[name]]),
  );
  const module = {
    imports: [
      CqrsModule.forRoot(),
      EventSourcingModule.with({
        aggregateStore: store,
        eventStore: streams as unknown as EventStore,
        readModels: {
          read: (...of: Parameters<ReadModels['read']>) =>
            readModels ? readModels.read(...of) : Promise.resolve({ position: 0n, value: [] }),
        } as unknown as ReadModels,
      }),
      WebhooksApiModule.with({ key: given, guard, source: 'urn:spec' }),
    ],
  };
  const authenticate = (role: string) =>
    Promise.resolve({ subject: role, roles: ROLES.filter((known) => known === role) });
  app = await servedRoutes(module, { authenticate });
};

beforeEach(async () => {
  streams = new InMemoryStreams();
  store = new AggregateStore(streams);
  readModels = undefined;
  await start();
});
afterEach(async () => {
  await app.close();
  await closeReadModels?.();
  closeReadModels = undefined;
});

const call = async (
  method: 'GET' | 'POST',
  path: string,
  { as = 'operator', payload, headers }: { as?: string; payload?: object; headers?: object } = {},
) => {
  const answer = await app.inject({
    method,
    url: `/v1/webhooks${path}`,
    headers: { authorization: `Bearer ${as}`, ...headers },
    ...(payload && { payload }),
  });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: JSON.parse(answer.body) as Record<string, unknown>,
  };
};

const subscribe = (change: object = {}, headers: object = {}) =>
  call('POST', '', { payload: { url: 'https://erp.example/in', ...change }, headers });
const subscribed = async (change: object = {}): Promise<string> =>
  (await subscribe(change)).body['webhookId'] as string;

/** Fills the read models with what happened so far. */
const project = async (): Promise<void> => {
  const built = await readModelsOf([webhooksProjection], streams.log);
  readModels = built.readModels;
  closeReadModels = built.close;
};

const bury = async (webhookId: string, position: string): Promise<void> => {
  const letter: DeadLetter = {
    position,
    stream: 'miner-1',
    revision: '0',
    eventId: 'e1',
    eventType: 'MinerMoved',
    attempts: 12,
    lastStatus: 500,
    cause: 'status',
  };
  const at = '2024-04-20T00:00:00.000Z';
  const data = { webhookId, ...letter, replayed: false };
  const commandId = randomUUID();
  await store.handle(
    webhookAggregate,
    webhookId,
    { type: 'GiveUpDelivery', data, at },
    {
      commandId,
      actor: { subject: 'system:webhooks', role: 'system' },
      correlationId: commandId,
      causationId: commandId,
      at,
    },
  );
};

describe('POST /v1/webhooks', () => {
  it('subscribes from now on and shows the secret, which is stored nowhere', async () => {
    const { status, headers, body } = await subscribe({ filter: { categories: ['miner'] } });
    const webhookId = body['webhookId'] as string;
    expect(status).toBe(201);
    expect(headers).toMatchObject({ etag: '"0"', location: `/v1/webhooks/${webhookId}` });
    expect(body).toEqual({ webhookId, secretVersion: 1, secret: key.secretOf(webhookId, 1) });
    expect(streams.log.at(-1)).toMatchObject({
      type: 'WebhookSubscribed',
      data: { url: 'https://erp.example/in', filter: { categories: ['miner'] }, after: '0' },
    });
    expect(JSON.stringify(streams.log.map(({ data }) => data))).not.toContain('whsec_');
  });

  it('has one outcome for one key, whatever became of the address', async () => {
    const once = { 'idempotency-key': 'k1' };
    const first = await subscribe({}, once);
    const again = await subscribe({}, once);
    expect(again.body).toEqual(first.body);
    expect(again.headers['idempotent-replayed']).toBe('true');
    await call('POST', `/${first.body['webhookId'] as string}/secret-rotation`, { payload: {} });
    expect((await subscribe({}, once)).body).toMatchObject({ secret: null });
    expect((await subscribe({ description: 'Other' }, once)).body['code']).toBe(
      'request/idempotency-key-reused',
    );
  });

  it.each([
    ['https://inside.example/', 'address'],
    ['https://nowhere.example/', 'address'],
    ['https://169.254.169.254/latest/meta-data', 'address'],
    ['http://erp.example/', 'scheme'],
    ['https://user:secret@erp.example/', 'credentials'],
    ['https://erp.example:5432/', 'port'],
    ['erp.example', 'form'],
  ])('refuses to call %s', async (url, refusal) => {
    const { status, body } = await subscribe({ url });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'webhook/address-refused', refusal });
    expect(body['errors']).toMatchObject([{ pointer: '/url' }]);
    expect(JSON.stringify(body)).not.toMatch(/10\.0\.0\.5/);
    expect(streams.log).toHaveLength(0);
  });

  it.each<[object, number, string]>([
    [{ filter: { categories: ['webhook'] } }, 422, 'webhook/events-undelivered'],
    [{ filter: { categories: ['accessToken'] } }, 422, 'webhook/events-undelivered'],
    [{ from: '999' }, 422, 'webhook/position-unknown'],
    [{ from: 'yesterday' }, 400, 'request/invalid'],
    [{ filter: { kinds: ['miner'] } }, 400, 'request/invalid'],
    [{ filter: { categories: ['minner'] } }, 400, 'request/invalid'],
    [{ filter: { types: ['MinerMoved'] } }, 400, 'request/invalid'],
    [{ filter: null }, 400, 'request/invalid'],
    [{ url: 7 }, 400, 'request/invalid'],
    [{ secret: 'mine' }, 400, 'request/invalid'],
  ])('refuses %j', async (change, status, code) => {
    expect(await subscribe(change)).toMatchObject({ status, body: { code } });
  });

  it('is for operators', async () => {
    const payload = { url: 'https://erp.example/in' };
    for (const as of ['auditor', 'billing', 'commercial']) {
      expect((await call('POST', '', { as, payload })).status).toBe(403);
    }
    expect((await call('POST', '', { as: 'admin', payload })).status).toBe(201);
  });

  it('says that the server has no key where it has none', async () => {
    await app.close();
    await start(null as never);
    expect(await subscribe()).toMatchObject({
      status: 503,
      body: { code: 'webhook/key-missing' },
    });
  });
});

describe('acts on a webhook', () => {
  it('change, pause, resume and delete it', async () => {
    const webhookId = await subscribed();
    const url = 'https://erp.example/v2';
    await call('POST', `/${webhookId}/change`, { payload: { url } });
    await call('POST', `/${webhookId}/pause`);
    await call('POST', `/${webhookId}/resume`);
    expect((await call('POST', `/${webhookId}/deletion`)).status).toBe(200);
    expect(streams.events(`webhook-${webhookId}`).map(({ type }) => type)).toEqual([
      'WebhookSubscribed',
      'WebhookChanged',
      'WebhookPaused',
      'WebhookResumed',
      'WebhookDeleted',
    ]);
    expect((await call('POST', `/${webhookId}/pause`)).body['code']).toBe('webhook/unknown');
  });

  it('do not change it to an address that may not be called', async () => {
    const webhookId = await subscribed();
    const payload = { url: 'https://inside.example/' };
    expect((await call('POST', `/${webhookId}/change`, { payload })).body['code']).toBe(
      'webhook/address-refused',
    );
  });

  it('give it a new secret, and for how long the old one is valid too', async () => {
    const webhookId = await subscribed();
    const { body } = await call('POST', `/${webhookId}/secret-rotation`, {
      payload: { overlapHours: 0 },
    });
    expect(body).toEqual({ webhookId, secretVersion: 2, secret: key.secretOf(webhookId, 2) });
    const rotated = streams.log.at(-1)!;
    expect(rotated.data).toMatchObject({ previousUntil: rotated.metadata.occurredAt });
    const payload = { overlapHours: 169 };
    expect((await call('POST', `/${webhookId}/secret-rotation`, { payload })).status).toBe(400);
  });

  it('replay and discard dead letters', async () => {
    const webhookId = await subscribed();
    for (const position of ['700', '800', '900']) await bury(webhookId, position);
    const act = (path: string) => call('POST', `/${webhookId}/dead-letters/${path}`);
    expect((await act('700/discard')).status).toBe(200);
    expect((await act('800/replay')).status).toBe(202);
    expect((await act('replay')).status).toBe(202);
    expect(streams.events(`webhook-${webhookId}`).slice(-2)).toEqual([
      { type: 'WebhookReplayRequested', data: { webhookId, positions: ['800'] } },
      { type: 'WebhookReplayRequested', data: { webhookId, positions: ['900'] } },
    ]);
    expect((await act('700/replay')).body['code']).toBe('webhook/dead-letter-unknown');
    expect((await act('0/replay')).status).toBe(400);
  });

  it('test it once, telling no more than the status of the answer', async () => {
    const receiver = new TestReceiver();
    await receiver.listen();
    try {
      const webhookId = await subscribed({ url: receiver.url });
      receiver.secret = key.secretOf(webhookId, 1);
      const test = () => call('POST', `/${webhookId}/test`);
      expect((await test()).body).toMatchObject({ delivered: true, status: 204, cause: null });
      expect(receiver.got[0]!.event).toMatchObject({
        type: 'hostledger.webhook.test',
        data: { webhookId },
      });
      receiver.behaviour = () => 302;
      expect((await test()).body).toMatchObject({
        delivered: false,
        status: 302,
        cause: 'redirect',
      });
      await receiver.close();
      expect((await test()).body).toMatchObject({
        delivered: false,
        status: null,
        cause: 'connection',
      });
    } finally {
      await receiver.close().catch(() => undefined);
    }
  });
});

describe('GET /v1/webhooks', () => {
  it('lists webhooks and tells each with its dead letters, to every role', async () => {
    const webhookId = await subscribed();
    await subscribed();
    for (const position of ['700', '1000', '90']) await bury(webhookId, position);
    await project();
    const as = 'billing';
    const first = await call('GET', '?limit=1', { as });
    const cursor = first.body['nextCursor'] as string;
    const second = await call('GET', `?limit=1&cursor=${cursor}`, { as });
    const ids = [first, second].map(
      ({ body }) => (body['items'] as { webhookId: string }[])[0]!.webhookId,
    );
    expect(ids).toContain(webhookId);
    expect(new Set(ids).size).toBe(2);
    expect((await call('GET', `/${webhookId}`, { as })).body).toMatchObject({
      webhookId,
      url: 'https://erp.example/in',
      status: 'active',
      createdBy: 'operator',
      deadLetters: 3,
      delivery: null,
    });
    const letters = await call('GET', `/${webhookId}/dead-letters?limit=2`, { as });
    const positions = (body: Record<string, unknown>) =>
      (body['items'] as { position: string }[]).map(({ position }) => position);
    expect(positions(letters.body)).toEqual(['90', '700']);
    const next = letters.body['nextCursor'] as string;
    const rest = await call('GET', `/${webhookId}/dead-letters?limit=2&cursor=${next}`, { as });
    expect(positions(rest.body)).toEqual(['1000']);
    const unknown = await call('GET', `/${randomUUID()}/dead-letters`, { as });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'webhook/unknown' } });
  }, 60_000);
});
