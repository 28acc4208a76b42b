import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { configureHttp, fastifyAdapter, HttpModule, type ReadinessProbe } from '@hostledger/http';
import { Logger } from 'nestjs-pino';
import { authenticatorsOf } from '../../composition/authenticators.js';
import type { System } from '../../composition/system.js';

@Module({})
class WorkerModule {}

/** Health and metrics of a worker process, on `WORKER_PORT`. */
export const listenForOperators = async (
  system: System,
  readiness: readonly ReadinessProbe[],
): Promise<NestFastifyApplication> => {
  const { config, metrics } = system;
  const http = HttpModule.with({
    authenticators: authenticatorsOf(system),
    readiness,
    metrics,
    logLevel: config.logLevel,
    noop: false,
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: WorkerModule, imports: [http] },
    fastifyAdapter({ trustedProxies: config.trustedProxies }),
    { logger: ['warn', 'error', 'fatal'], bodyParser: false },
  );
  await configureHttp(app, config);
  await app.init();
  app.useLogger(app.get(Logger));
  await app.listen(config.workerPort, config.host);
  return app;
};
