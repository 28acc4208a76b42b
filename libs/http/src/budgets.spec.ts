import { Controller, Get, Ip } from '@nestjs/common';
import { AnyRole, type Principal } from './index.js';
import { listen, send, type ListeningApp } from './http.fixture.js';

@Controller('lamps')
class LampController {
  @Get()
  @AnyRole()
  list(@Ip() address: string) {
    return { address };
  }
}

let running: ListeningApp;
afterEach(() => running.app.close());

/** Tokens are `<subject>.<anything>`; whoever has no dot in it is nobody. */
const authenticate = (token: string): Promise<Principal | undefined> =>
  Promise.resolve(
    token.includes('.') ? { subject: token.split('.')[0]!, roles: ['operator'] } : undefined,
  );
const start = async (requestsPerMinute: number, trustedProxies: readonly string[] = []) => {
  running = await listen([LampController], { requestsPerMinute, trustedProxies, authenticate });
};
const call = (token: string, forwardedFor?: string) =>
  send(running.origin, 'GET', '/v1/lamps', {
    token,
    ...(forwardedFor !== undefined && { headers: { 'x-forwarded-for': forwardedFor } }),
  });
const statuses = async (...calls: readonly (readonly [string, string?])[]): Promise<number[]> => {
  const answered: number[] = [];
  for (const [token, from] of calls) answered.push((await call(token, from)).status);
  return answered;
};

describe('A budget', () => {
  it('is one of a subject, however many tokens it has and wherever they come from', async () => {
    await start(3, ['127.0.0.1']);
    expect(await statuses(['ana.1', '192.0.2.1'], ['ana.2', '192.0.2.2'])).toEqual([200, 200]);
    expect(await statuses(['ana.1', '192.0.2.3'], ['ana.2', '192.0.2.1'])).toEqual([200, 429]);
    expect(await statuses(['ana.3', '192.0.2.4'], ['ana.4', '192.0.2.5'])).toEqual([429, 429]);
    expect(await statuses(['ben.1', '192.0.2.1'])).toEqual([200]);
  });

  it('tells a new token of a busy subject when to come again, like any other', async () => {
    await start(1, ['127.0.0.1']);
    await call('ana.1', '192.0.2.1');
    const refused = await call('ana.2', '192.0.2.2');
    expect(refused).toMatchObject({ status: 429, json: { code: 'request/too-many' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('is one of an address for all that is no good token', async () => {
    await start(2, ['127.0.0.1']);
    expect(await statuses(['x', '192.0.2.1'], ['y', '192.0.2.1'])).toEqual([401, 401]);
    expect(await statuses(['z', '192.0.2.1'], ['', '192.0.2.1'])).toEqual([429, 429]);
    expect(await statuses(['x', '192.0.2.2'])).toEqual([401]);
  });

  it('is one of a network of IPv6, in which everybody has addresses without end', async () => {
    await start(2, ['127.0.0.1']);
    expect(await statuses(['x', '2001:db8:0:1::1'], ['x', '2001:db8:0:1:ffff::2'])).toEqual([
      401, 401,
    ]);
    expect(await statuses(['x', '2001:db8:0:1::3'], ['x', '2001:db8:0:2::1'])).toEqual([429, 401]);
    expect(await statuses(['x', '::ffff:192.0.2.7'], ['x', '192.0.2.7'])).toEqual([401, 401]);
    expect(await statuses(['x', '192.0.2.7'])).toEqual([429]);
  });
});

describe('X-Forwarded-For', () => {
  const addressBehind = async (forwardedFor: string): Promise<unknown> =>
    (await call('ana.1', forwardedFor)).json['address'];

  it('says nothing where no proxy is trusted: nobody escapes a limit by it', async () => {
    await start(2);
    expect(await statuses(['x', '192.0.2.1'], ['x', '192.0.2.2'])).toEqual([401, 401]);
    expect(await statuses(['x', '192.0.2.3'])).toEqual([429]);
    expect(running.log.filter(({ msg }) => msg === 'Denied')).toMatchObject([
      { ip: '127.0.0.1' },
      { ip: '127.0.0.1' },
    ]);
  });

  it('says nothing where it comes from another than the trusted', async () => {
    await start(0, ['10.1.0.0/16', 'fd00::/8']);
    expect(await addressBehind('192.0.2.1')).toBe('127.0.0.1');
  });

  it('of a proxy names the client, and what the client wrote itself does not count', async () => {
    await start(0, ['127.0.0.1', '10.1.0.0/16']);
    expect(await addressBehind('192.0.2.1')).toBe('192.0.2.1');
    expect(await addressBehind('198.51.100.9, 192.0.2.1')).toBe('192.0.2.1');
    expect(await addressBehind('198.51.100.9, 192.0.2.1, 10.1.0.5')).toBe('192.0.2.1');
    expect(await addressBehind('127.0.0.1, 192.0.2.1')).toBe('192.0.2.1');
  });

  it('that is no address does not break anything', async () => {
    await start(3, ['127.0.0.1']);
    for (const wrong of ['unknown', '::::', '1.2.3', 'a'.repeat(2_000)]) {
      expect((await call('x', wrong)).status).toBe(401);
    }
  });
});

describe('A refused token', () => {
  it('has its reason in the log, and not in the answer', async () => {
    running = await listen([LampController], {
      authenticate: (_token, refused) => {
        refused?.('expired');
        return Promise.resolve(undefined);
      },
    });
    const { status, text } = await call('a.b.c');
    expect(status).toBe(401);
    expect(text).not.toContain('expired');
    expect(running.log.find(({ msg }) => msg === 'Denied')).toMatchObject({ reason: 'expired' });
    expect(running.logText()).not.toContain('a.b.c');
  });
});
