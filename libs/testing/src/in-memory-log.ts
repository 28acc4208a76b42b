import type {
  DomainEvent,
  LogBatch,
  LogFeed,
  LogFeeds,
  RecordedEvent,
} from '@hostledger/eventsourcing';
import { recorded } from './fold-spec.js';

/** A log in memory with live feeds, for specs of what follows a log. */
export class InMemoryLog implements LogFeeds {
  readonly events: RecordedEvent[] = [];
  /** From where each feed was opened, in order. */
  readonly openedFrom: bigint[] = [];
  private waiting: (() => void)[] = [];

  /** Appends to one stream; returns the position of the last event. */
  append(...events: readonly DomainEvent[]): bigint {
    this.events.push(...recorded('spec', events, this.events.length));
    this.wake();
    return this.end;
  }

  /** The log loses all but its first events, as if restored from an older backup. */
  truncate(keep: number): void {
    this.events.length = keep;
  }

  /** Position of the last event; 0 for an empty log. */
  get end(): bigint {
    return this.events.at(-1)?.position ?? 0n;
  }

  /** Events after a position, as the store pages through its log. */
  readAll(after: bigint, maxCount: number): Promise<RecordedEvent[]> {
    return Promise.resolve(this.after(after, maxCount));
  }

  head(): Promise<bigint> {
    return Promise.resolve(this.end);
  }

  open(options: {
    readonly name: string;
    readonly from: bigint;
    readonly eventTypes?: readonly string[];
  }): LogFeed {
    this.openedFrom.push(options.from);
    const wanted = options.eventTypes && new Set(options.eventTypes);
    let reached = options.from;
    let opening = true;
    let closed = false;
    return {
      next: async (maxEvents: number): Promise<LogBatch> => {
        while (!closed && !opening && this.end <= reached) {
          await new Promise<void>((resolve) => this.waiting.push(resolve));
        }
        if (closed) throw new DOMException('The feed was closed', 'AbortError');
        opening = false;
        const events = this.after(reached, maxEvents);
        reached = events.at(-1)?.position ?? reached;
        return {
          events: wanted ? events.filter(({ type }) => wanted.has(type)) : events,
          position: reached,
          caughtUp: reached >= this.end,
        };
      },
      close: () => {
        closed = true;
        this.wake();
        return Promise.resolve();
      },
    };
  }

  private after(position: bigint, maxEvents: number): RecordedEvent[] {
    const first = this.events.findIndex((event) => event.position > position);
    return first < 0 ? [] : this.events.slice(first, first + maxEvents);
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
