import { connect, type Socket } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { Metrics, type Principal } from '@hostledger/http';
import { InMemoryLog, recorded, until } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import type { CloudEvent } from '../cloud-event.js';
import { EventFeed } from '../event-feed.js';
import { AsyncApiController } from './asyncapi-route.js';
import { EventsController } from './events-route.js';
import './problems.js';
import { SchemasController } from './schemas-route.js';

const principals: Record<string, Principal> = {
  op: { subject: 'ana', roles: ['operator'] },
  aud: { subject: 'joe', roles: ['auditor'] },
};

/** A log of several streams. */
class SpecLog extends InMemoryLog {
  write(stream: string, type: string, data: object): bigint {
    const [event] = recorded(stream, [{ type, data }], this.events.length);
    this.events.push(event!);
    // Wakes the feeds, with nothing more.
    super.append();
    return event!.position;
  }
}

const partiesOf = ({ data }: RecordedEvent) => {
  const { contractId } = data as { contractId?: string };
  return { contracts: contractId === undefined ? [] : [contractId], customers: [] };
};

let log: SpecLog;
let feed: EventFeed;
let fellBehind: number;
let app: NestFastifyApplication;
let metrics: Metrics;
let origin: string;
/** Of the server, one for each connection. */
let sockets: Socket[];

beforeEach(async () => {
  log = new SpecLog();
  fellBehind = 0;
  metrics = new Metrics('thread');
  feed = new EventFeed({
    log,
    feeds: log,
    parties: { of: (events) => Promise.resolve(events.map(partiesOf)) },
    source: 'urn:spec',
    observer: { fellBehind: () => (fellBehind += 1), heldUp: () => undefined },
    tailEvents: 200,
    signOfLifeMs: 20,
    gatherMsPerReader: 0,
  });
  const module = {
    controllers: [EventsController, SchemasController, AsyncApiController],
    providers: [
      { provide: EventFeed, useValue: feed },
      {
        provide: EventStore,
        useValue: {
          head: () => log.head(),
          hasPosition: async (position: bigint) => (await log.idAt(position)) !== undefined,
        },
      },
      { provide: Metrics, useValue: metrics },
    ],
  };
  const authenticate = (token: string) => Promise.resolve(principals[token]);
  app = await servedRoutes(module, { authenticate });
  sockets = [];
  const server = app.getHttpServer();
  server.on('connection', (socket: Socket) => sockets.push(socket));
  await app.listen(0, '127.0.0.1');
  origin = await app.getUrl();
});
afterEach(() => app.close());

const call = (query: string, { as = 'op', ...headers }: Record<string, string> = {}) =>
  fetch(`${origin}/v1${query}`, {
    headers: { authorization: `Bearer ${as}`, connection: 'close', ...headers },
  });

const problem = async (query: string, headers: Record<string, string> = {}) => {
  const answer = await call(query, headers);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

/** A client of server-sent events, as the WHATWG describes it. */
class EventSource {
  readonly events: CloudEvent[] = [];
  lastEventId = '';
  signsOfLife = 0;
  ended = false;
  private readonly leaving = new AbortController();
  readonly done: Promise<void>;

  constructor(query: string, headers: Record<string, string> = {}) {
    this.done = this.read(query, headers).catch(() => undefined);
  }

  leave(): Promise<void> {
    this.leaving.abort();
    return this.done;
  }

  private async read(query: string, headers: Record<string, string>): Promise<void> {
    const answer = await fetch(`${origin}/v1/events${query}`, {
      headers: { authorization: 'Bearer op', accept: 'text/event-stream', ...headers },
      signal: this.leaving.signal,
    });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    let text = '';
    for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + part).split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) this.dispatch(block);
    }
    this.ended = true;
  }

  private dispatch(block: string): void {
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) this.lastEventId = line.slice(4);
      if (line.startsWith('data: ')) this.events.push(JSON.parse(line.slice(6)) as CloudEvent);
      if (line === ': alive') this.signsOfLife += 1;
    }
  }
}

const repaired = (count: number, contractId = 'c-1'): void => {
  for (let index = 0; index < count; index += 1) {
    log.write(`miner-A${index}`, 'RepairOpened', { repairId: `r-${index}`, contractId });
  }
};
const positions = (events: readonly CloudEvent[]): string[] =>
  events.map(({ position }) => position);
const allPositions = (): string[] => log.events.map(({ position }) => position.toString());

describe('GET /v1/events as text/event-stream', () => {
  it('sends CloudEvents of all that was and of what comes', async () => {
    repaired(3);
    const source = new EventSource('');
    await until(() => source.events.length === 3);
    log.write('miner-B1', 'RepairClosed', { contractId: 'c-2' });
    await until(() => source.events.length === 4);
    expect(positions(source.events)).toEqual(allPositions());
    expect(source.lastEventId).toBe(log.end.toString());
    expect(source.events.at(-1)).toEqual({
      specversion: '1.0',
      id: log.events.at(-1)!.id,
      source: 'urn:spec',
      type: 'hostledger.RepairClosed',
      subject: 'miner-B1',
      time: '2024-06-01T00:00:03.000Z',
      datacontenttype: 'application/json',
      dataschema: '/v1/schemas/RepairClosed',
      position: '400',
      revision: '3',
      category: 'miner',
      correlationid: 'correlation-1',
      causationid: 'request-1',
      actor: 'ada',
      actorrole: 'operator',
      occurredat: '2024-06-01T00:00:03.000Z',
      contractid: 'c-2',
      data: { contractId: 'c-2' },
    });
    await source.leave();
  });

  it('goes on after Last-Event-ID, whatever the address says', async () => {
    repaired(10);
    const source = new EventSource('?after=start', { 'last-event-id': '700' });
    await until(() => source.events.length === 3);
    expect(positions(source.events)).toEqual(['800', '900', '1000']);
    await source.leave();
  });

  it('begins at the end where that is asked for', async () => {
    repaired(3);
    const source = new EventSource('?after=end');
    await until(() => source.signsOfLife > 0);
    repaired(1);
    await until(() => source.events.length === 1);
    expect(positions(source.events)).toEqual(['400']);
    await source.leave();
  });

  it('sends signs of life that move the place to resume from past what the filter left out', async () => {
    repaired(300);
    log.write('rack-F.R1', 'RackClosed', {});
    repaired(2, 'c-2');
    const source = new EventSource('?category=rack&type=hostledger.RackClosed');
    await until(() => source.lastEventId === log.end.toString());
    expect(source.events).toHaveLength(1);
    repaired(4);
    await until(() => source.lastEventId === log.end.toString());
    expect(source.events).toHaveLength(1);
    const ofContract = new EventSource('?contractId=c-2');
    await until(() => ofContract.events.length === 2);
    await Promise.all([source.leave(), ofContract.leave()]);
  });

  it('holds a socket that nobody reads by back-pressure, not by memory, and then goes on', async () => {
    const reading = new EventSource('');
    await until(() => reading.signsOfLife > 0);
    const { port } = new URL(origin);
    const idle: Socket = connect(Number(port), '127.0.0.1');
    idle.pause();
    idle.write(
      'GET /v1/events HTTP/1.1\r\nHost: spec\r\nAuthorization: Bearer op\r\nAccept: text/event-stream\r\n\r\n',
    );
    await until(async () => (await metrics.scrape()).includes('hostledger_feed_readers 2'));
    const fat = 'x'.repeat(40_000);
    for (let index = 0; index < 2_000; index += 1) {
      log.write(`miner-A${index}`, 'RepairOpened', { repairId: fat });
      if (index % 50 === 49) await until(() => reading.lastEventId === log.end.toString());
    }
    expect(feed.held).toBeLessThanOrEqual(200);
    const unsent = sockets.map(({ writableLength }) => writableLength);
    expect(Math.max(...unsent)).toBeGreaterThan(0);
    expect(Math.max(...unsent)).toBeLessThan(1024 * 1024);
    let received = '';
    idle.on('data', (bytes: Buffer) => {
      received = (received + bytes.toString('latin1')).replace(/x{10,}/g, '').slice(-20_000);
    });
    idle.resume();
    await until(() => received.includes(`id: ${log.end}`));
    expect(fellBehind).toBeGreaterThan(0);
    expect(reading.events).toHaveLength(2_000);
    idle.destroy();
    await reading.leave();
    await until(async () => (await metrics.scrape()).includes('hostledger_feed_readers 0'));
  }, 60_000);

  it('ends soon after its token was withdrawn', async () => {
    const tokens = principals as Record<string, Principal | undefined>;
    tokens['brief'] = { subject: 'eve', roles: ['operator'] };
    const source = new EventSource('', { authorization: 'Bearer brief' });
    await until(() => source.signsOfLife > 1);
    tokens['brief'] = undefined;
    const now = performance.now.bind(performance);
    const later = jest.spyOn(performance, 'now').mockImplementation(() => now() + 16_000);
    await until(() => source.ended);
    later.mockRestore();
  });

  it('ends with the server, and does not hold it up', async () => {
    const sources = [new EventSource(''), new EventSource('?type=RackClosed')];
    await until(() => sources.every(({ signsOfLife }) => signsOfLife > 0));
    await app.close();
    await Promise.all(sources.map(({ done }) => done));
    expect(sources.map(({ ended }) => ended)).toEqual([true, true]);
  });

  it('has a bound on the streams of one subject', async () => {
    const sources = Array.from({ length: 100 }, () => new EventSource(''));
    await until(() => sources.every(({ signsOfLife }) => signsOfLife > 0));
    expect(log.openedFrom).toHaveLength(1);
    expect(await problem('/events', { accept: 'text/event-stream' })).toMatchObject({
      status: 429,
      body: { code: 'feed/too-many-streams' },
    });
    const other = new EventSource('', { authorization: 'Bearer aud' });
    await until(() => other.signsOfLife > 0);
    await sources[0]!.leave();
    await until(async () => (await metrics.scrape()).includes('hostledger_feed_readers 100'));
    const again = new EventSource('');
    await until(() => again.signsOfLife > 0);
    await Promise.all([other, again, ...sources].map((source) => source.leave()));
  });
});

describe('GET /v1/events in pages', () => {
  const page = async (query: string, accept?: string) => {
    const answer = await call(query, accept === undefined ? {} : { accept });
    return { answer, text: await answer.text() };
  };

  it.each([
    [undefined, 'application/cloudevents-batch+json'],
    ['application/json', 'application/json'],
    ['application/cloudevents-batch+json', 'application/cloudevents-batch+json'],
    ['application/x-ndjson;q=0.9, application/json;q=0.1', 'application/x-ndjson'],
  ])('for Accept: %s answers with %s', async (accept, type) => {
    repaired(2);
    const { answer, text } = await page('/events', accept);
    expect(answer.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
    const json = type.endsWith('ndjson') ? `[${text.trim().replaceAll('\n', ',')}]` : text;
    expect(positions(JSON.parse(json) as CloudEvent[])).toEqual(['100', '200']);
    expect(answer.headers.get('log-position')).toBe('200');
    expect(answer.headers.get('link')).toBeNull();
  });

  it('leads from one to the next without gap or double, and is resumed when there is more', async () => {
    repaired(25);
    const seen: string[] = [];
    let path: string | undefined = '/events?limit=7&category=miner';
    let position = '';
    while (path !== undefined) {
      const { answer, text } = await page(path, 'application/x-ndjson');
      const lines = text.split('\n').filter((line) => line !== '');
      seen.push(...positions(lines.map((line) => JSON.parse(line) as CloudEvent)));
      position = answer.headers.get('log-position')!;
      path = /^<\/v1(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(allPositions());
    repaired(1);
    const { text } = await page(`/events?after=${position}`);
    expect(positions(JSON.parse(text) as CloudEvent[])).toEqual([log.end.toString()]);
  });
});

describe('GET /v1/events refuses', () => {
  const stream = { accept: 'text/event-stream' };

  it.each<[string, Record<string, string>, number, string]>([
    ['/events', { ...stream, 'last-event-id': 'abc' }, 400, 'feed/last-event-id-invalid'],
    ['/events', { ...stream, 'last-event-id': '-1' }, 400, 'feed/last-event-id-invalid'],
    ['/events', { 'last-event-id': '9'.repeat(40) }, 400, 'feed/last-event-id-invalid'],
    ['/events?after=9223372036854775807', stream, 409, 'feed/position-ahead'],
    ['/events?after=1', stream, 409, 'feed/position-unknown'],
    ['/events?after=1', {}, 409, 'feed/position-unknown'],
    ['/events', { ...stream, 'last-event-id': '1' }, 409, 'feed/position-unknown'],
    ['/events?after=middle', stream, 400, 'request/invalid'],
    ['/events?type=MinerPainted', stream, 400, 'request/invalid'],
    ['/events?category=miner&category=mine', stream, 400, 'request/invalid'],
    ['/events?contractId=a&contractId=b', stream, 400, 'request/invalid'],
    ['/events?limit=0', {}, 400, 'request/invalid'],
    ['/events?before=1', {}, 400, 'request/invalid'],
    ['/events', { accept: 'image/png' }, 406, 'request/not-acceptable'],
    ['/events?category=accessToken', stream, 403, 'feed/category-restricted'],
    ['/events?type=CommandKeyClaimed', stream, 403, 'feed/category-restricted'],
    ['/events', { ...stream, as: 'nobody' }, 401, 'request/unauthenticated'],
    ['/schemas/MinerPainted', {}, 404, 'schema/unknown'],
  ])('%s with %j: %i %s', async (query, headers, status, code) => {
    repaired(1);
    expect(await problem(query, headers)).toMatchObject({ status, body: { code } });
  });

  it('names what is unknown and where all is listed', async () => {
    const { body } = await problem('/events?type=MinerPainted');
    expect(body['detail']).toBe('type MinerPainted is unknown; /v1/schemas lists all');
    expect(body['errors']).toMatchObject([{ pointer: '/type' }]);
  });

  it('nobody else what is internal, and gives it to an auditor who asks for it', async () => {
    log.write('accessToken-1', 'AccessTokenRevoked', { tokenId: '1' });
    repaired(1);
    const asked = async (query: string) =>
      (await (await call(query, { as: 'aud' })).json()) as CloudEvent[];
    expect((await asked('/events')).map(({ category }) => category)).toEqual(['miner']);
    expect((await asked('/events?category=accessToken')).map(({ subject }) => subject)).toEqual([
      'accessToken-1',
    ]);
  });
});

it('The hash of the secret of a token is told to nobody, nor asked for by its schema', async () => {
  const token = { tokenId: '1', secretHash: 'ab'.repeat(32), subject: 'erp', roles: [] };
  log.write('accessToken-1', 'AccessTokenIssued', { ...token, expiresAt: null });
  repaired(1);
  const answer = await call('/events?category=accessToken', { as: 'aud' });
  const [event] = (await answer.json()) as CloudEvent[];
  expect(event!.data).toEqual({ tokenId: '1', subject: 'erp', roles: [], expiresAt: null });
  expect(event!.withheld).toBe('/data/secretHash');
  const schema = await (await call('/schemas/AccessTokenIssued')).text();
  expect(schema).toContain('"tokenId"');
  expect(schema).not.toContain('secretHash');
});

describe('What the events are', () => {
  it('is listed with the schema of each type', async () => {
    const { items } = (await (await call('/schemas')).json()) as { items: { schema: string }[] };
    expect(items.length).toBeGreaterThan(90);
    expect(items).toContainEqual({
      type: 'MinerRelocated',
      cloudEventType: 'hostledger.MinerRelocated',
      category: 'miner',
      description: expect.any(String) as string,
      schema: '/v1/schemas/MinerRelocated',
    });
    const answer = await call('/schemas/MinerRelocated');
    expect(answer.headers.get('content-type')).toContain('application/schema+json');
    expect(await answer.json()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: { powerWatts: { type: 'integer', 'x-unit': 'W' } },
    });
  });

  it('is described by one AsyncAPI document, also without a token', async () => {
    const open = (await (await fetch(`${origin}/asyncapi.json`)).json()) as object;
    expect(open).toMatchObject({ asyncapi: '3.0.0', channels: { events: {} } });
    expect(await (await call('/asyncapi')).json()).toEqual(open);
  });
});
