import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { deriveId, hashOf, type CommandContext } from '@hostledger/eventsourcing';
import type { AuthenticatedRequest } from './auth.js';
import { ProblemError } from './problem.js';

const KEY_FORM = /^[\x21-\x7e]{1,255}$/;
const ETAG_FORM = /^(?:W\/)?"(\d{1,19})"$/;
const MAX_REASON_CHARACTERS = 500;

/** Replaced in tests that move time. */
export const requestClock = { now: (): string => new Date().toISOString() };

/**
 * The context of the command that a request carries: actor from the token, one outcome per subject,
 * route and `Idempotency-Key`, the revision of `If-Match`, the reason of `X-Reason`.
 *
 * @param body what was sent, as JSON; an upload is represented by its digest.
 */
export const contextOf = (
  request: AuthenticatedRequest,
  body: unknown = request.body,
): CommandContext => {
  const { actor, headers, method } = request;
  if (!actor) throw new Error('A command route must not be public');
  if (typeof (body as { pipe?: unknown } | null)?.pipe === 'function') {
    throw new Error('The context of an upload comes with it');
  }
  const path = request.url.split('?', 1)[0]!;
  const key = single(headers['idempotency-key']);
  if (key !== undefined && !KEY_FORM.test(key)) {
    throw new ProblemError(
      400,
      'request/idempotency-key-invalid',
      'Idempotency-Key is 1 to 255 visible ASCII characters without spaces',
    );
  }
  const commandId = key === undefined ? randomUUID() : deriveId(actor.subject, method, path, key);
  const expectedRevision = revisionOf(single(headers['if-match']));
  const reason = reasonOf(single(headers['x-reason']));
  return {
    commandId,
    requestHash: hashOf({ method, url: request.url, body: body ?? null }),
    actor,
    correlationId: request.id,
    causationId: commandId,
    at: requestClock.now(),
    ...(reason === undefined ? {} : { reason }),
    ...(expectedRevision === undefined ? {} : { expectedRevision }),
  };
};

const revisionOf = (header: string | undefined): bigint | undefined => {
  if (header === undefined) return undefined;
  const match = ETAG_FORM.exec(header.trim());
  if (!match) {
    throw new ProblemError(
      400,
      'request/if-match-invalid',
      'If-Match is one ETag as a reply carried it, for example "12"',
    );
  }
  return BigInt(match[1]!);
};

const reasonOf = (header: string | undefined): string | undefined => {
  const reason = header === undefined ? undefined : asText(header).trim();
  if (!reason) return undefined;
  if (reason.length > MAX_REASON_CHARACTERS) {
    const message = `X-Reason is at most ${MAX_REASON_CHARACTERS} characters`;
    throw new ProblemError(400, 'request/invalid', message, {
      errors: [{ pointer: '/X-Reason', code: 'length', message }],
    });
  }
  return reason;
};

/** Node reads header bytes as Latin-1; most senders mean UTF-8. */
const asText = (header: string): string => {
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : header;
};

export const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

/** The {@link CommandContext} of the request, as a parameter of a command route; not of an upload. */
export const ActContext = createParamDecorator((_: unknown, context: ExecutionContext) =>
  contextOf(context.switchToHttp().getRequest<AuthenticatedRequest>()),
);
