import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AggregateStore, deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { InMemoryStreams } from '@hostledger/testing';
import {
  AccessTokenAuthenticator,
  ensureFirstToken,
  issueToken,
  revokeToken,
  type TokenRequest,
} from './tokens.js';

const at = '2024-04-20T00:00:00.000Z';
const operator: TokenRequest = { subject: 'erp', roles: ['operator'], expiresAt: null, note: '' };

class CountedStreams extends InMemoryStreams {
  reads = 0;
  down = false;

  override readStream(...of: Parameters<InMemoryStreams['readStream']>) {
    this.reads += 1;
    if (this.down) return Promise.reject(new Error('The store is down'));
    return super.readStream(...of);
  }
}

let streams: CountedStreams;
let here: AggregateStore;
let clock: number;
let tokens: AccessTokenAuthenticator;

beforeEach(() => {
  streams = new CountedStreams();
  here = new AggregateStore(streams);
  clock = Date.parse(at);
  tokens = new AccessTokenAuthenticator(here, () => clock);
});

const context = (name: string): CommandContext => ({
  commandId: deriveId(name),
  requestHash: name,
  actor: { subject: 'root', role: 'admin' },
  correlationId: name,
  causationId: name,
  at,
});
const issue = (request: Partial<TokenRequest> = {}, store = here) =>
  issueToken(store, { ...operator, ...request }, context('issue'));

describe('an issued token', () => {
  it('speaks for its subject and roles', async () => {
    const { token, tokenId } = await issue({ roles: ['billing', 'operator'] });
    expect(token).toMatch(new RegExp(`^hl_${tokenId}_[\\w-]{43}$`));
    expect(await tokens.authenticate(token)).toEqual({
      subject: 'erp',
      roles: ['operator', 'billing'],
    });
  });

  it('that is limited to customers shows no others, and one of before the limits everybody', async () => {
    const customers = ['5f0c1f3a-0c7e-5b1e-9d2a-2f6f0c8b7a11'];
    const { token } = await issue({ customers });
    expect(await tokens.authenticate(token)).toEqual({
      ...{ subject: 'erp', roles: ['operator'], customers },
    });
    // As the log holds it since the first release.
    const stream = 'accessToken-11111111-1111-4111-8111-111111111111';
    const secretHash = createHash('sha256').update('A'.repeat(43)).digest('hex');
    await streams.happened(stream, at, {
      type: 'AccessTokenIssued',
      data: {
        ...{ tokenId: stream.slice(12), secretHash, subject: 'old', roles: ['operator'] },
        ...{ expiresAt: null, note: '' },
      },
    });
    const old = `hl_${stream.slice(12)}_${'A'.repeat(43)}`;
    expect(await tokens.authenticate(old)).toEqual({ subject: 'old', roles: ['operator'] });
  });

  it('is kept as a hash only', async () => {
    const { token } = await issue();
    const secret = token.slice(-43);
    expect(JSON.stringify(streams.log.map(({ data }) => data))).not.toContain(secret);
  });

  it('is another one for every issue', async () => {
    const secrets = new Set<string>();
    for (const key of ['a', 'b', 'c']) {
      secrets.add((await issueToken(here, operator, context(key))).token);
    }
    expect(secrets.size).toBe(3);
  });

  it('cannot be shown again when its command is repeated, but named', async () => {
    const { tokenId } = await issue();
    await expect(issue()).rejects.toMatchObject({
      code: 'access-token/already-issued',
      details: { tokenId },
    });
    expect(streams.log).toHaveLength(1);
  });

  it.each<[string, (token: string) => string]>([
    ['another secret', (token) => `${token.slice(0, -43)}${'A'.repeat(43)}`],
    ['another id', (token) => token.replace(/_[0-9a-f]{8}-/, '_00000000-')],
    ['no prefix', (token) => token.slice(3)],
    ['more behind', (token) => `${token}x`],
    ['nothing', () => ''],
  ])('is not recognised with %s', async (_what, change) => {
    const { token } = await issue();
    expect(await tokens.authenticate(change(token))).toBeUndefined();
  });

  it('opens nothing from the instant of its expiry on', async () => {
    const { token } = await issue({ expiresAt: '2024-04-20T00:00:10.000Z' });
    clock += 9_999;
    expect(await tokens.authenticate(token)).toBeDefined();
    clock += 1;
    expect(await tokens.authenticate(token)).toBeUndefined();
  });
});

describe('a revocation', () => {
  it('holds at once where it was made', async () => {
    const { token, tokenId } = await issue();
    expect(await tokens.authenticate(token)).toBeDefined();
    await revokeToken(here, tokenId, context('revoke'));
    expect(await tokens.authenticate(token)).toBeUndefined();
  });

  it('holds everywhere within two seconds', async () => {
    const { token, tokenId } = await issue();
    await tokens.authenticate(token);
    await revokeToken(new AggregateStore(streams), tokenId, context('revoke'));
    clock += 2_000;
    expect(await tokens.authenticate(token)).toBeUndefined();
  });
});

describe('recognising tokens', () => {
  it('costs one look at the store in two seconds, however many ask', async () => {
    const { token } = await issue({}, new AggregateStore(streams));
    streams.reads = 0;
    const crowd = () => Promise.all(Array.from({ length: 500 }, () => tokens.authenticate(token)));
    for (const principal of await crowd()) expect(principal).toBeDefined();
    await crowd();
    expect(streams.reads).toBe(1);
    clock += 2_000;
    await crowd();
    expect(streams.reads).toBe(2);
  });

  it('costs guesses no more than that either', async () => {
    const guess = `hl_${'0'.repeat(36)}_${'A'.repeat(43)}`;
    for (let n = 0; n < 5; n += 1) expect(await tokens.authenticate(guess)).toBeUndefined();
    expect(streams.reads).toBe(1);
  });

  it('neither accepts nor refuses while the store is down, and recovers with it', async () => {
    const { token } = await issue();
    clock += 2_000;
    streams.down = true;
    await expect(tokens.authenticate(token)).rejects.toThrow('The store is down');
    streams.down = false;
    expect(await tokens.authenticate(token)).toBeDefined();
  });
});

describe('the first token of an installation', () => {
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hostledger-access-'));
    file = join(directory, 'access-token');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const start = (store = here) => ensureFirstToken(store, directory, at);
  const kept = () => readFileSync(file, 'utf8').trim();

  it('is an admin token in a file that only its owner can read', async () => {
    const token = await start();
    expect(kept()).toBe(token);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await tokens.authenticate(kept())).toEqual({ subject: 'owner', roles: ['admin'] });
  });

  it('is made once', async () => {
    await start();
    expect(await start()).toBeUndefined();
    expect(await start(new AggregateStore(streams))).toBeUndefined();
    expect(streams.log).toHaveLength(1);
  });

  it('is followed by another where its file was deleted; both are good', async () => {
    const first = await start();
    unlinkSync(file);
    const second = await start();
    expect(second).not.toBe(first);
    for (const token of [first!, second!]) expect(await tokens.authenticate(token)).toBeDefined();
  });

  it('is made anew where the log was begun anew, or the file holds no token', async () => {
    await start();
    const empty = new AggregateStore(new InMemoryStreams());
    expect(await start(empty)).toBe(kept());
    writeFileSync(file, 'hl_');
    expect(await start()).toBe(kept());
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('stays revoked when it was revoked', async () => {
    const token = await start();
    const [, tokenId = ''] = token!.split('_');
    await revokeToken(here, tokenId, context('revoke'));
    expect(await start()).toBeUndefined();
    expect(await tokens.authenticate(kept())).toBeUndefined();
  });
});
