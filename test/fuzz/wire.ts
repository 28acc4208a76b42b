import { connect, type Socket } from 'node:net';
import { bytesOf, type HostileRequest } from './request.js';

export interface WireAnswer {
  readonly status: number;
  /** By names in small letters; of several the last. */
  readonly headers: ReadonlyMap<string, string>;
  /** Empty for a stream of events, of which only the beginning is waited for. */
  readonly body: Buffer;
  /** The longest time without a byte of it: a download of the whole log may take what it takes. */
  readonly waitedMs: number;
}

/** What came of a request that was not answered. */
export interface NoAnswer {
  readonly failure: 'closed' | 'late';
  readonly waitedMs: number;
}

/** What such requests are worth waiting for: the server may rightly wait for the rest of them. */
const FRAMED_WITHIN_MS = 2_000;

const FRAMING = new Set(['content-length', 'transfer-encoding', 'expect', 'upgrade', 'connection']);

/** Whether the end of a request is told by itself, perhaps wrongly. */
export const isOddlyFramed = ({ headers }: HostileRequest): boolean =>
  headers.some(([name]) => FRAMING.has(name.toLowerCase()));

/**
 * An HTTP/1.1 client that sends whatever it is given, over one connection at a time: those of Node
 * refuse to send what a hostile client sends.
 */
export class WireClient {
  #socket: Socket | undefined;

  constructor(
    private readonly port: number,
    private readonly answerWithinMs: number,
  ) {}

  async send(request: HostileRequest): Promise<WireAnswer | NoAnswer> {
    const bytes = bytesOf(request);
    if (isOddlyFramed(request)) {
      // Where a body ends is not what it seems, so nothing may follow on the connection.
      this.close();
      const answer = await this.#exchange(bytes, request.method === 'HEAD', FRAMED_WITHIN_MS);
      this.close();
      return answer;
    }
    const reused = this.#socket !== undefined;
    const answer = await this.#exchange(bytes, request.method === 'HEAD');
    // The server may have closed an idle connection just then; that is no answer to this request.
    if (reused && 'failure' in answer && answer.failure === 'closed') {
      return this.#exchange(bytes, request.method === 'HEAD');
    }
    return answer;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #exchange(
    bytes: Buffer,
    bodiless: boolean,
    withinMs = this.answerWithinMs,
  ): Promise<WireAnswer | NoAnswer> {
    let lastByteAt = performance.now();
    let waitedMs = 0;
    const socket = (this.#socket ??= connect({ port: this.port, host: '127.0.0.1' }));
    return new Promise((resolve) => {
      let pieces: Buffer[] = [];
      let tail: Buffer = Buffer.alloc(0);
      let isChunked = false;
      const noteByte = (): void => {
        const now = performance.now();
        waitedMs = Math.max(waitedMs, now - lastByteAt);
        lastByteAt = now;
      };
      const finish = (
        answer: Omit<WireAnswer, 'waitedMs'> | { failure: 'closed' | 'late' },
        keep: boolean,
      ): void => {
        clearTimeout(timer);
        noteByte();
        socket.removeAllListeners();
        socket.on('error', () => undefined);
        if (!keep) this.close();
        resolve({ ...answer, waitedMs });
      };
      const timer = setTimeout(() => finish({ failure: 'late' }, false), withinMs);
      const ended = (): void => {
        const answer = readAnswer(Buffer.concat(pieces), true, bodiless);
        finish(answer?.complete ? answer : { failure: 'closed' }, false);
      };
      socket.on('data', (piece) => {
        timer.refresh();
        noteByte();
        pieces.push(piece);
        tail = Buffer.concat([tail, piece.subarray(-LAST_CHUNK.length)]).subarray(
          -LAST_CHUNK.length,
        );
        // Looked at once it may be whole: a download comes in thousands of pieces.
        if (isChunked && !tail.equals(LAST_CHUNK)) return;
        pieces = [Buffer.concat(pieces)];
        const answer = readAnswer(pieces[0]!, false, bodiless);
        if (answer) isChunked = answer.headers.get('transfer-encoding') === 'chunked';
        if (!answer?.complete) return;
        finish(answer, answer.headers.get('connection') !== 'close' && !answer.isOpen);
      });
      socket.once('close', ended);
      socket.on('error', () => undefined);
      socket.write(bytes);
    });
  }
}

interface ReadAnswer extends Omit<WireAnswer, 'waitedMs'> {
  readonly complete: boolean;
  /** More would come: the connection is not to be used again. */
  readonly isOpen: boolean;
}

const readAnswer = (
  received: Buffer,
  ended: boolean,
  bodiless: boolean,
): ReadAnswer | undefined => {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = received
    .subarray(0, headEnd)
    .toString('latin1')
    .split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const rest = received.subarray(headEnd + 4);
  if (status === 100) return readAnswer(rest, ended, bodiless);
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const answer = { status, headers };
  if (headers.get('content-type')?.startsWith('text/event-stream')) {
    return { ...answer, body: Buffer.alloc(0), complete: true, isOpen: true };
  }
  if (bodiless || status === 204 || status === 304) {
    return { ...answer, body: Buffer.alloc(0), complete: true, isOpen: false };
  }
  if (headers.get('transfer-encoding') === 'chunked') {
    const body = unchunked(rest);
    return {
      ...answer,
      body: body ?? Buffer.alloc(0),
      complete: body !== undefined,
      isOpen: false,
    };
  }
  const length = headers.get('content-length');
  const complete = length === undefined ? ended : rest.length >= Number(length);
  return { ...answer, body: rest, complete, isOpen: false };
};

const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** The body, once its last chunk is there. */
const unchunked = (bytes: Buffer): Buffer | undefined => {
  if (!bytes.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) return undefined;
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, end).toString('latin1'), 16);
    if (size === 0) return bytes.indexOf('\r\n\r\n', end) < 0 ? undefined : Buffer.concat(pieces);
    if (bytes.length < end + 2 + size + 2) return undefined;
    pieces.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
};
