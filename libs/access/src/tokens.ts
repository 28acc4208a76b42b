import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  deriveId,
  systemActor,
  type AggregateStore,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import { ROLES, type Authenticator, type Principal, type Role } from '@hostledger/http';
import {
  accessTokenAggregate,
  alreadyIssued,
  type AccessToken,
  type AccessTokenEvent,
} from './domain/access-token.js';

const SECRET_BYTES = 32;
const TOKEN_FORM = /^hl_([0-9a-f-]{36})_([\w-]{43})$/;
/** How long a revoked token may go on being accepted by another process. */
const STALE_AFTER_MS = 2_000;

export interface TokenRequest {
  readonly subject: string;
  readonly roles: readonly Role[];
  readonly expiresAt: string | null;
  readonly note: string;
}

export interface IssuedToken {
  readonly tokenId: string;
  /** `hl_<tokenId>_<secret>`: shown now and never again. */
  readonly token: string;
  readonly handled: Handled<AccessToken, AccessTokenEvent>;
}

/**
 * Issues a token with a fresh 256-bit secret, of which only the hash is stored. A repeated command
 * is refused with `access-token/already-issued`: the secret cannot be shown a second time.
 */
export const issueToken = async (
  store: AggregateStore,
  request: TokenRequest,
  context: CommandContext,
): Promise<IssuedToken> => {
  const tokenId = deriveId(context.commandId, 'accessToken');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const data = { tokenId, secretHash: sha256(secret), ...request };
  const command = { type: 'IssueAccessToken', data, at: context.at } as const;
  const handled = await store.handle(accessTokenAggregate, tokenId, command, context);
  if (handled.replayed) throw alreadyIssued();
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
 * A token is looked up at most every {@link STALE_AFTER_MS}, which bounds how long a revocation
 * elsewhere goes unnoticed.
 */
export class AccessTokenAuthenticator implements Authenticator {
  private readonly checkedAt = new Map<string, number>();

  constructor(
    private readonly store: AggregateStore,
    private readonly now: () => number = Date.now,
  ) {}

  async authenticate(token: string): Promise<Principal | undefined> {
    const [, tokenId, secret] = TOKEN_FORM.exec(token) ?? [];
    if (tokenId === undefined || secret === undefined) return undefined;
    const now = this.now();
    const fresh = now - (this.checkedAt.get(tokenId) ?? 0) > STALE_AFTER_MS;
    const { state } = await this.store.load(accessTokenAggregate, tokenId, { fresh });
    if (state.status !== 'issued') return undefined;
    if (fresh) this.checkedAt.set(tokenId, now);
    if (!sameHash(sha256(secret), state.secretHash)) return undefined;
    if (state.expiresAt !== null && Date.parse(state.expiresAt) <= now) return undefined;
    return { subject: state.subject, roles: ROLES.filter((role) => state.roles.includes(role)) };
  }
}

const FIRST_TOKEN_FILE = 'access-token';

/**
 * The admin token that a new embedded system comes with, kept in `<dataDir>/access-token` (0600).
 * It is made where the file is missing: whoever can write the data directory owns the system, so
 * deleting the file and starting again is the way back in. Earlier tokens stay valid until revoked.
 *
 * @returns the token when it was made just now.
 */
export const ensureFirstToken = async (
  store: AggregateStore,
  dataDir: string,
  at: string,
): Promise<string | undefined> => {
  const file = join(dataDir, FIRST_TOKEN_FILE);
  if (existsSync(file)) return undefined;
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
  writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return token;
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const sameHash = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
