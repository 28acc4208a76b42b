import { Writable } from 'node:stream';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Logger } from 'nestjs-pino';
import { keepLog } from '@hostledger/testing';
import {
  configureHttp,
  fastifyAdapter,
  HttpModule,
  Metrics,
  type Authenticator,
  type ConnectionLimits,
  type Principal,
  type ReadinessProbe,
} from './index.js';

/** An app of the given routes that listens on a free port, with its log lines and metrics. */
export interface ListeningApp {
  readonly app: NestFastifyApplication;
  readonly origin: string;
  readonly metrics: Metrics;
  /** What was logged, oldest first. */
  readonly log: Record<string, unknown>[];
  /** The log as it was written. */
  readonly logText: () => string;
}

const principals: Readonly<Record<string, Principal>> = {
  op: { subject: 'ana', roles: ['operator'] },
  op2: { subject: 'ben', roles: ['operator'] },
  aud: { subject: 'joe', roles: ['auditor'] },
  adm: { subject: 'root', roles: ['admin'] },
};

/** One log for all apps of a file: nestjs-pino keeps the logger of the first for the process. */
let logText = '';
const logTo = new Writable({
  write(line: Buffer, _encoding, done) {
    logText += line.toString('utf8');
    keepLog('http', line.toString('utf8'));
    done();
  },
});

export const listen = async (
  controllers: readonly Type[],
  options: {
    readonly requestsPerMinute?: number;
    readonly trustedProxies?: readonly string[];
    readonly readiness?: readonly ReadinessProbe[];
    readonly authenticate?: Authenticator['authenticate'];
    readonly limits?: ConnectionLimits;
  } = {},
): Promise<ListeningApp> => {
  const metrics = new Metrics();
  const logBegin = logText.length;
  const authenticate = (token: string) => Promise.resolve(principals[token]);
  const http = HttpModule.with({
    authenticators: [{ authenticate: options.authenticate ?? authenticate }],
    readiness: options.readiness ?? [],
    metrics,
    logLevel: 'info',
    logTo,
    noop: true,
  });
  const built = await Test.createTestingModule({
    imports: [http],
    controllers: [...controllers],
  }).compile();
  const app = built.createNestApplication<NestFastifyApplication>(
    fastifyAdapter({
      ...(options.trustedProxies && { trustedProxies: options.trustedProxies }),
      ...(options.limits && { limits: options.limits }),
    }),
    { bodyParser: false, bufferLogs: true },
  );
  app.useLogger(app.get(Logger));
  await configureHttp(app, { requestsPerMinute: options.requestsPerMinute ?? 0 });
  await app.listen(0, '127.0.0.1');
  const origin = await app.getUrl();
  return {
    app,
    origin,
    metrics,
    get log() {
      const lines = logText
        .slice(logBegin)
        .split('\n')
        .filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    logText: () => logText.slice(logBegin),
  };
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** Sends a request over the wire, as the operator `op` unless said otherwise. */
export const send = async (
  origin: string,
  method: string,
  path: string,
  sent: {
    readonly token?: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** Objects go as JSON, text as it is with the content type given. */
    readonly body?: object | string | Uint8Array;
    readonly type?: string;
  } = {},
): Promise<Answer> => {
  const { token = 'op', headers, body, type = 'application/json' } = sent;
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`${origin}${path}`, {
    method,
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
  const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: response.status, headers: response.headers, text, json };
};
