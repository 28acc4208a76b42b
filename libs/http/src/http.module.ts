import type { IncomingMessage } from 'node:http';
import { Module, RequestMethod, type DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import type { DestinationStream } from 'pino';
import { isTracing, logFieldsOfTrace } from '@hostledger/eventsourcing';
import {
  AUTHENTICATORS,
  DENIAL_OBSERVER,
  type Authenticator,
  type DenialObserver,
} from './auth.js';
import { guarded, logDestination } from './log-destination.js';
import { Metrics } from './metrics.js';
import { traceFieldsOf } from './tracing.js';
import {
  HealthController,
  MetricsController,
  NoopController,
  partsOf,
  ProblemsController,
  READINESS,
  type ReadinessProbe,
} from './operations.controllers.js';

export interface HttpModuleOptions {
  readonly authenticators: readonly Authenticator[];
  readonly readiness: readonly ReadinessProbe[];
  readonly metrics: Metrics;
  /** Told of every denied request, beside the count. */
  readonly denied?: DenialObserver;
  readonly logLevel: string;
  readonly noop: boolean;
  /** Where log lines go; standard output unless said otherwise. */
  readonly logTo?: DestinationStream;
}

/** Health, metrics, the problem catalogue and structured request logs of an app. */
@Module({})
export class HttpModule {
  static with(options: HttpModuleOptions): DynamicModule {
    const { authenticators, readiness, metrics, logLevel, noop, logTo } = options;
    const denied: DenialObserver = (denial) => {
      metrics.denied(denial.code);
      options.denied?.(denial);
    };
    metrics.scrapeReadiness(async () =>
      (await partsOf(readiness)).map(({ name, status }) => ({ name, isReady: status === 'ok' })),
    );
    return {
      module: HttpModule,
      global: true,
      imports: [requestLogging(logLevel, logTo ? guarded(logTo) : logDestination())],
      controllers: [
        HealthController,
        MetricsController,
        ProblemsController,
        ...(noop ? [NoopController] : []),
      ],
      providers: [
        { provide: AUTHENTICATORS, useValue: authenticators },
        { provide: DENIAL_OBSERVER, useValue: denied },
        { provide: READINESS, useValue: readiness },
        { provide: Metrics, useValue: metrics },
      ],
      exports: [AUTHENTICATORS, DENIAL_OBSERVER, Metrics],
    };
  }
}

/** One line a request, with its correlation id and never a token. */
const requestLogging = (level: string, stream: DestinationStream): DynamicModule =>
  LoggerModule.forRoot({
    // The default route of nestjs-pino never matches on this adapter and logs nothing.
    forRoutes: [{ path: '*splat', method: RequestMethod.ALL }],
    pinoHttp: {
      level,
      stream,
      ...(isTracing() && { mixin: () => logFieldsOfTrace(), customProps: traceFieldsOf }),
      quietReqLogger: true,
      customAttributeKeys: { reqId: 'correlationId' },
      customLogLevel: (_request, response, error) =>
        error || response.statusCode >= 500 ? 'error' : 'info',
      autoLogging: {
        // A middleware sees the address without the part that its own route matched.
        ignore: (request: IncomingMessage & { readonly originalUrl?: string }) =>
          request.originalUrl?.startsWith('/health/') === true,
      },
      serializers: {
        req: ({ id, method, url }: { id: string; method: string; url: string }) => ({
          id,
          method,
          url,
        }),
        res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
      },
    },
  });
