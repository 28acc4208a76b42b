import { ErrorType, WrongExpectedVersionError } from '@eventstore/db-client';
import { AppendTooLarge, WrongExpectedRevision } from '../errors.js';

/** gRPC status codes behind which an append may or may not have happened (KurrentDB client errors). */
const TRANSIENT_CODES = new Set([1, 2, 4, 8, 10, 13, 14]);

const TRANSIENT_TYPES = new Set<string>([
  ErrorType.UNAVAILABLE,
  ErrorType.CANCELLED,
  ErrorType.DEADLINE_EXCEEDED,
  ErrorType.TIMEOUT,
  ErrorType.NOT_LEADER,
  ErrorType.UNKNOWN,
]);

/** Raised by our own clock: the client's deadline is not enforced on batch append. */
export class CallTimedOut extends Error {
  constructor(call: string, timeoutMs: number) {
    super(`${call} was not answered within ${timeoutMs} ms`);
    this.name = 'CallTimedOut';
  }
}

/** A read that ended because its client was given up: the client ends it as if all had been read. */
export class ReadCutShort extends Error {
  constructor(read: string) {
    super(`${read} was cut short by the end of its connection`);
    this.name = 'ReadCutShort';
  }
}

/**
 * Whether sending the same call again may help. The client reports a lost server in several
 * forms: as its own error with a `type`, or as a raw gRPC error with only a `code`.
 */
export const isTransient = (error: unknown): boolean => {
  if (error instanceof CallTimedOut || error instanceof ReadCutShort) return true;
  if (isWithoutLeader(error)) return true;
  const { type, code } = error as { type?: unknown; code?: unknown };
  if (typeof type === 'string') return TRANSIENT_TYPES.has(type);
  return typeof code === 'number' && TRANSIENT_CODES.has(code);
};

/** While a cluster elects its leader the client finds nobody, and says so in an error without a type. */
const isWithoutLeader = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('Failed to discover');

/** The server was asked for what only the leader does; the client has its address and goes there next. */
export const isMisdirected = (error: unknown): boolean =>
  (error as { type?: unknown }).type === ErrorType.NOT_LEADER;

/** Short label for metrics and logs; the client leaves some messages empty. */
export const reasonOf = (error: unknown): string => {
  const { type, code, name, message } = error as Record<string, unknown>;
  if (isWithoutLeader(error)) return 'no-leader';
  if (typeof type === 'string') return type;
  if (typeof code === 'number') return `grpc-${code}`;
  if (typeof name === 'string' && name !== 'Error') return name;
  return typeof message === 'string' ? message : 'unknown';
};

/** The label with what the server said, for people. */
export const detailOf = (error: unknown): string => {
  const { message } = error as { message?: unknown };
  return typeof message === 'string' && message
    ? `${reasonOf(error)} (${message})`
    : reasonOf(error);
};

/** The kernel's error for a definite refusal of an append; anything else comes back as it is. */
export const refusalOf = (
  error: unknown,
  stream: string,
  expected: bigint | 'no_stream',
  sizeBytes: number,
): unknown => {
  if (error instanceof WrongExpectedVersionError) {
    const actual = typeof error.actualVersion === 'bigint' ? error.actualVersion : 'no_stream';
    return new WrongExpectedRevision(stream, expected, actual);
  }
  const { type, maxAppendSize } = error as { type?: unknown; maxAppendSize?: unknown };
  if (type === ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED) {
    return new AppendTooLarge(stream, sizeBytes, Number(maxAppendSize));
  }
  return error;
};
