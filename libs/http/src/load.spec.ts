import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { Body, Controller, Post } from '@nestjs/common';
import { Length } from 'class-validator';
import { z } from 'zod';
import { listen, send, type ListeningApp } from './http.fixture.js';
import { BulkRoute, Roles, Upload, type BulkUpload } from './index.js';

const MIB = 1024 * 1024;

class LampBody {
  @Length(1, 10)
  name: string;
}

const lampLine = z.strictObject({ lamp: z.string(), note: z.string().optional() });

/** Resolved by a test to let a waiting route go on. */
let goOn = (): void => undefined;
let waiting = (): void => undefined;
let taken = 0;

@Controller('lamps')
class LampController {
  @Post()
  @Roles('operator')
  light(@Body() body: LampBody) {
    taken += 1;
    return body;
  }

  @Post('slowly')
  @Roles('operator')
  async slowly() {
    await new Promise<void>((resolve) => {
      goOn = resolve;
      waiting();
    });
    return { done: true };
  }

  @Post('upload')
  @Roles('operator')
  @BulkRoute(lampLine)
  upload(@Upload(lampLine) { lines, digest }: BulkUpload<unknown>) {
    taken += 1;
    return { lines: lines.length, digest };
  }
}

let running: ListeningApp;

beforeEach(async () => {
  taken = 0;
  running = await listen([LampController]);
});
afterEach(() => running.app.close());

const open = (path: string, headers: Record<string, string>): ClientRequest =>
  request(`${running.origin}${path}`, {
    method: 'POST',
    headers: { authorization: 'Bearer op', ...headers },
  });

interface Outcome {
  readonly status: number;
  readonly code: unknown;
  readonly sentBytes: number;
  /** The most that buffers held beyond what they held before. */
  readonly bufferedBytes: number;
}

/** Sends one piece over and over until so many bytes are sent or the answer is there. */
const stream = async (
  path: string,
  headers: Record<string, string>,
  { first = '', piece, bytes }: { first?: string; piece: Buffer; bytes: number },
): Promise<Outcome> => {
  const before = process.memoryUsage().arrayBuffers;
  const client = open(path, headers);
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    client.once('response', resolve).once('error', reject);
  });
  let response: IncomingMessage | undefined;
  void answered.then((got) => (response = got));
  client.write(first);
  let sentBytes = 0;
  let bufferedBytes = 0;
  while (!response && sentBytes < bytes) {
    const room = client.write(piece);
    sentBytes += piece.length;
    bufferedBytes = Math.max(bufferedBytes, process.memoryUsage().arrayBuffers - before);
    await (room ? turn() : roomOrAnswer(client));
  }
  if (!response) client.end();
  let text = '';
  for await (const part of await answered) text += String(part);
  const { code } = JSON.parse(text) as { code: unknown };
  client.destroy();
  return { status: response?.statusCode ?? 0, code, sentBytes, bufferedBytes };
};

/** Resolves at whichever comes first, and listens for neither any more. */
const roomOrAnswer = (client: ClientRequest): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      client.off('drain', settle).off('response', settle).off('error', settle);
      resolve();
    };
    client.once('drain', settle).once('response', settle).once('error', settle);
  });

describe('a body of 200 MB', () => {
  const json = { 'content-type': 'application/json' };
  const csv = { 'content-type': 'text/csv' };
  const piece = Buffer.alloc(64 * 1024, 'x');
  const long = { piece, bytes: 200 * MIB };

  it('announced as such is refused before it is sent', async () => {
    for (const type of [json, csv]) {
      const headers = { ...type, 'content-length': String(long.bytes) };
      const { status, code, sentBytes } = await stream('/v1/lamps/upload', headers, long);
      expect([status, code]).toEqual([413, 'request/too-large']);
      expect(sentBytes).toBeLessThan(64 * MIB);
    }
  });

  it('is refused after 1 MiB on an ordinary route', async () => {
    const outcome = await stream('/v1/lamps', json, { first: '{"name":"', ...long });
    expect(outcome).toMatchObject({ status: 413, code: 'request/too-large' });
    expect(outcome.sentBytes).toBeLessThan(64 * MIB);
    expect(taken).toBe(0);
  });

  it('is refused after 64 MiB as JSON of lines, and never held as a whole', async () => {
    const outcome = await stream('/v1/lamps/upload', json, { first: '{"lines":["', ...long });
    expect(outcome).toMatchObject({ status: 413, code: 'request/too-large' });
    expect(outcome.bufferedBytes).toBeLessThan(160 * MIB);
    expect(taken).toBe(0);
  });

  it('is refused after 64 MiB as a file, of which hardly anything is held', async () => {
    const row = `a,${'x'.repeat(2_000)}\n`;
    const rows = { first: 'lamp,note\n', piece: Buffer.from(row.repeat(32)), bytes: 200 * MIB };
    const outcome = await stream('/v1/lamps/upload', csv, rows);
    expect(outcome).toMatchObject({ status: 413, code: 'request/too-large' });
    expect(outcome.sentBytes).toBeGreaterThan(63 * MIB);
    expect(outcome.sentBytes).toBeLessThan(128 * MIB);
    expect(outcome.bufferedBytes).toBeLessThan(96 * MIB);
    expect(taken).toBe(0);
  });

  it('is not even looked at without a token', async () => {
    const headers = { ...json, authorization: 'Bearer nobody' };
    const outcome = await stream('/v1/lamps/upload', headers, long);
    expect(outcome).toMatchObject({ status: 401, code: 'request/unauthenticated' });
    expect(outcome.sentBytes).toBeLessThan(64 * MIB);
  });
});

describe('an upload', () => {
  it.each([
    ['in the middle of a line', 'lamp,note\na,1\nb'],
    ['after a line', 'lamp,note\na,1\n'],
  ])('that is cut off %s is not taken for a whole one', async (_where, sent) => {
    const server = running.app.getHttpServer();
    const seen = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    const client = open('/v1/lamps/upload', { 'content-type': 'text/csv' });
    client.on('error', () => undefined);
    client.write(sent);
    const [, response] = await seen;
    const ended = once(response, 'close');
    client.destroy();
    await ended;
    // The route would be called once its upload is read, so the turns after that tell.
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(taken).toBe(0);
  });

  it.each<[string, string, string | object]>([
    ['a file', 'text/csv', `lamp,note\n${'lamp-0001,"a note, as people write"\n'.repeat(100_000)}`],
    ['JSON', 'application/json', { lines: new Array(100_000).fill({ lamp: 'lamp-0001' }) }],
  ])('of 100,000 lines in %s lets others have their turn', async (_form, type, payload) => {
    // Injected, it comes in one piece, so that every turn is one that was given away.
    const answer = running.app.inject({
      method: 'POST',
      url: '/v1/lamps/upload',
      headers: { authorization: 'Bearer op', 'content-type': type },
      payload,
    });
    let turns = 0;
    let done = false;
    void answer.finally(() => (done = true));
    while (!done) {
      await turn();
      turns += 1;
    }
    expect((await answer).json()).toMatchObject({ lines: 100_000 });
    expect(turns).toBeGreaterThan(5);
  });
});

describe('the rate limit', () => {
  it('is one of each subject, and of each address for those without a good token', async () => {
    await running.app.close();
    running = await listen([LampController], { requestsPerMinute: 3 });
    const status = async (token: string): Promise<number> =>
      (await send(running.origin, 'POST', '/v1/lamps', { token, body: { name: 'a' } })).status;
    // The first request of a token is charged to the address, before it is known to be good, and to
    // its subject.
    expect([await status('op'), await status('op2')]).toEqual([201, 201]);
    expect(await status('guess-1')).toBe(401);
    expect(await status('guess-2')).toBe(429);
    expect(await status('guess-3')).toBe(429);
    expect([await status('op'), await status('op')]).toEqual([201, 201]);
    expect(await status('op2')).toBe(201);
    const refused = await send(running.origin, 'POST', '/v1/lamps', { body: { name: 'a' } });
    expect(refused).toMatchObject({ status: 429, json: { code: 'request/too-many', status: 429 } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await send(running.origin, 'GET', '/health/live', { token: '' })).status).toBe(200);
  });
});

describe('a shutdown', () => {
  it('answers what is under way and takes nothing new', async () => {
    const begun = new Promise<void>((resolve) => (waiting = resolve));
    const answer = send(running.origin, 'POST', '/v1/lamps/slowly');
    await begun;
    const closed = running.app.close();
    await until(async () => {
      const refused = await send(running.origin, 'GET', '/health/live').catch(() => 'refused');
      return refused === 'refused';
    });
    goOn();
    expect(await answer).toMatchObject({ status: 201, json: { done: true } });
    await closed;
  });
});

/** Waits for a condition; the limit of the spec bounds it. */
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await turn();
};
