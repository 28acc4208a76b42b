import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AggregateStore, deriveId, systemActor } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { type Role } from '@hostledger/http';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { accessProjections } from './access.module.js';
import { tokensQuery } from './read/query.js';
import { AccessTokenAuthenticator, issueToken } from './tokens.js';
import { issueToken as issueSlice } from './write/issue-token.js';
import { revokeToken as revokeSlice } from './write/revoke-token.js';

const customer = '5f0c1f3a-0c7e-5b1e-9d2a-2f6f0c8b7a11';
const at = '2024-04-20T00:00:00.000Z';

let streams: InMemoryStreams;
let store: AggregateStore;
let app: NestFastifyApplication;
const token: Partial<Record<Role, string>> = {};
/** What the list is answered from; filled by the specs of the list. */
let readModels: ReadModels | undefined;

const tokenOf = async (role: Role): Promise<string> => {
  const request = { subject: `the-${role}`, roles: [role], expiresAt: null, note: '' };
  const context = {
    commandId: deriveId(role),
    actor: systemActor('spec'),
    correlationId: role,
    causationId: role,
    at,
  };
  return (await issueToken(store, request, context)).token;
};

beforeEach(async () => {
  streams = new InMemoryStreams();
  store = new AggregateStore(streams);
  for (const role of ['admin', 'auditor', 'operator'] as const) token[role] = await tokenOf(role);
  const slices = [issueSlice, revokeSlice, tokensQuery];
  app = await servedRoutes(
    {
      controllers: slices.flatMap(({ controllers }) => [...controllers]),
      providers: [
        { provide: AggregateStore, useValue: store },
        {
          provide: ReadModels,
          useValue: { read: (...of: Parameters<ReadModels['read']>) => readModels!.read(...of) },
        },
      ],
    },
    new AccessTokenAuthenticator(store),
  );
});
afterEach(() => app.close());

const call = async (
  method: 'GET' | 'POST',
  url: string,
  { as = 'admin', payload, headers }: { as?: string; payload?: object; headers?: object } = {},
) => {
  const answer = await app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${token[as as Role] ?? as}`, ...headers },
    ...(payload && { payload }),
  });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: JSON.parse(answer.body) as Record<string, unknown>,
  };
};
const issue = (change: object = {}, headers: object = {}) => {
  const payload = { subject: 'erp', roles: ['operator'], note: 'Order import', ...change };
  return call('POST', '/v1/access-tokens', { payload, headers });
};

describe('POST /v1/access-tokens', () => {
  it('issues a token that opens what its roles allow', async () => {
    const { status, headers, body } = await issue({ roles: ['auditor', 'admin'] });
    const tokenId = body['tokenId'] as string;
    expect(status).toBe(201);
    expect(headers).toMatchObject({ etag: '"0"', location: `/v1/access-tokens/${tokenId}` });
    const issued = body['token'] as string;
    expect((await call('POST', '/v1/access-tokens', { as: issued, payload: {} })).status).toBe(400);
    expect(JSON.stringify(streams.log.map(({ data }) => data))).not.toContain(issued.slice(-43));
    expect(streams.log.at(-1)).toMatchObject({
      type: 'AccessTokenIssued',
      data: { subject: 'erp', roles: ['auditor', 'admin'], expiresAt: null },
      metadata: { actor: { subject: 'the-admin', role: 'admin' } },
    });
  });

  it('issues one token for one key, and shows it once', async () => {
    const key = { 'idempotency-key': 'erp-1' };
    const first = await issue({}, key);
    const again = await issue({}, key);
    expect(again).toMatchObject({
      status: 409,
      body: { code: 'access-token/already-issued', tokenId: first.body['tokenId'] },
    });
    expect(await issue({ note: 'Other' }, key)).toMatchObject({
      status: 422,
      body: { code: 'request/idempotency-key-reused' },
    });
  });

  it.each<[string, object]>([
    ['/subject', { subject: 'two words' }],
    ['/roles', { roles: [] }],
    ['/roles', { roles: ['root'] }],
    ['/roles', { roles: 'admin' }],
    ['/expiresAt', { expiresAt: '2027-01-01' }],
    ['/expiresAt', { expiresAt: '2027-02-30T00:00:00Z' }],
    ['/expiresAt', { expiresAt: null }],
    ['/note', { note: null }],
    ['/customers', { customers: [] }],
    ['/customers', { customers: ['all'] }],
    ['/customers', { customers: customer }],
    ['/secret', { secret: 'mine' }],
  ])('names the field that is wrong: %s', async (pointer, change) => {
    const { status, body } = await issue(change);
    expect(status).toBe(400);
    expect((body['errors'] as object[])[0]).toMatchObject({ pointer });
    expect(streams.log).toHaveLength(3);
  });

  it('gives out no subject of the system, and nothing that has expired', async () => {
    expect(await issue({ subject: 'system:bootstrap' })).toMatchObject({
      status: 422,
      body: { code: 'access-token/subject-reserved', errors: [{ pointer: '/subject' }] },
    });
    expect(await issue({ expiresAt: '2020-01-01T00:00:00Z' })).toMatchObject({
      status: 422,
      body: { code: 'access-token/expired', errors: [{ pointer: '/expiresAt' }] },
    });
  });

  it('limits a token to customers in the append that issues it', async () => {
    const { status, headers } = await issue({ roles: ['auditor'], customers: [customer] });
    expect(status).toBe(201);
    expect(headers['etag']).toBe('"1"');
    expect(streams.log.slice(-2)).toMatchObject([
      { type: 'AccessTokenIssued', data: { roles: ['auditor'] } },
      { type: 'AccessTokenLimited', data: { customers: [customer] } },
    ]);
    expect(streams.log.at(-2)!.data).not.toHaveProperty('customers');
  });

  it('is for admins', async () => {
    for (const as of ['operator', 'auditor']) {
      expect((await call('POST', '/v1/access-tokens', { as, payload: {} })).status).toBe(403);
    }
  });
});

describe('POST /v1/access-tokens/{tokenId}/revocation', () => {
  const revoke = (tokenId: unknown, as = 'admin') =>
    call('POST', `/v1/access-tokens/${String(tokenId)}/revocation`, { as });

  it('withdraws a token, and again changes nothing', async () => {
    const { body } = await issue({ roles: ['admin'] });
    const { tokenId, token: issued } = body as { tokenId: string; token: string };
    expect(await revoke(tokenId, issued)).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    expect((await revoke(tokenId, issued)).status).toBe(401);
    expect(await revoke(tokenId)).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    expect(streams.events(`accessToken-${tokenId}`)).toHaveLength(2);
  });

  it('knows no other tokens, and is for admins', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect(await revoke(unknown)).toMatchObject({
      status: 404,
      body: { code: 'access-token/unknown' },
    });
    expect((await revoke('hl')).status).toBe(400);
    expect((await revoke(unknown, 'operator')).status).toBe(403);
  });
});

describe('GET /v1/access-tokens', () => {
  it('lists tokens page by page, without their hashes', async () => {
    const { body } = await issue();
    await call('POST', `/v1/access-tokens/${String(body['tokenId'])}/revocation`);
    await issue({ subject: 'portal', customers: [customer] });
    const filled = await readModelsOf(accessProjections, streams.log);
    readModels = filled.readModels;
    try {
      const items: Record<string, unknown>[] = [];
      let cursor = '';
      do {
        const page = await call('GET', `/v1/access-tokens?limit=3${cursor}`, { as: 'auditor' });
        expect(page.headers['log-position']).toBe(streams.log.at(-1)!.position.toString());
        items.push(...(page.body['items'] as typeof items));
        const next = page.body['nextCursor'] as string | undefined;
        cursor = next === undefined ? '' : `&cursor=${next}`;
      } while (cursor !== '');
      expect(items.map(({ subject }) => subject).sort()).toEqual([
        'erp',
        'portal',
        'the-admin',
        'the-auditor',
        'the-operator',
      ]);
      const erp = items.find(({ subject }) => subject === 'erp');
      expect(erp).toMatchObject({ roles: ['operator'], issuedBy: 'the-admin', expiresAt: null });
      expect(erp).not.toHaveProperty('customers');
      expect(items.find(({ subject }) => subject === 'portal')).toMatchObject({
        customers: [customer],
      });
      expect(erp!['revokedAt']).not.toBeNull();
      expect(JSON.stringify(items)).not.toMatch(/[0-9a-f]{64}/);
      for (const wrong of ['x', Buffer.from('["desc token_id","a"]').toString('base64url')]) {
        const refused = await call('GET', `/v1/access-tokens?cursor=${wrong}`, { as: 'auditor' });
        expect(refused).toMatchObject({ status: 400, body: { code: 'request/cursor-invalid' } });
      }
    } finally {
      await filled.close();
    }
  });

  it('is for admins and auditors', async () => {
    expect((await call('GET', '/v1/access-tokens', { as: 'operator' })).status).toBe(403);
  });
});
