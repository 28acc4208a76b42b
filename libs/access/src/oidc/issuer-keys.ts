import { Logger } from '@nestjs/common';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { ProblemError } from '@hostledger/http';
import { isTrustedAddress } from './addresses.js';

/** A key that was withdrawn opens nothing after this, as long as the issuer can be asked. */
const FRESH_FOR_MS = 5 * 60_000;
/** Between two questions to the issuer, however many tokens name keys that nobody knows. */
const ASK_AGAIN_AFTER_MS = 10_000;
/** While the issuer cannot be asked, the keys it had go on; at most for this long. */
const LAST_FOR_MS = 24 * 3_600_000;
const ANSWER_WITHIN_MS = 5_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_KEYS = 100;

export interface KeySource {
  /** As tokens name it; without a key address its discovery document names the address of the keys. */
  readonly issuer: string;
  readonly jwksUrl?: string | undefined;
}

interface KnownKeys {
  readonly pick: JWTVerifyGetKey;
  /** Milliseconds, when they were asked for. */
  readonly since: number;
}

interface Question {
  readonly askedAt: number;
  readonly answered: Promise<void>;
  failed: boolean;
}

/**
 * The keys an issuer signs with (RFC 7517), as it publishes them. Asked for when they are five
 * minutes old or a token names one that is not among them, never twice within ten seconds.
 */
export class IssuerKeys {
  private readonly logger = new Logger('access');
  private known: KnownKeys | undefined;
  private question: Question | undefined;

  constructor(
    private readonly source: KeySource,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * The key of a token's header.
   * @throws ProblemError 503 `server/issuer-unavailable` where the issuer would have to be asked and
   *   does not answer; an error of jose where it has no such key.
   */
  readonly keyOf: JWTVerifyGetKey = async (header, token) => {
    await this.keepFresh();
    if (!this.known) throw unavailable();
    try {
      return await this.known.pick(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await this.ask();
    if (this.question?.failed) throw unavailable();
    return this.known.pick(header, token);
  };

  /** Nobody waits for an issuer that did not answer the last time, as long as there are keys. */
  private async keepFresh(): Promise<void> {
    const age = this.known ? this.now() - this.known.since : Infinity;
    if (age < FRESH_FOR_MS) return;
    if (age >= LAST_FOR_MS) this.known = undefined;
    const wasAway = this.question?.failed === true;
    const answered = this.ask();
    if (!this.known || !wasAway) await answered;
  }

  private ask(): Promise<void> {
    const now = this.now();
    if (this.question && now - this.question.askedAt < ASK_AGAIN_AFTER_MS) {
      return this.question.answered;
    }
    const wasAway = this.question?.failed === true;
    const asked = fetchKeys(this.source).then(
      (pick) => {
        this.known = { pick, since: now };
        question.failed = false;
        if (wasAway) this.logger.log('The OIDC issuer answers again');
      },
      (error: unknown) => {
        question.failed = true;
        const { message } = error as Error;
        this.logger.warn(
          { issuer: this.source.issuer, message },
          'The OIDC issuer does not answer',
        );
      },
    );
    // Until the answer is there, what was last known of the issuer holds.
    const question: Question = { askedAt: now, answered: asked, failed: wasAway };
    this.question = question;
    return asked;
  }
}

const unavailable = (): ProblemError =>
  new ProblemError(
    503,
    'server/issuer-unavailable',
    'The issuer of the token does not answer, and the key of the token is not known without it',
    { retryAfterSeconds: ASK_AGAIN_AFTER_MS / 1_000 },
  );

const fetchKeys = async ({ issuer, jwksUrl }: KeySource): Promise<JWTVerifyGetKey> => {
  const keys = (await fetchJson(jwksUrl ?? (await discoveredAddress(issuer)))) as JSONWebKeySet;
  if (!Array.isArray(keys?.keys)) throw new Error('The answer is not a set of keys');
  if (keys.keys.length > MAX_KEYS) throw new Error(`There are more than ${MAX_KEYS} keys`);
  return createLocalJWKSet(keys);
};

/** OpenID Connect Discovery 1.0, 4: the document must be of this very issuer. */
const discoveredAddress = async (issuer: string): Promise<string> => {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document = (await fetchJson(address)) as { issuer?: unknown; jwks_uri?: unknown } | null;
  if (document?.issuer !== issuer) throw new Error('The discovery document is of another issuer');
  const { jwks_uri: keys } = document;
  if (typeof keys !== 'string' || !isTrustedAddress(keys)) {
    throw new Error('The discovery document names no https address of keys');
  }
  return keys;
};

/** An address that moved is not followed: it could lead away from https. */
const fetchJson = async (address: string): Promise<unknown> => {
  const response = await fetch(address, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`It answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body = (response.body ?? []) as AsyncIterable<Uint8Array> | readonly Uint8Array[];
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES)
      throw new Error(`It answered more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
};
