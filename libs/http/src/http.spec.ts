import { Readable } from 'node:stream';
import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { IsInt, Length } from 'class-validator';
import { z } from 'zod';
import {
  CommandIdReused,
  DomainError,
  RevisionMismatch,
  StoreUnavailable,
  type CommandContext,
} from '@hostledger/eventsourcing';
import {
  ActContext,
  AnyRole,
  BulkRoute,
  configureHttp,
  fastifyAdapter,
  HttpModule,
  Metrics,
  Page,
  ReadAt,
  readReply,
  registerProblems,
  reply,
  requestClock,
  Roles,
  Upload,
  type BulkUpload,
  type Principal,
  type ReadOptions,
} from './index.js';

registerProblems({ 'lamp/broken': { status: 409, title: 'The lamp is broken' } });

class LampBody {
  @Length(1, 10)
  lamp: string;

  @IsInt()
  watts: number;
}

const lampLine = z.strictObject({
  lamp: z.string().max(5),
  watts: z.coerce.number().int(),
  note: z.string().optional(),
});
type LampLine = z.infer<typeof lampLine>;

/** What the routes below throw, set by a test. */
let failure: Error | undefined;

@Controller('lamps')
class LampController {
  @Post()
  @Roles('operator')
  light(@Body() body: LampBody, @ActContext() context: CommandContext) {
    if (failure) throw failure;
    const outcome = { revision: 7n, position: 4096n, replayed: body.lamp === 'again' };
    return reply(outcome, {
      status: 201,
      location: `/v1/lamps/${body.lamp}`,
      body: { context: plain(context) },
    });
  }

  @Post('upload')
  @Roles('operator')
  @BulkRoute(lampLine)
  upload(@Query('mode') _mode: string, @Upload(lampLine) upload: BulkUpload<LampLine>) {
    const { lines, rejected, digest, context } = upload;
    return { lines, rejected, digest, requestHash: context.requestHash };
  }

  @Get()
  @AnyRole()
  list(@Query() page: Page, @ReadAt() at: ReadOptions) {
    return readReply(99n, { limit: page.limit ?? null, min: String(at.minPosition) });
  }
}

const plain = (context: CommandContext): object => ({
  ...context,
  ...(context.expectedRevision === undefined
    ? {}
    : { expectedRevision: String(context.expectedRevision) }),
});

const principals: Record<string, Principal> = {
  op: { subject: 'ana', roles: ['operator'] },
  aud: { subject: 'joe', roles: ['auditor'] },
  adm: { subject: 'root', roles: ['admin'] },
};

const metrics = new Metrics();
let app: NestFastifyApplication;
let ready: string | undefined;

beforeAll(async () => {
  const http = HttpModule.with({
    authenticators: [{ authenticate: (token) => Promise.resolve(principals[token]) }],
    readiness: [{ name: 'store', check: () => Promise.resolve(ready) }],
    metrics,
    logLevel: 'silent',
    noop: true,
  });
  const module = await Test.createTestingModule({
    imports: [http],
    controllers: [LampController],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(fastifyAdapter(), {
    bodyParser: false,
    logger: false,
  });
  await configureHttp(app, { requestsPerMinute: 0 });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});

afterAll(() => app.close());

beforeEach(() => {
  failure = undefined;
  ready = undefined;
  requestClock.now = () => '2024-04-20T00:00:00.000Z';
});

interface Sent {
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly csv?: string;
}

const send = async (
  method: 'GET' | 'POST',
  url: string,
  { token = 'op', headers, body, csv }: Sent = {},
) => {
  const response = await app.inject({
    method,
    url,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(csv === undefined ? {} : { 'content-type': 'text/csv' }),
      ...headers,
    },
    ...(csv === undefined
      ? body === undefined
        ? {}
        : { payload: body as object }
      : { payload: csv }),
  });
  const type = String(response.headers['content-type']);
  const json = type.includes('json') ? (JSON.parse(response.body) as Record<string, unknown>) : {};
  return {
    status: response.statusCode,
    headers: response.headers,
    type,
    json,
    text: response.body,
  };
};

const lamp = { lamp: 'a', watts: 60 };

describe('who may call a route', () => {
  it.each([
    ['no token', '', 401, 'request/unauthenticated', 'Bearer'],
    ['an unknown token', 'nobody', 401, 'request/unauthenticated', 'Bearer error="invalid_token"'],
    [
      'a role that is not allowed',
      'aud',
      403,
      'request/forbidden',
      'Bearer error="insufficient_scope"',
    ],
  ])('refuses %s', async (_what, token, status, code, challenge) => {
    const answer = await send('POST', '/v1/lamps', { token, body: lamp });
    expect(answer).toMatchObject({ status, json: { code, status, type: `/problems/${code}` } });
    expect(answer.type).toContain('application/problem+json');
    expect(answer.headers['www-authenticate']).toBe(challenge);
  });

  it('lets admin do everything and everyone with a token read', async () => {
    expect((await send('POST', '/v1/lamps', { token: 'adm', body: lamp })).status).toBe(201);
    expect((await send('GET', '/v1/lamps', { token: 'aud' })).status).toBe(200);
  });

  it('answers liveness without a token, and counts denials', async () => {
    expect((await send('GET', '/health/live', { token: '' })).json).toEqual({ status: 'ok' });
    const { text } = await send('GET', '/metrics', { token: 'op' });
    expect(text).toMatch(/hostledger_http_denied_total\{code="request\/forbidden"\} [1-9]/);
  });
});

describe('the context of a command', () => {
  it('names actor, allowing role, time, reason, correlation and revision', async () => {
    const headers = {
      'idempotency-key': 'k-1',
      'if-match': 'W/"12"',
      'x-reason': 'audit',
      'x-correlation-id': 'order-1',
    };
    const { json, headers: answered } = await send('POST', '/v1/lamps', { body: lamp, headers });
    expect(json['context']).toMatchObject({
      actor: { subject: 'ana', role: 'operator' },
      at: '2024-04-20T00:00:00.000Z',
      reason: 'audit',
      correlationId: 'order-1',
      expectedRevision: '12',
    });
    expect(answered['x-correlation-id']).toBe('order-1');
  });

  const contextOf = async (sent: Sent, url = '/v1/lamps') =>
    (await send('POST', url, sent)).json['context'] as { commandId: string; requestHash: string };

  it('is one command for one subject, route and key; another body changes only its hash', async () => {
    const headers = { 'idempotency-key': 'k-1', 'x-correlation-id': 'c-1' };
    const first = await contextOf({ body: lamp, headers });
    const again = await contextOf({ body: lamp, headers });
    const other = await contextOf({ body: { ...lamp, watts: 61 }, headers });
    const foreign = await contextOf({ body: lamp, headers, token: 'adm' });
    expect(again).toEqual(first);
    expect(other.commandId).toBe(first.commandId);
    expect(other.requestHash).not.toBe(first.requestHash);
    expect(foreign.commandId).not.toBe(first.commandId);
  });

  it('is a command of its own without a key', async () => {
    const one = await contextOf({ body: lamp });
    expect((await contextOf({ body: lamp })).commandId).not.toBe(one.commandId);
  });

  it.each([
    ['idempotency-key', 'with space', 'request/idempotency-key-invalid'],
    ['idempotency-key', 'x'.repeat(256), 'request/idempotency-key-invalid'],
    ['if-match', '12', 'request/if-match-invalid'],
    ['if-match', '*', 'request/if-match-invalid'],
    ['x-reason', 'x'.repeat(501), 'request/invalid'],
  ])('refuses the header %s: %s', async (name, value, code) => {
    const answer = await send('POST', '/v1/lamps', { body: lamp, headers: { [name]: value } });
    expect(answer).toMatchObject({ status: 400, json: { code } });
  });
});

describe('a reply', () => {
  it('carries revision, position and place of what was done', async () => {
    const { status, headers } = await send('POST', '/v1/lamps', { body: lamp });
    expect(status).toBe(201);
    expect(headers).toMatchObject({ etag: '"7"', 'log-position': '4096', location: '/v1/lamps/a' });
    expect(headers['idempotent-replayed']).toBeUndefined();
  });

  it('says when it tells an earlier outcome again', async () => {
    const { headers } = await send('POST', '/v1/lamps', { body: { ...lamp, lamp: 'again' } });
    expect(headers['idempotent-replayed']).toBe('true');
  });

  it('to a query names the position it is true at', async () => {
    const { headers, json } = await send('GET', '/v1/lamps?limit=5', {
      headers: { 'min-log-position': '77' },
    });
    expect(headers['log-position']).toBe('99');
    expect(json).toEqual({ limit: 5, min: '77' });
  });
});

describe('a problem', () => {
  it('names every wrong field by pointer, unknown ones included', async () => {
    const { status, json } = await send('POST', '/v1/lamps', {
      body: { lamp: '', watts: 'x', colour: 'red' },
    });
    expect(status).toBe(400);
    const errors = json['errors'] as { pointer: string; code: string }[];
    expect(errors.map(({ pointer, code }) => `${pointer} ${code}`).sort()).toEqual([
      '/colour unknownField',
      '/lamp isLength',
      '/watts isInt',
    ]);
  });

  it.each([
    [
      409,
      'lamp/broken',
      new DomainError('conflict', 'lamp/broken', 'It broke', { since: 'May' }, '/lamp'),
    ],
    [404, 'lamp/unknown', new DomainError('notFound', 'lamp/unknown', 'No lamp')],
    [422, 'lamp/odd', new DomainError('invalid', 'lamp/odd', 'Odd')],
    [403, 'lamp/private', new DomainError('forbidden', 'lamp/private', 'Private')],
    [412, 'request/revision-mismatch', new RevisionMismatch('lamp-a', 1n, 2n)],
    [422, 'request/idempotency-key-reused', new CommandIdReused('c')],
    [503, 'server/store-unavailable', new StoreUnavailable('gone')],
    [500, 'server/failed', new Error('the password is hunter2')],
  ])('answers %i %s', async (status, code, thrown) => {
    failure = thrown;
    const answer = await send('POST', '/v1/lamps', { body: lamp });
    expect(answer).toMatchObject({ status, json: { status, code, type: `/problems/${code}` } });
    expect(answer.text).not.toContain('hunter2');
    if (status === 503) expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    if (status === 412) expect(answer.json['currentRevision']).toBe('2');
    if (code === 'lamp/broken') {
      expect(answer.json).toMatchObject({
        title: 'The lamp is broken',
        since: 'May',
        errors: [{ pointer: '/lamp' }],
      });
    }
  });

  it('is what it is, whatever its rule says of its own', async () => {
    const details = {
      status: 'lit',
      code: 'L1',
      type: 'bulb',
      title: 'Dr',
      detail: 'none',
      watts: 5,
    };
    failure = new DomainError('conflict', 'lamp/broken', 'It broke', details);
    const { json } = await send('POST', '/v1/lamps', { body: lamp });
    expect(json).toMatchObject({
      type: '/problems/lamp/broken',
      title: 'The lamp is broken',
      status: 409,
      code: 'lamp/broken',
      detail: 'It broke',
      watts: 5,
    });
  });

  it.each([
    ['malformed JSON', '{"lamp":', 'application/json', 400, 'request/malformed'],
    ['a poisoned prototype', '{"__proto__":{"x":1}}', 'application/json', 400, 'request/malformed'],
    ['another content type', 'x', 'text/plain', 415, 'request/unsupported-media-type'],
    ['CSV where JSON is due', 'lamp\na', 'text/csv', 415, 'request/unsupported-media-type'],
  ])('is the answer to %s', async (_what, payload, type, status, code) => {
    const response = await app.inject({
      method: 'POST',
      url: '/v1/lamps',
      headers: { authorization: 'Bearer op', 'content-type': type },
      payload,
    });
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ code });
  });

  it('is the answer at an address that does not exist, and all codes are listed', async () => {
    expect(await send('GET', '/v1/nowhere')).toMatchObject({
      status: 404,
      json: { code: 'request/not-found' },
    });
    const { json } = await send('GET', '/problems', { token: '' });
    const items = json['items'] as { code: string }[];
    expect(items.map(({ code }) => code)).toContain('lamp/broken');
  });

  it('is the answer to a body over 1 MiB on an ordinary route', async () => {
    const body = { lamp: 'x'.repeat(1024 * 1024), watts: 1 };
    const answer = await send('POST', '/v1/lamps', { body });
    expect(answer).toMatchObject({ status: 413, json: { code: 'request/too-large' } });
  });
});

describe('an upload', () => {
  it('is JSON or CSV, line for line the same', async () => {
    const csv = '\ufefflamp,watts,note\r\na,60,\r\n"b",100,"x, ""y"""\r\n';
    const lines = [
      { lamp: 'a', watts: 60 },
      { lamp: 'b', watts: 100, note: 'x, "y"' },
    ];
    const fromCsv = await send('POST', '/v1/lamps/upload', { csv });
    const fromJson = await send('POST', '/v1/lamps/upload', { body: { lines } });
    expect(fromCsv.json['lines']).toEqual(lines.map((value, i) => ({ line: i + 2, value })));
    expect(fromJson.json['lines']).toEqual(lines.map((value, i) => ({ line: i + 1, value })));
    expect(fromCsv.json['digest']).toMatch(/^[0-9a-f]{64}$/);
  });

  it('has one request hash for one body', async () => {
    const hashOf = async (csv: string) =>
      (await send('POST', '/v1/lamps/upload', { csv })).json['requestHash'];
    const one = await hashOf('lamp,watts\na,1\n');
    expect(await hashOf('lamp,watts\na,1\n')).toBe(one);
    expect(await hashOf('lamp,watts\na,2\n')).not.toBe(one);
  });

  it('refuses only the lines that are wrong, by line and column', async () => {
    const csv = 'lamp,watts\na,60\ntoolong,60\nb\nc,none\nd,1\n';
    const { status, json } = await send('POST', '/v1/lamps/upload', { csv });
    expect(status).toBe(201);
    expect((json['lines'] as { line: number }[]).map(({ line }) => line)).toEqual([2, 6]);
    expect(json['rejected']).toMatchObject([
      { line: 3, column: 'lamp', code: 'line/invalid' },
      { line: 4, code: 'line/ragged' },
      { line: 5, column: 'watts', code: 'line/invalid' },
    ]);
  });

  it('keeps the lines that it refuses, whatever is wrong with them', async () => {
    const csv = 'lamp,watts,rejectedCode\ntoolong,60,line/invalid\nb\nc,1,,d,e\n';
    const fromCsv = (await send('POST', '/v1/lamps/upload', { csv })).json['rejected'];
    expect(fromCsv).toMatchObject([
      { line: 2, fields: { lamp: 'toolong', watts: '60' } },
      { line: 3, fields: { lamp: 'b' } },
      { line: 4, fields: { lamp: 'c', watts: '1' }, others: ['d', 'e'] },
    ]);
    const lines = [{ lamp: 'toolong', watts: 60 }, { lamp: 'b', watts: 1, colour: 'red' }, 'c'];
    const fromJson = await send('POST', '/v1/lamps/upload', { body: { lines } });
    expect(fromJson.json['rejected']).toMatchObject([
      { line: 1, fields: { lamp: 'toolong', watts: 60 } },
      { line: 2, fields: { lamp: 'b', watts: 1 }, others: { colour: 'red' } },
      { line: 3, others: 'c' },
    ]);
  });

  it('takes a corrected file of refused lines as it is', async () => {
    const csv =
      'lamp,watts,rejectedLine,rejectedCode,rejectedMessage,rejectedOthers\na,60,7,line/invalid,"watts: 0, not 1",\n';
    const { status, json } = await send('POST', '/v1/lamps/upload', { csv });
    expect(status).toBe(201);
    expect(json).toMatchObject({ lines: [{ line: 2, value: { lamp: 'a' } }], rejected: [] });
  });

  it('refuses everything when that was asked for', async () => {
    const csv = 'lamp,watts\na,60\ntoolong,60\n';
    const { status, json } = await send('POST', '/v1/lamps/upload?mode=all-or-nothing', { csv });
    expect(status).toBe(422);
    expect(json).toMatchObject({
      code: 'upload/lines-invalid',
      totalErrors: 1,
      errors: [{ line: 3, column: 'lamp' }],
    });
  });

  it.each([
    [
      'an unknown column',
      'lamp,watts,colour\na,1,red\n',
      { line: 1, column: 'colour', code: 'column/unknown' },
    ],
    ['a missing column', 'lamp\na\n', { line: 1, column: 'watts', code: 'column/missing' }],
    [
      'a column twice',
      'lamp,watts,lamp\na,1,b\n',
      { line: 1, column: 'lamp', code: 'column/duplicate' },
    ],
    ['an open quote', 'lamp,watts\n"a,1\n', { code: 'csv/malformed', line: 2 }],
    ['no lines', 'lamp,watts\n', { code: 'empty' }],
  ])('refuses a file with %s', async (_what, csv, error) => {
    const { status, json } = await send('POST', '/v1/lamps/upload', { csv });
    expect(status).toBe(400);
    expect(json['errors']).toMatchObject([error]);
  });

  it('of 200 MB is refused without being held in memory', async () => {
    const chunk = Buffer.from(`${'a,60,x\n'.repeat(9_362)}`);
    let sent = 0;
    const header = Buffer.from('lamp,watts,note\n');
    const endless = Readable.from(
      (function* () {
        yield header;
        for (; sent < 200 * 1024 * 1024; sent += chunk.length) yield chunk;
      })(),
    );
    const response = await app.inject({
      method: 'POST',
      url: '/v1/lamps/upload',
      headers: { authorization: 'Bearer op', 'content-type': 'text/csv' },
      payload: endless,
    });
    expect(response.statusCode).toBe(413);
    expect(response.json()).toMatchObject({ code: 'request/too-large' });
  });
});

describe('readiness', () => {
  it('is red while a part fails, and names it', async () => {
    expect((await send('GET', '/health/ready', { token: '' })).status).toBe(200);
    ready = 'no answer';
    const { status, json, headers } = await send('GET', '/health/ready', { token: '' });
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('2');
    expect(json).toEqual({
      status: 'failing',
      parts: [{ name: 'store', status: 'failing', detail: 'no answer' }],
    });
  });
});
