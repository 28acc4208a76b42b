import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  type GenerateKeyPairResult,
  type JWK,
  type JWTPayload,
} from 'jose';

export const AUDIENCE = 'hostledger';

/** What a token says unless a spec has it say something else. */
export interface Written {
  readonly claims?: JWTPayload;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Claims to leave out. */
  readonly without?: readonly string[];
}

/**
 * An OIDC issuer on a port of its own: it publishes its discovery document and its keys over HTTP, and
 * signs access tokens with them.
 */
export class OidcIssuer {
  /** Whether it answers; where not, it breaks connections off. */
  away = false;
  /** What it publishes; the first signs. */
  readonly keys: SigningKey[] = [];
  /** Other answers than its own, by path. */
  readonly answers = new Map<string, { readonly status?: number; readonly body: string }>();
  /** Paths it was asked for. */
  readonly asked: string[] = [];

  private constructor(
    private readonly server: Server,
    private readonly now: () => number,
  ) {}

  static async start(now: () => number = Date.now): Promise<OidcIssuer> {
    const server = createServer((request, response) => {
      const path = request.url ?? '';
      issuer.asked.push(path);
      if (issuer.away) return void request.socket.destroy();
      const answer = issuer.answers.get(path) ?? issuer.answerTo(path);
      response.writeHead(answer?.status ?? (answer ? 200 : 404), {
        'content-type': 'application/json',
        ...(answer?.status === 302 && { location: answer.body }),
      });
      response.end(answer?.body ?? '');
    });
    const issuer = new OidcIssuer(server, now);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await issuer.rotate();
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/realms/hosting`;
  }

  /** How often its keys were asked for. */
  get keysAsked(): number {
    return this.asked.filter((path) => path.endsWith('/certs')).length;
  }

  /** Signs with a new key from now on; the others stay published until they are withdrawn. */
  async rotate(alg = 'ES256'): Promise<SigningKey> {
    const pair = await generateKeyPair(alg, { extractable: true });
    const kid = `key-${(made += 1)}`;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' };
    const key = { ...pair, alg, kid, jwk, pem: () => exportSPKI(pair.publicKey) };
    this.keys.unshift(key);
    return key;
  }

  withdraw(key: SigningKey): void {
    this.keys.splice(this.keys.indexOf(key), 1);
  }

  sign({ claims, header, without = [] }: Written = {}, key = this.keys[0]!): Promise<string> {
    const seconds = Math.floor(this.now() / 1_000);
    const all: JWTPayload = {
      ...{ iss: this.url, aud: AUDIENCE, sub: 'f81d4fae', iat: seconds, exp: seconds + 300 },
      ...{ client_id: 'portal', jti: 'one', roles: ['ops'], ...claims },
    };
    const said = Object.fromEntries(
      Object.entries(all).filter(([name]) => !without.includes(name)),
    );
    return new SignJWT(said)
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
      .sign(key.privateKey);
  }

  stop(): Promise<unknown> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  private answerTo(path: string): { readonly status?: number; readonly body: string } | undefined {
    const documents: Readonly<Record<string, object>> = {
      '/realms/hosting/.well-known/openid-configuration': {
        issuer: this.url,
        jwks_uri: `${this.url}/certs`,
      },
      '/realms/hosting/certs': { keys: this.keys.map(({ jwk }) => jwk) },
    };
    const document = documents[path];
    return document && { body: JSON.stringify(document) };
  }
}

export interface SigningKey extends GenerateKeyPairResult {
  readonly alg: string;
  readonly kid: string;
  readonly jwk: JWK;
  readonly pem: () => Promise<string>;
}

let made = 0;

/** A token put together by hand, with whatever signature. */
export const handmade = (header: unknown, claims: unknown, signature = ''): string =>
  `${[header, claims]
    .map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
    .map((text) => Buffer.from(text).toString('base64url'))
    .join('.')}.${signature}`;
