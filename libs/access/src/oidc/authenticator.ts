import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { ProblemError, ROLES, type Authenticator, type Principal } from '@hostledger/http';
import { subjectOfIssuer } from '../domain/subject.js';
import { principalWith } from '../principal.js';
import { isTrustedAddress } from './addresses.js';
import { claimAt, customersIn, rolesIn, UnreadableClaim, type RoleOfValue } from './claims.js';
import { IssuerKeys } from './issuer-keys.js';

/**
 * The signatures that are looked at, whatever a token says of itself (RFC 8725, 3.1): of key pairs
 * alone, so that what is public signs nothing.
 */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** No issuer writes more, and nobody may have more taken apart. */
const MAX_TOKEN_CHARACTERS = 8_192;
const JWT_FORM = /^[\w-]+\.[\w-]+\.[\w-]*$/;
/** RFC 9068, 2.1; RFC 7515, 4.1.9 lets the `application/` be there or not, in any case. */
const ACCESS_TOKEN_TYPE = /^(application\/)?at\+jwt$/i;
const ANY_TYPE = /^((application\/)?at\+jwt|JWT)$/i;

/** How tokens of an issuer are taken; see the README of this room. */
export interface OidcSettings extends OidcClaims {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl?: string | undefined;
  /** `at+jwt` is required by RFC 9068; `any` takes tokens that say `JWT` or nothing too. */
  readonly tokenType: 'at+jwt' | 'any';
  readonly clockSkewSeconds: number;
}

/** Which claims say what. */
export interface OidcClaims {
  readonly subjectClaim: string;
  readonly rolesClaim: string;
  readonly roles: RoleOfValue;
  readonly customersClaim?: string | undefined;
}

/**
 * Recognises access tokens of an OIDC issuer (RFC 9068), by its signature and by what they say of
 * whom they are for. Nothing is asked of the issuer but its keys.
 *
 * @throws Error at once where the settings name an address that is not https, or roles that there are
 *   not.
 */
export class OidcAuthenticator implements Authenticator {
  private readonly keys: IssuerKeys;

  constructor(
    private readonly settings: OidcSettings,
    private readonly now: () => number = Date.now,
  ) {
    mustBeUsable(settings);
    this.keys = new IssuerKeys(settings, now);
  }

  /** @throws ProblemError 503 `server/issuer-unavailable` where a key cannot be looked up. */
  async authenticate(
    token: string,
    refused: (reason: string) => void = () => undefined,
  ): Promise<Principal | undefined> {
    if (!JWT_FORM.test(token)) return undefined;
    const fault = faultBeforeItsKey(token, this.settings, this.now());
    if (fault !== undefined) {
      refused(fault);
      return undefined;
    }
    try {
      return this.principalOf(await this.verified(token));
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      refused(reasonOf(error));
      return undefined;
    }
  }

  private async verified(token: string): Promise<JWTPayload> {
    const { issuer, audience, clockSkewSeconds } = this.settings;
    const { payload } = await jwtVerify(token, this.keys.keyOf, {
      ...{ algorithms: ALGORITHMS, issuer, audience, requiredClaims: ['exp'] },
      ...{ clockTolerance: clockSkewSeconds, currentDate: new Date(this.now()) },
    });
    return payload;
  }

  private principalOf(claims: JWTPayload): Principal {
    const { issuer, subjectClaim, rolesClaim, roles, customersClaim } = this.settings;
    const subject = subjectOfIssuer(issuer, subjectClaim, claimAt(claims, subjectClaim));
    if (subject === undefined) throw new Refused('subject');
    const customers =
      customersClaim === undefined ? undefined : customersIn(claimAt(claims, customersClaim));
    return principalWith(subject, rolesIn(claimAt(claims, rolesClaim), roles), customers);
  }
}

class Refused extends Error {}

/**
 * What rules a token out by its own words. Only those that could be good have the issuer asked for
 * a key.
 */
const faultBeforeItsKey = (
  token: string,
  { issuer, tokenType, clockSkewSeconds }: OidcSettings,
  now: number,
): string | undefined => {
  if (token.length > MAX_TOKEN_CHARACTERS) return 'size';
  try {
    const { typ, alg = '' } = decodeProtectedHeader(token);
    if (!ALGORITHMS.includes(alg)) return 'algorithm';
    if (tokenType === 'at+jwt' && !ACCESS_TOKEN_TYPE.test(String(typ))) return 'type';
    if (typ !== undefined && !ANY_TYPE.test(String(typ))) return 'type';
    const { iss, exp, cnf } = decodeJwt(token);
    if (iss !== issuer) return 'issuer';
    // Bound to a key (RFC 7800), whose proof nobody here asks for.
    if (cnf !== undefined) return 'bound to a key';
    if (typeof exp !== 'number') return 'claim exp';
    if (exp + clockSkewSeconds <= now / 1_000) return 'expired';
    return undefined;
  } catch {
    return 'form';
  }
};

/** In words of ours: what a token holds may be anything, and is not logged. */
const reasonOf = (error: unknown): string => {
  if (error instanceof Refused) return error.message;
  if (error instanceof UnreadableClaim) return 'claim of customers';
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `claim ${error.claim}`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWKSNoMatchingKey) return 'key unknown';
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'key not named';
  return 'form';
};

const mustBeUsable = ({ issuer, jwksUrl, roles }: OidcSettings): void => {
  for (const address of [issuer, jwksUrl]) {
    if (address === undefined || isTrustedAddress(address)) continue;
    throw new Error('The addresses of the OIDC issuer are https; http is for the loopback alone');
  }
  const unknown = roles.filter(({ role }) => !ROLES.some((known) => known === role));
  if (unknown.length === 0) return;
  const named = [...new Set(unknown.map(({ role }) => role))].join(', ');
  throw new Error(`OIDC_ROLES names what is no role: ${named}; roles are ${ROLES.join(', ')}`);
};
