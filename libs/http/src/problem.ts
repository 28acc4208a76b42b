/**
 * RFC 9457 problem details. `code` is stable and names the rule (`rack/slot-taken`); `type` is the
 * code under the path of the problem catalogue; `errors` name single fields or lines.
 */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly [extension: string]: unknown;
}

/** One fault in the input: a field by JSON pointer (RFC 6901), or a line and column of a file. */
export interface FieldError {
  readonly pointer?: string;
  readonly line?: number;
  readonly column?: string;
  readonly code: string;
  readonly message: string;
}

/** One step of a JSON pointer. */
export const escapePointer = (key: string): string =>
  key.replaceAll('~', '~0').replaceAll('/', '~1');

/** Thrown by the HTTP edge itself; rooms throw `DomainError`. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly extra: {
      readonly errors?: readonly FieldError[];
      /** For the header `Retry-After`; not part of the body, like the two after it. */
      readonly retryAfterSeconds?: number;
      /** For the header `WWW-Authenticate`. */
      readonly challenge?: string;
      /** For the header `Allow`. */
      readonly allow?: string;
      readonly [extension: string]: unknown;
    } = {},
  ) {
    super(detail);
    this.name = 'ProblemError';
  }
}

export interface ProblemEntry {
  readonly status: number;
  /** What the rule is, in one sentence. */
  readonly title: string;
}

const catalogue = new Map<string, ProblemEntry>();

/**
 * Adds codes to the catalogue that the OpenAPI document lists. A room registers its own when it is
 * loaded; the same code with another meaning would be a mistake.
 */
export const registerProblems = (entries: Readonly<Record<string, ProblemEntry>>): void => {
  for (const [code, entry] of Object.entries(entries)) {
    const known = catalogue.get(code);
    if (known && (known.title !== entry.title || known.status !== entry.status)) {
      throw new Error(`Problem ${code} is registered twice with different meanings`);
    }
    catalogue.set(code, entry);
  }
};

export const problemCatalogue = (): ReadonlyMap<string, ProblemEntry> => catalogue;

export const problemType = (code: string): string => `/problems/${code}`;

registerProblems({
  'request/invalid': { status: 400, title: 'The request does not have the documented form' },
  'request/malformed': { status: 400, title: 'The body or the address cannot be read' },
  'request/idempotency-key-invalid': { status: 400, title: 'Idempotency-Key is malformed' },
  'request/if-match-invalid': { status: 400, title: 'If-Match is not the ETag of a revision' },
  'request/cursor-invalid': { status: 400, title: 'The cursor was not issued for this list' },
  'request/unauthenticated': { status: 401, title: 'A valid bearer token is needed' },
  'request/forbidden': { status: 403, title: 'The role of the token does not allow this' },
  'request/out-of-scope': {
    status: 403,
    title: 'Not open to those who are limited to the objects of customers',
  },
  'request/not-found': { status: 404, title: 'There is nothing at this address' },
  'request/method-not-allowed': { status: 405, title: 'The method is not served here' },
  'request/not-acceptable': {
    status: 406,
    title: 'None of the accepted media types is served here',
  },
  'request/revision-mismatch': {
    status: 412,
    title: 'The object is not at the revision of If-Match',
  },
  'request/too-large': { status: 413, title: 'The body or the resulting events are too large' },
  'request/timed-out': { status: 408, title: 'The request did not come to its end in time' },
  'request/address-too-long': { status: 414, title: 'A part of the address is too long' },
  'request/unsupported-media-type': { status: 415, title: 'The content type is not accepted here' },
  'request/expectation-failed': { status: 417, title: 'What Expect asks for is not served here' },
  'request/idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key already has an outcome for another body',
  },
  'upload/lines-invalid': {
    status: 422,
    title: 'Lines of the upload are invalid and all were asked for',
  },
  'request/too-many': { status: 429, title: 'Too many requests' },
  'request/headers-too-large': { status: 431, title: 'The headers are too large' },
  'server/failed': {
    status: 500,
    title: 'The server failed; nothing is known to be wrong with the request',
  },
  'server/contention': {
    status: 503,
    title: 'Others kept changing the object; send the request again',
  },
  'server/store-unavailable': {
    status: 503,
    title: 'The event store did not answer; sending the same request with the same key is safe',
  },
  'server/read-model-behind': {
    status: 503,
    title: 'The read models have not reached the position asked for',
  },
  'server/read-model-refused': {
    status: 503,
    title: 'The read models know events that are not in the log; an operator has to decide',
  },
  'server/read-model-unavailable': { status: 503, title: 'The read models do not answer' },
});
