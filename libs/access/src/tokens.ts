import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import {
  deriveId,
  systemActor,
  type AggregateStore,
  type CommandContext,
  type Handled,
  type Loaded,
} from '@hostledger/eventsourcing';
import { ROLES, type Authenticator, type Principal, type Role } from '@hostledger/http';
import {
  accessTokenAggregate,
  alreadyIssued,
  type AccessToken,
  type AccessTokenEvent,
} from './domain/access-token.js';
import { principalWith } from './principal.js';

const SECRET_BYTES = 32;
const TOKEN_FORM = /^hl_([0-9a-f-]{36})_([\w-]{43})$/;
/** How long a revoked token may go on being accepted by another process. */
const STALE_AFTER_MS = 2_000;
/** Tokens whose last look-up is remembered; one beyond costs its requests a read each. */
const MAX_TOKENS_IN_USE = 10_000;

export interface TokenRequest {
  readonly subject: string;
  readonly roles: readonly Role[];
  readonly expiresAt: string | null;
  readonly note: string;
  /** Ids of those whose objects alone it shows; everybody's without them. */
  readonly customers?: readonly string[];
}

export interface IssuedToken {
  readonly tokenId: string;
  /** `hl_<tokenId>_<secret>`: shown now and never again. */
  readonly token: string;
  readonly handled: Handled<AccessToken, AccessTokenEvent>;
}

/**
 * Issues a token with a fresh 256-bit secret, of which only the hash is stored. A repeated command
 * is refused with `access-token/already-issued`, which names the token so that it can be revoked:
 * its secret is kept nowhere and cannot be shown a second time.
 */
export const issueToken = async (
  store: AggregateStore,
  request: TokenRequest,
  context: CommandContext,
): Promise<IssuedToken> => {
  const tokenId = deriveId(context.commandId, 'accessToken');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const { customers = null, ...about } = request;
  const data = { tokenId, secretHash: sha256(secret), ...about, customers };
  const command = { type: 'IssueAccessToken', data, at: context.at } as const;
  const handled = await store.handle(accessTokenAggregate, tokenId, command, context);
  if (handled.replayed) throw alreadyIssued(tokenId);
  return { tokenId, token: `hl_${tokenId}_${secret}`, handled };
};

export const revokeToken = (
  store: AggregateStore,
  tokenId: string,
  context: CommandContext,
): Promise<Handled<AccessToken, AccessTokenEvent>> =>
  store.handle(
    accessTokenAggregate,
    tokenId,
    { type: 'RevokeAccessToken', data: { tokenId }, at: context.at },
    context,
  );

/**
 * Recognises issued tokens by the token's own stream, so that commands need the event store only.
 * A stream is looked at again at most every {@link STALE_AFTER_MS}, which bounds how long a
 * revocation elsewhere goes unnoticed; requests that come meanwhile share that one look.
 */
export class AccessTokenAuthenticator implements Authenticator {
  private readonly looks = new LRUCache<string, Look>({ max: MAX_TOKENS_IN_USE });

  constructor(
    private readonly store: AggregateStore,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws StoreUnavailable when a token cannot be looked up; it is then neither good nor bad. */
  async authenticate(token: string): Promise<Principal | undefined> {
    const parts = partsOf(token);
    if (!parts) return undefined;
    const { tokenId, secretHash } = parts;
    const { revision } = await this.look(tokenId);
    if (revision < 0n) return undefined;
    // From memory, but with what this process itself has issued or revoked since.
    const { state } = await this.store.load(accessTokenAggregate, tokenId);
    if (state.status !== 'issued' || !sameHash(secretHash, state.secretHash)) return undefined;
    if (state.expiresAt !== null && Date.parse(state.expiresAt) <= this.now()) return undefined;
    const roles = ROLES.filter((role) => state.roles.includes(role));
    return principalWith(state.subject, roles, state.customers ?? undefined);
  }

  private look(tokenId: string): Promise<Loaded<AccessToken>> {
    const now = this.now();
    const last = this.looks.get(tokenId);
    if (last && now - last.at < STALE_AFTER_MS) return last.done;
    const done = this.store.load(accessTokenAggregate, tokenId, { fresh: true });
    this.looks.set(tokenId, { at: now, done });
    // A look that failed is no look; the next request tries again.
    done.catch(() => this.looks.delete(tokenId));
    return done;
  }
}

interface Look {
  readonly at: number;
  readonly done: Promise<Loaded<AccessToken>>;
}

const FIRST_TOKEN_FILE = 'access-token';

/**
 * The admin token that a new embedded system comes with, kept in `<dataDir>/access-token` (0600).
 * It is made when the file is missing or its token was never issued in this log (a log that was
 * begun anew, a file written only in part). Whoever can write the data directory owns the system,
 * so deleting the file and starting again is the way back in; earlier tokens stay valid until they
 * are revoked. A token that was revoked or has expired is left alone: that was somebody's decision.
 *
 * @returns the token when it was made just now.
 */
export const ensureFirstToken = async (
  store: AggregateStore,
  dataDir: string,
  at: string,
): Promise<string | undefined> => {
  const file = join(dataDir, FIRST_TOKEN_FILE);
  if (await wasIssued(store, file)) return undefined;
  const commandId = deriveId('firstToken', randomBytes(16).toString('hex'));
  const request: TokenRequest = {
    subject: 'owner',
    roles: ['admin'],
    expiresAt: null,
    note: 'First token of this installation',
  };
  const { token } = await issueToken(store, request, {
    commandId,
    actor: systemActor('bootstrap'),
    correlationId: commandId,
    causationId: commandId,
    at,
  });
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // Under another name first: the file is there with the whole token or not at all.
  writeFileSync(`${file}.new`, `${token}\n`, { mode: 0o600 });
  chmodSync(`${file}.new`, 0o600);
  renameSync(`${file}.new`, file);
  return token;
};

const wasIssued = async (store: AggregateStore, file: string): Promise<boolean> => {
  if (!existsSync(file)) return false;
  const parts = partsOf(readFileSync(file, 'utf8').trim());
  if (!parts) return false;
  const { state } = await store.load(accessTokenAggregate, parts.tokenId);
  return state.status !== 'unknown';
};

const partsOf = (token: string): { tokenId: string; secretHash: string } | undefined => {
  const [, tokenId, secret] = TOKEN_FORM.exec(token) ?? [];
  if (tokenId === undefined || secret === undefined) return undefined;
  return { tokenId, secretHash: sha256(secret) };
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** In constant time, so that the answer's delay tells nothing about the hash. */
const sameHash = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
