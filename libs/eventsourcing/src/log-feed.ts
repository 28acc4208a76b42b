import type { RecordedEvent } from './message.js';

/** What a feed hands out at once. */
export interface LogBatch {
  readonly events: readonly RecordedEvent[];
  /** Everything of interest up to here has been handed out; may lie past the last event. */
  readonly position: bigint;
  /** The log held nothing more when this was handed out. */
  readonly caughtUp: boolean;
}

/** A catch-up subscription that never ends by itself: it is reopened on every fault. */
export interface LogFeed {
  /**
   * The next events in `$all` order, at most `maxEvents`; waits for news of the log. Without events
   * it tells of a position passed by the filter, or that the end of the log was reached. Rejects with an `AbortError` once closed.
   */
  next(maxEvents: number): Promise<LogBatch>;
  close(): Promise<void>;
}

export interface LogFeeds {
  /**
   * @param options.from position after which to begin; 0 is the start of the log.
   * @param options.eventTypes only these types; all but system events when absent.
   * @param options.beforeReopening called before the feed goes on after a fault of the log; what it
   *   rejects with ends the feed, unless it is `StoreUnavailable`.
   */
  open(options: {
    readonly name: string;
    readonly from: bigint;
    readonly eventTypes?: readonly string[];
    readonly beforeReopening?: () => Promise<void>;
  }): LogFeed;
}
