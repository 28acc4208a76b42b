import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Controller, Get, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { until } from '@hostledger/testing';
import { listen, send, type ListeningApp } from './http.fixture.js';
import { AnyRole, CONNECTION_LIMITS, Public } from './index.js';

// The limits of CONNECTION_LIMITS, a hundredth of them long.
const limits = {
  ...{ headersWithinMs: 300, requestWithinMs: 600, idleForMs: 400, stalledForMs: 900 },
  ...{ checkedEveryMs: 50, connections: 100 },
};
const CUT_OFF_WITHIN_MS = 10_000;

let pulled = 0;

@Controller('pipes')
class PipeController {
  @Post()
  @AnyRole()
  fill() {
    return {};
  }

  /** Without end. */
  @Get('water')
  @Public()
  water(@Res() reply: FastifyReply) {
    const drop = Buffer.alloc(64 * 1024, 'x');
    const water = new Readable({
      read() {
        pulled += drop.length;
        this.push(drop);
      },
    });
    void reply.header('content-type', 'text/plain').send(water);
  }
}

let running: ListeningApp;
let port: number;
const open = new Set<Socket>();

beforeAll(async () => {
  running = await listen([PipeController], { limits });
  port = Number(new URL(running.origin).port);
});
afterEach(() => {
  for (const socket of open) socket.destroy();
  open.clear();
});
afterAll(() => running.app.close());

const connected = async (to = port): Promise<Socket> => {
  const socket = connect(to, '127.0.0.1');
  open.add(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};

/** All that comes until the server closes the connection. */
const untilClosed = async (socket: Socket): Promise<string> => {
  let text = '';
  socket.on('data', (piece: Buffer) => (text += piece.toString('latin1')));
  await closed(socket);
  return text;
};

/** However: at an end of what was sent, or by a reset. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve, reject) => {
    const late = new Error(`Not cut off within ${CUT_OFF_WITHIN_MS} ms`);
    const timer = setTimeout(() => reject(late), CUT_OFF_WITHIN_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });

const connections = (): Promise<number> =>
  new Promise((resolve, reject) =>
    running.app
      .getHttpServer()
      .getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );

const answerTo = async (bytes: string): Promise<string> => {
  const socket = await connected();
  socket.write(bytes, 'latin1');
  return untilClosed(socket);
};

/** The body of an answer, whose length is as announced. */
const problemIn = (answer: string): Record<string, unknown> => {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toContain('application/problem+json');
  expect(head).toContain(`content-length: ${body.length}`);
  return JSON.parse(body) as Record<string, unknown>;
};

describe('what is no request is told so in a problem, and its connection closed', () => {
  it.each<[string, string, number, string]>([
    ['no HTTP', 'EHLO example\r\n\r\n', 400, 'request/malformed'],
    ['a header without a name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', 400, 'request/malformed'],
    [
      'two lengths',
      'POST /v1/pipes HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'request/malformed',
    ],
    [
      'headers without end',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
      431,
      'request/headers-too-large',
    ],
    [
      'an expectation of its own',
      'GET /health/live HTTP/1.1\r\nHost: a\r\nExpect: coffee\r\n\r\n',
      417,
      'request/expectation-failed',
    ],
  ])('%s', async (_what, bytes, status, code) => {
    const answer = await answerTo(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(problemIn(answer)).toMatchObject({ status, code, type: `/problems/${code}` });
  });
});

describe('who takes too long is cut off', () => {
  const begun = 'POST /v1/pipes HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer op\r\n';

  it('while he sends headers, however steadily', async () => {
    const socket = await connected();
    socket.write(begun);
    const drip = setInterval(() => socket.write('X-A: b\r\n'), 20);
    const answer = await untilClosed(socket).finally(() => clearInterval(drip));
    expect(problemIn(answer)).toMatchObject({ status: 408, code: 'request/timed-out' });
  });

  it('while he sends a body, however steadily', async () => {
    const socket = await connected();
    socket.write(`${begun}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n`);
    const drip = setInterval(() => socket.write(' '), 20);
    const answer = await untilClosed(socket).finally(() => clearInterval(drip));
    expect(problemIn(answer)).toMatchObject({ status: 408, code: 'request/timed-out' });
  });

  it('when he sends nothing after an answer, or nothing at all', async () => {
    const socket = await connected();
    socket.write('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1.1 200 /);
    expect(await untilClosed(await connected())).toMatch(/^(HTTP\/1.1 408 |$)/);
  });

  it('when he does not read his answer, of which no more is made than the way there holds', async () => {
    pulled = 0;
    const socket = await connected();
    socket.pause();
    socket.write('GET /v1/pipes/water HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer op\r\n\r\n');
    await until(async () => (await connections()) === 0);
    expect(pulled).toBeGreaterThan(0);
    expect(pulled).toBeLessThan(64 * 1024 * 1024);
  });
});

it('more connections than there may be are closed as they come, and the others served', async () => {
  const small = await listen([], { limits: { ...CONNECTION_LIMITS, connections: 2 } });
  const there = Number(new URL(small.origin).port);
  const [first] = [await connected(there), await connected(there)];
  expect(await untilClosed(await connected(there))).toBe('');
  first.write('GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(await untilClosed(first)).toMatch(/^HTTP\/1.1 200 /);
  await expect(send(small.origin, 'GET', '/health/live')).resolves.toMatchObject({ status: 200 });
  await small.app.close();
});

it('a connection on which no request came does not hold up the shutdown', async () => {
  const small = await listen([], { limits: CONNECTION_LIMITS });
  const idle = await connected(Number(new URL(small.origin).port));
  await Promise.all([small.app.close(), closed(idle)]);
});

it('the limits of the system leave room for what is rightly slow', () => {
  const { headersWithinMs, requestWithinMs, stalledForMs } = CONNECTION_LIMITS;
  expect(headersWithinMs).toBeLessThan(requestWithinMs);
  expect(requestWithinMs).toBeLessThan(stalledForMs);
});
