import { randomUUID } from 'node:crypto';
import {
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { problemBody } from './problem.filter.js';
import { ProblemError } from './problem.js';

/** How long one connection may take, and how many there may be. All times in milliseconds. */
export interface ConnectionLimits {
  /** From the first byte of a request until all of its headers are there. */
  readonly headersWithinMs: number;
  /** From the first byte of a request until all of its body is there. */
  readonly requestWithinMs: number;
  /** Without a request, after an answer. */
  readonly idleForMs: number;
  /** Without a byte in either direction, as of a client that does not read its answer. */
  readonly stalledForMs: number;
  /** Between two looks at who is over his time. */
  readonly checkedEveryMs: number;
  /** Open at once; those beyond are closed as they come. */
  readonly connections: number;
}

/**
 * An upload of 64 MiB has its two minutes at 4.5 Mbit/s. Streams of events send a sign of life more often
 * than they stall, and nothing else takes longer than that to say its first byte.
 */
export const CONNECTION_LIMITS: ConnectionLimits = {
  headersWithinMs: 20_000,
  requestWithinMs: 120_000,
  idleForMs: 72_000,
  stalledForMs: 150_000,
  checkedEveryMs: 5_000,
  connections: 8_192,
};

/** What Node wants to know when a server is made. */
export const serverOptions = ({
  headersWithinMs,
  checkedEveryMs,
}: ConnectionLimits): ServerOptions => ({
  headersTimeout: headersWithinMs,
  connectionsCheckingInterval: checkedEveryMs,
});

/** What can only be said to a server that is there. */
export const limitServer = (server: Server, { connections }: ConnectionLimits): void => {
  server.maxConnections = connections;
  server.on('checkExpectation', refuseExpectation);
};

/** `Expect` knows one value, which Node itself answers. */
const refuseExpectation = (_request: IncomingMessage, response: ServerResponse): void => {
  const { status, headers, body } = written(
    new ProblemError(417, 'request/expectation-failed', 'Expect is 100-continue, or left out'),
  );
  response.writeHead(status, { ...headers, connection: 'close' }).end(body);
};

/**
 * Answers what is no request yet: bytes that are not HTTP, headers without end, a sender who takes too
 * long. The connection is closed, since nothing is known of what follows on it.
 */
export const refuseConnection = (
  error: Error & { readonly code?: string },
  socket: Socket,
): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  // Answered already, or in the middle of it: a second answer would be taken for a part of the first.
  const { bytesWritten, _httpMessage: underWay } = socket as Socket & {
    _httpMessage?: { readonly headersSent: boolean } | null;
  };
  if (socket.writable && !(underWay?.headersSent && bytesWritten > 0)) {
    const { status, headers, body } = written(faultOf(error.code));
    const lines = Object.entries({ ...headers, connection: 'close' }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`,
    );
  }
  socket.destroy(error);
};

const faultOf = (code: string | undefined): ProblemError => {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ProblemError(
        408,
        'request/timed-out',
        'The request did not come to its end in time',
      );
    case 'HPE_HEADER_OVERFLOW':
      return new ProblemError(
        431,
        'request/headers-too-large',
        'Headers and address are too large',
      );
    default:
      return new ProblemError(400, 'request/malformed', 'What was sent is not HTTP/1.1');
  }
};

/** A problem that no route answers: on a bare connection. */
const written = (problem: ProblemError) => {
  const correlationId = randomUUID();
  const body = JSON.stringify({ ...problemBody(problem), correlationId });
  const headers = {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'x-correlation-id': correlationId,
  };
  return { status: problem.status, headers, body };
};
