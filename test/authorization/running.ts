import { loadConfig } from '@hostledger/config';
import {
  AUTHENTICATORS,
  Metrics,
  allowedRoles,
  openApiDocument,
  routesOf,
  type Authenticator,
  type Principal,
} from '@hostledger/http';
import { embeddedDatabase, Home, readModelsOf } from '@hostledger/testing';
import pino from 'pino';
import { ModulesContainer, Reflector } from '@nestjs/core';
import { createApi } from '../../apps/api/src/api.js';
import { readModelProjections } from '../../apps/composition/rooms.js';
import { appendTo, foundCompany } from './company.js';

// The whole API over the wire, with its read models filled, asked by whoever it is.

export interface Operation {
  readonly method: 'GET' | 'POST';
  /** @example /v1/contracts/{contractId} */
  readonly path: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Running {
  readonly operations: readonly Operation[];
  /** Routes that the document does not tell of, and that are not open to everybody. */
  readonly untold: readonly string[];
  readonly home: Home;
  readonly ask: (
    method: string,
    url: string,
    by: Principal | undefined,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

type Close = () => Promise<void>;

/** What was opened is closed again where the API does not start. */
export const run = async (): Promise<Running> => {
  const opened: Close[] = [];
  const close: Close = async () => {
    for (const one of opened.splice(0).reverse()) await one();
  };
  try {
    return { ...(await open(opened)), close };
  } catch (error) {
    await close();
    throw error;
  }
};

const open = async (opened: Close[]): Promise<Omit<Running, 'close'>> => {
  const home = await Home.open();
  opened.push(() => home.close());
  await foundCompany(appendTo(home.events));
  const shared = await embeddedDatabase();
  opened.push(() => shared.close());
  const filled = await readModelsOf(readModelProjections, await home.log(), shared);
  opened.push(() => filled.close());
  const system = {
    config: loadConfig({
      LOG_LEVEL: 'silent',
      RATE_LIMIT_PER_MINUTE: '0',
      WEBHOOK_KEY: Buffer.alloc(32, 7).toString('base64'),
    }),
    logger: pino({ level: 'silent' }),
    metrics: new Metrics(),
    eventStore: home.events,
    aggregateStore: home.process(),
    database: shared.database,
    nodeEndpoint: undefined,
    close: () => Promise.resolve(),
  };
  const app = await createApi(system, []);
  opened.push(() => app.close());
  // Tokens are somebody else's subject: here each says whose it is.
  const byName: Authenticator = {
    authenticate: (token) =>
      Promise.resolve(JSON.parse(Buffer.from(token, 'base64url').toString()) as Principal),
  };
  app.get<Authenticator[]>(AUTHENTICATORS).unshift(byName);
  await app.listen(0, '127.0.0.1');
  const origin = await app.getUrl();
  const { paths } = openApiDocument(app);
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    (['get', 'post', 'put', 'patch', 'delete'] as const)
      .filter((method) => item[method])
      .map((method): Operation => ({ method: method.toUpperCase() as 'GET', path })),
  );
  const ids = new Set(
    Object.values(paths).flatMap(({ get, post }) => [get?.operationId, post?.operationId]),
  );
  const reflector = app.get(Reflector);
  const untold = routesOf(app.get(ModulesContainer))
    .filter(
      ({ controller, handler }) => allowedRoles(reflector, [handler, controller]) !== 'public',
    )
    .map(({ controller, name }) => `${controller.name.replace(/Controller$/, '')}_${name}`)
    .filter((id) => !ids.has(id));
  return {
    operations,
    untold,
    home,
    ask: async (method, url, by, headers = {}) => {
      const token = by && Buffer.from(JSON.stringify(by)).toString('base64url');
      const ended = new AbortController();
      const answer = await fetch(`${origin}${url}`, {
        method,
        signal: ended.signal,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(method !== 'GET' && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(method !== 'GET' && { body: '{}' }),
      });
      const { status } = answer;
      // Streams of events go on until somebody ends them.
      if (answer.headers.get('content-type')?.startsWith('text/event-stream')) {
        ended.abort();
        return { status, text: '' };
      }
      return { status, text: await answer.text() };
    },
  };
};
