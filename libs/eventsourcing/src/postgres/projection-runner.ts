import { setTimeout as sleep } from 'node:timers/promises';
import type { Decisions } from '../decisions.js';
import type { LogFeeds } from '../log-feed.js';
import type { RecordedEvent } from '../message.js';
import type { Projection } from '../projection.js';
import { generationRows, noteFailure } from './bookkeeping.js';
import type { Database } from './database.js';
import type { Generation, ProjectionFailure } from './generation.js';
import { KeptGenerations } from './kept-generations.js';
import { KnownDecisions } from './known-decisions.js';
import { Lane, leastCheckpoint } from './lane.js';
import { Lanes } from './lanes.js';
import { LogCheck, type LogIdentity } from './log-check.js';
import { openOwnership, type Ownership } from './ownership.js';
import { positionReached, type Progress, type RunnerPhase } from './progress.js';
import { prepareMeta, show } from './schema.js';

/** Where a runner reports what it does; must not throw. */
export interface RunnerObserver {
  batchApplied(runner: string, events: number, seconds: number): void;
  warned(runner: string, message: string, error?: unknown): void;
}

export interface ProjectionRunnerOptions {
  /** The group, a permanent identity: operators decide under this name. */
  readonly name: string;
  readonly projections: readonly Projection[];
  readonly database: Database;
  readonly feeds: LogFeeds;
  /** Only these event types; all of the log when absent. */
  readonly eventTypes?: readonly string[];
  /** To notice that the log was replaced or restored. */
  readonly log?: LogIdentity;
  /** What operators have decided so far; asked again and again. */
  readonly decisions?: () => Promise<Decisions>;
  readonly observer?: RunnerObserver;
  /** Events in one transaction, at most; behind the log so many are taken, live what is there. */
  readonly batchEvents?: number;
  /** How often ownership is asked for that others have; 2 s. */
  readonly standbyRetryMs?: number;
}

export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  /** The run that is in use, or to be. */
  readonly run: number;
  readonly position: bigint;
  /** This process keeps it. */
  readonly owned: boolean;
  /** Readers see it. */
  readonly inUse: boolean;
  readonly failure: ProjectionFailure | undefined;
  /** Events that operators have decided it is not given. */
  readonly parkedEvents: number;
}

export interface ProjectionRunnerStatus {
  readonly name: string;
  readonly phase: RunnerPhase;
  readonly position: bigint;
  readonly lastError: { readonly message: string; readonly at: string } | undefined;
  readonly projections: readonly ProjectionStatus[];
}

const BATCH_EVENTS = 15_000;
const RECONCILE_MS = 500;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const STOP_WITHIN_MS = 15_000;

/**
 * Keeps the tables of a group of projections up to date. What is to be kept follows from the code
 * (a version) and from what operators decided (a run); what there is, the bookkeeping in the
 * database says. Every half second, and when something happens, it takes one step from the one to
 * the other; each step may be cut off and taken again.
 *
 * The main lane keeps what has reached the end of the log. What is being filled, or lags behind, has
 * a lane of its own until it is live too, and moves into the main lane; there the views are switched
 * to it once one transaction has brought all to the same position.
 */
export class ProjectionRunner implements Progress {
  private now: RunnerPhase = 'stopped';
  private lastError: ProjectionRunnerStatus['lastError'];
  private readonly decided: KnownDecisions;
  private readonly kept: KeptGenerations;
  private readonly logCheck: LogCheck;
  private lanes: Lanes | undefined;
  private readonly listeners = new Set<() => void>();
  private stopping = new AbortController();
  private running: Promise<void> | undefined;
  private owned: AbortSignal | undefined;
  private wake = (): void => undefined;

  constructor(private readonly options: ProjectionRunnerOptions) {
    const { database, log, decisions } = options;
    const warn = (message: string, error?: unknown): void => this.warn(message, error);
    this.decided = new KnownDecisions(decisions, warn);
    this.kept = new KeptGenerations(options, this.decided, warn);
    this.logCheck = new LogCheck({
      log,
      database,
      kept: this.kept,
      decided: this.decided,
      onRefusal: (reason) => {
        this.warn(`Nothing is applied: ${reason}`);
        this.lastError = { message: reason, at: new Date().toISOString() };
      },
    });
  }

  get name(): string {
    return this.options.name;
  }

  get phase(): RunnerPhase {
    return this.now;
  }

  /** All tables in use that move are true up to here, as far as this process knows. */
  get position(): bigint {
    return leastCheckpoint(this.lanes?.main?.generations.filter(({ inUse }) => inUse) ?? []);
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
    this.wake();
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
      projections: this.options.projections.map((projection) => {
        const { name, version } = projection;
        const generations = this.kept.all.filter((kept) => kept.name === name);
        const { run, parked } = this.decided.of(name);
        const shown =
          generations.find(({ inUse }) => inUse) ??
          generations.find((generation) => generation.run === run);
        return {
          name,
          version,
          run: shown?.run ?? run,
          position: shown?.checkpoint ?? 0n,
          owned: shown !== undefined,
          inUse: shown?.inUse ?? false,
          failure: (shown?.failure ? shown : generations.find(({ failure }) => failure))?.failure,
          parkedEvents: parked.size,
        };
      }),
    };
  }

  /**
   * The schema from which the tables of a projection may be acted upon: they are in use, live and
   * kept by this process. `signal` is aborted when it no longer is.
   */
  liveTables(
    projection: string,
  ): { readonly schema: string; readonly signal: AbortSignal } | undefined {
    const main = this.lanes?.main;
    if (this.phase !== 'live' || !this.owned || !main?.live) return undefined;
    const shown = main.generations.find(({ name, inUse }) => inUse && name === projection);
    return shown && { schema: shown.schema, signal: this.owned };
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
        await this.ownAndKeep(stop);
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

  /** Keeps what can be owned until something fails or the runner is stopped. */
  private async ownAndKeep(stop: AbortSignal): Promise<void> {
    const { database, projections } = this.options;
    await prepareMeta(database, projections);
    const ownership = await openOwnership(database);
    const ended = new AbortController();
    const work = AbortSignal.any([stop, ownership.lost, ended.signal]);
    const fail = (error: unknown): void => {
      ended.abort(error);
      this.wake();
    };
    ownership.lost.addEventListener('abort', () => this.wake(), { once: true });
    this.owned = work;
    this.logCheck.begin();
    const lanes = new Lanes((generations, mostEvents) => this.open(generations, mostEvents, fail));
    this.lanes = lanes;
    try {
      while (!work.aborted) {
        const woken = this.nextWake();
        await this.reconcile(ownership, lanes);
        await woken;
      }
      if (!stop.aborted) throw work.reason;
    } finally {
      ended.abort();
      this.owned = undefined;
      await lanes.stop();
      this.lanes = undefined;
      await this.kept.giveUp(ownership);
      await ownership.release();
    }
  }

  /** Resolves when something calls {@link wake}, or half a second after it was asked for. */
  private nextWake(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RECONCILE_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async reconcile(ownership: Ownership, lanes: Lanes): Promise<void> {
    const { decided, kept, logCheck } = this;
    await decided.learn();
    const db = this.options.database.for<unknown>();
    let rows = await generationRows(db);
    const wanted = kept.wantedOf(rows);
    if (await kept.takeOver(wanted, ownership)) {
      logCheck.lookAgain();
      rows = await generationRows(db);
    }
    kept.noteShown(rows);
    await kept.dropUnwanted(wanted, ownership, lanes);
    await kept.dropLeftBehind(rows, wanted, ownership);
    if (kept.all.length === 0) return this.enter('standby');
    if (await logCheck.refuses(rows, lanes)) return this.enter('refused');
    await this.resumeFailed();
    const movable = kept.all.filter(({ failure }) => !failure);
    await lanes.arrange(movable.filter((generation) => !lanes.has(generation)));
    if (lanes.main?.live) await this.switchViews(lanes.main);
    if (lanes.isEmpty) this.enter('live');
    else if (this.phase !== 'live') this.enter('catchingUp');
  }

  private async resumeFailed(): Promise<void> {
    for (const generation of this.kept.all) {
      const { failure } = generation;
      if (!failure || this.decided.of(generation.name).resumedBy <= failure.acts) continue;
      await noteFailure(this.options.database, generation, undefined);
      generation.failure = undefined;
    }
  }

  private open(
    generations: readonly Generation[],
    mostEvents: number,
    fail: (error: unknown) => void,
  ): Lane {
    const { name, database, feeds, eventTypes, batchEvents = BATCH_EVENTS } = this.options;
    const lane: Lane = new Lane(generations, {
      name,
      database,
      feeds,
      ...(eventTypes ? { eventTypes } : {}),
      batchEvents: Math.min(batchEvents, mostEvents),
      parked: (projection) => this.decided.of(projection).parked,
      beforeReopening: () => this.logCheck.assertSame(),
      onCommit: (events, seconds) => {
        this.options.observer?.batchApplied(this.name, events, seconds);
        this.notify();
      },
      onLive: () => this.liveAgain(lane),
      onFault: (generation, event, cause) => this.leaveBehind(generation, event, cause),
      onFailure: fail,
    });
    lane.start();
    return lane;
  }

  /** The end of the log was reached, by all of the lane in one transaction. */
  private async liveAgain(lane: Lane): Promise<void> {
    if (lane !== this.lanes?.main) {
      this.wake();
      return;
    }
    await this.switchViews(lane);
    if (this.phase === 'live') return;
    this.lastError = undefined;
    this.enter('live');
  }

  private async switchViews(lane: Lane): Promise<void> {
    for (const generation of lane.generations) {
      const { name, run, inUse } = generation;
      if (inUse || run !== this.decided.of(name).run) continue;
      try {
        if (!(await show(this.options.database, generation))) continue;
      } catch (error) {
        // Somebody reads through the views for long; the next batch tries again.
        this.warn(`The views of ${name} could not be switched yet`, error);
        continue;
      }
      for (const kept of this.kept.all) {
        if (kept.name === name) kept.inUse = kept === generation;
      }
      this.notify();
    }
  }

  private async leaveBehind(
    generation: Generation,
    event: RecordedEvent,
    cause: unknown,
  ): Promise<void> {
    generation.failure = {
      position: event.position,
      eventType: event.type,
      eventId: event.id,
      cause: describe(cause),
      acts: this.decided.acts,
    };
    await noteFailure(this.options.database, generation, generation.failure);
    this.warn(`${generation.schema} stopped at ${event.type} ${event.position}`, cause);
    this.notify();
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
