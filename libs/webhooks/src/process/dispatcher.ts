import { setTimeout as sleep } from 'node:timers/promises';
import { openOwnership, type Database } from '@hostledger/eventsourcing/postgres';
import { isLive, webhookAggregate, type LiveWebhook } from '../domain/webhook.js';
import { beginningAt, type DeliveryProgress } from '../read/progress.js';
import { SubscriptionDelivery, type DeliveryParts } from './subscription-delivery.js';

/** A subscription that is not deleted, and the revision of its stream. */
export interface ListedWebhook {
  readonly webhookId: string;
  readonly revision: bigint;
}

export interface DispatcherOptions extends Omit<DeliveryParts, 'key'> {
  /** Nothing is delivered without: it could not be signed. */
  readonly key: DeliveryParts['key'] | undefined;
  readonly database: Database;
  readonly list: () => Promise<readonly ListedWebhook[]>;
  /** Position of the last event of the log. */
  readonly head: () => Promise<bigint>;
  readonly pollMs?: number;
}

export interface DispatcherStatus {
  readonly owner: boolean;
  readonly deliveries: readonly {
    readonly webhookId: string;
    readonly waiting: number;
    readonly failing: boolean;
    readonly deadLetters: number;
  }[];
}

const POLL_MS = 1_000;
const PAUSE_MS = 2_000;
const STANDBY_RETRY_MS = 2_000;
/** A permanent identity: the advisory lock carries it. */
const NAME = 'webhooks';

/**
 * Delivers to all active subscriptions. One owner among the workers at a time; a new one goes on
 * from the progress the last one saved, and delivers again what was under way.
 */
export class WebhookDispatcher {
  private readonly stopping = new AbortController();
  private readonly deliveries = new Map<string, SubscriptionDelivery>();
  /** Revisions that were looked at; the read model lists a newer one where something changed. */
  private readonly seen = new Map<string, bigint>();
  private readonly warnedOf = new Set<string>();
  private owner = false;
  private running: Promise<void> | undefined;

  constructor(private readonly options: DispatcherOptions) {}

  start(): void {
    this.running = this.run();
  }

  /** Ends attempts under way within bounds and saves how far each subscription is. */
  async stop(): Promise<void> {
    this.stopping.abort(new DOMException('The dispatcher has stopped', 'AbortError'));
    await this.running;
  }

  status(): DispatcherStatus {
    const deliveries = [...this.deliveries.values()].map((delivery) => {
      const { webhookId, backlog: waiting, failing, deadLetters } = delivery;
      return { webhookId, waiting, failing, deadLetters };
    });
    return { owner: this.owner, deliveries };
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        const ownership = await openOwnership(this.options.database);
        try {
          const over = AbortSignal.any([signal, ownership.lost]);
          while (!(await ownership.take([NAME])).has(NAME)) {
            await sleep(STANDBY_RETRY_MS, undefined, { signal: over });
          }
          await this.work(ownership.lost);
        } finally {
          await ownership.release();
        }
      } catch (error) {
        if (signal.aborted) return;
        this.warn('Webhooks are not delivered at present', error);
        await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async work(lost: AbortSignal): Promise<void> {
    const over = AbortSignal.any([this.stopping.signal, lost]);
    try {
      await this.options.progress.prepare();
      this.owner = true;
      while (!over.aborted) {
        await this.sync().catch((error: unknown) =>
          this.warn('The subscriptions cannot be read', error),
        );
        const pollMs = this.options.pollMs ?? POLL_MS;
        await sleep(pollMs, undefined, { signal: over }).catch(() => undefined);
      }
    } finally {
      this.owner = false;
      const all = [...this.deliveries.values()];
      this.deliveries.clear();
      this.seen.clear();
      await Promise.all(all.map((one) => (lost.aborted ? one.abandon() : one.stop())));
    }
  }

  private async sync(): Promise<void> {
    const listed = await this.options.list();
    const ids = new Set(listed.map(({ webhookId }) => webhookId));
    const changed = listed
      .filter(({ webhookId, revision }) => {
        const seen = this.seen.get(webhookId);
        return seen === undefined || revision > seen || this.deliveries.get(webhookId)?.ended;
      })
      .map(({ webhookId }) => webhookId);
    // Not listed: deleted, or the list is being rebuilt. The stream knows.
    const missing = [...this.seen.keys()].filter((webhookId) => !ids.has(webhookId));
    for (const webhookId of [...changed, ...missing]) {
      await this.look(webhookId).catch((error: unknown) => {
        // Looked at again next time; the others are not held up by it.
        this.seen.set(webhookId, -1n);
        this.warn('A webhook cannot be looked at', error);
      });
    }
  }

  private async look(webhookId: string): Promise<void> {
    const { store } = this.options;
    const { state, revision } = await store.load(webhookAggregate, webhookId, { fresh: true });
    this.seen.set(webhookId, revision);
    if (!isLive(state)) {
      await this.end(webhookId);
      this.seen.delete(webhookId);
      if (state.status === 'deleted') await this.options.progress.remove(webhookId);
    } else if (state.status === 'paused') {
      await this.end(webhookId);
      await this.rest(webhookId);
    } else {
      await this.deliver(webhookId, state);
    }
  }

  private async deliver(webhookId: string, webhook: LiveWebhook): Promise<void> {
    const running = this.deliveries.get(webhookId);
    if (running && !running.ended) return running.update(webhook);
    await this.end(webhookId);
    const { key } = this.options;
    if (key?.id !== webhook.secret.keyId) {
      this.warnOnce(
        webhookId,
        key
          ? 'A webhook is not delivered: its secret comes from another WEBHOOK_KEY; rotate it'
          : 'A webhook is not delivered: there is no WEBHOOK_KEY to sign with',
      );
      return;
    }
    const progress = await this.progressOf(webhookId, webhook);
    const delivery = new SubscriptionDelivery(webhookId, webhook, progress, {
      ...this.options,
      key,
    });
    this.deliveries.set(webhookId, delivery);
    delivery.start();
  }

  /** From the table; where it was lost, from what the log says of it. */
  private async progressOf(webhookId: string, webhook: LiveWebhook): Promise<DeliveryProgress> {
    const saved = await this.options.progress.load(webhookId);
    const progress = saved ?? beginningAt(BigInt(webhook.settled));
    const head = await this.options.head();
    if (progress.position <= head) return progress;
    // The log was restored to before this; what comes now takes the place of what is gone.
    this.warnOnce(webhookId, 'The log ends before what a webhook was sent; it goes on at its end');
    const unsettled = progress.unsettled.filter(({ position }) => position <= head);
    return { ...progress, position: head, unsettled };
  }

  private async end(webhookId: string): Promise<void> {
    const delivery = this.deliveries.get(webhookId);
    this.deliveries.delete(webhookId);
    await delivery?.stop();
  }

  /** Whoever resumes a subscription gives it a new beginning. */
  private async rest(webhookId: string): Promise<void> {
    const { progress } = this.options;
    const saved = await progress.load(webhookId);
    if (!saved) return;
    const unsettled = saved.unsettled.map((event) => ({
      ...event,
      attempts: 0,
      nextAttemptAt: null,
    }));
    await progress.save(webhookId, { ...saved, unsettled, failingSince: null });
  }

  private warnOnce(webhookId: string, message: string): void {
    if (this.warnedOf.has(`${webhookId} ${message}`)) return;
    this.warnedOf.add(`${webhookId} ${message}`);
    this.options.observer.warned(message, { webhookId });
  }

  private warn(message: string, err: unknown): void {
    this.options.observer.warned(message, { err });
  }
}
