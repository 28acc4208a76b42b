import { Global, Module, type DynamicModule } from '@nestjs/common';
import { EventFeed } from './event-feed.js';
import { AsyncApiController } from './http/asyncapi-route.js';
import { EventsController } from './http/events-route.js';
import './http/problems.js';
import { SchemasController } from './http/schemas-route.js';

/** The routes of the feed; the app provides the feed, the store and the metrics. */
@Global()
@Module({})
export class FeedApiModule {
  static with(feed: EventFeed): DynamicModule {
    return {
      module: FeedApiModule,
      controllers: [EventsController, SchemasController, AsyncApiController],
      providers: [{ provide: EventFeed, useValue: feed }],
      exports: [EventFeed],
    };
  }
}
