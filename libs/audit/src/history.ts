import { Module, type DynamicModule } from '@nestjs/common';
import type { Projection } from '@hostledger/eventsourcing';
import type { PartyRules } from '@hostledger/feed';
import { CorrelationController } from './read/history/correlation-query.js';
import { HistoryEventController } from './read/history/event-query.js';
import { HistoryController } from './read/history/events-query.js';
import { auditPartiesProjection } from './read/history/parties-projection.js';
import { auditEventsProjection } from './read/history/projection.js';
import { HistorySearch } from './read/history/search.js';
import { HistoryStreamController } from './read/history/stream-query.js';

/** Who did what when, why, and in answer to what. Needs {@link HistoryModule}. */
export const history = {
  controllers: [
    HistoryController,
    HistoryEventController,
    HistoryStreamController,
    CorrelationController,
  ],
};

/** @param rules whom events concern, told by the rooms that write them. */
export const historyProjections = (rules: PartyRules): readonly Projection[] => [
  auditEventsProjection,
  auditPartiesProjection(rules),
];

/** What the routes of the history search with; the app knows the rules of all rooms. */
@Module({})
export class HistoryModule {
  static with(search: HistorySearch): DynamicModule {
    const providers = [{ provide: HistorySearch, useValue: search }];
    return { module: HistoryModule, global: true, providers, exports: providers };
  }
}
