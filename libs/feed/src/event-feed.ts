import { setTimeout as sleep } from 'node:timers/promises';
import {
  upcast,
  type LogFeeds,
  type RecordedEvent,
  type Upcasters,
} from '@hostledger/eventsourcing';
import { FeedEvent } from './feed-event.js';
import { matcherOf, type FeedFilter, type Matcher } from './filter.js';
import { Lanes } from './lanes.js';
import { LiveTail } from './live-tail.js';
import type { Parties } from './parties.js';

/** What a reader is given at once. */
export interface FeedPage {
  /** Those that match, in the order of the log. */
  readonly events: readonly FeedEvent[];
  /** Everything that matches up to here has been given: the place to resume from. */
  readonly position: bigint;
  /** The log held nothing more when this was read. */
  readonly caughtUp: boolean;
}

export interface FeedLog {
  /** Events after a position in the order of the log; fewer than asked for only at its end. */
  readAll(after: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
}

export interface FeedParties {
  /** The parties of each event as of its position; waits until they are known, within bounds. */
  of(events: readonly RecordedEvent[]): Promise<readonly Parties[]>;
}

/** Told what happens, for metrics and the log of the process. */
export interface FeedObserver {
  /** A reader was slower than the shared tail and went back to the log. */
  fellBehind(): void;
  /** The log or the parties did not answer; tried again after a pause. */
  heldUp(error: unknown): void;
}

export interface EventFeedOptions {
  readonly log: FeedLog;
  readonly feeds: LogFeeds;
  readonly parties: FeedParties;
  /** The `source` of the CloudEvents. */
  readonly source: string;
  readonly upcasters?: Upcasters;
  readonly observer?: FeedObserver;
  /** Bounds of the tail that readers share. */
  readonly tailEvents?: number;
  readonly tailCharacters?: number;
  /** Who waits is given an empty page this often. */
  readonly signOfLifeMs?: number;
  /** News waits so long for further news, for each reader: many readers are woken less often. */
  readonly gatherMsPerReader?: number;
  /** What is found for a page by then is the page; a read that was begun is waited for. */
  readonly pageWithinMs?: number;
}

const TAIL_EVENTS = 4_096;
const TAIL_CHARACTERS = 16 * 1024 * 1024;
const SIGN_OF_LIFE_MS = 15_000;
/** With one reader news is told at once, with 100 five times a second. */
const GATHER_MS_PER_READER = 2;
const LONGEST_GATHER_MS = 200;
/** Read from the log at once; a reader holds one such page. */
const PAGE_EVENTS = 256;
/** Events looked at for one page of a filter that few pass. */
const MAX_SCANNED = 20 * PAGE_EVENTS;
/** After this no more is looked at for it, however slow the stores are. */
const PAGE_WITHIN_MS = 2_000;
/** Pages read from the log at once: readers that catch up must not crowd out commands. */
const LOG_READS_AT_ONCE = 4;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

const SILENT: FeedObserver = { fellBehind: () => undefined, heldUp: () => undefined };

/**
 * The log for other systems, one for a process. Readers that are behind page through the log; at
 * its end they share one {@link LiveTail}. A reader is pulled, so one that is slow holds one page
 * and a position, however much happens meanwhile.
 */
export class EventFeed {
  private readonly observer: FeedObserver;
  private readonly lanes = new Lanes(LOG_READS_AT_ONCE);
  private readonly closing = new AbortController();
  private tail: { readonly live: LiveTail; readers: number } | undefined;
  private readonly endings = new Set<Promise<void>>();

  constructor(private readonly options: EventFeedOptions) {
    this.observer = options.observer ?? SILENT;
  }

  /** Events held for all readers together. */
  get held(): number {
    return this.tail?.live.held ?? 0;
  }

  /**
   * Everything after a position that matches, once and in order, and then what comes. An empty page
   * tells of a position passed by the filter, or is a sign of life. Ends when the signal is aborted or
   * the feed is closed; faults of the stores are waited out.
   */
  async *follow(
    after: bigint,
    { filter = {}, signal }: { readonly filter?: FeedFilter; readonly signal: AbortSignal },
  ): AsyncGenerator<FeedPage> {
    const matcher = matcherOf(filter);
    const over = AbortSignal.any([signal, this.closing.signal]);
    let position = after;
    let tail: LiveTail | undefined;
    let beat = 0;
    try {
      while (!over.aborted) {
        if (tail?.ended) tail = undefined;
        if (!tail?.covers(position)) {
          if (tail) this.observer.fellBehind();
          const reached = tail?.reached;
          const page = await this.persistently(() => this.logPage(position, matcher), over);
          if (!page) return;
          position = page.position;
          if (page.scanned > 0) yield page;
          if (!page.caughtUp) continue;
          if (!tail) {
            tail = this.join(position);
            beat = tail.beat;
          }
          // It began later than where this reader is, and nothing came yet that would close the gap.
          if (!tail.covers(position) && tail.reached === reached) await tail.news(over);
        } else if (tail.reached > position) {
          const { events, position: next } = tail.after(position, matcher);
          position = next;
          if (events.length > 0) yield { events, position, caughtUp: position >= tail.reached };
        } else {
          await tail.news(over);
        }
        if (tail && tail.beat !== beat && !over.aborted) {
          beat = tail.beat;
          yield { events: [], position, caughtUp: position >= tail.reached };
        }
      }
    } finally {
      if (tail) this.leave(tail);
    }
  }

  /**
   * One page for who reads in batches: at most `limit` events after a position, fewer or none where
   * few match; to be continued at its position.
   * @throws StoreUnavailable, and what the parties throw.
   */
  async page(
    after: bigint,
    { filter = {}, limit }: { readonly filter?: FeedFilter; readonly limit: number },
  ): Promise<FeedPage> {
    const matcher = matcherOf(filter);
    const { pageWithinMs = PAGE_WITHIN_MS } = this.options;
    const end = performance.now() + pageWithinMs;
    const events: FeedEvent[] = [];
    let position = after;
    for (let scanned = 0; scanned === 0 || (scanned < MAX_SCANNED && performance.now() < end);) {
      const page = await this.logPage(position, matcher);
      const room = limit - events.length;
      events.push(...page.events.slice(0, room));
      if (page.events.length > room) {
        return { events, position: events.at(-1)!.recorded.position, caughtUp: false };
      }
      position = page.position;
      if (page.caughtUp || events.length === limit) {
        return { events, position, caughtUp: page.caughtUp };
      }
      scanned += page.scanned;
    }
    return { events, position, caughtUp: false };
  }

  /** Ends all readers. */
  async close(): Promise<void> {
    this.closing.abort();
    if (this.tail) this.end(this.tail.live);
    await Promise.all(this.endings);
  }

  private logPage(
    after: bigint,
    matcher: Matcher,
  ): Promise<FeedPage & { readonly scanned: number }> {
    return this.lanes.through(async () => {
      const read = await this.options.log.readAll(after, PAGE_EVENTS);
      const wanted = read.filter((event) => matcher.mayMatch(event));
      const events = (await this.prepared(wanted)).filter(({ recorded, parties }) =>
        matcher.matches(recorded, parties),
      );
      return {
        events,
        position: read.at(-1)?.position ?? after,
        caughtUp: read.length < PAGE_EVENTS,
        scanned: read.length,
      };
    });
  }

  private async prepared(events: readonly RecordedEvent[]): Promise<FeedEvent[]> {
    const { parties, source, upcasters = {} } = this.options;
    const newest = events.map((event): RecordedEvent => ({
      ...event,
      ...upcast(upcasters, event),
    }));
    const concerned = await parties.of(newest);
    return newest.map((event, index) => new FeedEvent(event, concerned[index]!, source));
  }

  private join(from: bigint): LiveTail {
    this.tail ??= { live: this.openTail(from), readers: 0 };
    this.tail.readers += 1;
    return this.tail.live;
  }

  private openTail(from: bigint): LiveTail {
    const { feeds, tailEvents, tailCharacters, signOfLifeMs } = this.options;
    const { gatherMsPerReader = GATHER_MS_PER_READER } = this.options;
    const live: LiveTail = new LiveTail({
      from,
      subscription: feeds.open({ name: 'event_feed', from }),
      prepare: async (events, closed) =>
        (await this.persistently(() => this.prepared(events), closed)) ?? [],
      maxEvents: tailEvents ?? TAIL_EVENTS,
      maxCharacters: tailCharacters ?? TAIL_CHARACTERS,
      signOfLifeMs: signOfLifeMs ?? SIGN_OF_LIFE_MS,
      gatherMs: () => Math.min((this.tail?.readers ?? 0) * gatherMsPerReader, LONGEST_GATHER_MS),
      onFault: (error) => {
        this.observer.heldUp(error);
        if (this.tail?.live === live) this.end(live);
      },
    });
    return live;
  }

  private leave(live: LiveTail): void {
    if (this.tail?.live !== live) return;
    this.tail.readers -= 1;
    if (this.tail.readers === 0) this.end(live);
  }

  private end(live: LiveTail): void {
    this.tail = undefined;
    const ending = live.close().finally(() => this.endings.delete(ending));
    this.endings.add(ending);
  }

  /** The result, however long the stores take to come back; nothing once it is over. */
  private async persistently<T>(work: () => Promise<T>, over: AbortSignal): Promise<T | undefined> {
    for (let pauseMs = FIRST_PAUSE_MS; !over.aborted;) {
      try {
        return await work();
      } catch (error) {
        if (over.aborted) break;
        this.observer.heldUp(error);
        await sleep(pauseMs, undefined, { signal: over }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
    return undefined;
  }
}
