import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import type { AuthenticatedRequest } from './auth.js';
import { scopeOf, scopeRuleOf, toldTo } from './scope.js';

/** What a route hands back for the interceptor to turn into headers and a body. */
export class HttpReply<Body = unknown> {
  constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string>>,
    readonly body: Body,
  ) {}
}

interface CommandOutcome {
  readonly revision: bigint;
  readonly position: bigint;
  readonly replayed: boolean;
}

/**
 * Reply to a command: `ETag` is the revision of the stream acted on, `Log-Position` the position
 * to read from, `Idempotent-Replayed` marks the first outcome told again.
 */
export const reply = <Body>(
  { revision, position, replayed }: CommandOutcome,
  options: { readonly status?: number; readonly location?: string; readonly body: Body },
): HttpReply<Body> =>
  new HttpReply(
    options.status ?? 200,
    {
      ...(revision >= 0n ? { etag: `"${revision}"` } : {}),
      'log-position': position.toString(),
      ...(options.location === undefined ? {} : { location: options.location }),
      ...(replayed ? { 'idempotent-replayed': 'true' } : {}),
    },
    options.body,
  );

/** Reply to a query: `Log-Position` is the position the answer is true at. */
export const readReply = <Body>(
  position: bigint,
  body: Body,
  headers: Readonly<Record<string, string>> = {},
): HttpReply<Body> => new HttpReply(200, { 'log-position': position.toString(), ...headers }, body);

@Injectable()
export class ReplyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const raw = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((result: unknown): unknown => {
        if (!(result instanceof HttpReply)) return result;
        void raw.status(result.status).headers(result.headers);
        return result.body;
      }),
    );
  }
}

/** Leaves out of replies to customers what they are not told. */
@Injectable()
export class ScopeInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const scope = principal ? scopeOf(principal) : {};
    if (!scope.customers) return next.handle();
    const without = scopeRuleOf(this.reflector, context.getHandler())?.without;
    return next.handle().pipe(map((body: unknown) => toldTo(body, scope, without)));
  }
}
