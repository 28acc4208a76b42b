import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditCatalogueModule, notaryRefusal } from '@hostledger/audit';
import { IssuerModule } from '@hostledger/billing';
import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { HistoryModule } from '@hostledger/audit';
import { AccessDenialsModule, DenialLog } from '@hostledger/access';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import { ReadModels, type Progress } from '@hostledger/eventsourcing/postgres';
import { FeedApiModule } from '@hostledger/feed';
import {
  configureHttp,
  fastifyAdapter,
  HttpModule,
  serveOpenApi,
  type ReadinessProbe,
} from '@hostledger/http';
import { FurtherRefusalsModule } from '@hostledger/projections';
import { WebhooksApiModule } from '@hostledger/webhooks';
import { Logger } from 'nestjs-pino';
import { authenticatorsOf } from '../../composition/authenticators.js';
import { openEventFeed } from '../../composition/feed.js';
import { openHistory } from '../../composition/history.js';
import {
  apiModules,
  auditCatalogue,
  READ_MODELS,
  readModelProjections,
} from '../../composition/rooms.js';
import type { System } from '../../composition/system.js';
import { webhookSettings } from '../../composition/webhooks.js';

@Module({})
class ApiModule {}

/**
 * The HTTP side: commands in, read models out. Stateless, so any number of them may run.
 *
 * @param progress of the read models' runner where it is in the same process, which spares polling.
 */
export const createApi = async (
  system: System,
  readiness: readonly ReadinessProbe[],
  progress?: Progress,
): Promise<NestFastifyApplication> => {
  const { config, metrics, eventStore, aggregateStore, database } = system;
  const readModels = new ReadModels(database, {
    projections: readModelProjections,
    log: eventStore,
    ...(progress && { progress }),
  });
  const denialLog = new DenialLog(aggregateStore);
  const imports = [
    CqrsModule.forRoot(),
    EventSourcingModule.with({ aggregateStore, eventStore, readModels }),
    HttpModule.with({
      authenticators: authenticatorsOf(system),
      readiness,
      metrics,
      denied: (denial) => denialLog.note(denial),
      logLevel: config.logLevel,
      noop: config.benchNoop,
    }),
    AccessDenialsModule.with(denialLog),
    FeedApiModule.with(openEventFeed(system)),
    WebhooksApiModule.with(webhookSettings(system)),
    IssuerModule.with(config.issuer),
    HistoryModule.with(openHistory(system)),
    AuditCatalogueModule.with(auditCatalogue),
    FurtherRefusalsModule.with(async () => {
      const refusal = await notaryRefusal(database);
      return new Map(refusal === undefined ? [] : [[READ_MODELS, refusal]]);
    }),
    ...apiModules,
  ];
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: ApiModule, imports },
    fastifyAdapter({ trustedProxies: config.trustedProxies }),
    { logger: ['warn', 'error', 'fatal'], bodyParser: false },
  );
  await configureHttp(app, config);
  serveOpenApi(app);
  await app.init();
  // Only now: the list of all routes at every start helps nobody.
  app.useLogger(app.get(Logger));
  return app;
};
