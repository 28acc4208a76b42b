import {
  createServer,
  Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { AddressGuard, networkOf, type Resolve } from './address-guard.js';
import { CERTIFICATE, PRIVATE_KEY } from './certificate.fixture.js';
import { Receiver, type ReceiverLimits } from './receiver.js';
import { signed } from './signature.js';

const LOOPBACK = ['127.0.0.0/8'];
const headers = signed('e1', new Date(), '{}', ['whsec_c2VjcmV0']);
const never = new AbortController().signal;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    if (server instanceof HttpServer) server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
};

const serving = async (answer: RequestListener): Promise<{ port: number; got: Got[] }> => {
  const got: Got[] = [];
  const listener: RequestListener = (request, response) => {
    got.push(request);
    answer(request, response);
  };
  return { port: await listening(createServer(listener)), got };
};
type Got = IncomingMessage;

const receiverOf = ({
  networks = LOOPBACK,
  resolve = () => Promise.resolve(['127.0.0.1']),
  limits = { answerWithinMs: 2_000, connections: 2 },
}: {
  networks?: readonly string[];
  resolve?: Resolve;
  limits?: ReceiverLimits;
} = {}): Receiver => {
  const receiver = new Receiver(new AddressGuard(networks.map(networkOf), resolve), limits);
  closing.push(() => receiver.close());
  return receiver;
};

const failed = (cause: string, status: number | null = null) => ({
  delivered: false,
  cause,
  status,
  retryAfterMs: undefined,
});

describe('an attempt', () => {
  it('sends the event with its signature, to an address that only we resolved', async () => {
    const { port, got } = await serving((_request, response) => response.writeHead(204).end());
    const attempt = await receiverOf().post(
      `http://nowhere.invalid:${port}/in?x=1`,
      '{}',
      headers,
      never,
    );
    expect(attempt).toEqual({ delivered: true, status: 204 });
    expect(got[0]).toMatchObject({
      method: 'POST',
      url: '/in?x=1',
      headers: {
        'content-type': 'application/cloudevents+json; charset=utf-8',
        host: `nowhere.invalid:${port}`,
        ...headers,
      },
    });
  });

  it.each([400, 404, 410, 429, 500, 503])('has failed with an answer of %d', async (status) => {
    const { port } = await serving((_request, response) => response.writeHead(status).end('no'));
    const attempt = await receiverOf().post(`http://a.test:${port}/`, '{}', headers, never);
    expect(attempt).toEqual(failed('status', status));
  });

  it.each([
    ['120', 120_000],
    [new Date(Date.now() + 3_600_000).toUTCString(), 3_600_000],
    [new Date(0).toUTCString(), 0],
    ['soon', undefined],
  ])('is told when to come back: %s', async (wait, ms) => {
    const { port } = await serving((_request, response) =>
      response.writeHead(503, { 'retry-after': wait }).end(),
    );
    const attempt = await receiverOf().post(`http://a.test:${port}/`, '{}', headers, never);
    const told = (attempt as { retryAfterMs?: number }).retryAfterMs;
    if (ms === undefined) expect(told).toBeUndefined();
    else expect(Math.abs(told! - ms)).toBeLessThan(10_000);
  });

  it('does not follow a redirect', async () => {
    const inside = await serving((_request, response) => response.writeHead(200).end());
    const { port } = await serving((_request, response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${inside.port}/` }).end(),
    );
    const attempt = await receiverOf().post(`http://a.test:${port}/`, '{}', headers, never);
    expect(attempt).toEqual(failed('redirect', 307));
    expect(inside.got).toHaveLength(0);
  });

  it('ends in time where nobody answers, and where the answer never ends', async () => {
    const limits = { answerWithinMs: 200, connections: 2 };
    const silent = await serving(() => undefined);
    const receiver = receiverOf({ limits });
    expect(await receiver.post(`http://a.test:${silent.port}/`, '{}', headers, never)).toEqual(
      failed('timeout'),
    );
    const endless = await serving((_request, response) => void response.writeHead(500).write('.'));
    expect(await receiver.post(`http://a.test:${endless.port}/`, '{}', headers, never)).toEqual(
      failed('status', 500),
    );
  });

  it('ends in time where the name servers do not answer', async () => {
    const limits = { answerWithinMs: 200, connections: 2 };
    const receiver = receiverOf({ limits, resolve: () => new Promise(() => undefined) });
    expect(await receiver.post('http://a.test/', '{}', headers, never)).toEqual(failed('timeout'));
  });

  it('reads no more of an answer than it needs', async () => {
    let written = 0;
    const { port } = await serving((_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        if (response.destroyed) return;
        written += 65_536;
        if (response.write('.'.repeat(65_536))) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    const attempt = await receiverOf().post(`http://a.test:${port}/`, '{}', headers, never);
    expect(attempt).toEqual({ delivered: true, status: 200 });
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  it('has failed where nobody listens or nobody speaks HTTP', async () => {
    const port = await listening(
      createTcpServer((socket) => socket.end('SSH-2.0\r\n', () => socket.destroy())),
    );
    const receiver = receiverOf();
    expect(await receiver.post(`http://a.test:${port}/`, '{}', headers, never)).toEqual(
      failed('connection'),
    );
    for (const close of closing.splice(0, 1)) await close();
    expect(await receiver.post(`http://a.test:${port}/`, '{}', headers, never)).toEqual(
      failed('connection'),
    );
  });

  it('is given up when the delivery is', async () => {
    const { port } = await serving(() => undefined);
    const over = new AbortController();
    const attempt = receiverOf().post(`http://a.test:${port}/`, '{}', headers, over.signal);
    over.abort(new Error('over'));
    await expect(attempt).rejects.toThrow('over');
  });
});

describe('a connection', () => {
  it('is not made to what the address became after it was checked', async () => {
    const answers = ['93.184.216.34', '127.0.0.1'];
    const resolve = () => Promise.resolve([answers.shift()!]);
    const guard = new AddressGuard([], resolve);
    const url = guard.urlOf('https://rebinding.test/');
    expect(await guard.addressesOf(url)).toEqual(['93.184.216.34']);
    const receiver = new Receiver(guard);
    closing.push(() => receiver.close());
    expect(await receiver.post(url.href, '{}', headers, never)).toEqual(failed('address'));
    expect(answers).toEqual([]);
  });

  it('is made to the address of the one answer that was judged', async () => {
    const { port, got } = await serving((_request, response) => response.writeHead(200).end());
    const answers = ['127.0.0.1', '10.0.0.1'];
    const resolve = () => Promise.resolve([answers.shift()!]);
    const receiver = receiverOf({ resolve });
    const attempt = await receiver.post(`http://a.test:${port}/`, '{}', headers, never);
    expect(attempt).toEqual({ delivered: true, status: 200 });
    expect(got).toHaveLength(1);
    expect(answers).toEqual(['10.0.0.1']);
  });

  it.each(['127.0.0.1', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', 'localhost'])(
    'is not made to this machine as %s',
    async (host) => {
      const { port, got } = await serving((_request, response) => response.writeHead(200).end());
      const receiver = receiverOf({ networks: [] });
      expect(await receiver.post(`http://${host}:${port}/`, '{}', headers, never)).toEqual(
        failed('address'),
      );
      expect(got).toHaveLength(0);
    },
  );

  it('goes through no proxy of the environment', async () => {
    const proxy = await serving((_request, response) => response.writeHead(200).end());
    const { port, got } = await serving((_request, response) => response.writeHead(200).end());
    const before = { ...process.env };
    const address = `http://127.0.0.1:${proxy.port}`;
    Object.assign(process.env, {
      HTTP_PROXY: address,
      HTTPS_PROXY: address,
      http_proxy: address,
      NODE_USE_ENV_PROXY: '1',
    });
    try {
      await receiverOf().post(`http://a.test:${port}/`, '{}', headers, never);
    } finally {
      process.env = before;
    }
    expect(got).toHaveLength(1);
    expect(proxy.got).toHaveLength(0);
  });
});

describe('TLS', () => {
  const secure = (): Promise<number> =>
    listening(
      createSecureServer({ key: PRIVATE_KEY, cert: CERTIFICATE }, (_request, response) =>
        response.writeHead(204).end(),
      ),
    );

  it('is refused with a certificate that nobody vouches for', async () => {
    const port = await secure();
    const attempt = await receiverOf().post(`https://receiver.test:${port}/`, '{}', headers, never);
    expect(attempt).toEqual(failed('tls'));
  });

  it('is spoken with the name of the URL, whatever address stands behind it', async () => {
    const port = await secure();
    const trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, CERTIFICATE]);
    try {
      const receiver = receiverOf();
      expect(await receiver.post(`https://receiver.test:${port}/`, '{}', headers, never)).toEqual({
        delivered: true,
        status: 204,
      });
      expect(await receiver.post(`https://other.test:${port}/`, '{}', headers, never)).toEqual(
        failed('tls'),
      );
    } finally {
      setDefaultCACertificates(trusted);
    }
  });
});
