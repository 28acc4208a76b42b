import {
  Catch,
  HttpException,
  Logger,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { DomainError, type RefusalKind } from '@hostledger/eventsourcing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemCatalogue, problemType, ProblemError } from './problem.js';

const STATUS_OF: Readonly<Record<RefusalKind, number>> = {
  invalid: 422,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
};

/** Retry-After for what passes by itself, in seconds. */
const RETRY_SOON = 1;
/** For what somebody has to do something about. */
const RETRY_LATER = 30;

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
  const fields = (error ?? {}) as Record<string, unknown>;
  const { name, message } = fields as unknown as Error;
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
    case 'PositionBeyondLog':
      return new ProblemError(400, 'request/invalid', message, {
        errors: [
          {
            ...{ pointer: '/Min-Log-Position', code: 'position' },
            message: 'A position as a reply of this log carried it in Log-Position',
          },
        ],
      });
    case 'ReadModelRefused':
      return new ProblemError(503, 'server/read-model-refused', message, {
        retryAfterSeconds: RETRY_LATER,
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
  414: 'request/address-too-long',
  415: 'request/unsupported-media-type',
  429: 'request/too-many',
};

/** Nest's and Fastify's own errors carry a status; other libraries' say nothing to our callers. */
const ofFramework = (error: unknown): ProblemError => {
  const status = frameworkStatus(error);
  const code = FRAMEWORK_CODES[status];
  if (code) return new ProblemError(status, code, (error as Error).message);
  return new ProblemError(500, 'server/failed', 'The server failed to handle the request');
};

const frameworkStatus = (error: unknown): number => {
  if (error instanceof HttpException) return error.getStatus();
  const { code, statusCode = 500 } = (error ?? {}) as { code?: unknown; statusCode?: number };
  if (typeof code === 'string' && code.startsWith('FST_')) return statusCode;
  // The sender went away before the end of the body.
  return code === 'ECONNRESET' ? 400 : 500;
};

export const problemBody = (problem: ProblemError): Record<string, unknown> => {
  const { status, code, detail } = problem;
  const { retryAfterSeconds, challenge, allow, ...extensions } = problem.extra;
  const title = problemCatalogue().get(code)?.title ?? detail;
  const members = { type: problemType(code), title, status, code, detail };
  // Whatever a rule says of its own, these mean in every problem the same (RFC 9457, 3.1 and 3.2).
  return { ...members, ...extensions, ...members };
};

/** Answers with the problem, its headers and the correlation id under which the log has more. */
export const sendProblem = (
  problem: ProblemError,
  request: FastifyRequest,
  reply: FastifyReply,
): void => {
  const { retryAfterSeconds, challenge, allow } = problem.extra;
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds));
  if (challenge !== undefined) void reply.header('www-authenticate', challenge);
  if (allow !== undefined) void reply.header('allow', allow);
  const body = { ...problemBody(problem), correlationId: request.id };
  void reply
    .status(problem.status)
    .header('x-correlation-id', request.id)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(body, plainBigint));
};

const plainBigint = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const request = http.getRequest<FastifyRequest>();
    const problem = orNotAllowed(toProblem(error), request);
    const { status, code, detail } = problem;
    const logged = { err: error, code, correlationId: request.id };
    // What passes by itself is no fault of ours, but somebody should know how often.
    if (status === 503) this.logger.warn(logged, detail);
    else if (status >= 500) this.logger.error(logged, detail);
    if (!reply.sent) sendProblem(problem, request, reply);
  }
}

/** Nothing is found at this address for this method, but there may be for another. */
const orNotAllowed = (problem: ProblemError, request: FastifyRequest): ProblemError => {
  if (!request.is404) return problem;
  const allow = request.server.methodsAt(request.url.split('?', 1)[0]!).join(', ');
  if (allow === '') return problem;
  const detail = `${request.method} is not served here; these are: ${allow}`;
  return new ProblemError(405, 'request/method-not-allowed', detail, { allow });
};
