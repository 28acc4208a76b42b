import { setTimeout as sleep } from 'node:timers/promises';
import type { LogFeed, RecordedEvent } from '@hostledger/eventsourcing';
import type { FeedEvent } from './feed-event.js';
import type { Matcher } from './filter.js';

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
  /** What comes within so long after a batch is told together with what else comes by then. */
  readonly gatherMs: () => number;
  readonly onFault: (error: unknown) => void;
}

/** Events taken from the subscription at once. */
const BATCH_EVENTS = 500;
/** Events that a reader is given at once. */
const SLICE_EVENTS = 256;

/** The part of a tail that one reader, and all that stand where it does, are given next. */
export interface Slice {
  readonly events: readonly FeedEvent[];
  readonly position: bigint;
}

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
  /** Given out since the last batch: readers in step share the very same list. */
  private readonly slices = new Map<string, Slice>();
  private waiting = new Map<AbortSignal, () => void>();
  /** Readers whose leaving is heard: listening anew for every wait would cost as much as a write. */
  private readonly heard = new WeakSet<AbortSignal>();
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

  /** What matches of the next events after a covered position, and the position they reach. */
  after(position: bigint, matcher: Matcher): Slice {
    const key = `${position} ${matcher.key}`;
    let slice = this.slices.get(key);
    if (!slice) {
      slice = this.cut(position, matcher);
      this.slices.set(key, slice);
    }
    return slice;
  }

  private cut(position: bigint, matcher: Matcher): Slice {
    const first = firstAfter(this.events, position);
    const next = this.events.slice(first, first + SLICE_EVENTS);
    const all = first + next.length === this.events.length;
    return {
      events: next.filter(({ recorded, parties }) => matcher.matches(recorded, parties)),
      position: all ? this.newest : next.at(-1)!.recorded.position,
    };
  }

  /**
   * Something new, a sign of life, the end of this tail or of the reader.
   * @param reader of one reader alone, which waits once at a time.
   */
  async news(reader: AbortSignal): Promise<void> {
    if (this.closing.signal.aborted || reader.aborted) return;
    if (!this.heard.has(reader)) {
      this.heard.add(reader);
      reader.addEventListener('abort', () => this.waiting.get(reader)?.(), { once: true });
    }
    await new Promise<void>((resolve) => this.waiting.set(reader, resolve));
    this.waiting.delete(reader);
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
        if (signal.aborted) return;
        this.take(events, batch.position);
        await sleep(this.options.gatherMs(), undefined, { signal });
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
    this.slices.clear();
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
    const { waiting } = this;
    this.waiting = new Map();
    for (const resolve of waiting.values()) resolve();
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
