export { MAX_APPEND_BYTES, MAX_EVENT_BYTES } from './append-size.js';
export { EventStore, type EventStoreOptions } from './store.js';
export { EventStoreFeeds, FeedClosed } from './subscription.js';
export { readSystemEvents, type SystemEvent, type SystemEventsRead } from './system-events.js';
