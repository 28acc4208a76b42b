import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  applyDecorators,
  Injectable,
  Logger,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, Reflector, type ModulesContainer } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import { StoreUnavailable, type Actor } from '@hostledger/eventsourcing';
import { ProblemError } from './problem.js';
import { readOptionsOf, type OwnedKind, type ReadOptions } from './read.js';
import { scopeFaults, scopeOf, scopeRuleOf, sees } from './scope.js';

/** Of the company itself. */
export const COMPANY_ROLES = ['operator', 'commercial', 'billing', 'auditor', 'admin'] as const;
export type CompanyRole = (typeof COMPANY_ROLES)[number];
/** `customer`: somebody of a customer, who reads what is the customer's own. */
export const ROLES = [...COMPANY_ROLES, 'customer'] as const;
export type Role = (typeof ROLES)[number];

/** Who a bearer token speaks for. */
export interface Principal {
  readonly subject: string;
  readonly roles: readonly Role[];
  /** Ids of the customers whose objects alone it may see; absent for those who see everybody's. */
  readonly customers?: readonly string[];
}

/** One way of recognising a bearer token; `undefined` leaves it to the next. */
export interface Authenticator {
  /** @param refused told why a token of its kind is not good, in words that hold nothing of the token. */
  authenticate(token: string, refused?: (reason: string) => void): Promise<Principal | undefined>;
}

/** Injection token of the list of {@link Authenticator}s. */
export const AUTHENTICATORS = Symbol('AUTHENTICATORS');
/** Injection token of a {@link DenialObserver}. */
export const DENIAL_OBSERVER = Symbol('DENIAL_OBSERVER');

/** A request that was not let through. */
export interface Denial {
  readonly status: 401 | 403 | 429;
  /** Of the problem that was answered. */
  readonly code: string;
  /** Of the token; absent where there was no good one, and of rate limits. */
  readonly subject?: string;
  readonly roles?: readonly Role[];
  readonly method: string;
  /** The pattern of the route, in which ids are not. */
  readonly route: string;
}

/** Called for every denied request, before it is answered: it must neither wait nor throw. */
export type DenialObserver = (denial: Denial) => void;

const ALLOWED = 'hostledger:allowed-roles';

/**
 * The roles that may call a route; admin always may. Whoever is limited to customers may not, in whatever role,
 * but where the route says by which rule: `OwnObject`, `OwnRows`.
 */
export const Roles = (...roles: readonly CompanyRole[]): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(ALLOWED, [...new Set<CompanyRole>([...roles, 'admin'])]));

/** For everybody of the company: all its roles may read. */
export const AnyRole = (): MethodDecorator & ClassDecorator => Roles(...COMPANY_ROLES);

/** Without a token: liveness and the API's own description. */
export const Public = (): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(ALLOWED, 'public'));

export const allowedRoles = (
  reflector: Reflector,
  targets: Parameters<Reflector['getAllAndOverride']>[1],
): readonly CompanyRole[] | 'public' | undefined => reflector.getAllAndOverride(ALLOWED, targets);

const DURING_OUTAGES = 'hostledger:during-outages';

/**
 * Also for tokens that cannot be looked up because the event store is away, if they were good within the
 * last day: who watches the system must see it then above all.
 */
export const DuringOutages = (): MethodDecorator => SetMetadata(DURING_OUTAGES, true);

/** Set by the gate and the guard; the role is the one under which the route was allowed. */
export interface AuthenticatedRequest extends FastifyRequest {
  principal?: Principal;
  actor?: Actor;
}

/** Tokens whose requests are counted by subject; those beyond are counted by address. */
const MAX_RECOGNISED = 10_000;
/** Tokens that are remembered for {@link DuringOutages}, and for how long. */
const MAX_REMEMBERED = 1_000;
const REMEMBERED_MS = 86_400_000;
/** A scrape must be over before Prometheus gives it up, which is after 10 s. */
const STORE_ANSWERS_WITHIN_MS = 1_000;

/**
 * Finds out whose token a request carries. Everything under `/v1/` passes here before its body is
 * read, so that nobody without a token can have a body parsed.
 */
export class TokenGate {
  private readonly logger = new Logger('access');
  private readonly recognised = new LRUCache<string, string>({ max: MAX_RECOGNISED });
  private readonly watchers = new LRUCache<string, Principal>({
    ...{ max: MAX_REMEMBERED, ttl: REMEMBERED_MS },
  });

  constructor(
    private readonly authenticators: readonly Authenticator[],
    private readonly denied: DenialObserver,
  ) {}

  /** @throws ProblemError 401, logged and counted. */
  async principalOf(request: AuthenticatedRequest): Promise<Principal> {
    if (request.principal) return request.principal;
    const { authorization = '' } = request.headers;
    let reason: string | undefined;
    const [scheme, token, ...rest] = authorization.split(' ');
    if (scheme?.toLowerCase() === 'bearer' && token && rest.length === 0) {
      for (const authenticator of this.authenticators) {
        const principal = await authenticator.authenticate(token, (why) => (reason = why));
        if (!principal) continue;
        this.recognised.set(digestOf(authorization), principal.subject);
        request.principal = principal;
        return principal;
      }
      this.recognised.delete(digestOf(authorization));
    }
    throw this.deny(request, 401, 'request/unauthenticated', 'Send a valid bearer token', {
      challenge: authorization === '' ? 'Bearer' : 'Bearer error="invalid_token"',
      ...(reason !== undefined && { reason }),
    });
  }

  /**
   * As {@link principalOf}; while the store is away also by what was known of the token before.
   * @throws StoreUnavailable for a token that was not seen here lately.
   */
  async principalDuringOutages(request: AuthenticatedRequest): Promise<Principal> {
    const key = digestOf(request.headers.authorization ?? '');
    const known = this.watchers.get(key);
    const found = this.principalOf(request).then(
      (principal) => {
        this.watchers.set(key, principal);
        return principal;
      },
      (error: unknown) => {
        if (error instanceof StoreUnavailable) return known ?? Promise.reject(error);
        this.watchers.delete(key);
        throw error;
      },
    );
    if (!known) return found;
    const answered = new AbortController();
    const late = sleep(STORE_ANSWERS_WITHIN_MS, known, { signal: answered.signal });
    late.catch(() => undefined);
    // Of a token that turns out to be bad after that, the next request is told.
    found.catch(() => undefined);
    return Promise.race([found, late]).finally(() => answered.abort());
  }

  /**
   * Whose budget a request is charged to: a subject's once its token was good, whichever of the
   * subject's tokens that was, else the address's, so that guessing tokens does not escape the limit.
   * The token itself is not kept.
   */
  budgetOf({ headers, ip, principal }: AuthenticatedRequest): string {
    const { authorization } = headers;
    const subject =
      principal?.subject ?? (authorization && this.recognised.get(digestOf(authorization)));
    return subject === undefined || subject === ''
      ? `address ${networkOf(ip)}`
      : `subject ${subject}`;
  }

  /** The problem to throw; the attempt is logged and counted. */
  deny(
    request: FastifyRequest,
    status: 401 | 403,
    code: string,
    detail: string,
    {
      principal,
      challenge,
      reason,
    }: { readonly principal?: Principal; readonly challenge: string; readonly reason?: string },
  ): ProblemError {
    const { method, url, ip } = request;
    this.denied({ status, code, method, route: routeOf(request), ...principal });
    const subject = principal?.subject ?? 'unknown';
    const line = { code, subject, method, url, ip, correlationId: request.id };
    this.logger.warn({ ...line, ...(reason !== undefined && { reason }) }, 'Denied');
    return new ProblemError(status, code, detail, { challenge });
  }

  /**
   * For those who watch who asks for what is not theirs. Told alike of what is another's and of what is not there,
   * which the reply must not tell apart by its delay either.
   */
  noteNotOwn({ method, url, ip, id }: FastifyRequest, { subject }: Principal): void {
    const code = 'request/not-own';
    this.logger.warn({ code, subject, method, url, ip, correlationId: id }, 'Not own');
  }

  /** The problem of a request beyond the rate limit; counted, and not logged one by one. */
  tooMany(request: FastifyRequest, after: string, retryAfterSeconds?: number): ProblemError {
    const code = 'request/too-many';
    this.denied({ status: 429, code, method: request.method, route: routeOf(request) });
    const extra = { ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
    return new ProblemError(429, code, `Too many requests; try again in ${after}`, extra);
  }
}

/** Whoever has an address of IPv6 has the 2^64 of its network, and one budget for them. */
const networkOf = (ip: string): string => {
  if (!ipaddr.isValid(ip)) return ip;
  const address = ipaddr.process(ip);
  if (address.kind() === 'ipv4') return address.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/64`).toString()}/64`;
};

const routeOf = ({ routeOptions }: FastifyRequest): string => routeOptions.url ?? 'unknown';

const digestOf = (authorization: string): string =>
  createHash('sha256').update(authorization).digest('base64');

/** Reads whose an object is, at the position that the request asks for. */
export type OwnerLookup = (
  of: OwnedKind,
  id: string,
  at: ReadOptions,
) => Promise<readonly string[]>;

/**
 * Lets through who has one of the roles that the route names; of those limited to customers only to routes that
 * are open to them, and to objects that are their own.
 */
@Injectable()
export class RoleGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly gate: TokenGate,
    private readonly ownersOf: OwnerLookup,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const allowed = allowedRoles(this.reflector, [context.getHandler(), context.getClass()]);
    if (allowed === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const principal = this.reflector.get<true | undefined>(DURING_OUTAGES, context.getHandler())
      ? await this.gate.principalDuringOutages(request)
      : await this.gate.principalOf(request);
    const scope = scopeOf(principal);
    const rule = scopeRuleOf(this.reflector, context.getHandler());
    if (scope.customers && !rule) {
      const detail = 'This is not open to those who are limited to customers';
      throw this.refuse(request, principal, 'request/out-of-scope', detail);
    }
    const { subject, roles } = principal;
    const open: readonly Role[] = [...(allowed ?? []), ...(scope.customers ? CUSTOMER : [])];
    const role = open.find((candidate) => roles.includes(candidate));
    if (!role) {
      const detail = `This needs one of the roles ${(allowed ?? []).join(', ')}`;
      throw this.refuse(request, principal, 'request/forbidden', detail);
    }
    if (scope.customers && rule?.kind === 'object') {
      await this.mustBeOwn(request, rule.of, principal);
    }
    request.actor = { subject, role };
    return true;
  }

  private refuse(
    request: FastifyRequest,
    principal: Principal,
    code: string,
    detail: string,
  ): ProblemError {
    const challenge = 'Bearer error="insufficient_scope"';
    return this.gate.deny(request, 403, code, detail, { principal, challenge });
  }

  /** Looked up in the same way whether it is there or not, and refused in the same words. */
  private async mustBeOwn(
    request: FastifyRequest,
    of: OwnedKind,
    principal: Principal,
  ): Promise<void> {
    const scope = scopeOf(principal);
    const id = (request.params as Readonly<Record<string, string>>)[of.param] ?? '';
    const owners = await this.ownersOf(of, id, readOptionsOf(request));
    if (owners.some((customerId) => sees(scope, customerId))) return;
    this.gate.noteNotOwn(request, principal);
    throw of.unknown(id);
  }
}

const CUSTOMER: readonly Role[] = ['customer'];

/** Every route of the app's controllers. */
export const routesOf = (
  modules: ModulesContainer,
): readonly { controller: Type; name: string; handler: () => unknown }[] =>
  [...modules.values()]
    .flatMap(({ controllers }) => [...controllers.values()])
    .flatMap(({ metatype }) => {
      const controller = metatype as Type;
      const prototype = controller.prototype as Record<string, () => unknown>;
      return new MetadataScanner()
        .getAllMethodNames(prototype)
        .map((name) => ({ controller, name, handler: prototype[name]! }))
        .filter(({ handler }) => Reflect.hasMetadata(PATH_METADATA, handler));
    });

/**
 * Fails at start where a route does not say who may call it, which forgetting must not decide, or is open to
 * customers in a way that cannot be meant.
 */
export const requireDecisions = (reflector: Reflector, modules: ModulesContainer): void => {
  const routes = routesOf(modules);
  const undecided = routes
    .filter(({ controller, handler }) => !allowedRoles(reflector, [handler, controller]))
    .map(({ controller, name }) => `${controller.name}.${name}`);
  if (undecided.length > 0) {
    throw new Error(`Say who may call: ${undecided.join(', ')} (@Roles, @AnyRole or @Public)`);
  }
  const faults = scopeFaults(reflector, routes);
  if (faults.length > 0) throw new Error(faults.join('; '));
};
