import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepSecrets } from '@hostledger/testing';
import { AUDIENCE, handmade, OidcIssuer, type Written } from '@hostledger/testing/http';
import { BuiltProgram, freePort, isReady } from './support/processes.js';

// The built system beside an OIDC issuer: whose tokens it takes, what it remembers of those it does
// not, and that nothing that opens anything gets into its log, whatever goes wrong.

const STANDALONE = 'apps/standalone/src/main.js';
/** On a machine that is busy with other specs. */
const START_WITHIN_MS = 240_000;

describe('The built system with an OIDC issuer', () => {
  const home = mkdtempSync(join(tmpdir(), 'hostledger-identity-'));
  let issuer: OidcIssuer;
  let env: Record<string, string>;
  let origin: string;
  let system: BuiltProgram;

  beforeAll(async () => {
    issuer = await OidcIssuer.start();
    const port = String(await freePort());
    origin = `http://127.0.0.1:${port}`;
    env = {
      ...{ DATA_DIR: join(home, 'data'), PORT: port, HOST: '127.0.0.1', LOG_LEVEL: 'info' },
      ...{ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE, OIDC_ROLES_CLAIM: '/realm/roles' },
      OIDC_ROLES: 'commercial=sales; auditor=audit',
      WEBHOOK_KEY: Buffer.alloc(32, 7).toString('base64'),
      NOTARY_PUBLISH: 'http://127.0.0.1:1/checkpoints',
      NOTARY_PUBLISH_TOKEN: 'publisher-of-checkpoints',
    };
    await start();
  }, START_WITHIN_MS);
  afterAll(async () => {
    await system?.stop();
    await issuer.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const start = async (): Promise<void> => {
    system = BuiltProgram.start(STANDALONE, env);
    await system.until(() => isReady(origin));
    keepSecrets(ownToken());
  };
  const ownToken = (): string => readFileSync(join(home, 'data/access-token'), 'utf8').trim();
  const tokenOf = async (roles: unknown, written: Written = {}): Promise<string> => {
    const claims = { realm: { roles }, ...written.claims };
    const token = await issuer.sign({ ...written, claims });
    keepSecrets(token);
    return token;
  };
  const call = async (
    token: string,
    method: string,
    path: string,
    body?: object,
    more: Record<string, string> = {},
  ) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...more,
    };
    const answer = await fetch(`${origin}${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    const json = (await answer.json()) as Record<string, unknown>;
    return { status: answer.status, headers: answer.headers, json };
  };
  const customer = { name: 'Bitmain', legalName: 'Bitmain Delaware', country: 'US' };

  it('lets its people do what the roles of their claims allow, in their name', async () => {
    const sales = await tokenOf(['sales', 'nothing']);
    const registered = await call(sales, 'POST', '/v1/customers', customer);
    expect(registered.status).toBe(201);
    expect(await call(sales, 'POST', '/v1/access-tokens', {})).toMatchObject({ status: 403 });
    expect(await call(await tokenOf([]), 'GET', '/v1/customers')).toMatchObject({ status: 403 });
    const position = registered.headers.get('log-position')!;
    const audit = await tokenOf('audit');
    const events = await call(audit, 'GET', '/v1/audit/events?type=CustomerRegistered', undefined, {
      'min-log-position': position,
    });
    expect(events.json['items']).toMatchObject([
      { actor: { subject: `oidc:${issuer.url}#f81d4fae`, role: 'commercial' } },
    ]);
  });

  it('takes nobody else, and says why in its log alone', async () => {
    const past = Math.floor(Date.now() / 1_000) - 3_600;
    const claims = { iss: issuer.url, aud: AUDIENCE, sub: 'f81d4fae', exp: past + 7_200 };
    const bad: readonly (readonly [string, string])[] = [
      ['expired', await tokenOf('audit', { claims: { exp: past } })],
      ['claim aud', await tokenOf('audit', { claims: { aud: 'other' } })],
      ['issuer', await tokenOf('audit', { claims: { iss: 'https://login.example.com' } })],
      ['type', await tokenOf('audit', { header: { typ: 'JWT' } })],
      ['algorithm', handmade({ alg: 'none', typ: 'at+jwt' }, claims)],
    ];
    for (const [reason, token] of bad) {
      const { status, headers, json } = await call(token, 'GET', '/v1/customers');
      expect({ status, code: json['code'] }).toEqual({
        ...{ status: 401, code: 'request/unauthenticated' },
      });
      expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      await system.until(() => Promise.resolve(system.lastWords.includes(`"reason":"${reason}"`)));
      expect(system.lastWords).not.toContain(token.split('.')[1]);
    }
  });

  it('keeps a token out of its log that somebody writes into an address', async () => {
    const token = await tokenOf('audit');
    const path = `/v1/customers?access_token=${token}&own=${ownToken()}`;
    expect((await call(token, 'GET', path)).status).toBe(400);
    await system.until(() => Promise.resolve(system.lastWords.includes('access_token=…')));
    expect(system.lastWords).not.toContain(token);
  });

  it('goes on with the keys it knows while the issuer is away, and cannot tell of others', async () => {
    const known = await tokenOf('audit');
    issuer.away = true;
    await issuer.rotate();
    const unknown = await tokenOf('audit');
    expect((await call(known, 'GET', '/v1/customers')).status).toBe(200);
    const { status, json } = await call(unknown, 'GET', '/v1/customers');
    // Within ten seconds of the last answer the keys are taken for those there are.
    expect([401, 503]).toContain(status);
    expect(['request/unauthenticated', 'server/issuer-unavailable']).toContain(json['code']);
    issuer.away = false;
  });

  it(
    'remembers whom it denied, by subject where there was a good token',
    async () => {
      expect(await system.stop()).toBe(0);
      await start();
      const token = await tokenOf('audit');
      const { json } = await call(token, 'GET', '/v1/audit/events?type=AccessDenied&data=true');
      const denied = (json['items'] as { data: Record<string, unknown> }[]).map(({ data }) => data);
      expect(denied).toContainEqual(
        expect.objectContaining({
          ...{ who: 'subject', subject: `oidc:${issuer.url}#f81d4fae`, roles: ['commercial'] },
          ...{ status: 403, route: '/v1/access-tokens' },
        }),
      );
      const anonymous = denied.filter(({ who }) => who === 'anonymous');
      expect(anonymous).toContainEqual(
        expect.objectContaining({ status: 401, route: '/v1/customers' }),
      );
    },
    START_WITHIN_MS,
  );
});

describe('What goes wrong', () => {
  const SECRET = 'hunter2-and-more';
  const home = mkdtempSync(join(tmpdir(), 'hostledger-secrets-'));
  const started: BuiltProgram[] = [];
  afterAll(async () => {
    for (const program of started) await program.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const begin = (program: string, settings: Record<string, string>): BuiltProgram => {
    keepSecrets(SECRET);
    const base = { DATA_DIR: join(home, 'data'), HOST: '127.0.0.1', LOG_LEVEL: 'debug' };
    const begun = BuiltProgram.start(program, { ...base, ...settings });
    started.push(begun);
    return begun;
  };
  const stores = {
    DATABASE_URL: `postgres://app:${SECRET}@127.0.0.1:1/hostledger`,
    EVENTSTORE_URL: `esdb://app:${SECRET}@127.0.0.1:1?tls=false`,
  };

  it('with a setting is told by its name', async () => {
    const program = begin(STANDALONE, { DATABASE_URL: `mysql://root:${SECRET}@db` });
    expect(await program.ended()).toBe(1);
    expect(program.lastWords).toContain('DATABASE_URL: is not a URL of the right scheme');
    expect(program.lastWords).not.toContain(SECRET);
  });

  it.each<[string, Record<string, string>]>([
    ['apps/api/src/main.js', {}],
    ['apps/worker/src/main.js', {}],
    ['apps/worker/src/main.js', { NOTARY_KEY: `PRIVATE+KEY+${SECRET}` }],
  ])('with stores is told without their passwords: %s %j', async (path, settings) => {
    const port = String(await freePort());
    const program = begin(path, { ...stores, PORT: port, WORKER_PORT: port, ...settings });
    const answers: string[] = [];
    await program
      .until(async () => {
        const token = `hl_${'1'.repeat(36)}_${'A'.repeat(43)}`;
        const headers = { authorization: `Bearer ${token}` };
        for (const asked of ['/health/ready', '/metrics']) {
          const answer = await fetch(`http://127.0.0.1:${port}${asked}`, { headers }).catch(
            () => undefined,
          );
          if (answer) answers.push(await answer.text());
        }
        return answers.length >= 2;
      })
      // It may rather end than answer; either way it has said what is wrong.
      .catch(() => undefined);
    await program.stop();
    expect([...answers, program.lastWords].join('')).not.toBe('');
    expect([...answers, program.lastWords].join('\n')).not.toContain(SECRET);
  });
});
