/** How a refusal is classed; the HTTP edge maps each kind to one status. */
export type RefusalKind = 'invalid' | 'notFound' | 'conflict' | 'forbidden';

/**
 * A business rule said no. `code` is stable and names context and reason (`miner/retired`);
 * `details` are facts for the caller (JSON only); `pointer` names the offending field of the
 * command's data as a JSON pointer where one field is to blame.
 */
export class DomainError extends Error {
  constructor(
    readonly kind: RefusalKind,
    readonly code: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    readonly pointer?: string,
  ) {
    super(message);
    this.name = 'DomainError';
  }
}

/** `If-Match` named a revision that is not the current one. */
export class RevisionMismatch extends Error {
  constructor(
    readonly stream: string,
    readonly expected: bigint,
    readonly actual: bigint,
  ) {
    super(`Stream ${stream} is at revision ${actual}, not ${expected}`);
    this.name = 'RevisionMismatch';
  }
}

/** A command id that already has an outcome arrived with another body. */
export class CommandIdReused extends Error {
  constructor(readonly commandId: string) {
    super(`Command ${commandId} was already accepted with a different body`);
    this.name = 'CommandIdReused';
  }
}

/** Other writers won every one of the bounded attempts. Nothing was written; safe to send again. */
export class TooMuchContention extends Error {
  constructor(
    readonly stream: string,
    readonly attempts: number,
  ) {
    super(`Stream ${stream} changed under each of ${attempts} attempts`);
    this.name = 'TooMuchContention';
  }
}

/** The append was refused because the stream is not at the expected revision. */
export class WrongExpectedRevision extends Error {
  constructor(
    readonly stream: string,
    readonly expected: bigint | 'no_stream',
    readonly actual: bigint | 'no_stream',
  ) {
    super(`Stream ${stream}: expected ${expected}, found ${actual}`);
    this.name = 'WrongExpectedRevision';
  }
}

/**
 * The store did not answer within the bounds. For an append the outcome is unknown: it may yet be
 * found committed, and repeating the command with its id settles it.
 */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StoreUnavailable';
  }
}

/** Our own limits (event 64 KiB, append 1 MiB), checked before anything is sent. */
export class AppendTooLarge extends Error {
  constructor(
    readonly stream: string,
    readonly sizeBytes: number,
    readonly limitBytes: number,
  ) {
    super(`Append to ${stream} of ${sizeBytes} bytes exceeds the limit of ${limitBytes} bytes`);
    this.name = 'AppendTooLarge';
  }
}

/** A stored event that no code here knows how to read, or history that contradicts itself. */
export class UnreadableHistory extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UnreadableHistory';
  }
}
