import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { InvalidConfig, loadConfig } from './index.js';

describe('the configuration', () => {
  it('needs nothing: the embedded default on the loopback address', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({ port: 3000, host: '127.0.0.1', benchNoop: false });
    expect(config.eventStoreUrl).toBeUndefined();
    expect(config.databaseUrl).toBeUndefined();
    expect(isAbsolute(config.dataDir)).toBe(true);
  });

  it('takes an empty variable for an absent one', () => {
    expect(loadConfig({ EVENTSTORE_URL: '', PORT: '' })).toMatchObject({ port: 3000 });
  });

  it.each([
    'esdb://localhost:2113?tls=false',
    'esdb://app:s3cr%40t@one:2113,two:2113,three:2113?tls=true',
    'esdb+discover://app:secret@cluster.example:2113',
  ])('takes the connection string %s', (url) => {
    expect(loadConfig({ EVENTSTORE_URL: url }).eventStoreUrl).toBe(url);
  });

  it.each([
    'postgres://app:secret@db.example:5432/hostledger?sslmode=verify-full',
    'postgresql:///hostledger?host=/var/run/postgresql',
  ])('takes the database %s', (url) => {
    expect(loadConfig({ DATABASE_URL: url }).databaseUrl).toBe(url);
  });

  it('takes the head of statements, its address a line each', () => {
    expect(loadConfig({}).issuer).toEqual({ name: 'Hosting company', address: [] });
    const ISSUER_ADDRESS = '1 Grid Road; Austin, TX 78701';
    expect(loadConfig({ ISSUER_NAME: 'Example Hosting, Inc.', ISSUER_ADDRESS }).issuer).toEqual({
      name: 'Example Hosting, Inc.',
      address: ['1 Grid Road', 'Austin, TX 78701'],
    });
    expect(() => loadConfig({ ISSUER_ADDRESS: 'a;;b' })).toThrow(/ISSUER_ADDRESS: is not up to/);
  });

  it('takes where the notary publishes, and who sees what it signs', () => {
    expect(loadConfig({}).notary).toMatchObject({
      ...{ origin: 'hostledger.local/log', intervalSeconds: 60, witnesses: [] },
    });
    const verifierKey = 'w.example/1+0123abcd+BWQrZXk=';
    const NOTARY_WITNESSES = `https://w.example ${verifierKey}, http://10.1.0.1:80/w ${verifierKey}`;
    expect(loadConfig({ NOTARY_WITNESSES }).notary.witnesses).toEqual([
      { url: 'https://w.example', verifierKey },
      { url: 'http://10.1.0.1:80/w', verifierKey },
    ]);
    for (const publish of ['/mnt/worm', 'https://bucket.example/log', 'file:///mnt/worm']) {
      expect(loadConfig({ NOTARY_PUBLISH: publish }).notary).toMatchObject({ publish });
    }
  });

  it.each([
    { NOTARY_ORIGIN: 'a log' },
    { NOTARY_ORIGIN: 'a+b' },
    { NOTARY_KEY: 'hunter2' },
    { NOTARY_KEY: 'PRIVATE+KEY+a+b+c', NOTARY_KEY_FILE: '/run/secrets/key' },
    { NOTARY_INTERVAL_SECONDS: '0' },
    { NOTARY_PUBLISH: 'ftp://example' },
    { NOTARY_WITNESSES: 'https://w.example' },
  ])('does not take %j for the notary', (env) => {
    expect(() => loadConfig(env)).toThrow(new RegExp(`${Object.keys(env).at(-1)!}: `));
  });

  it('names every wrong key and never a value', () => {
    const secret = 'mysql://root:hunter2@db';
    const wrong = (): unknown => loadConfig({ PORT: '70000', DATABASE_URL: secret });
    expect(wrong).toThrow(InvalidConfig);
    expect(wrong).toThrow(/PORT/);
    expect(wrong).toThrow(/DATABASE_URL/);
    expect(wrong).not.toThrow(/hunter2/);
  });
});

describe('a setting that is wrong', () => {
  const secret = 'hunter2-and-more';

  it.each([
    { DATABASE_URL: `mysql://root:${secret}@db` },
    { EVENTSTORE_URL: `http://admin:${secret}@db` },
    { NOTARY_KEY: secret },
    { NOTARY_PUBLISH_TOKEN: `${secret} x` },
    { WEBHOOK_KEY: secret },
    { OIDC_ISSUER: `https://a:${secret}@login.example.com` },
    { OIDC_JWKS_URL: `https://a:${secret}@login.example.com/keys` },
    { OIDC_ROLES: secret },
    { TRUSTED_PROXIES: secret },
    { PORT: secret },
    { LOG_LEVEL: secret },
  ])('is told by its name and without its value: %j', (env) => {
    const wrong = (): unknown => loadConfig(env);
    expect(wrong).toThrow(`${Object.keys(env)[0]!}: `);
    expect(wrong).not.toThrow(secret);
  });
});

describe('the key of webhooks', () => {
  const key = Buffer.alloc(32, 5).toString('base64');
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'hostledger-config-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const fileOf = (text: string): string => {
    const file = join(directory, 'key');
    writeFileSync(file, text);
    return file;
  };

  it('is a value or a file that holds it, and may be absent', () => {
    expect(loadConfig({}).webhookKey).toBeUndefined();
    expect(loadConfig({ WEBHOOK_KEY: key }).webhookKey).toBe(key);
    expect(loadConfig({ WEBHOOK_KEY_FILE: fileOf(`${key}\n`) }).webhookKey).toBe(key);
  });

  it.each([Buffer.alloc(31, 5).toString('base64'), 'correct horse battery staple', ''])(
    'is refused without being told: %j',
    (text) => {
      const wrong = (): unknown => loadConfig({ WEBHOOK_KEY_FILE: fileOf(text) });
      expect(wrong).toThrow('WEBHOOK_KEY: is not base64 of at least 32 bytes');
      if (text !== '') expect(wrong).not.toThrow(text);
    },
  );

  it('is not given twice, and a file that is named is there', () => {
    const twice = { WEBHOOK_KEY: key, WEBHOOK_KEY_FILE: fileOf(key) };
    expect(() => loadConfig(twice)).toThrow('one too many');
    const missing = { WEBHOOK_KEY_FILE: join(directory, 'none') };
    expect(() => loadConfig(missing)).toThrow('WEBHOOK_KEY_FILE: cannot be read');
  });
});

describe('the networks that webhooks may call', () => {
  it('are none unless named', () => {
    expect(loadConfig({}).webhookAllowedNetworks).toEqual([]);
    const WEBHOOK_ALLOWED_NETWORKS = '10.1.0.0/16, fd00::/8';
    expect(loadConfig({ WEBHOOK_ALLOWED_NETWORKS }).webhookAllowedNetworks).toEqual([
      '10.1.0.0/16',
      'fd00::/8',
    ]);
  });

  it.each(['10.1.0.0', '10.1.0.0/33', 'inside.example', '10.0.0.0/8,,'])('are not %s', (text) => {
    const wrong = (): unknown => loadConfig({ WEBHOOK_ALLOWED_NETWORKS: text });
    expect(wrong).toThrow('WEBHOOK_ALLOWED_NETWORKS: is not a list of networks');
  });
});

describe('the proxies that are believed', () => {
  it('are none unless named, by address or network', () => {
    expect(loadConfig({}).trustedProxies).toEqual([]);
    expect(loadConfig({ TRUSTED_PROXIES: '10.1.0.5, 10.2.0.0/16,fd00::/8,::1' })).toMatchObject({
      trustedProxies: ['10.1.0.5', '10.2.0.0/16', 'fd00::/8', '::1'],
    });
  });

  it.each(['true', 'proxy.example', '10.1.0.0/33', '1', '*', '10.1.0.5,'])('are not %s', (text) => {
    const wrong = (): unknown => loadConfig({ TRUSTED_PROXIES: text });
    expect(wrong).toThrow('TRUSTED_PROXIES: is not a list of addresses and networks');
  });
});

describe('the OIDC issuer', () => {
  const OIDC = {
    OIDC_ISSUER: 'https://login.example.com/realms/hosting',
    OIDC_AUDIENCE: 'hostledger',
    OIDC_ROLES: 'admin = ledger-admin; operator=CN=Ops,OU=Example;operator=night shift',
  };

  it('is none unless named, and then asks for what cannot be guessed alone', () => {
    expect(loadConfig({}).oidc).toBeUndefined();
    expect(loadConfig(OIDC).oidc).toEqual({
      ...{ issuer: OIDC.OIDC_ISSUER, audience: 'hostledger', jwksUrl: undefined },
      ...{ tokenType: 'at+jwt', clockSkewSeconds: 30, subjectClaim: 'sub', rolesClaim: 'roles' },
      roles: [
        { role: 'admin', value: 'ledger-admin' },
        { role: 'operator', value: 'CN=Ops,OU=Example' },
        { role: 'operator', value: 'night shift' },
      ],
      customersClaim: undefined,
    });
  });

  it.each(Object.keys(OIDC))('is not taken without %s', (name) => {
    const { [name as 'OIDC_ISSUER']: _, ...others } = OIDC;
    expect(() => loadConfig(others)).toThrow(`${name}: is missing`);
  });

  it.each([
    { OIDC_ISSUER: 'http://login.example.com' },
    { OIDC_ISSUER: 'http://localhost.example.com/x' },
    { OIDC_ISSUER: 'https://login.example.com/?realm=a' },
    { OIDC_ISSUER: 'https://login.example.com/#a' },
    { OIDC_ISSUER: 'https://user:secret@login.example.com' },
    { OIDC_JWKS_URL: 'http://login.example.com/keys' },
    { OIDC_JWKS_URL: 'file:///keys' },
    { OIDC_ROLES: 'admin' },
    { OIDC_ROLES: 'admin=' },
    { OIDC_ROLES: 'admin=a;;' },
    { OIDC_CLOCK_SKEW_SECONDS: '121' },
    { OIDC_CLOCK_SKEW_SECONDS: '-1' },
    { OIDC_TOKEN_TYPE: 'none' },
    { OIDC_ROLES_CLAIM: 'two words' },
  ])('is not taken with %j', (change) => {
    const wrong = (): unknown => loadConfig({ ...OIDC, ...change });
    expect(wrong).toThrow(new RegExp(`${Object.keys(change)[0]!}: `));
    expect(wrong).not.toThrow('secret');
  });

  it.each(['http://localhost:8080/realms/a', 'http://127.0.0.1:9/', 'http://[::1]/a'])(
    'may be on this machine without https: %s',
    (issuer) => {
      expect(loadConfig({ ...OIDC, OIDC_ISSUER: issuer }).oidc).toMatchObject({ issuer });
    },
  );
});

describe('Secrets in files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hostledger-config-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  const fileOf = (text: string): string => {
    const file = join(directory, 'secret');
    writeFileSync(file, text);
    return file;
  };
  const STORE = 'esdb://api:secret@one:2113,two:2113?tls=true&tlsCAFile=/run/hostledger/ca.crt';
  const DATABASE = 'postgres://app:secret@db:5432/hostledger?sslmode=verify-full';

  it('stand for the addresses of the stores and for the token of the publication', () => {
    expect(loadConfig({ EVENTSTORE_URL_FILE: fileOf(`${STORE}\n`) }).eventStoreUrl).toBe(STORE);
    expect(loadConfig({ DATABASE_URL_FILE: fileOf(DATABASE) }).databaseUrl).toBe(DATABASE);
    const NOTARY_PUBLISH_TOKEN_FILE = fileOf('token');
    expect(loadConfig({ NOTARY_PUBLISH_TOKEN_FILE }).notary.publishToken).toBe('token');
  });

  it.each(['EVENTSTORE_URL', 'DATABASE_URL', 'NOTARY_PUBLISH_TOKEN'])(
    'of %s are held to the same rules, and stand alone',
    (name) => {
      const wrong = (): unknown => loadConfig({ [`${name}_FILE`]: fileOf('hunter2 with spaces') });
      expect(wrong).toThrow(new RegExp(`${name}: `));
      expect(wrong).not.toThrow(/hunter2/);
      const twice = { [name]: 'x', [`${name}_FILE`]: fileOf('x') };
      expect(() => loadConfig(twice)).toThrow(`${name}_FILE: stands beside ${name}`);
      expect(() => loadConfig({ [`${name}_FILE`]: join(directory, 'none') })).toThrow(
        `${name}_FILE: cannot be read`,
      );
    },
  );
});
