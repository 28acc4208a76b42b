import { setTimeout as sleep } from 'node:timers/promises';
import {
  causesOf,
  DomainError,
  headersOfTrace,
  inSpan,
  processContext,
  SpanKind,
  streamCategory,
  type AggregateStore,
  type Span,
} from '@hostledger/eventsourcing';
import type { FeedEvent, FeedFilter, FeedPage } from '@hostledger/feed';
import {
  isLive,
  UNDELIVERED_CATEGORIES,
  webhookAggregate,
  type LiveWebhook,
  type PauseCause,
  type WebhookCommand,
} from '../domain/webhook.js';
import type { AddressGuard } from '../outbound/address-guard.js';
import {
  Receiver,
  RECEIVER_LIMITS,
  type Attempt,
  type ReceiverLimits,
} from '../outbound/receiver.js';
import type { WebhookKey } from '../outbound/secret.js';
import { signed } from '../outbound/signature.js';
import { secretsInForce } from '../outbound/secrets-in-force.js';
import type { DeliveryProgress, ProgressStore } from '../read/progress.js';
import { pauseAfter, type RetryPolicy } from './retry-policy.js';
import { WaitingEvents, type WaitingEvent } from './waiting-events.js';

/** Where events come from; the feed, and the stream of an event that is read again. */
export interface EventSource {
  follow(
    after: bigint,
    options: { readonly filter: FeedFilter; readonly signal: AbortSignal },
  ): AsyncIterable<FeedPage>;
  /** Nothing where the log does not keep it any more. */
  read(stream: string, revision: bigint): Promise<FeedEvent | undefined>;
}

/** Told what happens, for metrics and the log of the process. */
export interface DeliveryObserver {
  attempted(outcome: string, seconds: number): void;
  warned(message: string, details: Readonly<Record<string, unknown>>): void;
}

export interface DeliveryParts {
  readonly store: AggregateStore;
  readonly source: EventSource;
  readonly progress: ProgressStore;
  readonly key: WebhookKey;
  readonly guard: AddressGuard;
  readonly policy: RetryPolicy;
  readonly observer: DeliveryObserver;
  readonly limits?: ReceiverLimits;
  /** Events that one subscription lets wait; its reading is held back beyond it. */
  readonly maxWaiting?: number;
  readonly clock?: () => Date;
}

const MAX_WAITING = 500;
const MAX_WAITING_CHARACTERS = 8 * 1024 * 1024;
/** Bounds how much is delivered again after a crash. */
const SAVE_AFTER_MS = 500;
/** Progress goes into the log so seldom: it matters only where the table is lost. */
const RECORD_EVERY_EVENTS = 10_000;
const RECORD_EVERY_MS = 3_600_000;
/** Attempts under way may end by themselves for so long when a delivery stops. */
const DRAIN_MS = 3_000;
/** After a fault of our own stores, which is not held against the receiver. */
const FAULT_PAUSE_MS = 2_000;
const GONE = 410;

/** The deliveries of one subscription: nothing in it waits for any other. */
export class SubscriptionDelivery {
  private readonly waiting = new WaitingEvents();
  private readonly receiver: Receiver;
  private readonly limits: ReceiverLimits;
  private readonly over = new AbortController();
  private readonly attempts = new Set<Promise<void>>();
  private readonly replaying = new Set<string>();
  private reading: AbortController | undefined;
  private halted = false;
  private room = Promise.withResolvers<void>();
  private timer: NodeJS.Timeout | undefined;
  private saveTimer: NodeJS.Timeout | undefined;
  private saving: Promise<void> = Promise.resolve();
  private recording: Promise<void> | undefined;
  private settledSinceRecord = 0;
  private recordedAt: number;

  constructor(
    readonly webhookId: string,
    private webhook: LiveWebhook,
    private told: DeliveryProgress,
    private readonly parts: DeliveryParts,
  ) {
    this.limits = parts.limits ?? RECEIVER_LIMITS;
    this.receiver = new Receiver(parts.guard, this.limits);
    this.recordedAt = this.now();
  }

  /** Events that wait or are on their way. */
  get backlog(): number {
    return this.waiting.size;
  }

  /** It has ended by itself: the subscription is paused or deleted. */
  get ended(): boolean {
    return this.halted;
  }

  get failing(): boolean {
    return this.told.failingSince !== null;
  }

  get deadLetters(): number {
    return this.webhook.deadLetters.size;
  }

  start(): void {
    for (const { nextAttemptAt, ...known } of this.told.unsettled) {
      const dueAt = nextAttemptAt === null ? 0 : Date.parse(nextAttemptAt);
      this.waiting.add({ ...known, dueAt, replay: false, event: undefined });
    }
    this.read();
    this.update(this.webhook);
  }

  /** The subscription has changed; what was read under the old filter is still delivered. */
  update(webhook: LiveWebhook): void {
    const before = this.webhook;
    this.webhook = webhook;
    if (JSON.stringify(before.filter) !== JSON.stringify(webhook.filter)) this.read();
    if (before.url !== webhook.url) this.waiting.hurry();
    for (const { position, stream, revision, status } of webhook.deadLetters.values()) {
      if (status !== 'replaying' || this.replaying.has(position)) continue;
      this.replaying.add(position);
      const at = BigInt(position);
      const replay = { position: at, after: at, stream, revision: BigInt(revision), replay: true };
      this.waiting.add({ ...replay, attempts: 0, dueAt: 0, event: undefined });
    }
    this.pump();
  }

  /** Begins nothing more, lets attempts under way end within bounds, and saves how far it is. */
  async stop(): Promise<void> {
    this.halt();
    const drained = new AbortController();
    await Promise.race([
      Promise.all(this.attempts),
      sleep(DRAIN_MS, undefined, { signal: drained.signal }).catch(() => undefined),
    ]);
    drained.abort();
    await this.end();
    await this.save();
  }

  /** Drops everything at once: somebody else delivers from here on. */
  async abandon(): Promise<void> {
    this.halt();
    await this.end();
  }

  /** How far it is, at this moment. */
  progress(): DeliveryProgress {
    const unsettled = this.waiting.unsettled().map((event) => {
      const { position, after, stream, revision, attempts, dueAt } = event;
      const nextAttemptAt = dueAt === 0 ? null : new Date(dueAt).toISOString();
      return { position, after, stream, revision, attempts, nextAttemptAt };
    });
    return { ...this.told, unsettled };
  }

  private halt(): void {
    this.halted = true;
    this.reading?.abort();
    clearTimeout(this.timer);
    clearTimeout(this.saveTimer);
  }

  private async end(): Promise<void> {
    this.over.abort(new DOMException('The delivery has ended', 'AbortError'));
    await Promise.all(this.attempts);
    await this.recording;
    await this.saving;
    await this.receiver.close();
  }

  // Reading

  private read(): void {
    this.reading?.abort();
    if (this.halted) return;
    this.reading = new AbortController();
    void this.follow(this.reading.signal);
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const { filter } = this.webhook;
    const stopped = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    while (!signal.aborted) {
      try {
        for await (const page of this.parts.source.follow(this.told.position, { filter, signal })) {
          if (signal.aborted) return;
          this.take(page);
          while (!signal.aborted && this.full()) await Promise.race([this.room.promise, stopped]);
        }
      } catch (error) {
        this.warn('The feed failed', { err: error });
      }
      await sleep(FAULT_PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private full(): boolean {
    const { maxWaiting = MAX_WAITING } = this.parts;
    return this.waiting.size >= maxWaiting || this.waiting.characters >= MAX_WAITING_CHARACTERS;
  }

  private take({ events, position }: FeedPage): void {
    let after = this.told.position;
    for (const event of events) {
      const { stream, revision, position: at } = event.recorded;
      if (!UNDELIVERED_CATEGORIES.includes(streamCategory(stream))) {
        const place = { position: at, after, stream, revision, replay: false };
        this.waiting.add({ ...place, attempts: 0, dueAt: 0, event });
      }
      after = at;
    }
    if (position === this.told.position) return;
    this.tell({ position });
    this.pump();
  }

  // Delivering

  private pump(): void {
    clearTimeout(this.timer);
    while (!this.halted && this.attempts.size < this.limits.connections) {
      const event = this.waiting.take(this.now());
      if (!event) break;
      const attempt: Promise<void> = this.attempt(event).finally(() => {
        this.attempts.delete(attempt);
        this.pump();
      });
      this.attempts.add(attempt);
    }
    const next = this.waiting.nextDueAt();
    if (this.halted || next === undefined || this.attempts.size >= this.limits.connections) return;
    this.timer = setTimeout(() => this.pump(), Math.max(next - this.now(), 1));
  }

  private async attempt(waiting: WaitingEvent): Promise<void> {
    try {
      const { stream, revision } = waiting;
      const event = waiting.event ?? (await this.parts.source.read(stream, revision));
      if (!event) {
        this.warn('An event that is not in the log any more is not delivered', { stream });
        this.settle(waiting);
        return;
      }
      const outcome = await this.post(event, waiting.attempts + 1);
      if (outcome.delivered) await this.delivered(waiting, event);
      else await this.failed(waiting, event, outcome);
    } catch (error) {
      if (this.over.signal.aborted) return;
      this.warn('A delivery failed for a reason of our own', { err: error });
      this.waiting.putOff(waiting, waiting.attempts, this.now() + FAULT_PAUSE_MS);
    }
  }

  /** A trace of its own, which the receiver may go on with. */
  private post(event: FeedEvent, attempt: number): Promise<Attempt> {
    const { recorded } = event;
    const attributes = {
      'hostledger.webhook': this.webhookId,
      'hostledger.event': recorded.id,
      'hostledger.correlation_id': recorded.metadata.$correlationId,
      'hostledger.attempt': attempt,
    };
    const links = causesOf([recorded]);
    const options = { kind: SpanKind.PRODUCER, isRoot: true, attributes, links };
    return inSpan('deliver', options, (span) => this.posted(event, span));
  }

  private async posted(event: FeedEvent, span: Span | undefined): Promise<Attempt> {
    const started = performance.now();
    const now = this.parts.clock?.() ?? new Date();
    const secrets = secretsInForce(this.parts.key, this.webhookId, this.webhook, now);
    const headers = {
      ...headersOfTrace(),
      ...signed(event.recorded.id, now, event.json, secrets),
    };
    const outcome = await this.receiver.post(
      this.webhook.url,
      event.json,
      headers,
      this.over.signal,
    );
    const seconds = (performance.now() - started) / 1000;
    const told = outcome.delivered ? 'delivered' : outcome.cause;
    span?.setAttribute('hostledger.outcome', told);
    if (outcome.status !== null) span?.setAttribute('http.response.status_code', outcome.status);
    this.parts.observer.attempted(told, seconds);
    return outcome;
  }

  private async delivered(waiting: WaitingEvent, event: FeedEvent): Promise<void> {
    const lastSuccessAt = new Date(this.now()).toISOString();
    const delivered = this.told.delivered + 1;
    this.tell({ lastSuccessAt, delivered, failingSince: null });
    const position = waiting.position.toString();
    // A dead letter that a crash, or somebody's wish, had delivered once more.
    if (this.webhook.deadLetters.has(position)) {
      const data = { webhookId: this.webhookId, position };
      await this.record({ type: 'SettleDeadLetter', data, at: lastSuccessAt }, event);
    }
    this.settle(waiting);
  }

  private async failed(
    waiting: WaitingEvent,
    event: FeedEvent,
    { status, cause, retryAfterMs }: Attempt & { delivered: false },
  ): Promise<void> {
    const { policy } = this.parts;
    const now = this.now();
    const at = new Date(now).toISOString();
    const failingSince = this.told.failingSince ?? at;
    const failedAttempts = this.told.failedAttempts + 1;
    const last = { lastFailureAt: at, lastStatus: status, lastCause: cause };
    this.tell({ failingSince, failedAttempts, ...last });
    const attempts = waiting.attempts + 1;
    if (attempts < policy.maxAttempts || status === GONE) {
      const pauseMs = pauseAfter(policy, attempts, retryAfterMs, Math.random());
      this.waiting.putOff(waiting, attempts, now + pauseMs);
    } else {
      await this.giveUp(waiting, event, attempts, status, cause);
    }
    if (status === GONE) await this.pause('gone', 'The receiver answered 410 Gone', event);
    else if (now - Date.parse(failingSince) >= policy.pauseAfterMs) {
      await this.pause('failing', `Nothing was delivered since ${failingSince}`, event);
    }
  }

  private async giveUp(
    waiting: WaitingEvent,
    event: FeedEvent,
    attempts: number,
    lastStatus: number | null,
    cause: string,
  ): Promise<void> {
    const { recorded } = event;
    const data = {
      webhookId: this.webhookId,
      position: recorded.position.toString(),
      stream: recorded.stream,
      revision: recorded.revision.toString(),
      eventId: recorded.id,
      eventType: recorded.type,
      ...{ attempts, lastStatus, cause, replayed: waiting.replay },
    };
    await this.record(
      { type: 'GiveUpDelivery', data, at: new Date(this.now()).toISOString() },
      event,
    );
    this.settle(waiting);
  }

  private async pause(cause: PauseCause, detail: string, event: FeedEvent): Promise<void> {
    // Nothing more is sent, whenever the log takes the reason down.
    this.halt();
    const data = { webhookId: this.webhookId, by: 'system', cause, detail } as const;
    await this.record(
      { type: 'PauseWebhook', data, at: new Date(this.now()).toISOString() },
      event,
    );
  }

  private settle(waiting: WaitingEvent): void {
    this.waiting.settle(waiting);
    if (waiting.replay) this.replaying.delete(waiting.position.toString());
    else this.settledSinceRecord += 1;
    this.tell({});
    this.room.resolve();
    this.room = Promise.withResolvers();
    this.recordProgress();
  }

  // Keeping

  private tell(news: Partial<DeliveryProgress>): void {
    this.told = { ...this.told, ...news };
    if (this.saveTimer || this.halted) return;
    this.saveTimer = setTimeout(() => {
      this.saveTimer = undefined;
      void this.save();
    }, SAVE_AFTER_MS);
  }

  /** One at a time; what cannot be saved now is saved with the next news. */
  private save(): Promise<void> {
    this.saving = this.saving.then(async () => {
      try {
        await this.parts.progress.save(this.webhookId, this.progress());
      } catch (error) {
        this.warn('The progress cannot be saved', { err: error });
      }
    });
    return this.saving;
  }

  private recordProgress(): void {
    const due =
      this.settledSinceRecord >= RECORD_EVERY_EVENTS ||
      this.now() - this.recordedAt >= RECORD_EVERY_MS;
    if (!due || this.recording || this.halted) return;
    this.settledSinceRecord = 0;
    this.recordedAt = this.now();
    const position = (this.waiting.unsettled()[0]?.after ?? this.told.position).toString();
    const data = { webhookId: this.webhookId, position };
    const at = new Date(this.now()).toISOString();
    this.recording = this.record({ type: 'RecordProgress', data, at })
      .catch(() => undefined)
      .finally(() => (this.recording = undefined));
  }

  /** Into the log, however long it takes to answer; rejects when the delivery is over. */
  private async record(command: WebhookCommand, event?: FeedEvent): Promise<void> {
    const cause = {
      id: event?.recorded.id ?? this.webhookId,
      correlationId: event?.recorded.metadata.$correlationId ?? this.webhookId,
    };
    const { type, at } = command;
    const context = processContext('webhooks', cause, at, this.webhookId, type, at);
    for (;;) {
      this.over.signal.throwIfAborted();
      try {
        const { state } = await this.parts.store.handle(
          webhookAggregate,
          this.webhookId,
          command,
          context,
        );
        if (!isLive(state) || state.status === 'paused') this.halt();
        if (isLive(state)) this.update(state);
        return;
      } catch (error) {
        // Deleted meanwhile: there is nothing left to record it for.
        if (error instanceof DomainError) return this.halt();
        this.warn('The log did not take down what became of a delivery', { err: error });
        await sleep(FAULT_PAUSE_MS, undefined, { signal: this.over.signal });
      }
    }
  }

  private now(): number {
    return (this.parts.clock?.() ?? new Date()).getTime();
  }

  private warn(message: string, details: Readonly<Record<string, unknown>>): void {
    this.parts.observer.warned(message, { webhookId: this.webhookId, ...details });
  }
}
