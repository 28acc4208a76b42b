import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessTokenAuthenticator } from '@hostledger/access';
import { configureHttp, fastifyAdapter, HttpModule, type ReadinessProbe } from '@hostledger/http';
import { Logger } from 'nestjs-pino';
import type { System } from '../../composition/system.js';

@Module({})
class WorkerModule {}

/** Health and metrics of a worker process, on `WORKER_PORT`. */
export const listenForOperators = async (
  { config, metrics, aggregateStore }: System,
  readiness: readonly ReadinessProbe[],
): Promise<NestFastifyApplication> => {
  const http = HttpModule.with({
    authenticators: [new AccessTokenAuthenticator(aggregateStore)],
    readiness,
    metrics,
    logLevel: config.logLevel,
    noop: false,
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: WorkerModule, imports: [http] },
    fastifyAdapter(),
    { logger: ['warn', 'error', 'fatal'], bodyParser: false },
  );
  await configureHttp(app, config);
  await app.init();
  app.useLogger(app.get(Logger));
  await app.listen(config.workerPort, config.host);
  return app;
};
