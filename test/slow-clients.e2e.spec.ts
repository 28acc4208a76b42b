import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { CONNECTION_LIMITS } from '@hostledger/http';
import { TargetSystem } from './fuzz/target-system.js';

// Clients that send or read slowly, vanish, or send without end, while an ordinary one goes on. How each
// limit cuts them off is in libs/http/src/connections.spec.ts; here the limits are those of the system.

const ORDINARY_REQUESTS = 15;
/** An ordinary request may take so many times as long as alone, and so much longer on a busy machine. */
const SLOWER_AT_MOST = 10;
const SLOWER_BY_MS = 1_500;
const ANSWER_WITHIN_MS = 30_000;
const MEMORY_AT_MOST_BYTES = 400 * 1024 ** 2;
const CUT_OFF_WITHIN_MS =
  CONNECTION_LIMITS.headersWithinMs + CONNECTION_LIMITS.checkedEveryMs + 15_000;

let system: TargetSystem;
let aloneMs: number;
let memoryAlone: number;
const sockets = new Set<Socket>();

beforeAll(async () => {
  system = await TargetSystem.start();
  for (let count = 0; count < ORDINARY_REQUESTS; count += 1) await ordinary();
  aloneMs = await medianMs();
  memoryAlone = (await system.probe()).rssBytes;
}, 180_000);

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

afterAll(() => system?.stop(), 60_000);

/** A command and a query of somebody who means no harm. */
const ordinary = async (): Promise<number> => {
  const started = performance.now();
  const headers = {
    authorization: `Bearer ${system.token}`,
    'content-type': 'application/json',
  };
  const body = JSON.stringify({ name: 'Example', legalName: 'Example LLC', country: 'US' });
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const made = await fetch(`${system.origin}/v1/customers`, {
    method: 'POST',
    headers,
    body,
    signal,
  });
  expect(made.status).toBe(201);
  const read = await fetch(`${system.origin}/v1/customers?limit=1`, { headers, signal });
  expect(read.status).toBe(200);
  await read.text();
  return performance.now() - started;
};

const medianMs = async (): Promise<number> => {
  const taken: number[] = [];
  for (let count = 0; count < ORDINARY_REQUESTS; count += 1) taken.push(await ordinary());
  return taken.toSorted((a, b) => a - b)[Math.floor(taken.length / 2)]!;
};

const othersGoOn = async (): Promise<void> => {
  expect(await medianMs()).toBeLessThan(aloneMs * SLOWER_AT_MOST + SLOWER_BY_MS);
  const { rssBytes } = await system.probe();
  expect(rssBytes - memoryAlone).toBeLessThan(MEMORY_AT_MOST_BYTES);
};

const connected = async (): Promise<Socket> => {
  const socket = connect(system.port, '127.0.0.1');
  sockets.add(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};

const many = (count: number): Promise<Socket[]> =>
  Promise.all(Array.from({ length: count }, connected));

const head = (method: string, path: string, ...headers: readonly string[]): string =>
  [`${method} ${path} HTTP/1.1`, 'Host: a', `Authorization: Bearer ${system.token}`, ...headers]
    .join('\r\n')
    .concat('\r\n');

const receivedOf = (socket: Socket): { text: string } => {
  const received = { text: '' };
  socket.on('data', (piece: Buffer) => (received.text += piece.toString('latin1')));
  return received;
};

const closed = (socket: Socket, withinMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Open after ${withinMs} ms`)), withinMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    if (socket.destroyed) done();
    else socket.once('close', done);
  });

/** Sends a piece to each now and then, until stopped. */
const drip = (to: readonly Socket[], piece: string): (() => void) => {
  const timer = setInterval(() => {
    for (const socket of to) if (socket.writable) socket.write(piece);
  }, 500);
  return () => clearInterval(timer);
};

describe('others go on', () => {
  it('while headers come a line at a time, until their time is over and they are cut off', async () => {
    const slow = await many(200);
    for (const socket of slow) socket.write('GET /v1/customers HTTP/1.1\r\nHost: a\r\n');
    const stop = drip(slow, 'X-A: b\r\n');
    const cutOff = Promise.all(slow.map((socket) => closed(socket, CUT_OFF_WITHIN_MS)));
    await othersGoOn();
    await cutOff.finally(stop);
  }, 120_000);

  it('while bodies come a byte at a time, and connections stand idle', async () => {
    await many(1_000);
    const slow = await many(100);
    const long = head(
      'POST',
      '/v1/customers',
      'Content-Type: application/json',
      'Content-Length: 90000',
    );
    for (const socket of slow) socket.write(`${long}\r\n{`);
    const stop = drip(slow, ' ');
    await othersGoOn().finally(stop);
  }, 120_000);

  it('while clients vanish in the middle of a request and of an answer', async () => {
    for (let round = 0; round < 5; round += 1) {
      const half = await many(40);
      for (const [index, socket] of half.entries()) {
        const upload = head(
          'POST',
          '/v1/installations',
          'Content-Type: text/csv',
          'Content-Length: 9999',
        );
        socket.write(
          index % 2 === 0
            ? `${upload}\r\nserial,facility\n`
            : `${head('GET', '/openapi.json')}\r\n`,
        );
      }
      await sleep(50);
      for (const socket of half) socket.destroy();
    }
    await othersGoOn();
  }, 120_000);

  it('while answers are not read: large ones, exports, and streams of events', async () => {
    const deaf = await many(60);
    const paths = [
      '/openapi.json',
      '/v1/audit/export',
      '/v1/events',
      '/v1/audit/events?format=ndjson',
    ];
    for (const [index, socket] of deaf.entries()) {
      socket.pause();
      const accept = index % 4 === 2 ? ['Accept: text/event-stream'] : [];
      socket.write(`${head('GET', paths[index % 4]!, ...accept)}\r\n`);
    }
    await othersGoOn();
  }, 120_000);

  it('while bodies are larger than they may be, which are refused before they are there', async () => {
    const json = 'Content-Type: application/json';
    const announced = (await many(20)).map((socket) => {
      socket.write(`${head('POST', '/v1/customers', json, 'Content-Length: 10000000000')}\r\n`);
      return receivedOf(socket);
    });
    const endless = (await many(20)).map((socket) => {
      socket.write(`${head('POST', '/v1/customers', json, 'Transfer-Encoding: chunked')}\r\n`);
      for (let piece = 0; piece < 40; piece += 1)
        socket.write(`10000\r\n${' '.repeat(65_536)}\r\n`);
      return receivedOf(socket);
    });
    const bomb = gzipSync(Buffer.alloc(50 * 1024 ** 2));
    const packed = (await many(5)).map((socket) => {
      const headers = [json, 'Content-Encoding: gzip', `Content-Length: ${bomb.length}`];
      socket.write(`${head('POST', '/v1/customers', ...headers)}\r\n`);
      socket.write(bomb);
      return receivedOf(socket);
    });
    await othersGoOn();
    const statuses = [...announced, ...endless, ...packed].map(({ text }) => text.slice(0, 12));
    // A sender who goes on sending may be cut off before the answer has come to him.
    expect(new Set(statuses)).toEqual(
      new Set([...['HTTP/1.1 413', 'HTTP/1.1 415'], ...statuses.filter((text) => text === '')]),
    );
  }, 120_000);

  it('while requests are sent without waiting for answers, which all come in order', async () => {
    const COUNT = 200;
    const hasty = await many(10);
    const received = hasty.map(receivedOf);
    for (const socket of hasty) socket.write(`${head('GET', '/health/live')}\r\n`.repeat(COUNT));
    await othersGoOn();
    const deadline = performance.now() + 60_000;
    const answers = () => received.map(({ text }) => text.split('HTTP/1.1 200').length - 1);
    while (answers().some((count) => count < COUNT) && performance.now() < deadline)
      await sleep(50);
    expect(answers()).toEqual(hasty.map(() => COUNT));
  }, 120_000);
});
