import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { noDecisions, type Decisions } from '../decisions.js';
import type { LogFeeds } from '../log-feed.js';
import type { RecordedEvent } from '../message.js';
import type { Projection } from '../projection.js';
import {
  generationRows,
  isOf,
  lowerCheckpoint,
  noteEventTypes,
  noteFailure,
  noteOwner,
  noteRefusal,
  recall,
  type GenerationRow,
} from './bookkeeping.js';
import type { Database } from './database.js';
import { Generation, schemaOf, type GenerationKey, type ProjectionFailure } from './generation.js';
import { Lane, leastCheckpoint } from './lane.js';
import { Lanes } from './lanes.js';
import { faultOfLog, LogReplaced, WHAT_TO_DO, type LogIdentity } from './log-check.js';
import { openOwnership, type Ownership } from './ownership.js';
import { positionReached, type Progress, type RunnerPhase } from './progress.js';
import {
  dropGeneration,
  prepareGenerations,
  prepareMeta,
  resetGeneration,
  show,
} from './schema.js';

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
const STANDBY_RETRY_MS = 2_000;
const REFUSED_RETRY_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const STOP_WITHIN_MS = 15_000;

/**
 * Keeps the tables of a group of projections up to date. What is to be kept follows from the code
 * (a version) and from what operators decided (a run); what there is, the bookkeeping in the
 * database says. Every half second, and when something happens, it takes one step from the one to
 * the other; each step may be cut off and taken again.
 *
 * Every generation has one owner among all processes, so that an older and a newer version of the
 * code may run side by side, each keeping what it knows.
 *
 * The main lane keeps what has reached the end of the log. What is being filled, or lags behind, has
 * a lane of its own until it is live too, and moves into the main lane; there the views are switched
 * to it once one transaction has brought all to the same position.
 */
export class ProjectionRunner implements Progress {
  private now: RunnerPhase = 'stopped';
  private lastError: ProjectionRunnerStatus['lastError'];
  private decided: Decisions = noDecisions;
  private knowsDecisions = false;
  private readonly kept = new Map<string, Generation>();
  private lanes: Lanes | undefined;
  private refused = false;
  private heldElsewhere: ReadonlySet<string> = new Set();
  private askedForOwnership = -Infinity;
  private lookedBehind = -Infinity;
  private checkedLog = -Infinity;
  private readonly listeners = new Set<() => void>();
  private stopping = new AbortController();
  private running: Promise<void> | undefined;
  private owned: AbortSignal | undefined;
  private wake = (): void => undefined;

  constructor(private readonly options: ProjectionRunnerOptions) {}

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
        const generations = [...this.kept.values()].filter((kept) => kept.name === name);
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
    this.refused = false;
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
      this.askedForOwnership = -Infinity;
      const given = [...this.kept.values()];
      this.kept.clear();
      if (!ownership.lost.aborted) {
        await noteOwner(database, given, undefined).catch(() => undefined);
      }
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
    await this.learnDecisions();
    const db = this.options.database.for<unknown>();
    let rows = await generationRows(db);
    const wanted = this.wantedOf(rows);
    if (await this.takeOver(wanted, ownership)) rows = await generationRows(db);
    this.noteShown(rows);
    await this.dropUnwanted(wanted, ownership, lanes);
    await this.dropLeftBehind(rows, wanted, ownership);
    if (this.kept.size === 0) return this.enter('standby');
    if (await this.refuses(rows)) return;
    await this.resumeFailed();
    const movable = [...this.kept.values()].filter(({ failure }) => !failure);
    await lanes.arrange(movable.filter((generation) => !lanes.has(generation)));
    if (lanes.main?.live) await this.switchViews(lanes.main);
    if (lanes.isEmpty) this.enter('live');
    else if (this.phase !== 'live') this.enter('catchingUp');
  }

  /** While the event store is away, what was decided before holds. */
  private async learnDecisions(): Promise<void> {
    const { decisions } = this.options;
    if (!decisions) return;
    try {
      this.decided = await decisions();
      this.knowsDecisions = true;
    } catch (error) {
      if (!this.knowsDecisions) throw error;
      this.warn('What operators decided cannot be read', error);
    }
  }

  /** What this code keeps: the decided run, the one in use, and one that can be switched back to. */
  private wantedOf(rows: readonly GenerationRow[]): Wanted[] {
    return this.options.projections.flatMap((projection) => {
      const { run, retained } = this.decided.of(projection.name);
      const ours = rows.filter(
        (row) => row.name === projection.name && row.version === projection.version,
      );
      const runs = new Set([run]);
      for (const row of ours) {
        if (row.inUse || (row.run === retained && row.filled)) runs.add(row.run);
      }
      return [...runs].map((one) => wantedAs(projection, one));
    });
  }

  /** Takes what nobody else keeps; tells whether there was something. */
  private async takeOver(wanted: readonly Wanted[], ownership: Ownership): Promise<boolean> {
    const { database, name: group, standbyRetryMs = STANDBY_RETRY_MS } = this.options;
    const missing = wanted.filter(({ schema }) => !this.kept.has(schema));
    const known = missing.filter(({ schema }) => this.heldElsewhere.has(schema));
    const due = performance.now() - this.askedForOwnership >= standbyRetryMs;
    if (missing.length === 0 || (known.length === missing.length && !due)) return false;
    this.askedForOwnership = performance.now();
    const owned = await ownership.take(missing.map(({ schema }) => schema));
    this.heldElsewhere = new Set(
      missing.map(({ schema }) => schema).filter((schema) => !owned.has(schema)),
    );
    const taken = missing
      .filter(({ schema }) => owned.has(schema))
      .map(({ projection, run }) => new Generation(projection, run));
    if (taken.length === 0) return false;
    await prepareGenerations(database, group, taken, (message) => this.warn(message));
    await this.sign(taken);
    const rows = await generationRows(database.for<unknown>());
    for (const generation of taken) {
      recall(generation, rowOf(rows, generation));
      this.kept.set(generation.schema, generation);
    }
    this.checkedLog = -Infinity;
    return true;
  }

  private noteShown(rows: readonly GenerationRow[]): void {
    for (const generation of this.kept.values()) {
      generation.inUse = rows.find((row) => isOf(row, generation))?.inUse ?? false;
    }
  }

  private async dropUnwanted(
    wanted: readonly GenerationKey[],
    ownership: Ownership,
    lanes: Lanes,
  ): Promise<void> {
    const unwanted = [...this.kept.values()].filter(
      (generation) => !wanted.some((key) => isOf(key, generation)),
    );
    for (const generation of unwanted) {
      await lanes.takeOut(generation);
      await dropGeneration(this.options.database, generation);
      this.kept.delete(generation.schema);
      await ownership.give(generation.schema);
    }
  }

  /**
   * Runs of this version that nobody wants or keeps: their owner died before it dropped them. What
   * is known may be old where another process has been told more, so it is all asked for again once
   * they are owned, after which nobody else can fill or show them.
   */
  private async dropLeftBehind(
    rows: readonly GenerationRow[],
    wanted: readonly GenerationKey[],
    ownership: Ownership,
  ): Promise<void> {
    const { database, decisions, projections, standbyRetryMs = STANDBY_RETRY_MS } = this.options;
    const leftBehind = (all: readonly GenerationRow[], but: readonly GenerationKey[]) =>
      all.filter(
        (row) =>
          projections.some(({ name, version }) => name === row.name && version === row.version) &&
          !but.some((key) => isOf(key, row)) &&
          !this.kept.has(schemaOf(row)),
      );
    const found = leftBehind(rows, wanted).map(schemaOf);
    if (found.length === 0 || performance.now() - this.lookedBehind < standbyRetryMs) return;
    this.lookedBehind = performance.now();
    const owned = await ownership.take(found);
    try {
      if (owned.size === 0) return;
      if (decisions) this.decided = await decisions();
      const now = await generationRows(database.for<unknown>());
      for (const row of leftBehind(now, this.wantedOf(now))) {
        const schema = schemaOf(row);
        if (owned.has(schema)) await dropGeneration(database, { ...row, schema });
      }
    } catch (error) {
      this.warn('What a dead owner left behind could not be dropped yet', error);
    } finally {
      for (const schema of owned) await ownership.give(schema);
    }
  }

  /**
   * Whether the log is another one than the tables were filled from, and nobody has accepted it.
   * Looked at when something was taken over; a feed that is opened again has it looked at as well.
   */
  private async refuses(rows: readonly GenerationRow[]): Promise<boolean> {
    const kept = [...this.kept.values()];
    const refusal = kept.find((generation) => generation.refusal)?.refusal;
    if (refusal && this.decided.logAcceptedBy > refusal.acts) {
      await this.lanes?.stop();
      for (const generation of kept) await this.refill(generation);
      this.refused = false;
      return false;
    }
    const { log } = this.options;
    if (!log) return false;
    const sinceMs = performance.now() - this.checkedLog;
    if (sinceMs < (this.refused || refusal ? REFUSED_RETRY_MS : Infinity)) return this.refused;
    const mine = rows.filter((row) => kept.some((generation) => isOf(generation, row)));
    const fault = await faultOfLog(log, mine);
    this.checkedLog = performance.now();
    if (fault) await this.refuse(fault);
    else {
      if (refusal) await noteRefusal(this.options.database, kept, undefined);
      for (const generation of kept) generation.refusal = undefined;
      this.refused = false;
      await this.lowerCheckpoints(await log.head());
    }
    return this.refused;
  }

  private async refuse(fault: string): Promise<void> {
    const { database, decisions } = this.options;
    await this.lanes?.stop();
    const kept = [...this.kept.values()];
    if (!this.refused) {
      // Asked for again: what was known of the stream of decisions may be of the log before.
      if (decisions) this.decided = await decisions();
      const known = kept.find((generation) => generation.refusal)?.refusal;
      const refusal = known ?? { reason: `${fault}. ${WHAT_TO_DO}`, acts: this.decided.acts };
      await noteRefusal(database, kept, refusal);
      for (const generation of kept) generation.refusal = refusal;
      this.warn(`Nothing is applied: ${refusal.reason}`);
      this.refused = true;
      this.lastError = { message: refusal.reason, at: new Date().toISOString() };
    }
    this.enter('refused');
  }

  private async refill(generation: Generation): Promise<void> {
    const { database, name } = this.options;
    await resetGeneration(database, name, generation);
    await this.sign([generation]);
    const rows = await generationRows(database.for<unknown>());
    recall(generation, rowOf(rows, generation));
  }

  /** Tells others who keeps them, and of what. */
  private async sign(generations: readonly Generation[]): Promise<void> {
    const { database, eventTypes } = this.options;
    await noteOwner(database, generations, `${hostname()}/${process.pid}`);
    await noteEventTypes(database, generations, eventTypes);
  }

  /** A feed may report positions past the last event, and so past the end of the log. */
  private async lowerCheckpoints(end: bigint): Promise<void> {
    for (const generation of this.kept.values()) {
      if (generation.checkpoint <= end || this.lanes?.has(generation)) continue;
      await lowerCheckpoint(this.options.database, generation, end);
      generation.checkpoint = end;
    }
  }

  private async resumeFailed(): Promise<void> {
    for (const generation of this.kept.values()) {
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
      beforeReopening: () => this.assertSameLog(),
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
      for (const kept of this.kept.values()) {
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

  /** @throws LogReplaced, upon which everything is looked at anew. */
  private async assertSameLog(): Promise<void> {
    const { log, database } = this.options;
    if (!log) return;
    const rows = await generationRows(database.for<unknown>());
    const mine = rows.filter((row) => [...this.kept.values()].some((kept) => isOf(kept, row)));
    const fault = await faultOfLog(log, mine);
    if (fault) throw new LogReplaced(fault);
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

interface Wanted extends GenerationKey {
  readonly projection: Projection;
  readonly schema: string;
}

const wantedAs = (projection: Projection, run: number): Wanted => {
  const { name, version } = projection;
  return { name, version, run, projection, schema: schemaOf({ name, version, run }) };
};

const rowOf = (rows: readonly GenerationRow[], key: GenerationKey): GenerationRow => {
  const row = rows.find((candidate) => isOf(candidate, key));
  if (!row) throw new Error(`The bookkeeping of ${key.name} is missing`);
  return row;
};

const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
