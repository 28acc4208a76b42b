import type { LogFeed, LogFeeds } from '../log-feed.js';
import { causeOf, isTracing, type SpanContext } from '../tracing.js';

/** Events whose spans are remembered; a cause that has been forgotten, as after a restart, costs a link. */
const REMEMBERED = 10_000;

/**
 * Which span appended an event, for what is done later because of it. To-do lists keep the id of the event
 * alone: traces are of passing interest, and tables are a function of what the log says for ever.
 */
export class Causes {
  private readonly spans = new Map<string, SpanContext>();

  of(eventId: string): readonly SpanContext[] {
    const span = this.spans.get(eventId);
    return span ? [span] : [];
  }

  /** The same feeds; what they hand out is remembered. */
  notedFrom(feeds: LogFeeds): LogFeeds {
    if (!isTracing()) return feeds;
    return { open: (options) => this.noting(feeds.open(options)) };
  }

  private noting(feed: LogFeed): LogFeed {
    return {
      next: async (maxEvents) => {
        const batch = await feed.next(maxEvents);
        for (const { id, metadata } of batch.events) {
          const span = causeOf(metadata);
          if (span) this.remember(id, span);
        }
        return batch;
      },
      close: () => feed.close(),
    };
  }

  private remember(eventId: string, span: SpanContext): void {
    this.spans.set(eventId, span);
    if (this.spans.size <= REMEMBERED) return;
    const [oldest] = this.spans.keys();
    this.spans.delete(oldest!);
  }
}
