import type { ModuleMetadata } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  AUTHENTICATORS,
  configureHttp,
  DENIAL_OBSERVER,
  fastifyAdapter,
  type Authenticator,
  type DenialObserver,
  type Role,
} from '@hostledger/http';

/** Whoever comes is `ada`, and the token is her role. */
const tokenIsRole: Authenticator = {
  authenticate: (token) => Promise.resolve({ subject: 'ada', roles: [token as Role] }),
};

/** Routes as the API serves them, ready for `inject`; with no limit on requests and no log. */
export const servedRoutes = async (
  { providers = [], ...module }: ModuleMetadata,
  authenticator = tokenIsRole,
  denied: DenialObserver = () => undefined,
): Promise<NestFastifyApplication> => {
  const built = await Test.createTestingModule({
    ...module,
    providers: [
      ...providers,
      { provide: AUTHENTICATORS, useValue: [authenticator] },
      { provide: DENIAL_OBSERVER, useValue: denied },
    ],
  }).compile();
  const app = built.createNestApplication<NestFastifyApplication>(fastifyAdapter(), {
    bodyParser: false,
    logger: false,
  });
  await configureHttp(app, { requestsPerMinute: 0 });
  await app.init();
  return app;
};

export { AUDIENCE, handmade, OidcIssuer, type SigningKey, type Written } from './issuer.js';
