import { isUtf8 } from 'node:buffer';
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { single } from './act-context.js';
import { BULK_BODY_LIMIT_BYTES, isBulkRoute, tooLarge, type DigestedRequest } from './bulk.js';
import {
  CONNECTION_LIMITS,
  limitServer,
  refuseConnection,
  serverOptions,
  type ConnectionLimits,
} from './connections.js';
import { sendProblem, toProblem } from './problem.filter.js';
import { escapePointer, ProblemError, type FieldError } from './problem.js';
import { traceRequests } from './tracing.js';

const COMMAND_BODY_LIMIT_BYTES = 1024 * 1024;
const CORRELATION_FORM = /^[\w.:/-]{1,128}$/;
/** No command nests deeper; recursion over a body stays far from the end of the stack. */
const MAX_BODY_DEPTH = 32;

declare module 'fastify' {
  interface FastifyInstance {
    /** Methods served at a path; empty where there is nothing. */
    methodsAt(path: string): readonly string[];
  }
}

/** How an app is reached. */
export interface Reached {
  /**
   * Addresses and networks whose `X-Forwarded-For` is believed: the address of a client is the last one in
   * it that is none of theirs. Of anybody else the header says nothing.
   */
  readonly trustedProxies?: readonly string[];
  readonly limits?: ConnectionLimits;
}

/** The Fastify adapter every app listens with: limits, correlation ids, our body parsers. */
export const fastifyAdapter = ({
  trustedProxies = [],
  limits = CONNECTION_LIMITS,
}: Reached = {}): FastifyAdapter => {
  const adapter = new FastifyAdapter({
    ...(trustedProxies.length > 0 && { trustProxy: [...trustedProxies] }),
    bodyLimit: COMMAND_BODY_LIMIT_BYTES,
    requestTimeout: limits.requestWithinMs,
    keepAliveTimeout: limits.idleForMs,
    connectionTimeout: limits.stalledForMs,
    http: serverOptions(limits),
    clientErrorHandler: refuseConnection,
    // On shutdown requests under way are answered, those that follow them on their connection too,
    // and idle connections are closed.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200 },
    genReqId: (request: IncomingMessage) => {
      const given = single(request.headers['x-correlation-id']);
      return given !== undefined && CORRELATION_FORM.test(given) ? given : randomUUID();
    },
    // Faults of the address are found before there is a route with an error handler.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(toProblem(error), request, reply),
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  fastify.addHook('onRoute', (route) => {
    if (isBulkRoute(route.config)) route.bodyLimit = BULK_BODY_LIMIT_BYTES;
  });
  traceRequests(fastify);
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-correlation-id', request.id);
    done(faultOfEnvelope(request));
  });
  fastify.setReplySerializer(toJson);
  limitServer(fastify.server, limits);
  closeConnectionsOnShutdown(fastify);
  rememberMethods(fastify);
  addBodyParsers(fastify);
  return adapter;
};

/**
 * A connection kept alive past its last answer would hold up the shutdown until it idles out, and one on
 * which no request ever came for as long as its sender likes.
 */
const closeConnectionsOnShutdown = (fastify: FastifyInstance): void => {
  let closing = false;
  const unused = new Set<Socket>();
  fastify.server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  fastify.server.on('request', ({ socket }: IncomingMessage) => unused.delete(socket));
  fastify.addHook('preClose', (done) => {
    closing = true;
    for (const socket of unused) socket.destroy();
    done();
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) void reply.header('connection', 'close');
    done(null, payload);
  });
};

const faultOfEnvelope = ({ url, headers }: FastifyRequest): ProblemError | undefined => {
  if (url.includes('%00')) {
    return new ProblemError(400, 'request/malformed', 'The address holds a NUL character');
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return undefined;
  const detail = 'Send the body without Content-Encoding';
  return new ProblemError(415, 'request/unsupported-media-type', detail);
};

/** Positions and revisions are bigint in code and decimal strings in JSON. */
const toJson = (payload: unknown): string => {
  try {
    return JSON.stringify(payload);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(payload, (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
  }
};

/** Fastify answers 404 to a method that is not served; the pattern of the routes tell 405 apart. */
const rememberMethods = (fastify: FastifyInstance): void => {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  fastify.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replaceAll(/:[^/]+/g, '[^/]+').replaceAll('*', '.*')}$`);
    const route = routes.get(url) ?? { pattern, methods: new Set() };
    for (const one of [method].flat()) route.methods.add(one);
    routes.set(url, route);
  });
  fastify.decorate('methodsAt', (path: string) =>
    [...routes.values()]
      .filter(({ pattern }) => pattern.test(path))
      .flatMap(({ methods }) => [...methods]),
  );
};

/** JSON is parsed (with a digest of the bytes for uploads); CSV is left as a stream. */
const addBodyParsers = (fastify: FastifyInstance): void => {
  const parseSafely = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (request, body, done) => {
      if (body.length === 0) return done(null, undefined);
      if (!isUtf8(body)) return done(malformed('The body is not UTF-8'));
      const text = body.toString('utf8');
      const isBulk = isBulkRoute(request.routeOptions.config);
      if (isBulk) {
        const digest = createHash('sha256').update(body).digest('hex');
        (request as unknown as DigestedRequest).bodyDigest = digest;
      }
      // The default parser handles what it says it does, prototype poisoning included.
      void parseSafely(request, text, (error, value: unknown) => {
        if (error) return done(malformed(whyNotJson(text)));
        // Lines are flat, so of an upload only text that may hold such characters is walked.
        if (isBulk && !MAY_HOLD_UNSTORABLE.test(text)) return done(null, value);
        const fault = faultIn(value, 0);
        done(fault ? unstorable(fault) : null, value);
      });
    },
  );
  fastify.addContentTypeParser('text/csv', (request, payload: Readable, done) => {
    if (!isBulkRoute(request.routeOptions.config)) {
      return done(new ProblemError(415, 'request/unsupported-media-type', 'Send JSON here'));
    }
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > BULK_BODY_LIMIT_BYTES) return done(tooLarge());
    done(null, payload);
  });
};

const malformed = (detail: string): ProblemError =>
  new ProblemError(400, 'request/malformed', detail);

const whyNotJson = (text: string): string => {
  try {
    JSON.parse(text);
    return 'The body names __proto__ or a constructor';
  } catch (error) {
    return `The body is not JSON: ${(error as Error).message}`;
  }
};

/** Escapes of NUL and of surrogates, which is how they get into JSON. */
const MAY_HOLD_UNSTORABLE = /\\u(?:0000|[dD][89a-fA-F])/;

interface Fault {
  /** From the inside out. */
  readonly path: string[];
  readonly code: string;
  readonly message: string;
}

/**
 * What JSON allows and nothing behind it can keep: PostgreSQL stores no U+0000, half a surrogate
 * pair is no character, and `1e999` is no number.
 */
const faultIn = (value: unknown, depth: number): Fault | undefined => {
  if (typeof value === 'string') return faultOfText(value);
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return undefined;
    return { path: [], code: 'number', message: 'The number is too large' };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === MAX_BODY_DEPTH) {
    return { path: [], code: 'depth', message: `Nested more than ${MAX_BODY_DEPTH} deep` };
  }
  for (const [key, item] of Object.entries(value)) {
    const fault = faultOfText(key) ?? faultIn(item, depth + 1);
    if (fault) return { ...fault, path: [...fault.path, key] };
  }
  return undefined;
};

const faultOfText = (text: string): Fault | undefined => {
  if (text.isWellFormed() && !text.includes('\0')) return undefined;
  return { path: [], code: 'text', message: 'NUL and halves of surrogate pairs are not text' };
};

const unstorable = ({ path, code, message }: Fault): ProblemError => {
  const pointer = path
    .map((key) => `/${escapePointer(key)}`)
    .reverse()
    .join('');
  const error: FieldError = { pointer, code, message };
  return new ProblemError(400, 'request/invalid', message, { errors: [error] });
};
