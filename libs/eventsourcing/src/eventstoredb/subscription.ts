import { setTimeout as sleep } from 'node:timers/promises';
import {
  eventTypeFilter,
  START,
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  type EventStoreDBClient,
} from '@eventstore/db-client';
import type { LogBatch, LogFeed, LogFeeds } from '../log-feed.js';
import { StoreUnavailable } from '../errors.js';
import type { RecordedEvent } from '../message.js';
import { silentObserver, type KernelObserver } from '../observer.js';
import { reasonOf } from './failures.js';
import { toRecorded } from './recorded.js';
import type { EventStore } from './store.js';

/** Events held between the connection and the consumer; beyond it the server is held back. */
const HIGH_WATER_EVENTS = 20_000;
/** Examined events per checkpoint message = interval × window (32, the server's default). */
const CHECKPOINT_INTERVAL = 64;
/** A silent subscription is suspect when the log has moved on for this long without it. */
const STALL_AFTER_MS = 20_000;
const FIRST_PAUSE_MS = 100;
/** An election takes a few seconds; who waits longer than that shows old tables for nothing. */
const LONGEST_PAUSE_MS = 2_000;

export class FeedClosed extends Error {
  constructor() {
    super('The subscription was closed');
    this.name = 'AbortError';
  }
}

type FeedOptions = Parameters<LogFeeds['open']>[0];

/** Opens supervised catch-up subscriptions to `$all`. */
export class EventStoreFeeds implements LogFeeds {
  constructor(
    private readonly store: EventStore,
    private readonly observer: KernelObserver = silentObserver,
    private readonly stallAfterMs = STALL_AFTER_MS,
  ) {}

  open(options: FeedOptions): LogFeed {
    return new SupervisedSubscription(this.store, this.observer, this.stallAfterMs, options);
  }
}

/**
 * One subscription that outlives its connections. The client's subscriptions end by error, by a
 * normal end or by silence and never resume; each of them is reopened from the last position
 * handed out or queued, so that the consumer sees every event once, in order.
 *
 * The client calls back for a checkpoint while earlier events may still be buffered, so a
 * checkpoint joins the queue only when nothing is left in the stream before it.
 */
class SupervisedSubscription implements LogFeed {
  private readonly queue: RecordedEvent[] = [];
  /** Everything up to here is in the queue or was handed out. */
  private reached: bigint;
  private handedOut: bigint;
  private caughtUp = false;
  private toldCaughtUp = false;
  private readonly closing = new AbortController();
  private lastSignOfLife = performance.now();
  private current: AllStreamSubscription | undefined;
  private wake: (() => void) | undefined;
  private unreachableHead = 0n;
  private fault: { readonly error: unknown } | undefined;
  private readonly watchdog: NodeJS.Timeout;
  private readonly supervising: Promise<void>;

  constructor(
    private readonly store: EventStore,
    private readonly observer: KernelObserver,
    private readonly stallAfterMs: number,
    private readonly options: FeedOptions,
  ) {
    this.reached = options.from;
    this.handedOut = options.from;
    this.watchdog = setInterval(() => void this.checkStall(), stallAfterMs);
    this.watchdog.unref();
    this.supervising = this.supervise();
  }

  async next(maxEvents: number): Promise<LogBatch> {
    while (!this.hasNews()) {
      if (this.closed) throw new FeedClosed();
      if (this.fault) throw this.fault.error;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    const events = this.queue.splice(0, maxEvents);
    this.handedOut = this.queue.length > 0 ? events.at(-1)!.position : this.reached;
    if (this.queue.length < HIGH_WATER_EVENTS / 2) this.current?.resume();
    this.toldCaughtUp = this.caughtUp && this.queue.length === 0;
    return { events, position: this.handedOut, caughtUp: this.toldCaughtUp };
  }

  /** Events, a position that moved on without any, or the end of the log reached. */
  private hasNews(): boolean {
    if (this.queue.length > 0 || this.reached > this.handedOut) return true;
    return this.caughtUp && !this.toldCaughtUp;
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearInterval(this.watchdog);
    this.wake?.();
    this.current?.destroy(new FeedClosed());
    await this.supervising;
  }

  private get closed(): boolean {
    return this.closing.signal.aborted;
  }

  private async supervise(): Promise<void> {
    for (let failures = 0; !this.closed;) {
      const before = this.reached;
      const reason = await this.runOnce();
      if (this.closed) return;
      this.caughtUp = false;
      failures = this.reached > before ? 0 : failures + 1;
      this.observer.subscriptionReopened(this.options.name, reason);
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
      await sleep(pauseMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
      await this.untilMayGoOn();
      if (this.fault) return;
    }
  }

  /** Asks the consumer whether this is still its log, for as long as the log cannot tell. */
  private async untilMayGoOn(): Promise<void> {
    while (!this.closed) {
      try {
        return await this.options.beforeReopening?.();
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) {
          this.fault = { error };
          return this.signal();
        }
      }
      await sleep(FIRST_PAUSE_MS, undefined, { signal: this.closing.signal }).catch(
        () => undefined,
      );
    }
  }

  /** Runs one subscription to its end; resolves with the reason. */
  private async runOnce(): Promise<string> {
    let client: EventStoreDBClient;
    let subscription: AllStreamSubscription;
    try {
      client = this.store.client();
      subscription = this.subscribe(client);
    } catch (error) {
      return reasonOf(error);
    }
    this.current = subscription;
    this.lastSignOfLife = performance.now();
    const reason = await new Promise<string>((resolve) => {
      subscription.on('data', (resolved) => this.accept(subscription, resolved));
      subscription.on('caughtUp', () => {
        this.caughtUp = true;
        this.signal();
      });
      subscription.on('end', () => resolve('ended'));
      subscription.on('close', () => resolve('closed'));
      subscription.on('error', (error) => {
        void this.store.noteFault(error, client).then(() => resolve(reasonOf(error)));
      });
    });
    this.current = undefined;
    // Errors that come after the first must not go without a listener.
    subscription.removeAllListeners('data').on('error', () => undefined);
    void subscription.unsubscribe().catch(() => undefined);
    subscription.destroy();
    return reason;
  }

  private subscribe(client: EventStoreDBClient): AllStreamSubscription {
    const { eventTypes } = this.options;
    return client.subscribeToAll({
      fromPosition: this.reached === 0n ? START : { commit: this.reached, prepare: this.reached },
      filter: eventTypeFilter({
        regex: eventTypes ? `^(?:${eventTypes.map(escapeRegex).join('|')})$` : '^[^$]',
        checkpointInterval: CHECKPOINT_INTERVAL,
        // The callback must never reject: the client would stall without an error.
        checkpointReached: (subscription, position) => {
          this.lastSignOfLife = performance.now();
          if (subscription.readableLength === 0) this.moveOn(position.commit);
        },
      }),
    });
  }

  private accept(subscription: AllStreamSubscription, resolved: AllStreamResolvedEvent): void {
    this.lastSignOfLife = performance.now();
    const event = toRecorded(resolved);
    if (!event || event.position <= this.reached) return;
    this.queue.push(event);
    this.moveOn(event.position);
    if (this.queue.length >= HIGH_WATER_EVENTS) subscription.pause();
  }

  private moveOn(position: bigint): void {
    if (position <= this.reached) return;
    this.reached = position;
    this.signal();
  }

  private signal(): void {
    this.wake?.();
    this.wake = undefined;
  }

  /** A live subscription that fell silent looks idle; only the head of the log can tell. */
  private async checkStall(): Promise<void> {
    const subscription = this.current;
    const reached = this.reached;
    if (!subscription || subscription.isPaused()) return;
    if (performance.now() - this.lastSignOfLife < this.stallAfterMs) return;
    const head = await this.store.head().catch(() => 0n);
    // A head that a reopened subscription did not reach either is a system event.
    if (head <= this.unreachableHead || head <= reached) return;
    if (this.reached !== reached || this.current !== subscription) return;
    this.unreachableHead = head;
    subscription.destroy(new Error('stalled'));
  }
}

const escapeRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
