import type { LogBatch, LogFeed, LogFeeds } from '../../log-feed.js';
import type { DomainEvent, RecordedEvent } from '../../message.js';

/** A log in memory; positions have gaps, as those of the event store do. */
export class MemoryLog implements LogFeeds {
  readonly events: RecordedEvent[] = [];
  /** Wakes the feeds that wait for more. */
  private waiting: (() => void)[] = [];
  /** Where feeds were opened from, in order. */
  readonly openedFrom: bigint[] = [];
  private read = 0;

  append(...events: readonly DomainEvent[]): bigint {
    for (const { type, data } of events) {
      const position = BigInt(this.events.length + 1) * 10n;
      this.events.push({
        id: `event-${position}`,
        type,
        data,
        metadata: {
          commandId: `command-${position}`,
          commandHash: '',
          actor: { subject: 'ada', role: 'operator' },
          occurredAt: '2024-06-01T00:00:00.000Z',
          $correlationId: `correlation-${position}`,
          $causationId: 'request-1',
        },
        stream: 'spec',
        revision: BigInt(this.events.length),
        position,
        recordedAt: '2024-06-01T00:00:00.000Z',
      });
    }
    this.wake();
    return this.end;
  }

  get end(): bigint {
    return this.events.at(-1)?.position ?? 0n;
  }

  /** How many events were handed out, over all feeds. */
  get handedOut(): number {
    return this.read;
  }

  open(options: {
    readonly name: string;
    readonly from: bigint;
    readonly eventTypes?: readonly string[];
  }): LogFeed {
    this.openedFrom.push(options.from);
    const wanted = options.eventTypes && new Set(options.eventTypes);
    let next = this.events.findIndex(({ position }) => position > options.from);
    if (next < 0) next = this.events.length;
    let reached = options.from;
    let first = true;
    let closed = false;
    return {
      next: async (maxEvents: number): Promise<LogBatch> => {
        while (!closed && next >= this.events.length && reached >= this.end && !first) {
          await new Promise<void>((resolve) => this.waiting.push(resolve));
        }
        if (closed) throw new DOMException('The feed was closed', 'AbortError');
        first = false;
        const events = this.events.slice(next, next + maxEvents);
        next += events.length;
        this.read += events.length;
        reached = events.at(-1)?.position ?? (this.end > reached ? this.end : reached);
        return {
          events: wanted ? events.filter(({ type }) => wanted.has(type)) : events,
          position: reached,
          caughtUp: next >= this.events.length,
        };
      },
      close: () => {
        closed = true;
        this.wake();
        return Promise.resolve();
      },
    };
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
