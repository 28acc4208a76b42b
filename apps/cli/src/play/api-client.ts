import { setTimeout as sleep } from 'node:timers/promises';

/** What the API answered to a request that it took. */
export interface Reply {
  readonly body: Readonly<Record<string, unknown>>;
  /** `Log-Position`: of the last event that a command appended, or that an answer is true at. */
  readonly position: bigint;
  /** The outcome of an earlier, equal request was told again; nothing happened now. */
  readonly replayed: boolean;
}

export interface CommandRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly key: string;
  /** Marks in the log what this request brought about. */
  readonly correlationId: string;
  readonly reason?: string | undefined;
  readonly json?: unknown;
  readonly csv?: Uint8Array<ArrayBuffer> | undefined;
  /** Of another subject than the client's. */
  readonly token?: string | undefined;
}

/** A problem (RFC 9457) that sending again would not help. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
    request: string,
  ) {
    super(problemText(status, problem, request));
    this.name = 'Refused';
  }
}

interface Problem {
  readonly title?: string;
  readonly code?: string;
  readonly detail?: string;
  /** Of the readiness report, which is no problem document. */
  readonly parts?: readonly { readonly name: string; readonly detail?: string }[];
  readonly errors?: readonly {
    readonly pointer?: string;
    readonly line?: number;
    readonly column?: string;
    readonly message?: string;
  }[];
}

export class NoServer extends Error {}

export interface ApiClientOptions {
  /** Without a path, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly token: string;
  /** For how long a request that gets no answer, 429 or 503 is sent again. */
  readonly patienceMs: number;
  /** Told once when a request begins to wait. */
  readonly onWait?: (why: string) => void;
}

const REQUEST_TIMEOUT_MS = 60_000;
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;
const MAX_ERRORS_SHOWN = 10;

/**
 * A caller of the REST API like any other. Every command carries an Idempotency-Key, so sending it
 * again is safe whatever became of it: it waits out a server that is busy or restarts.
 */
export class ApiClient {
  /** The highest position of any reply: what is read next must include it. */
  #position = 0n;

  constructor(private readonly options: ApiClientOptions) {}

  get position(): bigint {
    return this.#position;
  }

  command(request: CommandRequest): Promise<Reply> {
    const { path, query = {}, key, correlationId, reason, json, csv, token } = request;
    const parameters = new URLSearchParams(query).toString();
    const headers: Record<string, string> = {
      'idempotency-key': key,
      'x-correlation-id': correlationId,
    };
    if (reason !== undefined) headers['x-reason'] = reason;
    if (csv) headers['content-type'] = 'text/csv';
    else if (json !== undefined) headers['content-type'] = 'application/json';
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    return this.#send(parameters ? `${path}?${parameters}` : path, {
      method: 'POST',
      headers,
      body: csv ?? (json === undefined ? null : JSON.stringify(json)),
    });
  }

  /** Reads what includes everything that this client has seen so far. */
  read(path: string): Promise<Reply> {
    const headers = { 'min-log-position': this.#position.toString() };
    return this.#send(path, { method: 'GET', headers });
  }

  /** All items of a list, page by page. */
  async readAll<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (let cursor: string | undefined; ;) {
      const page = new URLSearchParams({ limit: '1000', ...(cursor ? { cursor } : {}) });
      const { body } = await this.read(
        `${path}${path.includes('?') ? '&' : '?'}${page.toString()}`,
      );
      items.push(...(body['items'] as T[]));
      cursor = body['nextCursor'] as string | undefined;
      if (cursor === undefined) return items;
    }
  }

  async #send(path: string, init: RequestInit & { headers: Record<string, string> }) {
    const { url, token, patienceMs, onWait } = this.options;
    const request = `${init.method} ${path.split('?', 1)[0]}`;
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const deadline = Date.now() + patienceMs;
    for (let attempt = 0; ; attempt += 1) {
      const answer = await answerOf(`${url}${path}`, { ...init, headers });
      if (!('retryAfterMs' in answer)) {
        if (!answer.ok) throw new Refused(answer.status, answer.body, request);
        return this.#replyOf(answer);
      }
      const pauseMs = Math.min(answer.retryAfterMs ?? MIN_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS);
      if (Date.now() + pauseMs > deadline) {
        const waited = `${Math.round(patienceMs / 1000)} s`;
        throw new NoServer(`${request} got no outcome within ${waited}: ${answer.why}`);
      }
      if (attempt === 0) onWait?.(answer.why);
      await sleep(pauseMs);
    }
  }

  #replyOf({ headers, body }: Answered): Reply {
    const position = BigInt(headers.get('log-position') ?? 0);
    if (position > this.#position) this.#position = position;
    return { body, position, replayed: headers.get('idempotent-replayed') === 'true' };
  }
}

interface Answered {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

interface NoOutcome {
  readonly why: string;
  /** As the server asks for; absent when it did not answer. */
  readonly retryAfterMs: number | undefined;
}

const answerOf = async (url: string, init: RequestInit): Promise<Answered | NoOutcome> => {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    const { ok, status, headers } = response;
    const text = await response.text();
    const body = bodyOf(text, headers);
    if (status !== 503 && status !== 429) return { ok, status, headers, body };
    const seconds = Number(headers.get('retry-after') ?? 1);
    const retryAfterMs = Math.max(MIN_PAUSE_MS, Number.isFinite(seconds) ? seconds * 1000 : 1000);
    return { why: problemText(status, body, 'The server'), retryAfterMs };
  } catch (error) {
    return { why: `no answer (${reasonOf(error)})`, retryAfterMs: undefined };
  }
};

/** Fetch hides what happened in the cause of its error. */
export const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message ? cause.message : message;
};

const bodyOf = (text: string, headers: Headers): Record<string, unknown> => {
  if (headers.get('content-type')?.includes('json')) {
    return JSON.parse(text) as Record<string, unknown>;
  }
  return text === '' ? {} : { detail: text.slice(0, 500) };
};

const problemText = (status: number, problem: Problem, request: string): string => {
  const { code, title, errors = [], parts = [] } = problem;
  const failing = parts.flatMap(({ name, detail }) => (detail ? [`${name}: ${detail}`] : []));
  const detail = problem.detail ?? title ?? failing.join('; ');
  const lines = errors.slice(0, MAX_ERRORS_SHOWN).map(({ pointer, line, column, message }) => {
    const where = line === undefined ? pointer : `line ${line}${column ? `, ${column}` : ''}`;
    return `\n  ${where === undefined ? '' : `${where}: `}${message ?? ''}`;
  });
  const more = errors.length - lines.length;
  if (more > 0) lines.push(`\n  and ${more} more`);
  const what = [code, detail].filter(Boolean).join(': ');
  return `${request} answered ${status}${what ? ` ${what}` : ''}${lines.join('')}`;
};

/**
 * Waits until the server is ready to serve.
 * @throws NoServer with what to do about it
 */
export const untilReady = async (url: string, patienceMs: number): Promise<void> => {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const answer = await answerOf(`${url}/health/ready`, {});
    if (!('retryAfterMs' in answer) && answer.ok) return;
    if (Date.now() + MIN_PAUSE_MS > deadline) throw new NoServer(notReady(url, answer));
    await sleep(MIN_PAUSE_MS);
  }
};

const notReady = (url: string, answer: Answered | NoOutcome): string => {
  if ('retryAfterMs' in answer && answer.retryAfterMs === undefined) {
    return `No server answers at ${url}: ${answer.why}. Start one with: npm start`;
  }
  const why = 'why' in answer ? answer.why : `it answered ${answer.status}`;
  return `The server at ${url} is not ready: ${why}`;
};
