import { createHash, randomUUID } from 'node:crypto';
import { ValidationPipe } from '@nestjs/common';
import { ModulesContainer, Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { ValidationError } from 'class-validator';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { single } from './act-context.js';
import { AUTHENTICATORS, DENIAL_OBSERVER, RoleGuard, type Authenticator } from './auth.js';
import { BULK_BODY_LIMIT_BYTES, isBulkRoute, tooLarge, type DigestedRequest } from './bulk.js';
import { Metrics } from './metrics.js';
import { ProblemFilter } from './problem.filter.js';
import { ProblemError, type FieldError } from './problem.js';
import { ReplyInterceptor } from './reply.js';

const COMMAND_BODY_LIMIT_BYTES = 1024 * 1024;
/** Time a slow client has for its whole request, and an idle connection before it is closed. */
const REQUEST_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_MS = 72_000;
const CORRELATION_FORM = /^[\w.:/-]{1,128}$/;

export interface HttpOptions {
  /** Requests a minute for one token (or address, without one); 0 lifts the limit. */
  readonly requestsPerMinute: number;
}

/** The Fastify adapter every app listens with: limits, correlation ids, our body parsers. */
export const fastifyAdapter = (): FastifyAdapter => {
  const adapter = new FastifyAdapter({
    bodyLimit: COMMAND_BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // In-flight requests are answered and idle connections closed on shutdown.
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    genReqId: (request: IncomingMessage) => {
      const given = single(request.headers['x-correlation-id']);
      return given !== undefined && CORRELATION_FORM.test(given) ? given : randomUUID();
    },
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  fastify.addHook('onRoute', (route) => {
    if (isBulkRoute(route.config)) route.bodyLimit = BULK_BODY_LIMIT_BYTES;
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-correlation-id', request.id);
    done();
  });
  addBodyParsers(fastify);
  return adapter;
};

/** JSON is parsed (with a digest of the bytes for uploads); CSV is left as a stream. */
const addBodyParsers = (fastify: FastifyInstance): void => {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (request, body, done) => {
      if (isBulkRoute(request.routeOptions.config)) {
        const digest = createHash('sha256').update(body).digest('hex');
        (request as unknown as DigestedRequest).bodyDigest = digest;
      }
      if (body.length === 0) return done(null, undefined);
      // The default parser handles what it says it does, prototype poisoning included.
      void parseJson(request, body.toString('utf8'), done);
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

/** Everything that holds for every route; before `listen` or `init`. */
export const configureHttp = async (
  app: NestFastifyApplication,
  options: HttpOptions,
): Promise<void> => {
  app.setGlobalPrefix('v1', {
    exclude: ['health/live', 'health/ready', 'metrics', 'problems', 'openapi.json', 'docs'],
  });
  app.useGlobalPipes(
    new ValidationPipe({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      stopAtFirstError: false,
      exceptionFactory: (errors) => invalidBody(errors),
    }),
  );
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalInterceptors(new ReplyInterceptor());
  app.useGlobalGuards(
    new RoleGuard(
      app.get(Reflector),
      app.get<readonly Authenticator[]>(AUTHENTICATORS),
      app.get<(code: string) => void>(DENIAL_OBSERVER),
    ),
  );
  const fastify = app.getHttpAdapter().getInstance();
  await fastify.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        // Swagger UI brings inline styles and images as data.
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'upgrade-insecure-requests': null,
      },
    },
  });
  if (options.requestsPerMinute > 0) {
    await fastify.register(rateLimit, {
      max: options.requestsPerMinute,
      timeWindow: '1 minute',
      keyGenerator: rateKey,
      allowList: (request) => request.url.startsWith('/health/'),
      errorResponseBuilder: (_request, { after }) =>
        new ProblemError(429, 'request/too-many', `Too many requests; try again in ${after}`),
    });
  }
  countRequests(app, fastify);
};

/** Apps have {@link Metrics}; the spec of a room's routes does without. */
const countRequests = (app: NestFastifyApplication, fastify: FastifyInstance): void => {
  const modules = [...app.get(ModulesContainer).values()];
  if (!modules.some(({ providers }) => providers.has(Metrics))) return;
  const metrics = app.get(Metrics);
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.requestServed(route, request.method, reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
};

/** A token's own budget; the token itself is not kept. */
const rateKey = (request: FastifyRequest): string => {
  const { authorization } = request.headers;
  return authorization ? createHash('sha256').update(authorization).digest('base64') : request.ip;
};

const invalidBody = (errors: readonly ValidationError[]): ProblemError => {
  const fields = errors.flatMap((error) => fieldErrors(error, ''));
  const detail = fields.map(({ message }) => message).join('; ');
  return new ProblemError(400, 'request/invalid', detail, { errors: fields });
};

const fieldErrors = (error: ValidationError, parent: string): FieldError[] => {
  const pointer = `${parent}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const own = Object.entries(error.constraints ?? {}).map(([code, message]) => ({
    pointer,
    code: code === 'whitelistValidation' ? 'unknownField' : code,
    message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, pointer))];
};
