import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Actor } from './message.js';

/** Root of all ids this system derives; never change it, history depends on it. */
const NAMESPACE = '6f2f5a2e-6a0f-5b52-9d2c-2f6f3c0d9a11';

/**
 * The name-based UUID of RFC 9562, 5.5. The package `uuid` says the same and takes three times as
 * long, which a command that derives four of them feels.
 */
const uuidv5 = (name: string, namespace: string): string => {
  const bytes = hash('sha1', Buffer.concat([uuidBytes(namespace), Buffer.from(name)]), 'buffer');
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

/** A UUIDv5 over the parts: the same parts give the same id on every machine, for ever. */
export const deriveId = (...parts: readonly (string | number)[]): string =>
  uuidv5(JSON.stringify(parts), NAMESPACE);

/**
 * Id of the n-th event of an accepted command. The store takes an append with known ids for a
 * repetition, so the id covers all that makes two tries differ: another body under the same key,
 * or another instant, must not pass for the same append. The same try sent again has the same ids.
 */
export const eventId = (commandId: string, body: string, at: string, index: number): string =>
  uuidv5(`${body} ${at} ${index}`, commandId);

/** SHA-256 (hex) over the RFC 8785 canonical form of a JSON value. */
export const hashOf = (value: unknown): string =>
  hash('sha256', canonicalize(value) ?? 'undefined');

/** Everything about a command that is not its content: identity, cause, actor and time. */
export interface CommandContext {
  readonly commandId: string;
  /** SHA-256 of the request body and route; commands issued by processes leave it out. */
  readonly requestHash?: string;
  readonly actor: Actor;
  readonly correlationId: string;
  /** Id of what caused this command: the event for a process, the request for the API. */
  readonly causationId: string;
  readonly reason?: string;
  /** The instant of the act, ISO 8601 UTC. */
  readonly at: string;
  /**
   * The act is recorded later than it happened: `at` is when somebody says it was, and is refused
   * where the stream knows of anything later; see `backdated`.
   */
  readonly isBackdated?: true;
  /** From `If-Match`: act only on this revision of the stream. */
  readonly expectedRevision?: bigint;
}

/**
 * Context of a further step of the same act on another stream: own command id, derived from the
 * first, so that a repeated act repeats its steps under the same ids. `If-Match`, and that a date must
 * not be before the last event, belong to the stream they were sent for and are not passed on.
 */
export const stepOf = (
  context: CommandContext,
  ...step: readonly (string | number)[]
): CommandContext => {
  const { expectedRevision, isBackdated, ...rest } = context;
  return {
    ...rest,
    commandId: deriveId(context.commandId, ...step),
    causationId: context.commandId,
  };
};

/** The actor written on what the system does by itself. */
export const systemActor = (name: string): Actor => ({ subject: `system:${name}`, role: 'system' });

/** Context of a command that a durable process issues in answer to an event. */
export const processContext = (
  process: string,
  cause: { readonly id: string; readonly correlationId: string },
  at: string,
  ...step: readonly (string | number)[]
): CommandContext => ({
  commandId: deriveId(process, cause.id, ...step),
  actor: systemActor(process),
  correlationId: cause.correlationId,
  causationId: cause.id,
  at,
});
