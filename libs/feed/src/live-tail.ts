import type { LogFeed, RecordedEvent } from '@hostledger/eventsourcing';
import type { FeedEvent } from './feed-event.js';

export interface LiveTailOptions {
  /** Position after which it begins. */
  readonly from: bigint;
  readonly subscription: LogFeed;
  /** Makes events ready for readers; waits for as long as that takes, until closed. */
  readonly prepare: (
    events: readonly RecordedEvent[],
    closed: AbortSignal,
  ) => Promise<readonly FeedEvent[]>;
  /** Bounds of what is held for readers, by number and by characters of JSON. */
  readonly maxEvents: number;
  readonly maxCharacters: number;
  readonly signOfLifeMs: number;
  readonly onFault: (error: unknown) => void;
}

/** Events taken from the subscription at once. */
const BATCH_EVENTS = 500;

/**
 * The last events of the log, for all readers together: one subscription, one serialisation. The
 * oldest are dropped whether or not everybody has read them, so that it never holds more than its
 * bounds; who was too slow goes back to the log.
 */
export class LiveTail {
  private events: FeedEvent[] = [];
  private characters = 0;
  /** Every event after this position, up to {@link reached}, is held. */
  private oldest: bigint;
  private newest: bigint;
  private signsOfLife = 0;
  private readonly waiting = new Set<() => void>();
  private readonly closing = new AbortController();
  private readonly heart: NodeJS.Timeout;
  private readonly pumping: Promise<void>;

  constructor(private readonly options: LiveTailOptions) {
    this.oldest = options.from;
    this.newest = options.from;
    this.heart = setInterval(() => {
      this.signsOfLife += 1;
      this.wake();
    }, options.signOfLifeMs);
    this.heart.unref();
    this.pumping = this.pump();
  }

  /** Everything up to here has come in. */
  get reached(): bigint {
    return this.newest;
  }

  /** Counts up at regular intervals: a reader that sees another number says that it is alive. */
  get beat(): number {
    return this.signsOfLife;
  }

  get ended(): boolean {
    return this.closing.signal.aborted;
  }

  get held(): number {
    return this.events.length;
  }

  /** Whether nothing after the position has been dropped. */
  covers(position: bigint): boolean {
    return position >= this.oldest;
  }

  /** The next events after a covered position, and the position they reach. */
  after(position: bigint, maxEvents: number): { events: readonly FeedEvent[]; position: bigint } {
    const first = firstAfter(this.events, position);
    const events = this.events.slice(first, first + maxEvents);
    const all = first + events.length === this.events.length;
    return { events, position: all ? this.newest : events.at(-1)!.recorded.position };
  }

  /** Something new, a sign of life, the end of this tail or of the reader. */
  async news(reader: AbortSignal): Promise<void> {
    if (this.closing.signal.aborted || reader.aborted) return;
    await new Promise<void>((resolve) => {
      const heard = (): void => {
        this.waiting.delete(heard);
        reader.removeEventListener('abort', heard);
        resolve();
      };
      this.waiting.add(heard);
      reader.addEventListener('abort', heard, { once: true });
    });
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearInterval(this.heart);
    this.wake();
    await this.options.subscription.close();
    await this.pumping;
  }

  private async pump(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      try {
        const batch = await this.options.subscription.next(BATCH_EVENTS);
        const events = await this.options.prepare(batch.events, signal);
        if (!signal.aborted) this.take(events, batch.position);
      } catch (error) {
        // A closed subscription rejects; one that is open reopens itself and never does.
        if (!signal.aborted) this.options.onFault(error);
        return;
      }
    }
  }

  private take(events: readonly FeedEvent[], position: bigint): void {
    const { maxEvents, maxCharacters } = this.options;
    for (const event of events) {
      this.events.push(event);
      this.characters += event.json.length;
    }
    let dropped = 0;
    while (this.events.length - dropped > maxEvents || this.characters > maxCharacters) {
      const { json, recorded } = this.events[dropped]!;
      this.characters -= json.length;
      this.oldest = recorded.position;
      dropped += 1;
    }
    if (dropped > 0) this.events.splice(0, dropped);
    this.newest = position;
    this.wake();
  }

  private wake(): void {
    for (const heard of [...this.waiting]) heard();
  }
}

/** Index of the first event after the position, by bisection. */
const firstAfter = (events: readonly FeedEvent[], position: bigint): number => {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (events[middle]!.recorded.position > position) high = middle;
    else low = middle + 1;
  }
  return low;
};
