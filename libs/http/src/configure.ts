import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { ModulesContainer, Reflector } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import {
  AUTHENTICATORS,
  DENIAL_OBSERVER,
  requireDecisions,
  RoleGuard,
  TokenGate,
  type AuthenticatedRequest,
  type Authenticator,
  type DenialObserver,
  type OwnerLookup,
} from './auth.js';
import { Metrics } from './metrics.js';
import { ProblemFilter } from './problem.filter.js';
import { ReplyInterceptor, ScopeInterceptor } from './reply.js';
import { validationPipes } from './validation.js';

export interface HttpOptions {
  /** Requests a minute of one subject (of one address, without a good token); 0 lifts the limit. */
  readonly requestsPerMinute: number;
}

/** Counted at once; whose count is the oldest beyond that begins anew. */
const MAX_BUDGETS = 100_000;

/** Everything that holds for every route; before `listen` or `init`. */
export const configureHttp = async (
  app: NestFastifyApplication,
  options: HttpOptions,
): Promise<void> => {
  app.setGlobalPrefix('v1', {
    exclude: [
      'health/live',
      'health/ready',
      'metrics',
      'problems',
      'problems/:room/:rule',
      'asyncapi.json',
    ],
  });
  app.useGlobalPipes(...validationPipes());
  app.useGlobalFilters(new ProblemFilter());
  const reflector = app.get(Reflector);
  app.useGlobalInterceptors(new ScopeInterceptor(reflector), new ReplyInterceptor());
  requireDecisions(reflector, app.get(ModulesContainer));
  const gate = new TokenGate(
    app.get<readonly Authenticator[]>(AUTHENTICATORS),
    app.get<DenialObserver>(DENIAL_OBSERVER),
  );
  app.useGlobalGuards(new RoleGuard(reflector, gate, ownerLookup(app)));
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
      cache: MAX_BUDGETS,
      keyGenerator: (request) => gate.budgetOf(request),
      allowList: (request) => request.url.startsWith('/health/'),
      errorResponseBuilder: (request, { after }) => gate.tooMany(request, after),
    });
  }
  const charge = options.requestsPerMinute > 0 ? fastify.createRateLimit() : undefined;
  // After the rate limit, so that wrong tokens are limited too.
  fastify.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/v1/')) return;
    const authenticate = async (request: AuthenticatedRequest): Promise<void> => {
      const charged = gate.budgetOf(request);
      await gate.principalOf(request);
      // The first request of a token went to its address: the subject pays too, or whoever takes a new
      // token for each request would have no limit but that.
      if (!charge || gate.budgetOf(request) === charged) return;
      const limit = await charge(request);
      if (limit.isAllowed || !limit.isExceeded) return;
      throw gate.tooMany(request, `${limit.ttlInSeconds} seconds`, limit.ttlInSeconds);
    };
    route.onRequest = [...[route.onRequest ?? []].flat(), authenticate];
  });
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

/** Of the read models, where they are; loaded for the first who is limited to customers. */
const ownerLookup =
  (app: NestFastifyApplication): OwnerLookup =>
  async (of, id, at) => {
    const { ReadModels } = await import('@hostledger/eventsourcing/postgres');
    const readModels = app.get(ReadModels, { strict: false });
    const { value } = await readModels.read<never, readonly string[]>(at, (db) =>
      of.customersOf(db, id),
    );
    return value;
  };
