import { EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { EventFeed, PartiesQuery } from '@hostledger/feed';
import { feedParties, partyRules, upcasters } from './rooms.js';
import type { System } from './system.js';

/** The event feed of a process: of the API for its readers. */
export const openEventFeed = ({
  config,
  eventStore,
  database,
  metrics,
  logger,
}: System): EventFeed =>
  new EventFeed({
    log: eventStore,
    feeds: new EventStoreFeeds(eventStore, metrics),
    // By this one projection alone: no other that stops or is behind holds the feed up.
    parties: new PartiesQuery(partyRules, new ReadModels(database, { projections: [feedParties] })),
    source: config.eventSource,
    upcasters,
    observer: {
      fellBehind: () => metrics.feedFault('fellBehind'),
      heldUp: (err) => {
        metrics.feedFault('heldUp');
        logger.warn({ err }, 'The event feed waits');
      },
    },
  });
