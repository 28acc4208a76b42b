import { Controller, Get, Param, Post } from '@nestjs/common';
import {
  AppendTooLarge,
  StoreUnavailable,
  TooMuchContention,
  type CommandContext,
} from '@hostledger/eventsourcing';
import {
  PositionBeyondLog,
  ReadModelBehind,
  ReadModelRefused,
  ReadModelUnavailable,
} from '@hostledger/eventsourcing/postgres';
import { listen, send, type ListeningApp } from './http.fixture.js';
import { readable } from './log-destination.js';
import { Metrics } from './metrics.js';
import { ActContext, AnyRole, Public, reply, Roles } from './index.js';

/** What the route throws, set by a test. */
let failure: { readonly thrown: unknown } | undefined;

@Controller('lamps')
class LampController {
  @Post(':lamp')
  @Roles('operator')
  light(@Param('lamp') lamp: string, @ActContext() context: CommandContext) {
    if (failure) throw failure.thrown;
    const outcome = { revision: 0n, position: 10n, replayed: false };
    return reply(outcome, { body: { lamp, commandId: context.commandId } });
  }
}

@Controller('open')
class OpenController {
  @Get()
  @AnyRole()
  one() {
    return {};
  }

  @Get('forgotten')
  forgotten() {
    return {};
  }
}

let running: ListeningApp;
let problem: string | undefined;
let checks = 0;
let answer = (): Promise<void> => Promise.resolve();

beforeEach(async () => {
  failure = undefined;
  problem = undefined;
  checks = 0;
  answer = () => Promise.resolve();
  const check = async () => {
    checks += 1;
    await answer();
    return problem;
  };
  running = await listen([LampController], {
    readiness: [
      { name: 'event-store', check },
      { name: 'broken', check: () => Promise.resolve(undefined) },
    ],
  });
});
afterEach(() => running.app.close());

const post = (path: string, token?: string, headers?: Record<string, string>) =>
  send(running.origin, 'POST', path, {
    ...(token === undefined ? {} : { token }),
    ...(headers && { headers }),
  });

describe('the log', () => {
  it('has one line a request, with its correlation id and never its token', async () => {
    await post('/v1/lamps/hall', 'op', { 'x-correlation-id': 'order-1' });
    await post('/v1/lamps/hall', 'secret-guess', { 'x-correlation-id': 'order-2' });
    const lines = running.log.filter(({ req }) => req !== undefined);
    expect(lines).toMatchObject([
      {
        req: { method: 'POST', url: '/v1/lamps/hall' },
        res: { statusCode: 200 },
        correlationId: 'order-1',
      },
      { res: { statusCode: 401 }, correlationId: 'order-2' },
    ]);
    expect(running.logText()).not.toMatch(/secret-guess|Bearer/);
  });

  it('says who was denied what', async () => {
    await post('/v1/lamps/hall', 'aud', { 'x-correlation-id': 'order-3' });
    expect(running.log).toContainEqual(
      expect.objectContaining({
        msg: 'Denied',
        code: 'request/forbidden',
        subject: 'joe',
        method: 'POST',
        url: '/v1/lamps/hall',
        correlationId: 'order-3',
      }),
    );
  });

  it('has the cause of a failure, under the correlation id that the caller is told', async () => {
    failure = { thrown: new Error('connection to db-7 lost') };
    const { status, json, text } = await post('/v1/lamps/hall');
    expect(status).toBe(500);
    expect(text).not.toContain('db-7');
    const line = running.log.find(({ code }) => code === 'server/failed');
    expect(line).toMatchObject({
      level: 50,
      correlationId: json['correlationId'],
      err: { message: 'connection to db-7 lost' },
    });
  });

  it('does not mention liveness and readiness', async () => {
    await send(running.origin, 'GET', '/health/live', { token: '' });
    await send(running.origin, 'GET', '/health/ready', { token: '' });
    expect(running.log.filter(({ req }) => req !== undefined)).toEqual([]);
  });

  it('reads well on a terminal', () => {
    const line = {
      level: 40,
      time: Date.UTC(2024, 3, 20, 1, 2, 3, 4),
      pid: 1,
      hostname: 'h',
      context: 'access',
      code: 'request/forbidden',
      msg: 'Denied',
    };
    expect(readable(`${JSON.stringify(line)}\n`)).toBe(
      '01:02:03.004 warn  [access] Denied {"code":"request/forbidden"}\n',
    );
    expect(readable('not JSON\n')).toBe('not JSON\n');
  });
});

it('a position that the log has not come to is a fault of the request', async () => {
  failure = { thrown: new PositionBeyondLog(20n, 10n) };
  const { status, json } = await post('/v1/lamps/hall');
  expect({ status, json }).toMatchObject({
    status: 400,
    json: {
      ...{ code: 'request/invalid', detail: 'The log ends at position 10, before 20' },
      errors: [{ pointer: '/Min-Log-Position', code: 'position' }],
    },
  });
});

describe('what passes by itself', () => {
  it.each<[string, Error, number]>([
    ['server/store-unavailable', new StoreUnavailable('deadline'), 503],
    ['server/contention', new TooMuchContention('lamp-hall', 3), 503],
    ['server/read-model-behind', new ReadModelBehind(20n, 10n), 503],
    ['server/read-model-refused', new ReadModelRefused('another log'), 503],
    ['server/read-model-unavailable', new ReadModelUnavailable('no answer'), 503],
  ])('is answered %s, to be sent again', async (code, thrown, status) => {
    failure = { thrown };
    const answered = await post('/v1/lamps/hall');
    expect(answered).toMatchObject({ status, json: { code } });
    expect(Number(answered.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('tells that a repetition with the same key is safe where the outcome is unknown', async () => {
    failure = { thrown: new StoreUnavailable('deadline') };
    const { json } = await post('/v1/lamps/hall');
    expect(json['detail']).toMatch(/outcome is unknown.*same Idempotency-Key/s);
  });
});

describe('other errors', () => {
  it.each<[string, unknown, number, string]>([
    [
      'events that are too large',
      new AppendTooLarge('lamp-hall', 2_000_000, 1_000_000),
      413,
      'request/too-large',
    ],
    [
      'an error of a library with a status',
      Object.assign(new Error('secret'), { statusCode: 404 }),
      500,
      'server/failed',
    ],
    ['nothing at all', null, 500, 'server/failed'],
    ['text', 'secret', 500, 'server/failed'],
  ])('are problems too: %s', async (_what, thrown, status, code) => {
    failure = { thrown };
    const answered = await post('/v1/lamps/hall');
    expect(answered).toMatchObject({ status, json: { code } });
    expect(answered.text).not.toContain('secret');
  });
});

describe('the metrics', () => {
  it('count requests by route and status, denials and what the kernel reports', async () => {
    await post('/v1/lamps/hall');
    await post('/v1/lamps/cellar');
    await post('/v1/lamps/hall', 'aud');
    await post('/v1/nowhere');
    running.metrics.commandHandled('lamp', 'Light', 'accepted', 0.002);
    running.metrics.appended('ok', 0.001);
    running.metrics.scrapeRunners(() => [
      { name: 'read_models', up: true, position: 77, backlog: 2 },
    ]);
    const { status, text, headers } = await send(running.origin, 'GET', '/metrics', {
      token: 'aud',
    });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/plain');
    const lines = text.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'hostledger_http_request_seconds_count{route="/v1/lamps/:lamp",method="POST",status="200"} 2',
        'hostledger_http_request_seconds_count{route="/v1/lamps/:lamp",method="POST",status="403"} 1',
        'hostledger_http_request_seconds_count{route="unknown",method="POST",status="404"} 1',
        'hostledger_http_denied_total{code="request/forbidden"} 1',
        'hostledger_command_seconds_count{category="lamp",command="Light",outcome="accepted"} 1',
        'hostledger_append_seconds_count{outcome="ok"} 1',
        'hostledger_runner_position{runner="read_models"} 77',
        'hostledger_runner_backlog{runner="read_models"} 2',
      ]),
    );
    expect(text).toContain('nodejs_eventloop_lag_seconds');
  });

  it('of another thread are added to those of this one', async () => {
    const main = new Metrics();
    const thread = new Metrics('thread');
    main.include(() => thread.registry.getMetricsAsJSON());
    main.commandHandled('lamp', 'Light', 'accepted', 0.002);
    thread.commandHandled('lamp', 'Light', 'accepted', 0.002);
    thread.scrapeRunners(() => [{ name: 'read_models', up: true, position: 77 }]);
    const lines = (await main.scrape()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'hostledger_command_seconds_count{category="lamp",command="Light",outcome="accepted"} 2',
        'hostledger_runner_position{runner="read_models"} 77',
      ]),
    );
    expect(lines.filter((line) => line.startsWith('process_cpu_seconds_total '))).toHaveLength(1);
  });

  it('need a token', async () => {
    expect((await send(running.origin, 'GET', '/metrics', { token: '' })).status).toBe(401);
  });
});

describe('readiness', () => {
  const ready = () => send(running.origin, 'GET', '/health/ready', { token: '' });

  it('is red while a part fails and names it, and recovers', async () => {
    problem = 'no answer';
    const red = await ready();
    expect(red).toMatchObject({
      status: 503,
      json: {
        status: 'failing',
        parts: [{ name: 'event-store', status: 'failing', detail: 'no answer' }, { status: 'ok' }],
      },
    });
    expect(red.headers.get('retry-after')).toBe('2');
    problem = undefined;
    expect((await ready()).status).toBe(200);
  });

  it('asks once for all who want to know at the same time', async () => {
    let release = (): void => undefined;
    answer = () => new Promise((resolve) => (release = resolve));
    const asked = [ready(), ready(), ready()];
    while (checks === 0) await send(running.origin, 'GET', '/health/live', { token: '' });
    await send(running.origin, 'GET', '/health/live', { token: '' });
    release();
    for (const { status } of await Promise.all(asked)) expect(status).toBe(200);
    expect(checks).toBe(1);
  });

  it('does not wait for ever', async () => {
    answer = () => new Promise(() => undefined);
    expect(await ready()).toMatchObject({
      status: 503,
      json: { parts: [{ detail: expect.stringMatching(/No answer within/) as string }, {}] },
    });
  });

  it('says nothing of details to those who come from elsewhere without a token', async () => {
    problem = 'connect ECONNREFUSED 10.0.0.7:5432';
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const { json, text } = await send(running.origin, 'GET', '/health/ready', {
      token: '',
      headers,
    });
    expect(json).toMatchObject({ parts: [{ name: 'event-store', status: 'failing' }, {}] });
    expect(text).not.toContain('10.0.0.7');
  });
});

describe('a route', () => {
  it('that does not say who may call it keeps the app from starting', async () => {
    await expect(listen([OpenController])).rejects.toThrow(/OpenController\.forgotten/);
  });

  it('under /v1 needs a token, whatever it says', async () => {
    @Controller('public')
    class PublicController {
      @Get()
      @Public()
      one() {
        return {};
      }
    }
    const open = await listen([PublicController]);
    expect((await send(open.origin, 'GET', '/v1/public', { token: '' })).status).toBe(401);
    await open.app.close();
  });

  it('that does nothing takes the same way as a command', async () => {
    const noop = (body: object) => send(running.origin, 'POST', '/v1/noop', { body });
    expect(await noop({ serial: 'S19JXP0001', powerWatts: 3_247 })).toMatchObject({
      status: 200,
      json: { serial: 'S19JXP0001' },
    });
    expect((await noop({ serial: 'S19JXP0001', powerWatts: 'x' })).status).toBe(400);
  });
});

describe('metrics while the event store is away', () => {
  let store: 'there' | 'away' | 'silent';
  let watched: ListeningApp;
  beforeEach(async () => {
    store = 'there';
    watched = await listen([LampController], {
      readiness: [{ name: 'event-store', check: () => Promise.resolve('away') }],
      authenticate: (token) => {
        if (store === 'away') return Promise.reject(new StoreUnavailable('away'));
        if (store === 'silent') return new Promise(() => undefined);
        const principal = { subject: 'prometheus', roles: ['auditor' as const] };
        return Promise.resolve(token === 'prom' ? principal : undefined);
      },
    });
  });
  afterEach(() => watched.app.close());

  const get = (path: string, token: string) => send(watched.origin, 'GET', path, { token });

  it.each(['away', 'silent'] as const)('are told to who has been seen before: %s', async (how) => {
    expect((await get('/metrics', 'prom')).status).toBe(200);
    store = how;
    const { status, text } = await get('/metrics', 'prom');
    expect(status).toBe(200);
    expect(text).toContain('hostledger_ready{part="event-store"} 0');
  });

  it('are told to nobody else, and nothing else is', async () => {
    expect((await get('/metrics', 'prom')).status).toBe(200);
    expect((await get('/metrics', 'guess')).status).toBe(401);
    store = 'away';
    expect((await get('/metrics', 'guess')).status).toBe(503);
    const posted = await send(watched.origin, 'POST', '/v1/lamps/hall', { token: 'prom' });
    expect(posted.status).toBe(503);
  });
});
