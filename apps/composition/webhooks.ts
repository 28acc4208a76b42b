import { upcast } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { FeedEvent, PartiesQuery, type EventFeed } from '@hostledger/feed';
import {
  AddressGuard,
  DeliveryMetrics,
  listedWebhooks,
  networkOf,
  ProgressTable,
  RETRY_POLICY,
  WebhookDispatcher,
  WebhookKey,
  webhooksProjection,
  type WebhookSettings,
} from '@hostledger/webhooks';
import { feedParties, partyRules, upcasters } from './rooms.js';
import type { System } from './system.js';

/** What routes and deliveries have in common. */
export const webhookSettings = ({ config }: Pick<System, 'config'>): WebhookSettings => {
  const { webhookKey, webhookAllowedNetworks, eventSource } = config;
  return {
    key: webhookKey === undefined ? undefined : new WebhookKey(webhookKey),
    guard: new AddressGuard(webhookAllowedNetworks.map(networkOf)),
    source: eventSource,
  };
};

/** Delivers what the feed of the same process tells. */
export const webhookDispatcher = (system: System, feed: EventFeed): WebhookDispatcher => {
  const { aggregateStore, eventStore, database, metrics, logger } = system;
  const { key, guard, source } = webhookSettings(system);
  const parties = new PartiesQuery(
    partyRules,
    new ReadModels(database, { projections: [feedParties] }),
  );
  // By this one projection alone: no other that stops or is behind holds deliveries up.
  const readModels = new ReadModels(database, { projections: [webhooksProjection] });
  const deliveryMetrics = new DeliveryMetrics(metrics.registry);
  const dispatcher = new WebhookDispatcher({
    store: aggregateStore,
    database,
    progress: new ProgressTable(database),
    source: {
      follow: (after, options) => feed.follow(after, options),
      read: async (stream, revision) => {
        const [stored] = await eventStore.readStream(stream, revision, 1);
        if (stored?.revision !== revision) return undefined;
        const event = { ...stored, ...upcast(upcasters, stored) };
        const [concerned] = await parties.of([event]);
        return new FeedEvent(event, concerned!, source);
      },
    },
    list: () => listedWebhooks(readModels),
    head: () => eventStore.head(),
    key,
    guard,
    policy: RETRY_POLICY,
    observer: {
      attempted: (outcome, seconds) => deliveryMetrics.attempted(outcome, seconds),
      warned: (message, details) => logger.warn(details, message),
    },
  });
  deliveryMetrics.scrape(() => dispatcher.status());
  return dispatcher;
};
