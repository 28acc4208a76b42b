import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, importJWK, type CryptoKey, type JWTPayload } from 'jose';
import type { Principal } from '@hostledger/http';
import { OidcAuthenticator, type OidcSettings } from './authenticator.js';
import { AUDIENCE, handmade, OidcIssuer, type Written } from '@hostledger/testing/http';

const CUSTOMER = '5f0c1f3a-0c7e-5b1e-9d2a-2f6f0c8b7a11';

let issuer: OidcIssuer;
let clock: number;
let settings: OidcSettings;
let tokens: OidcAuthenticator;
let reasons: string[];

beforeAll(async () => {
  issuer = await OidcIssuer.start(() => clock);
});
afterAll(() => issuer.stop());

beforeEach(() => {
  clock = Date.parse('2024-04-20T00:00:00.000Z');
  reasons = [];
  settings = {
    ...{ issuer: issuer.url, audience: AUDIENCE, tokenType: 'at+jwt', clockSkewSeconds: 30 },
    ...{ subjectClaim: 'sub', rolesClaim: 'roles' },
    roles: [
      { role: 'operator', value: 'ops' },
      { role: 'auditor', value: 'CN=Audit,OU=Example' },
    ],
  };
  tokens = new OidcAuthenticator(settings, () => clock);
});

const configured = (change: Partial<OidcSettings>): void => {
  settings = { ...settings, ...change };
  tokens = new OidcAuthenticator(settings, () => clock);
};
const recognised = (token: string): Promise<Principal | undefined> =>
  tokens.authenticate(token, (reason) => reasons.push(reason));
const principalOf = async (written?: Written): Promise<Principal | undefined> =>
  recognised(await issuer.sign(written));
const refusedFor = async (token: string): Promise<string | undefined> => {
  expect(await recognised(token)).toBeUndefined();
  return reasons.at(-1);
};
const seconds = (of: number): number => Math.floor(clock / 1_000) + of;
const subject = (name: string): string => `oidc:${issuer.url}#${name}`;

describe('a token of the issuer', () => {
  it('speaks for a subject that names the issuer and whom it knows', async () => {
    expect(await principalOf()).toEqual({ subject: subject('f81d4fae'), roles: ['operator'] });
    expect(reasons).toEqual([]);
  });

  it.each(['RS256', 'PS384', 'ES256', 'ES512', 'EdDSA'])('may be signed by %s', async (alg) => {
    const key = await issuer.rotate(alg);
    clock += 10_000;
    expect(await principalOf()).toBeDefined();
    issuer.withdraw(key);
  });

  it('may name more audiences than this one', async () => {
    expect(await principalOf({ claims: { aud: ['account', AUDIENCE] } })).toBeDefined();
  });

  it('that is none of an issuer at all is left to others', async () => {
    for (const token of ['', 'hl_x_y', 'a.b', 'a.b.c.d', 'a b.c.d', '..']) {
      expect(await recognised(token)).toBeUndefined();
    }
    expect(reasons).toEqual([]);
  });
});

describe('a token is refused', () => {
  it('where it is of another issuer, whoever signed it, and nobody is asked for its key', async () => {
    const before = issuer.keysAsked;
    for (const iss of [
      `${issuer.url}/`,
      issuer.url.replace('http:', 'https:'),
      'x',
      7,
      undefined,
    ]) {
      const token = await issuer.sign({ claims: { iss: iss as string } });
      expect(await refusedFor(token)).toBe('issuer');
    }
    expect(issuer.keysAsked).toBe(before);
  });

  it.each([['other'], [['other']], [[]], [`${AUDIENCE} other`], [undefined]])(
    'where it is for the audience %j',
    async (aud) => {
      expect(await refusedFor(await issuer.sign({ claims: { aud: aud as string } }))).toBe(
        'claim aud',
      );
    },
  );

  it('where it is not said to be an access token, as tokens of identity are not', async () => {
    for (const typ of ['JWT', undefined, 'logout+jwt', 'dpop+jwt', 7]) {
      expect(await refusedFor(await issuer.sign({ header: { typ } }))).toBe('type');
    }
    for (const typ of ['at+jwt', 'application/at+jwt', 'AT+JWT']) {
      expect(await principalOf({ header: { typ } })).toBeDefined();
    }
    configured({ tokenType: 'any' });
    for (const typ of ['JWT', undefined])
      expect(await principalOf({ header: { typ } })).toBeDefined();
    expect(await refusedFor(await issuer.sign({ header: { typ: 'logout+jwt' } }))).toBe('type');
  });

  it('from the end of its life on, but for what clocks may be apart', async () => {
    const token = await issuer.sign({ claims: { exp: seconds(60) } });
    clock += 89_999;
    expect(await recognised(token)).toBeDefined();
    clock += 1;
    expect(await refusedFor(token)).toBe('expired');
    configured({ clockSkewSeconds: 0 });
    expect(await refusedFor(await issuer.sign({ claims: { exp: seconds(0) } }))).toBe('expired');
    expect(await principalOf({ claims: { exp: seconds(1) } })).toBeDefined();
  });

  it('before its life begins, but for what clocks may be apart', async () => {
    expect(await principalOf({ claims: { nbf: seconds(30) } })).toBeDefined();
    expect(await refusedFor(await issuer.sign({ claims: { nbf: seconds(31) } }))).toBe('claim nbf');
  });

  it('where it does not end, or its times are no numbers', async () => {
    expect(await refusedFor(await issuer.sign({ without: ['exp'] }))).toBe('claim exp');
    const header = { alg: 'ES256', typ: 'at+jwt', kid: issuer.keys[0]!.kid };
    const claims = { iss: issuer.url, aud: AUDIENCE, sub: 'a', exp: String(seconds(60)) };
    expect(await refusedFor(handmade(header, claims, 'AA'))).toBe('claim exp');
  });

  it('where it is bound to a key whose proof is not asked for', async () => {
    const token = await issuer.sign({ claims: { cnf: { jkt: 'x' } } });
    expect(await refusedFor(token)).toBe('bound to a key');
  });

  it('where it says nothing of its subject that could be kept', async () => {
    for (const sub of [
      '',
      'two words',
      'a\u0000b',
      'ädä',
      'a'.repeat(200),
      7,
      { a: 1 },
      undefined,
    ]) {
      const token = await issuer.sign({ claims: { sub: sub as string } });
      expect(await refusedFor(token)).toBe('subject');
    }
    for (const sub of ['system:bootstrap', 'cli:root']) {
      expect(await principalOf({ claims: { sub } })).toMatchObject({ subject: subject(sub) });
    }
  });

  it('where it is larger than any issuer writes', async () => {
    const token = await issuer.sign({ claims: { groups: 'x'.repeat(8_192) } });
    expect(await refusedFor(token)).toBe('size');
  });
});

describe('a forger', () => {
  const claims = (): object => ({
    ...{ iss: issuer.url, aud: AUDIENCE, sub: 'root', exp: seconds(300), roles: ['ops'] },
  });

  it.each(['none', 'None', 'nOnE', ''])('gains nothing by the algorithm %j', async (alg) => {
    const kid = issuer.keys[0]!.kid;
    expect(await refusedFor(handmade({ alg, typ: 'at+jwt', kid }, claims()))).toBe('algorithm');
  });

  it('gains nothing by signing with what is public', async () => {
    const key = await issuer.rotate('RS256');
    const secrets = [await key.pem(), JSON.stringify(key.jwk), key.jwk.n!];
    for (const secret of secrets) {
      const body = handmade({ alg: 'HS256', typ: 'at+jwt', kid: key.kid }, claims()).slice(0, -1);
      const mac = createHmac('sha256', secret).update(body).digest('base64url');
      expect(await refusedFor(`${body}.${mac}`)).toBe('algorithm');
    }
    issuer.withdraw(key);
  });

  it('gains nothing by naming another algorithm than the key is for', async () => {
    const key = await issuer.rotate('RS256');
    const jwk = await exportJWK(key.privateKey);
    const key512 = { ...key, privateKey: (await importJWK(jwk, 'RS512')) as CryptoKey };
    clock += 10_000;
    const forged = await issuer.sign(
      { claims: claims() as JWTPayload, header: { alg: 'RS512' } },
      key512,
    );
    expect(await refusedFor(forged)).toBe('key unknown');
    issuer.withdraw(key);
  });

  it('gains nothing by changing what was signed, or leaving the signature out', async () => {
    const [header, , signature] = (await issuer.sign()).split('.');
    const other = Buffer.from(JSON.stringify(claims())).toString('base64url');
    expect(await refusedFor(`${header}.${other}.${signature}`)).toBe('signature');
    expect(await refusedFor(`${header}.${other}.`)).toBe('signature');
  });

  it('gains nothing by bringing a key along, by value or by address', async () => {
    const visits: string[] = [];
    const theirs = await OidcIssuer.start(() => clock);
    const lure = createServer((request, response) => {
      visits.push(request.url ?? '');
      response.end(JSON.stringify({ keys: theirs.keys.map(({ jwk }) => jwk) }));
    });
    await new Promise<void>((resolve) => lure.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(lure.address() as AddressInfo).port}/keys`;
    const key = theirs.keys[0]!;
    for (const header of [
      { jku: address },
      { x5u: address },
      { jwk: key.jwk },
      { x5c: ['AAAA'] },
    ]) {
      const about = { iss: issuer.url };
      for (const kid of [key.kid, issuer.keys[0]!.kid]) {
        const token = await theirs.sign({ claims: about, header: { ...header, kid } });
        expect(['key unknown', 'signature', 'form']).toContain(await refusedFor(token));
      }
    }
    expect(visits).toEqual([]);
    lure.close();
    await theirs.stop();
  });

  it.each([
    '../../etc/passwd',
    '/dev/null',
    "' or 1=1 --",
    'http://127.0.0.1/keys',
    '__proto__',
    '',
  ])('gains nothing by the name of a key %j, which is compared and nothing else', async (kid) => {
    const paths = new Set(issuer.asked);
    expect(await refusedFor(await issuer.sign({ header: { kid } }))).toBe('key unknown');
    expect(issuer.asked.filter((path) => !paths.has(path))).toEqual([]);
  });

  it('gains nothing by marking a header as critical', async () => {
    const header = {
      alg: 'ES256',
      typ: 'at+jwt',
      kid: issuer.keys[0]!.kid,
      crit: ['x'],
      x: 1,
    };
    expect(await refusedFor(handmade(header, claims(), 'AA'))).toBe('form');
  });

  it('is answered as anybody else, whatever the parts of a token are', async () => {
    const header = { alg: 'ES256', typ: 'at+jwt' };
    for (const part of ['', 'null', '[]', '7', '{', '"x"', '{"alg":1}']) {
      expect(await recognised(handmade(part, claims(), 'AA'))).toBeUndefined();
      expect(await recognised(handmade(header, part, 'AA'))).toBeUndefined();
    }
    const said = `{"iss":"other","exp":1,${JSON.stringify(claims()).slice(1)}`;
    expect(await refusedFor(handmade({ ...header, kid: issuer.keys[0]!.kid }, said, 'AA'))).toBe(
      'signature',
    );
  });
});

describe('claims said twice', () => {
  it('mean what they say last, for the signature and for everything read of them', async () => {
    const key = issuer.keys[0]!;
    const last = { iss: issuer.url, aud: AUDIENCE, sub: 'last', exp: seconds(60), roles: ['ops'] };
    const said = `{"sub":"first","roles":["admin"],${JSON.stringify(last).slice(1)}`;
    const header = { alg: key.alg, typ: 'at+jwt', kid: key.kid };
    const body = handmade(header, said).slice(0, -1);
    const signature = await crypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      key.privateKey,
      Buffer.from(body),
    );
    const token = `${body}.${Buffer.from(signature).toString('base64url')}`;
    expect(await recognised(token)).toEqual({ subject: subject('last'), roles: ['operator'] });
  });
});

describe('roles', () => {
  const rolesOf = async (roles: unknown) => (await principalOf({ claims: { roles } }))!.roles;

  it('are given by the values that are mapped, as a list or as words', async () => {
    expect(await rolesOf(['ops', 'CN=Audit,OU=Example'])).toEqual(['operator', 'auditor']);
    expect(await rolesOf('openid ops')).toEqual(['operator']);
  });

  it.each([
    [['admin', 'operator', 'OPS', 'ops ']],
    ['admin'],
    [undefined],
    [null],
    [7],
    [{ ops: true }],
    [['ops', 7]],
    [[['ops']]],
  ])('are none of %j: the subject is known, and may do nothing', async (roles) => {
    expect(await rolesOf(roles)).toEqual([]);
  });

  it('stand where the setting says, in claims of claims too', async () => {
    configured({ rolesClaim: '/realm_access/roles' });
    const claims = { realm_access: { roles: ['ops'] }, roles: ['CN=Audit,OU=Example'] };
    expect(await principalOf({ claims })).toMatchObject({ roles: ['operator'] });
    expect(await principalOf({ claims: { realm_access: 'ops' } })).toMatchObject({ roles: [] });
    configured({ rolesClaim: '/https:~1~1example.com~1roles' });
    expect(await principalOf({ claims: { 'https://example.com/roles': ['ops'] } })).toMatchObject({
      roles: ['operator'],
    });
    configured({ rolesClaim: '/constructor/name' });
    expect(await principalOf()).toMatchObject({ roles: [] });
  });
});

describe('the customers of a token', () => {
  beforeEach(() => configured({ customersClaim: 'customers' }));

  it('limit it; without them it shows what its roles show', async () => {
    expect(
      await principalOf({ claims: { customers: [CUSTOMER.toUpperCase(), CUSTOMER] } }),
    ).toEqual({
      ...{ subject: subject('f81d4fae'), roles: ['operator'], customers: [CUSTOMER] },
    });
    expect(await principalOf({ claims: { customers: CUSTOMER } })).toMatchObject({
      customers: [CUSTOMER],
    });
    expect(await principalOf({ claims: { customers: [] } })).toMatchObject({ customers: [] });
    expect(await principalOf()).not.toHaveProperty('customers');
  });

  it.each([7, null, {}, ['all'], '*', [CUSTOMER, 7], Array.from({ length: 101 }, () => CUSTOMER)])(
    'refuse it where they cannot be read: %j',
    async (customers) => {
      const token = await issuer.sign({ claims: { customers } });
      expect(await refusedFor(token)).toBe('claim of customers');
    },
  );

  it('mean nothing where no setting names them', async () => {
    configured({ customersClaim: undefined });
    expect(await principalOf({ claims: { customers: ['all'] } })).not.toHaveProperty('customers');
  });
});

describe('a subject', () => {
  it('is read from the claim of the setting; names that people type are one in any case', async () => {
    configured({ subjectClaim: 'email' });
    for (const email of ['Ada@Example.com', 'ada@example.com']) {
      expect(await principalOf({ claims: { email } })).toMatchObject({
        subject: subject('ada@example.com'),
      });
    }
    configured({ subjectClaim: 'sub' });
    const [one, other] = [
      await principalOf({ claims: { sub: 'a' } }),
      await principalOf({ claims: { sub: 'A' } }),
    ];
    expect(one!.subject).not.toBe(other!.subject);
  });

  it('of two issuers are two, also where one has the address of the other in its names', async () => {
    const other = await OidcIssuer.start(() => clock);
    const [here, there] = [await issuer.sign(), await other.sign()];
    const theirs = new OidcAuthenticator({ ...settings, issuer: other.url }, () => clock);
    expect((await theirs.authenticate(there))!.subject).not.toBe((await recognised(here))!.subject);
    expect(await theirs.authenticate(here)).toBeUndefined();
    await other.stop();
  });
});

describe('settings that cannot be meant', () => {
  it.each([
    { issuer: 'http://login.example.com' },
    { issuer: 'login.example.com' },
    { jwksUrl: 'http://login.example.com/keys' },
    { jwksUrl: 'file:///keys.json' },
    { jwksUrl: 'http://localhost.example.com/keys' },
    { roles: [{ role: 'root', value: 'ops' }] },
  ])('keep it from starting: %j', (change) => {
    expect(() => new OidcAuthenticator({ ...settings, ...change })).toThrow(/https|no role: root/);
  });
});
