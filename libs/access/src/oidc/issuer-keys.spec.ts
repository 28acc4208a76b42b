import { Logger } from '@nestjs/common';
import { OidcAuthenticator } from './authenticator.js';
import { AUDIENCE, OidcIssuer } from '@hostledger/testing/http';

const MINUTE_MS = 60_000;

Logger.overrideLogger(false);

let issuer: OidcIssuer;
let clock: number;
let tokens: OidcAuthenticator;

beforeEach(async () => {
  clock = Date.parse('2024-04-20T00:00:00.000Z');
  issuer = await OidcIssuer.start(() => clock);
  tokens = at(issuer.url);
});
afterEach(() => issuer.stop());

const at = (url: string, jwksUrl?: string): OidcAuthenticator =>
  new OidcAuthenticator(
    {
      ...{ issuer: url, audience: AUDIENCE, tokenType: 'at+jwt', clockSkewSeconds: 30 },
      ...{ subjectClaim: 'sub', rolesClaim: 'roles', roles: [{ role: 'operator', value: 'ops' }] },
      jwksUrl,
    },
    () => clock,
  );
/** A token that lives as long as a spec needs it to. */
const sign = (key = issuer.keys[0]!): Promise<string> =>
  issuer.sign({ claims: { exp: Math.floor(clock / 1_000) + 200_000 } }, key);
const isGood = async (token: string): Promise<boolean> =>
  (await tokens.authenticate(token)) !== undefined;
const away = { status: 503, code: 'server/issuer-unavailable', extra: { retryAfterSeconds: 10 } };

describe('The keys of an issuer', () => {
  it('are found by its discovery document, and asked for once for all who come', async () => {
    const token = await sign();
    const crowd = await Promise.all(Array.from({ length: 50 }, () => isGood(token)));
    expect(new Set(crowd)).toEqual(new Set([true]));
    expect(issuer.asked).toEqual([
      '/realms/hosting/.well-known/openid-configuration',
      '/realms/hosting/certs',
    ]);
  });

  it('are found where the setting says, without a discovery document', async () => {
    issuer.answers.set('/keys', { body: JSON.stringify({ keys: [issuer.keys[0]!.jwk] }) });
    tokens = at(issuer.url, new URL('/keys', issuer.url).href);
    expect(await isGood(await sign())).toBe(true);
    expect(issuer.asked).toEqual(['/keys']);
  });

  it('are asked for again where a token names one that is new', async () => {
    const old = await sign();
    expect(await isGood(old)).toBe(true);
    await issuer.rotate();
    clock += 10_000;
    expect(await isGood(await sign())).toBe(true);
    expect(await isGood(old)).toBe(true);
    expect(issuer.keysAsked).toBe(2);
  });

  it('are not asked for more than once in ten seconds, whatever keys tokens name', async () => {
    expect(await isGood(await sign())).toBe(true);
    for (let second = 0; second < 60; second += 1) {
      clock += 1_000;
      const junk = Array.from({ length: 20 }, (_, n) =>
        issuer.sign({ header: { kid: `junk-${second}-${n}` } }).then(isGood),
      );
      expect(new Set(await Promise.all(junk))).toEqual(new Set([false]));
    }
    expect(issuer.keysAsked).toBeLessThanOrEqual(7);
  });

  it('that were withdrawn open nothing after five minutes', async () => {
    const withdrawn = issuer.keys[0]!;
    const token = await sign(withdrawn);
    expect(await isGood(token)).toBe(true);
    await issuer.rotate();
    issuer.withdraw(withdrawn);
    clock += 5 * MINUTE_MS;
    expect(await isGood(token)).toBe(false);
    expect(await isGood(await sign())).toBe(true);
  });
});

describe('While the issuer is away', () => {
  beforeEach(async () => {
    expect(await isGood(await sign())).toBe(true);
  });

  it('the keys it had go on', async () => {
    const token = await sign();
    issuer.away = true;
    for (let minute = 0; minute < 60; minute += 1) {
      clock += MINUTE_MS;
      expect(await isGood(token)).toBe(true);
    }
  });

  it('a key that is not known is neither good nor bad', async () => {
    issuer.away = true;
    await issuer.rotate();
    clock += 10_000;
    const token = await sign();
    await expect(tokens.authenticate(token)).rejects.toMatchObject(away);
    await expect(tokens.authenticate(token)).rejects.toMatchObject(away);
    issuer.away = false;
    clock += 10_000;
    expect(await isGood(token)).toBe(true);
  });

  it('tokens that are bad by their own words are refused all the same', async () => {
    issuer.away = true;
    clock += 10_000;
    const token = await issuer.sign({ header: { kid: 'new' }, claims: { iss: 'other' } });
    expect(await isGood(token)).toBe(false);
  });

  it('it is asked no more often than before', async () => {
    const before = issuer.asked.length;
    issuer.away = true;
    for (let second = 0; second < 30; second += 1) {
      clock += 1_000;
      const token = await issuer.sign({ header: { kid: `junk-${second}` } });
      await tokens.authenticate(token).catch(() => undefined);
    }
    expect(issuer.asked.length - before).toBeLessThanOrEqual(4);
  });

  it('the keys it had end after a day', async () => {
    issuer.away = true;
    const token = await sign();
    clock += 24 * 60 * MINUTE_MS - 1;
    expect(await isGood(token)).toBe(true);
    clock += 10_000;
    await expect(tokens.authenticate(token)).rejects.toMatchObject(away);
  });
});

describe('An answer is not taken for keys', () => {
  const discovery = '/realms/hosting/.well-known/openid-configuration';
  const certs = '/realms/hosting/certs';

  it.each<[string, string, { status?: number; body: string }]>([
    ['of another issuer', discovery, { body: '{"issuer":"https://other.example"}' }],
    ['without keys', certs, { body: '{}' }],
    ['that is no JSON', certs, { body: '<html>' }],
    ['with keys that are none', certs, { body: '{"keys":[7]}' }],
    ['with an error', certs, { status: 500, body: '{"keys":[]}' }],
    ['that leads elsewhere', certs, { status: 302, body: '/keys' }],
    ['without end', certs, { body: ' '.repeat(300_000) }],
  ])('%s', async (_what, path, answer) => {
    issuer.answers.set(path, answer);
    issuer.answers.set('/keys', { body: JSON.stringify({ keys: [issuer.keys[0]!.jwk] }) });
    await expect(tokens.authenticate(await sign())).rejects.toMatchObject(away);
    expect(issuer.asked).not.toContain('/keys');
  });

  it('where its address of keys is not https', async () => {
    for (const jwks_uri of ['http://login.example.com/keys', 'file:///keys', 7, undefined]) {
      issuer.answers.set(discovery, { body: JSON.stringify({ issuer: issuer.url, jwks_uri }) });
      await expect(at(issuer.url).authenticate(await sign())).rejects.toMatchObject(away);
    }
  });

  it('of a key too short to be one', async () => {
    const { privateKey, publicKey } = await crypto.subtle.generateKey(
      {
        ...{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024 },
        publicExponent: new Uint8Array([1, 0, 1]),
      },
      true,
      ['sign', 'verify'],
    );
    const jwk = {
      ...(await crypto.subtle.exportKey('jwk', publicKey)),
      kid: 'short',
      alg: 'RS256',
    };
    issuer.answers.set(certs, { body: JSON.stringify({ keys: [jwk] }) });
    const claims = { iss: issuer.url, aud: AUDIENCE, sub: 'a', exp: clock / 1_000 + 60 };
    const body = [{ alg: 'RS256', typ: 'at+jwt', kid: 'short' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(body));
    expect(await isGood(`${body}.${Buffer.from(signature).toString('base64url')}`)).toBe(false);
  });
});
