export {
  CLOUD_EVENT_TYPE_PREFIX,
  cloudEventOf,
  schemaPath,
  type CloudEvent,
} from './cloud-event.js';
export {
  EventFeed,
  type EventFeedOptions,
  type FeedLog,
  type FeedObserver,
  type FeedPage,
  type FeedParties,
} from './event-feed.js';
export { FeedEvent } from './feed-event.js';
export { INTERNAL_CATEGORIES, matcherOf, type FeedFilter, type Matcher } from './filter.js';
export {
  partiesOfRoom,
  PartyRules,
  type Parties,
  type PartyChange,
  type PartyRule,
  type RoomParties,
} from './parties.js';
export { PartiesQuery } from './read/parties-query.js';
export { partiesProjection, type StreamPartyRow } from './read/projection.js';
export {
  asyncApiDocument,
  channelMessages,
  registerAsyncApi,
  type AsyncApiPart,
} from './asyncapi.js';
export { FeedApiModule } from './feed.module.js';
export {
  eventCategories,
  eventSchemas,
  eventTypes,
  type EventSchema,
  type JsonSchema,
} from './schemas.js';
export { withoutSecrets } from './withheld.js';
