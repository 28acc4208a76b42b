import {
  Catch,
  HttpException,
  Logger,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { DomainError, type RefusalKind } from '@hostledger/eventsourcing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemCatalogue, problemType, ProblemError, type FieldError } from './problem.js';

const STATUS_OF: Readonly<Record<RefusalKind, number>> = {
  invalid: 422,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
};

/** Retry-After for what passes by itself, in seconds. */
const RETRY_SOON = 1;

/** Turns whatever was thrown into one problem; unknown errors say nothing of their cause. */
export const toProblem = (error: unknown): ProblemError => {
  if (error instanceof ProblemError) return error;
  if (error instanceof DomainError) {
    const { kind, code, message, details, pointer } = error;
    const errors = pointer === undefined ? undefined : [{ pointer, code, message }];
    return new ProblemError(STATUS_OF[kind], code, message, {
      ...details,
      ...(errors && { errors }),
    });
  }
  const { name, message } = error as Error;
  const fields = error as Record<string, unknown>;
  switch (name) {
    case 'RevisionMismatch':
      return new ProblemError(412, 'request/revision-mismatch', message, {
        currentRevision: String(fields['actual']),
      });
    case 'CommandIdReused':
      return new ProblemError(
        422,
        'request/idempotency-key-reused',
        'This Idempotency-Key was already accepted with another body; use a new key',
      );
    case 'TooMuchContention':
      return new ProblemError(503, 'server/contention', message, { retryAfterSeconds: RETRY_SOON });
    case 'StoreUnavailable':
      return new ProblemError(
        503,
        'server/store-unavailable',
        'The event store did not answer in time. The outcome is unknown; send the same request ' +
          'again with the same Idempotency-Key.',
        { retryAfterSeconds: RETRY_SOON * 2 },
      );
    case 'ReadModelBehind':
      return new ProblemError(503, 'server/read-model-behind', message, {
        retryAfterSeconds: RETRY_SOON,
      });
    case 'ReadModelUnavailable':
      return new ProblemError(503, 'server/read-model-unavailable', message, {
        retryAfterSeconds: RETRY_SOON * 2,
      });
    case 'AppendTooLarge':
      return new ProblemError(413, 'request/too-large', message);
    default:
      return ofFramework(error);
  }
};

const FRAMEWORK_CODES: Readonly<Record<number, string>> = {
  400: 'request/malformed',
  401: 'request/unauthenticated',
  403: 'request/forbidden',
  404: 'request/not-found',
  405: 'request/method-not-allowed',
  413: 'request/too-large',
  415: 'request/unsupported-media-type',
  429: 'request/too-many',
};

/** Nest's and Fastify's own errors carry a status. */
const ofFramework = (error: unknown): ProblemError => {
  const status =
    error instanceof HttpException
      ? error.getStatus()
      : (error as { statusCode?: unknown } | undefined)?.statusCode;
  const code = typeof status === 'number' ? FRAMEWORK_CODES[status] : undefined;
  if (code && typeof status === 'number') {
    return new ProblemError(status, code, (error as Error).message);
  }
  return new ProblemError(500, 'server/failed', 'The server failed to handle the request', {
    cause: undefined,
  });
};

export const problemBody = (problem: ProblemError): Record<string, unknown> => {
  const { status, code, detail } = problem;
  const { retryAfterSeconds, ...extensions } = problem.extra;
  const title = problemCatalogue().get(code)?.title ?? detail;
  return { ...extensions, type: problemType(code), title, status, code, detail };
};

@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const request = http.getRequest<FastifyRequest>();
    const problem = toProblem(error);
    if (problem.status >= 500) {
      this.logger.error(
        { err: error, code: problem.code, correlationId: request.id },
        problem.detail,
      );
    }
    if (reply.sent) return;
    const { retryAfterSeconds } = problem.extra;
    if (retryAfterSeconds !== undefined)
      void reply.header('retry-after', String(retryAfterSeconds));
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply
      .status(problem.status)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(JSON.stringify({ ...problemBody(problem), correlationId: request.id }, plainBigint));
  }
}

const plainBigint = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

export type { FieldError };
