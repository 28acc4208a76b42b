export { EventStore, MAX_APPEND_BYTES, MAX_EVENT_BYTES, type EventStoreOptions } from './store.js';
export { EventStoreFeeds, FeedClosed } from './subscription.js';
