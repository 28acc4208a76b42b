import { setTimeout as sleep } from 'node:timers/promises';
import type { LogBatch, LogFeeds } from '../log-feed.js';
import type { RecordedEvent } from '../message.js';
import type { Projection } from '../projection.js';
import { applyBatch, ProjectionFault, type FoldedProjection, type TableChange } from './batch.js';
import type { Database } from './database.js';
import { Intake } from './intake.js';
import { own } from './ownership.js';
import { positionReached, type Progress, type RunnerPhase } from './progress.js';
import { RowCache } from './row-cache.js';
import {
  createIndexes,
  prepareSchema,
  resetProjections,
  switchViews,
  type MetaTables,
} from './schema.js';
import { Upkeep } from './upkeep.js';

/** Where a runner reports what it does; must not throw. */
export interface RunnerObserver {
  batchApplied(runner: string, events: number, seconds: number): void;
  warned(runner: string, message: string, error?: unknown): void;
}

export interface ProjectionRunnerOptions {
  /** A permanent identity: the advisory lock carries it. */
  readonly name: string;
  readonly projections: readonly Projection[];
  readonly database: Database;
  readonly feeds: LogFeeds;
  /** Only these event types; all of the log when absent. */
  readonly eventTypes?: readonly string[];
  /** Position of the last event of the log, to notice that the log was replaced or restored. */
  readonly head?: () => Promise<bigint>;
  readonly observer?: RunnerObserver;
  /** Events in one transaction, at most; behind the log so many are taken, live what is there. */
  readonly batchEvents?: number;
  /** How often a standby asks for ownership; 2 s. */
  readonly standbyRetryMs?: number;
}

/** Why a projection stopped: an event its fold or its tables could not take. */
export interface ProjectionFailure {
  readonly position: bigint;
  readonly eventType: string;
  readonly eventId: string;
  readonly cause: string;
}

export interface ProjectionRunnerStatus {
  readonly name: string;
  readonly phase: RunnerPhase;
  /** All tables of the group are true up to here. */
  readonly position: bigint;
  readonly lastError: { readonly message: string; readonly at: string } | undefined;
  readonly projections: readonly {
    readonly name: string;
    readonly version: number;
    readonly position: bigint;
    readonly failure: ProjectionFailure | undefined;
  }[];
}

const BATCH_EVENTS = 15_000;
const FAULT_ATTEMPTS = 3;
const FAULT_PAUSE_MS = 100;
/**
 * Live, a batch is followed by a pause as long as it took, at most this: under load batches become
 * larger, and cost less an event, before they make the API wait for the thread they share.
 */
const LONGEST_BREATH_MS = 25;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const AHEAD_RETRY_MS = 5_000;
const STOP_WITHIN_MS = 15_000;

/**
 * Keeps the tables of a group of projections up to date from one feed. All projections of the
 * group move in one transaction per batch, so their tables are true at one position; a checkpoint
 * that moves in the same transaction makes every event count once, whatever crashes when.
 *
 * Across processes one runner of a name works at a time; the others stand by.
 */
export class ProjectionRunner implements Progress {
  private now: RunnerPhase = 'stopped';
  private lastError: ProjectionRunnerStatus['lastError'];
  private readonly checkpoints = new Map<Projection, bigint>();
  private readonly failures = new Map<Projection, ProjectionFailure>();
  private readonly listeners = new Set<() => void>();
  private readonly cache = new RowCache();
  private readonly upkeep: Upkeep;
  private stopping = new AbortController();
  private running: Promise<void> | undefined;
  private owned: AbortSignal | undefined;

  constructor(private readonly options: ProjectionRunnerOptions) {
    this.upkeep = new Upkeep(options.database);
  }

  get name(): string {
    return this.options.name;
  }

  get phase(): RunnerPhase {
    return this.now;
  }

  /** All tables of the group are true up to here, as far as this process knows. */
  get position(): bigint {
    return this.least(this.options.projections);
  }

  /** Aborted when ownership ends; undefined unless this runner owns the group and is live. */
  get liveOwnership(): AbortSignal | undefined {
    return this.phase === 'live' ? this.owned : undefined;
  }

  /** Begins in the background; faults of database and log are waited out. */
  start(): void {
    if (this.running) throw new Error(`Runner ${this.name} is started already`);
    this.stopping = new AbortController();
    this.enter('starting');
    this.running = this.run(this.stopping.signal);
  }

  /** Ends after the batch at hand; waits for that within bounds. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const { running } = this;
    this.running = undefined;
    if (!running) return;
    const timer = new AbortController();
    await Promise.race([
      running,
      sleep(STOP_WITHIN_MS, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
  }

  status(): ProjectionRunnerStatus {
    return {
      name: this.name,
      phase: this.phase,
      position: this.position,
      lastError: this.lastError,
      projections: this.options.projections.map((projection) => ({
        name: projection.name,
        version: projection.version,
        position: this.checkpointOf(projection),
        failure: this.failures.get(projection),
      })),
    };
  }

  onProgress(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves once the group is at the position; rejects with `ReadModelBehind` after the time. */
  waitFor(position: bigint, timeoutMs: number): Promise<void> {
    return positionReached(this, position, timeoutMs);
  }

  private async run(stop: AbortSignal): Promise<void> {
    for (let failures = 0; !stop.aborted;) {
      const before = this.position;
      try {
        await this.ownAndApply(stop);
      } catch (error) {
        if (stop.aborted) break;
        failures = this.position > before ? 1 : failures + 1;
        this.lastError = { message: describe(error), at: new Date().toISOString() };
        this.warn('Applying events was interrupted', error);
        this.enter('retrying');
        const pause = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
        await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
      }
    }
    this.enter('stopped');
  }

  /** Owns the group until something fails or the runner is stopped. */
  private async ownAndApply(stop: AbortSignal): Promise<void> {
    const ownership = await own(this.options.database, this.name, stop, {
      onStandby: () => this.enter('standby'),
      retryMs: this.options.standbyRetryMs,
    });
    const ended = new AbortController();
    const work = AbortSignal.any([stop, ownership.lost, ended.signal]);
    this.owned = work;
    try {
      await this.prepare(work);
      await this.applyFeed(work);
      ownership.lost.throwIfAborted();
    } finally {
      ended.abort();
      this.owned = undefined;
      await ownership.release();
    }
  }

  private async prepare(work: AbortSignal): Promise<void> {
    const { database, projections, head } = this.options;
    await prepareSchema(database, projections, (message) => this.warn(message));
    for (let lastEvents = await this.loadCheckpoints(); head;) {
      const end = await head();
      const ahead = projections.filter((projection) => lastEvents.get(projection)! > end);
      if (ahead.length === 0) return this.lowerCheckpoints(end);
      const names = ahead.map(({ name }) => name).join(', ');
      if (database.kind === 'pglite') {
        this.warn(`The log ends before the tables of ${names}; they are emptied`);
        await resetProjections(database, ahead);
        lastEvents = await this.loadCheckpoints();
        continue;
      }
      this.warn(`The log ends at ${end}, before the tables of ${names}; nothing is applied`);
      this.enter('aheadOfLog');
      await sleep(AHEAD_RETRY_MS, undefined, { signal: work });
    }
  }

  /**
   * A feed may report positions past the last event. Where the log now ends before such a position,
   * new events could come before it: the checkpoint goes back to the end, which loses nothing.
   */
  private async lowerCheckpoints(end: bigint): Promise<void> {
    const { database, projections } = this.options;
    const beyond = projections.filter((projection) => this.checkpointOf(projection) > end);
    for (const projection of beyond) {
      await database
        .for<MetaTables>()
        .updateTable('hostledger_meta.checkpoints')
        .set({ position: end })
        .where('name', '=', projection.name)
        .where('version', '=', projection.version)
        .where('position', '=', this.checkpointOf(projection))
        .execute();
    }
    if (beyond.length > 0) await this.loadCheckpoints();
  }

  /** Reads the checkpoints; returns the position of the last event each projection was given. */
  private async loadCheckpoints(): Promise<Map<Projection, bigint>> {
    this.cache.clear();
    const { database, projections } = this.options;
    const rows = await database
      .for<MetaTables>()
      .selectFrom('hostledger_meta.checkpoints')
      .select(['name', 'version', 'position', 'last_event'])
      .execute();
    const lastEvents = new Map<Projection, bigint>();
    for (const projection of projections) {
      const row = rows.find(
        ({ name, version }) => name === projection.name && version === projection.version,
      );
      if (!row) throw new Error(`The checkpoint of ${projection.name} is missing`);
      this.checkpoints.set(projection, row.position);
      lastEvents.set(projection, row.last_event);
    }
    return lastEvents;
  }

  private async applyFeed(work: AbortSignal): Promise<void> {
    const { feeds, eventTypes, database, batchEvents = BATCH_EVENTS } = this.options;
    const from = this.least(this.active());
    const feed = feeds.open({ name: this.name, from, ...(eventTypes ? { eventTypes } : {}) });
    const close = (): void => void feed.close().catch(() => undefined);
    work.addEventListener('abort', close, { once: true });
    if (work.aborted) close();
    const intake = new Intake(feed, batchEvents);
    try {
      this.enter('catchingUp');
      while (!work.aborted) {
        const batch = await this.nextBatch(intake, work);
        if (!batch) return;
        const began = performance.now();
        await this.apply(batch.events, batch.position, work);
        if (batch.caughtUp && this.phase === 'catchingUp' && !work.aborted) {
          await createIndexes(database, this.active());
          await switchViews(database, this.active());
          this.lastError = undefined;
          this.enter('live');
        }
        if (!batch.caughtUp) continue;
        await this.upkeep.run();
        const pause = Math.min(performance.now() - began, LONGEST_BREATH_MS);
        await sleep(pause, undefined, { signal: work }).catch(() => undefined);
      }
    } finally {
      work.removeEventListener('abort', close);
      await feed.close();
    }
  }

  private async nextBatch(intake: Intake, work: AbortSignal): Promise<LogBatch | undefined> {
    try {
      return await intake.take();
    } catch (error) {
      if (work.aborted) return undefined;
      throw error;
    }
  }

  /**
   * Applies the events in as few transactions as possible: one, unless a projection fails. Then
   * the events before the faulty one are applied, the faulty one is tried alone, and at last that
   * projection is left behind and the others go on.
   */
  private async apply(
    events: readonly RecordedEvent[],
    position: bigint,
    work: AbortSignal,
  ): Promise<void> {
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
        if (attempts < FAULT_ATTEMPTS) await sleep(FAULT_PAUSE_MS * attempts);
        else {
          this.leaveBehind(error, part[0]!);
          attempts = 0;
        }
      }
    } while (from < events.length && !work.aborted);
  }

  private async commit(events: readonly RecordedEvent[], position: bigint): Promise<void> {
    const began = performance.now();
    const active: FoldedProjection[] = this.active()
      .map((projection) => ({ projection, checkpoint: this.checkpointOf(projection) }))
      .filter(({ checkpoint }) => checkpoint < position);
    if (active.length === 0) return;
    let changes: readonly TableChange[];
    try {
      changes = await this.options.database
        .for<unknown>()
        .transaction()
        .execute((trx) => applyBatch(trx, this.cache, active, events, position));
    } catch (error) {
      this.cache.clear();
      throw error;
    }
    for (const { store, rows } of changes) {
      for (const [id, row] of rows) if (!store.table.insertOnly) this.cache.set(store, id, row);
      this.upkeep.note(store, rows.size);
    }
    for (const { projection } of active) this.checkpoints.set(projection, position);
    const seconds = (performance.now() - began) / 1000;
    this.options.observer?.batchApplied(this.name, events.length, seconds);
    this.notify();
  }

  private leaveBehind(fault: ProjectionFault, event: RecordedEvent): void {
    const { projection, cause } = fault;
    this.failures.set(projection, {
      position: event.position,
      eventType: event.type,
      eventId: event.id,
      cause: describe(cause),
    });
    this.warn(`Projection ${projection.name} stopped at ${event.type} ${event.position}`, cause);
    this.notify();
  }

  /** The projections that still move. */
  private active(): Projection[] {
    return this.options.projections.filter((projection) => !this.failures.has(projection));
  }

  private checkpointOf(projection: Projection): bigint {
    return this.checkpoints.get(projection) ?? 0n;
  }

  private least(projections: readonly Projection[]): bigint {
    const positions = projections.map((projection) => this.checkpointOf(projection));
    return positions.reduce((least, position) => (position < least ? position : least));
  }

  private enter(phase: RunnerPhase): void {
    if (this.phase === phase) return;
    this.now = phase;
    this.notify();
  }

  private notify(): void {
    for (const listener of this.listeners) listener();
  }

  private warn(message: string, error?: unknown): void {
    this.options.observer?.warned(this.name, message, error);
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
