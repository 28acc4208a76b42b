import {
  applyDecorators,
  Injectable,
  Logger,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '@hostledger/eventsourcing';
import { ProblemError } from './problem.js';

export const ROLES = ['operator', 'commercial', 'billing', 'auditor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who a bearer token speaks for. */
export interface Principal {
  readonly subject: string;
  readonly roles: readonly Role[];
}

/**
 * One way of recognising a bearer token; `undefined` leaves it to the next. Issued tokens today,
 * JWTs of an OIDC issuer beside them later.
 */
export interface Authenticator {
  authenticate(token: string): Promise<Principal | undefined>;
}

/** Injection token of the list of {@link Authenticator}s. */
export const AUTHENTICATORS = Symbol('AUTHENTICATORS');
/** Injection token of a function called for every denied request, for the count. */
export const DENIAL_OBSERVER = Symbol('DENIAL_OBSERVER');

const ALLOWED = 'hostledger:allowed-roles';

/** The roles that may call a route; admin always may. */
export const Roles = (...roles: readonly Role[]): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(ALLOWED, [...roles, 'admin']));

/** For everybody with a token: all roles may read. */
export const AnyRole = (): MethodDecorator & ClassDecorator => Roles(...ROLES);

/** Without a token: liveness and the API's own description. */
export const Public = (): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(ALLOWED, 'public'));

export const allowedRoles = (
  reflector: Reflector,
  targets: Parameters<Reflector['getAllAndOverride']>[1],
): readonly Role[] | 'public' | undefined => reflector.getAllAndOverride(ALLOWED, targets);

/** Set by the guard; the role is the one under which the route was allowed. */
export interface AuthenticatedRequest extends FastifyRequest {
  actor?: Actor;
}

@Injectable()
export class RoleGuard implements CanActivate {
  private readonly logger = new Logger('access');

  constructor(
    private readonly reflector: Reflector,
    private readonly authenticators: readonly Authenticator[],
    private readonly denied: (code: string) => void,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const allowed = allowedRoles(this.reflector, [context.getHandler(), context.getClass()]);
    if (allowed === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const principal = await this.principalOf(request);
    if (!principal) {
      throw this.deny(
        request,
        401,
        'request/unauthenticated',
        'Send a valid bearer token',
        'unknown',
      );
    }
    const role = allowed?.find((candidate) => principal.roles.includes(candidate));
    if (!role) {
      const detail = `This needs one of the roles ${(allowed ?? []).join(', ')}`;
      throw this.deny(request, 403, 'request/forbidden', detail, principal.subject);
    }
    request.actor = { subject: principal.subject, role };
    return true;
  }

  private async principalOf(request: FastifyRequest): Promise<Principal | undefined> {
    const [scheme, token, ...rest] = (request.headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !token || rest.length > 0) return undefined;
    for (const authenticator of this.authenticators) {
      const principal = await authenticator.authenticate(token);
      if (principal) return principal;
    }
    return undefined;
  }

  private deny(
    request: FastifyRequest,
    status: number,
    code: string,
    detail: string,
    subject: string,
  ): ProblemError {
    this.denied(code);
    const { method, url, ip } = request;
    this.logger.warn({ code, subject, method, url, ip, correlationId: request.id }, 'Denied');
    return new ProblemError(status, code, detail);
  }
}
