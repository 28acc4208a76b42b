import type { LogBatch, LogFeed } from '../log-feed.js';
import type { RecordedEvent } from '../message.js';

/** Events taken from the feed at once, at most. */
const TAKE_EVENTS = 20_000;

/**
 * Takes events from a feed while the batch before is being applied. So a batch is whatever has
 * come in the meantime: small and prompt while live, large and cheap per event behind the log.
 */
export class Intake {
  private events: RecordedEvent[] = [];
  private reached: Omit<LogBatch, 'events'> | undefined;
  private failure: { readonly error: unknown } | undefined;
  private wakeConsumer = (): void => undefined;
  private wakeProducer = (): void => undefined;

  constructor(
    private readonly feed: LogFeed,
    private readonly maxEvents: number,
  ) {
    void this.pump();
  }

  /**
   * All that has come since the last call; waits for something, and short of the end of the log so
   * long for more. Rejects as the feed does.
   */
  async take(gatherMs: number): Promise<LogBatch> {
    const until = performance.now() + gatherMs;
    for (;;) {
      if (this.failure) throw this.failure.error;
      const { reached } = this;
      const leftMs = until - performance.now();
      const enough = reached?.caughtUp || this.events.length >= this.maxEvents || leftMs <= 0;
      if (reached && enough) return this.handOut(reached);
      await this.arrival(reached ? leftMs : undefined);
    }
  }

  private handOut(reached: Omit<LogBatch, 'events'>): LogBatch {
    const batch = { events: this.events, ...reached };
    this.events = [];
    this.reached = undefined;
    this.wakeProducer();
    return batch;
  }

  private arrival(withinMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = withinMs === undefined ? undefined : setTimeout(resolve, withinMs);
      this.wakeConsumer = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async pump(): Promise<void> {
    try {
      for (;;) {
        const room = this.maxEvents - this.events.length;
        if (room <= 0) {
          await new Promise<void>((resolve) => (this.wakeProducer = resolve));
          continue;
        }
        const { events, position, caughtUp } = await this.feed.next(Math.min(room, TAKE_EVENTS));
        for (const event of events) this.events.push(event);
        this.reached = { position, caughtUp };
        this.wakeConsumer();
      }
    } catch (error) {
      this.failure = { error };
      this.wakeConsumer();
    }
  }
}
