import { setTimeout as sleep } from 'node:timers/promises';
import type { LogBatch, LogFeeds } from '../log-feed.js';
import type { RecordedEvent } from '../message.js';
import { causesOf, inSpan, isTracing } from '../tracing.js';
import { applyBatch, ProjectionFault, type FoldedGeneration, type TableChange } from './batch.js';
import { noteFilled } from './bookkeeping.js';
import type { Database } from './database.js';
import type { Generation } from './generation.js';
import { Intake } from './intake.js';
import { RowCache } from './row-cache.js';
import { createIndexes } from './schema.js';
import { Upkeep } from './upkeep.js';

export interface LaneOptions {
  readonly name: string;
  readonly database: Database;
  readonly feeds: LogFeeds;
  readonly eventTypes?: readonly string[];
  readonly batchEvents: number;
  /** Events that a projection is not given. */
  readonly parked: (projection: string) => ReadonlyMap<bigint, string>;
  /** Before the feed is opened again: rejects where the log is another one than before. */
  readonly beforeReopening: () => Promise<void>;
  readonly onCommit: (events: number, seconds: number) => void;
  /** After a batch that reached the end of the log, all generations being filled. */
  readonly onLive: () => Promise<void>;
  /** A generation cannot take an event; it is left behind and the others go on. */
  readonly onFault: (generation: Generation, event: RecordedEvent, cause: unknown) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

const FAULT_ATTEMPTS = 3;
const FAULT_PAUSE_MS = 100;
/** Behind the log, for a large batch: a row that many events touch is written once, and not for each. */
const GATHER_MS = 1_000;
/**
 * Live, a batch is followed by a pause as long as it took, at most this: under load batches become
 * larger, and cost less an event, before they make the API wait for the thread they share.
 */
const LONGEST_BREATH_MS = 25;

/**
 * Keeps the tables of some generations up to date from one feed. All of them move in one
 * transaction per batch, so their tables are true at one position; a checkpoint that moves in the
 * same transaction makes every event count once, whatever crashes when.
 *
 * It begins at the least checkpoint; what is ahead of it waits until the others have come as far.
 */
export class Lane {
  /** It has reached the end of the log. */
  live = false;
  private readonly active: Set<Generation>;
  private readonly cache: RowCache;
  private readonly upkeep: Upkeep;
  private readonly closing = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    generations: readonly Generation[],
    private readonly options: LaneOptions,
  ) {
    this.active = new Set(generations);
    const empty = generations.filter(({ checkpoint }) => checkpoint === 0n);
    this.cache = new RowCache(empty.flatMap(({ stores }) => stores));
    this.upkeep = new Upkeep(options.database);
  }

  /** Those that still move. */
  get generations(): readonly Generation[] {
    return [...this.active];
  }

  start(): void {
    this.running = this.applyFeed().catch((error: unknown) => {
      if (!this.closing.signal.aborted) this.options.onFailure(error);
    });
  }

  /** Begins nothing more; resolves after the batch at hand. */
  async stop(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  private async applyFeed(): Promise<void> {
    const { name, feeds, eventTypes, batchEvents, beforeReopening } = this.options;
    const { signal } = this.closing;
    const from = leastCheckpoint(this.generations);
    const filter = eventTypes ? { eventTypes } : {};
    const feed = feeds.open({ name, from, beforeReopening, ...filter });
    const close = (): void => void feed.close().catch(() => undefined);
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    const intake = new Intake(feed, batchEvents);
    try {
      while (!signal.aborted) {
        const batch = await this.nextBatch(intake);
        if (!batch) return;
        const began = performance.now();
        await this.apply(batch.events, batch.position);
        if (!batch.caughtUp || signal.aborted) continue;
        await this.finishFilling();
        this.live = true;
        await this.options.onLive();
        await this.upkeep.run();
        const pause = Math.min(performance.now() - began, LONGEST_BREATH_MS);
        await sleep(pause, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      signal.removeEventListener('abort', close);
      await feed.close();
    }
  }

  private async nextBatch(intake: Intake): Promise<LogBatch | undefined> {
    try {
      return await intake.take(this.live ? 0 : GATHER_MS);
    } catch (error) {
      if (this.closing.signal.aborted) return undefined;
      throw error;
    }
  }

  /** Makes the indexes of those that are new. */
  private async finishFilling(): Promise<void> {
    const unfilled = this.generations.filter(({ filled }) => !filled);
    if (unfilled.length === 0) return;
    await createIndexes(this.options.database, unfilled);
    await noteFilled(this.options.database, unfilled);
    for (const generation of unfilled) generation.filled = true;
  }

  /**
   * Applies the events in as few transactions as possible: one, unless a projection fails. Then
   * the events before the faulty one are applied, the faulty one is tried alone, and at last that
   * generation is left behind and the others go on.
   */
  private async apply(events: readonly RecordedEvent[], position: bigint): Promise<void> {
    const { signal } = this.closing;
    let from = 0;
    let size = events.length;
    let attempts = 0;
    do {
      const part = events.slice(from, from + size);
      const isLast = from + part.length === events.length;
      try {
        await this.commit(part, isLast ? position : part.at(-1)!.position);
        from += part.length;
        size = events.length - from;
        attempts = 0;
      } catch (error) {
        if (!(error instanceof ProjectionFault)) throw error;
        if (part.length > 1) {
          size = error.index === undefined ? part.length >> 1 : Math.max(error.index, 1);
          continue;
        }
        attempts += 1;
        if (attempts < FAULT_ATTEMPTS) {
          const pause = FAULT_PAUSE_MS * attempts * (0.5 + Math.random());
          await sleep(pause, undefined, { signal }).catch(() => undefined);
        } else {
          await this.leaveBehind(error, part[0]!);
          attempts = 0;
        }
      }
    } while (from < events.length && !signal.aborted);
  }

  private async commit(events: readonly RecordedEvent[], position: bigint): Promise<void> {
    const { database, parked } = this.options;
    const began = performance.now();
    const behind: FoldedGeneration[] = this.generations
      .filter(({ checkpoint }) => checkpoint < position)
      .map((generation) => ({
        generation,
        projection: generation.projection,
        stores: generation.stores,
        checkpoint: generation.checkpoint,
        parked: parked(generation.name),
      }));
    if (behind.length === 0) return;
    let changes: readonly TableChange[];
    try {
      changes = await this.traced(events, position, () =>
        database
          .for<unknown>()
          .transaction()
          .execute((trx) => applyBatch(trx, this.cache, behind, events, position)),
      );
    } catch (error) {
      this.cache.clear();
      throw error;
    }
    for (const { store, rows } of changes) {
      for (const [id, row] of rows) if (!store.table.insertOnly) this.cache.set(store, id, row);
      this.upkeep.note(store, rows.size);
    }
    for (const { generation } of behind) generation.checkpoint = position;
    this.options.onCommit(events.length, (performance.now() - began) / 1000);
  }

  /** A span of the transaction, linked to those that appended the events. */
  private traced<T>(
    events: readonly RecordedEvent[],
    position: bigint,
    transaction: () => Promise<T>,
  ): Promise<T> {
    if (!isTracing()) return transaction();
    const attributes = {
      'hostledger.runner': this.options.name,
      'hostledger.events': events.length,
      'hostledger.position': position.toString(),
    };
    const options = { isRoot: true, attributes, links: causesOf(events) };
    return inSpan(`${this.options.name} batch`, options, transaction);
  }

  private async leaveBehind(
    { target, cause }: ProjectionFault,
    event: RecordedEvent,
  ): Promise<void> {
    const { generation } = target as FoldedGeneration;
    this.active.delete(generation);
    await this.options.onFault(generation, event, cause);
  }
}

export const leastCheckpoint = (generations: readonly Generation[]): bigint => {
  const [first = 0n, ...others] = generations.map(({ checkpoint }) => checkpoint);
  return others.reduce((least, checkpoint) => (checkpoint < least ? checkpoint : least), first);
};
