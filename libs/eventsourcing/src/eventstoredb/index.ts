export { EventStore, MAX_APPEND_BYTES, MAX_EVENT_BYTES, type EventStoreOptions } from './store.js';
export { EventStoreFeeds, FeedClosed } from './subscription.js';
export { readSystemEvents, type SystemEvent, type SystemEventsRead } from './system-events.js';
