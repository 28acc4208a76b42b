import { hostname } from 'node:os';
import type { Projection } from '../projection.js';
import {
  generationRows,
  isOf,
  noteEventTypes,
  noteOwner,
  recall,
  type GenerationRow,
} from './bookkeeping.js';
import type { Database } from './database.js';
import { Generation, schemaOf, type GenerationKey } from './generation.js';
import type { KnownDecisions } from './known-decisions.js';
import type { Lanes } from './lanes.js';
import type { Ownership } from './ownership.js';
import { dropGeneration, prepareGenerations, resetGeneration } from './schema.js';

export interface KeptGenerationsOptions {
  /** The group that they are filled for. */
  readonly name: string;
  readonly projections: readonly Projection[];
  readonly database: Database;
  /** The only ones they are given; all when absent. */
  readonly eventTypes?: readonly string[];
  /** How often ownership is asked for that others have; 2 s. */
  readonly standbyRetryMs?: number;
}

/** A generation that this code keeps, in this process or in another one. */
export interface WantedGeneration extends GenerationKey {
  readonly projection: Projection;
  readonly schema: string;
}

const STANDBY_RETRY_MS = 2_000;

/**
 * The generations that this process keeps. Every generation has one owner among all processes, so
 * that an older and a newer version of the code may run side by side, each keeping what it knows.
 */
export class KeptGenerations {
  private readonly kept = new Map<string, Generation>();
  private heldElsewhere: ReadonlySet<string> = new Set();
  private askedForOwnership = -Infinity;
  private lookedBehind = -Infinity;

  constructor(
    private readonly options: KeptGenerationsOptions,
    private readonly decided: KnownDecisions,
    private readonly onWarning: (message: string, error?: unknown) => void,
  ) {}

  get all(): readonly Generation[] {
    return [...this.kept.values()];
  }

  /** What this code keeps: the decided run, the one in use, and one that can be switched back to. */
  wantedOf(rows: readonly GenerationRow[]): WantedGeneration[] {
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
  async takeOver(wanted: readonly WantedGeneration[], ownership: Ownership): Promise<boolean> {
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
    await prepareGenerations(database, group, taken, (message) => this.onWarning(message));
    await this.sign(taken);
    const rows = await generationRows(database.for<unknown>());
    for (const generation of taken) {
      recall(generation, rowOf(rows, generation));
      this.kept.set(generation.schema, generation);
    }
    return true;
  }

  noteShown(rows: readonly GenerationRow[]): void {
    for (const generation of this.kept.values()) {
      generation.inUse = rows.find((row) => isOf(row, generation))?.inUse ?? false;
    }
  }

  async dropUnwanted(
    wanted: readonly GenerationKey[],
    ownership: Ownership,
    lanes: Lanes,
  ): Promise<void> {
    const unwanted = this.all.filter((generation) => !wanted.some((key) => isOf(key, generation)));
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
  async dropLeftBehind(
    rows: readonly GenerationRow[],
    wanted: readonly GenerationKey[],
    ownership: Ownership,
  ): Promise<void> {
    const { database, projections, standbyRetryMs = STANDBY_RETRY_MS } = this.options;
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
      await this.decided.learnNow();
      const now = await generationRows(database.for<unknown>());
      for (const row of leftBehind(now, this.wantedOf(now))) {
        const schema = schemaOf(row);
        if (owned.has(schema)) await dropGeneration(database, { ...row, schema });
      }
    } catch (error) {
      this.onWarning('What a dead owner left behind could not be dropped yet', error);
    } finally {
      for (const schema of owned) await ownership.give(schema);
    }
  }

  /** Has all of them filled anew, from the start of the log. */
  async refill(): Promise<void> {
    const { database, name } = this.options;
    for (const generation of this.kept.values()) {
      await resetGeneration(database, name, generation);
      await this.sign([generation]);
      const rows = await generationRows(database.for<unknown>());
      recall(generation, rowOf(rows, generation));
    }
  }

  /** Keeps none any more, and says so as long as they are still its own. */
  async giveUp(ownership: Ownership): Promise<void> {
    this.askedForOwnership = -Infinity;
    const given = this.all;
    this.kept.clear();
    if (ownership.lost.aborted) return;
    await noteOwner(this.options.database, given, undefined).catch(() => undefined);
  }

  /** Tells others who keeps them, and of what. */
  private async sign(generations: readonly Generation[]): Promise<void> {
    const { database, eventTypes } = this.options;
    await noteOwner(database, generations, `${hostname()}/${process.pid}`);
    await noteEventTypes(database, generations, eventTypes);
  }
}

const wantedAs = (projection: Projection, run: number): WantedGeneration => {
  const { name, version } = projection;
  return { name, version, run, projection, schema: schemaOf({ name, version, run }) };
};

const rowOf = (rows: readonly GenerationRow[], key: GenerationKey): GenerationRow => {
  const row = rows.find((candidate) => isOf(candidate, key));
  if (!row) throw new Error(`The bookkeeping of ${key.name} is missing`);
  return row;
};
