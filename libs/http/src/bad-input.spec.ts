import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, Length, ValidateNested } from 'class-validator';
import { z } from 'zod';
import type { CommandContext } from '@hostledger/eventsourcing';
import { listen, send, type ListeningApp } from './http.fixture.js';
import {
  ActContext,
  AnyRole,
  BulkRoute,
  Page,
  reply,
  Roles,
  Upload,
  type BulkUpload,
} from './index.js';

class Part {
  @IsInt()
  watts: number;
}

class LampBody {
  @Length(1, 10)
  name: string;

  @IsArray()
  @ArrayMaxSize(1_000)
  @ValidateNested({ each: true })
  @Type(() => Part)
  parts: Part[];
}

const lampLine = z.strictObject({ lamp: z.string().max(5), watts: z.coerce.number().int() });
const lampSchema = z.strictObject({ at: z.strictObject({ rack: z.string().max(3) }) });

/** What reached a route. */
const taken: unknown[] = [];

@Controller('lamps')
class LampController {
  @Post()
  @Roles('operator')
  light(@Body() body: LampBody, @ActContext() context: CommandContext) {
    taken.push(body);
    const outcome = { revision: 0n, position: 10n, replayed: false };
    return reply(outcome, { body: { reason: context.reason, big: 12n } });
  }

  @Post('placed')
  @Roles('operator')
  place(@Body({ schema: lampSchema }) body: z.infer<typeof lampSchema>) {
    taken.push(body);
    return {};
  }

  @Post('upload')
  @Roles('operator')
  @BulkRoute(lampLine)
  upload(@Upload(lampLine) upload: BulkUpload<z.infer<typeof lampLine>>) {
    taken.push(upload);
    return { lines: upload.lines, rejected: upload.rejected };
  }

  @Get()
  @AnyRole()
  list(@Query() page: Page) {
    return { limit: page.limit };
  }

  @Get(':lamp')
  @AnyRole()
  get(@Param('lamp') lamp: string) {
    return { lamp };
  }
}

let running: ListeningApp;

beforeAll(async () => {
  running = await listen([LampController]);
});
afterAll(() => running.app.close());
beforeEach(() => taken.splice(0));

const lamp = { name: 'hall', parts: [{ watts: 60 }] };
const post = (body: object | string | Uint8Array, type?: string, path = '/v1/lamps') =>
  send(running.origin, 'POST', path, { body, ...(type === undefined ? {} : { type }) });
const upload = (body: object | string | Uint8Array, type = 'text/csv', query = '') =>
  post(body, type, `/v1/lamps/upload${query}`);
const get = (path: string) => send(running.origin, 'GET', path);
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('a JSON body', () => {
  it('may be anything that its form allows', async () => {
    const { status, json } = await post({ ...lamp, name: 'ÄÖ \u{1f4a1}"\\u' });
    expect(status).toBe(200);
    expect(json).toEqual({ big: '12' });
    expect(taken).toHaveLength(1);
  });

  it.each<[string, string, string, string, string]>([
    ['a NUL', '{"name":"a\\u0000","parts":[]}', 'request/invalid', '/name', 'text'],
    ['half a surrogate pair', '{"name":"\\ud83d","parts":[]}', 'request/invalid', '/name', 'text'],
    ['a NUL in a name', '{"parts":[{"a\\u0000/":1}]}', 'request/invalid', '/parts/0/a\0~1', 'text'],
    [
      'too large a number',
      '{"name":"a","parts":[{"watts":1e999}]}',
      'request/invalid',
      '/parts/0/watts',
      'number',
    ],
    [
      'nesting without end',
      `{"name":${nested(100_000)}}`,
      'request/invalid',
      `/name${'/0'.repeat(31)}`,
      'depth',
    ],
  ])('with %s is refused, naming the field', async (_what, body, code, pointer, rule) => {
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 400, json: { code } });
    expect(answer.json['errors']).toMatchObject([{ pointer, code: rule }]);
    expect(taken).toEqual([]);
  });

  it('names fields inside of lists, and not more than a hundred', async () => {
    const parts = Array.from({ length: 500 }, (_, n) => ({ watts: n === 0 ? 1 : 'x', colour: 1 }));
    const { status, json, text } = await post({ name: 'hall', parts });
    expect(status).toBe(400);
    const errors = json['errors'] as { pointer: string; code: string }[];
    expect(errors.slice(0, 2)).toMatchObject([
      { pointer: '/parts/0/colour', code: 'unknownField' },
      { pointer: '/parts/1/colour', code: 'unknownField' },
    ]);
    expect(errors).toHaveLength(100);
    expect(json['totalErrors']).toBe(999);
    expect(text.length).toBeLessThan(20_000);
  });

  it('may be described by a schema, with the same problems', async () => {
    expect((await post({ at: { rack: 'A-1' } }, undefined, '/v1/lamps/placed')).status).toBe(201);
    const { status, json } = await post({ at: { rack: 'A-0001' } }, undefined, '/v1/lamps/placed');
    expect(status).toBe(400);
    expect(json).toMatchObject({ code: 'request/invalid', errors: [{ pointer: '/at/rack' }] });
  });

  it.each<[string, string | Uint8Array]>([
    ['null', 'null'],
    ['a list', '[]'],
    ['text', '"hall"'],
    ['nothing', ''],
  ])('that is %s is told which fields are due', async (_what, body) => {
    const { status, json } = await post(body);
    expect(status).toBe(400);
    const pointers = (json['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
    expect(pointers).toEqual(expect.arrayContaining(['/name', '/parts']));
  });

  it('says where it stops being JSON or UTF-8', async () => {
    expect((await post('{"name": "hall",\n nope}')).json).toMatchObject({
      status: 400,
      code: 'request/malformed',
      detail: expect.stringMatching(/line 2/) as string,
    });
    expect((await post(Uint8Array.of(0x22, 0xff, 0x22))).json).toMatchObject({
      status: 400,
      detail: 'The body is not UTF-8',
    });
  });

  it('is not unpacked', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const answer = await send(running.origin, 'POST', '/v1/lamps', { body: lamp, headers });
    expect(answer).toMatchObject({ status: 415, json: { code: 'request/unsupported-media-type' } });
  });
});

describe('an address', () => {
  it.each<[string, string, number, string]>([
    ['GET', '/v1/lamps/%zz', 400, 'request/malformed'],
    ['GET', '/v1/lamps/a%00', 400, 'request/malformed'],
    ['GET', '/v1/lamps?cursor=%00', 400, 'request/malformed'],
    ['GET', `/v1/lamps/${'x'.repeat(300)}`, 414, 'request/address-too-long'],
    ['GET', '/v1/lamps?limit=0', 400, 'request/invalid'],
    ['GET', '/v1/lamps?limit=1001', 400, 'request/invalid'],
    ['GET', '/v1/lamps?limit=1&limit=2', 400, 'request/invalid'],
    ['GET', '/v1/lamps?colour=red', 400, 'request/invalid'],
    ['GET', '/v1/nowhere', 404, 'request/not-found'],
    ['DELETE', '/v1/lamps', 405, 'request/method-not-allowed'],
    ['OPTIONS', '/v1/lamps/upload', 405, 'request/method-not-allowed'],
  ])('%s %s is answered %i %s', async (method, path, status, code) => {
    const answer = await send(running.origin, method, path);
    expect(answer).toMatchObject({ status, json: { status, code } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.json['correlationId']).toBe(answer.headers.get('x-correlation-id'));
  });

  it('that serves other methods says which', async () => {
    const { headers } = await send(running.origin, 'DELETE', '/v1/lamps/hall');
    expect(headers.get('allow')).toBe('GET, HEAD');
  });

  it('may come with names that objects have anyway', async () => {
    expect((await get('/v1/lamps?__proto__=1')).json).toEqual({});
    expect((await get('/v1/lamps/__proto__')).json).toEqual({ lamp: '__proto__' });
  });
});

describe('the headers', () => {
  it('may give the reason in UTF-8 or Latin-1', async () => {
    const reasons: unknown[] = [];
    for (const bytes of [Buffer.from('für Überlast'), Buffer.from('für Überlast', 'latin1')]) {
      const headers = { 'x-reason': bytes.toString('latin1') };
      reasons.push(
        (await send(running.origin, 'POST', '/v1/lamps', { body: lamp, headers })).json['reason'],
      );
    }
    expect(reasons).toEqual(['für Überlast', 'für Überlast']);
  });

  it('keep a correlation id that is one, and get one otherwise', async () => {
    const echoed = async (id: string) =>
      (
        await send(running.origin, 'GET', '/v1/lamps', { headers: { 'x-correlation-id': id } })
      ).headers.get('x-correlation-id');
    expect(await echoed('order/4711:a')).toBe('order/4711:a');
    expect(await echoed('two words')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await echoed('x'.repeat(129))).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('an uploaded file', () => {
  it('may call its type in any case, and name a character set', async () => {
    const { status, json } = await upload('lamp,watts\na,1\n', 'Text/CSV; charset=UTF-8');
    expect(status).toBe(201);
    expect(json['lines']).toEqual([{ line: 2, value: { lamp: 'a', watts: 1 } }]);
  });

  it.each<[string, string | Uint8Array, object]>([
    ['nothing in it', '', { code: 'empty', message: 'The file is empty' }],
    ['a header only', 'lamp,watts\n\n', { code: 'empty' }],
    ['semicolons', 'lamp;watts\na;1\n', { line: 1, column: 'lamp;watts', code: 'column/unknown' }],
    [
      'text after a quote',
      'lamp,watts\n\n"a"x,1\n',
      { line: 3, column: 'lamp', code: 'csv/malformed' },
    ],
    [
      'an open quote',
      'lamp,watts\na,"1\nb,2\n',
      { line: 2, column: 'watts', code: 'csv/malformed' },
    ],
    [
      'bytes of Windows-1252',
      Buffer.from('lamp,watts\na,1\nTür,2\n', 'latin1'),
      { line: 3, code: 'csv/malformed' },
    ],
    ['UTF-16', Buffer.from('lamp,watts\n', 'utf16le'), { line: 1, code: 'csv/malformed' }],
    [
      'a column that objects have',
      'lamp,watts,constructor\na,1,2\n',
      { line: 1, column: 'constructor', code: 'column/unknown' },
    ],
  ])('with %s is refused, naming the place', async (_what, file, error) => {
    const { status, json } = await upload(file);
    expect(status).toBe(400);
    expect((json['errors'] as object[])[0]).toMatchObject(error);
    expect(taken).toEqual([]);
  });

  it('is JSON with lines and nothing else', async () => {
    const lines = [{ lamp: 'a', watts: 1 }];
    const json = 'application/json';
    expect((await upload({ lines }, json)).status).toBe(201);
    expect((await upload(lines, json)).status).toBe(201);
    const more = await upload({ lines, colour: 'red' }, json);
    expect(more).toMatchObject({ status: 400, json: { errors: [{ pointer: '/colour' }] } });
    for (const body of ['null', '{"lines":{}}', '{}', '7']) {
      const answer = await upload(body, json);
      expect(answer).toMatchObject({ status: 400, json: { errors: [{ pointer: '/lines' }] } });
    }
    const nul = await upload('{"lines":[{"lamp":"\\u0000","watts":1}]}', json);
    expect(nul).toMatchObject({ status: 400, json: { errors: [{ pointer: '/lines/0/lamp' }] } });
  });

  it('names the field of a JSON line by column and pointer', async () => {
    const lines = [{ lamp: 'a', watts: 1 }, { lamp: 'b', watts: 1, colour: 'red' }, null];
    const { json } = await upload({ lines }, 'application/json');
    expect(json['rejected']).toMatchObject([{ line: 2, column: 'colour' }, { line: 3 }]);
    const all = await upload({ lines }, 'application/json', '?mode=all-or-nothing');
    expect(all).toMatchObject({
      status: 422,
      json: {
        code: 'upload/lines-invalid',
        totalErrors: 2,
        errors: [
          { pointer: '/lines/1/colour', line: 2 },
          { pointer: '/lines/2', line: 3 },
        ],
      },
    });
  });

  it('has at most 100,000 lines, and a problem names at most a thousand', async () => {
    const lines = (count: number) => `lamp,watts\n${'a,x\n'.repeat(count)}`;
    const tooMany = await upload(lines(100_001).replaceAll('x', '1'));
    expect(tooMany).toMatchObject({ status: 413, json: { code: 'request/too-large' } });
    const { status, json } = await upload(lines(1_500), 'text/csv', '?mode=all-or-nothing');
    expect(status).toBe(422);
    expect(json['totalErrors']).toBe(1_500);
    expect(json['errors']).toHaveLength(1_000);
  });

  it('is per line or all or nothing', async () => {
    const answer = await upload('lamp,watts\na,1\n', 'text/csv', '?mode=some');
    expect(answer).toMatchObject({ status: 400, json: { errors: [{ pointer: '/mode' }] } });
  });
});
