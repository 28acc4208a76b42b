import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Kysely } from 'kysely';
import type { Projection } from '../projection.js';
import { inSpanBelow, SpanKind } from '../tracing.js';
import { generationRows, type GenerationRow } from './bookkeeping.js';
import type { Database } from './database.js';
import { SessionLost } from './embedded-pool.js';
import {
  codeOf,
  PositionBeyondLog,
  ReadModelBehind,
  ReadModelRefused,
  ReadModelUnavailable,
} from './errors.js';
import { schemaOf, type LogRefusal, type ProjectionFailure } from './generation.js';
import type { LogIdentity } from './log-check.js';
import { positionReached, type Progress } from './progress.js';
import { touchedTables } from './touched-tables.js';

export interface ReadModelsOptions {
  /** Whose tables may be read: what is read is true at the least position of those it is read from. */
  readonly projections: readonly Projection[];
  /** Of the group's runner where it is in this process: spares the polling. */
  readonly progress?: Progress;
  /** Tells a position that is not there yet from one that will not come. */
  readonly log?: Pick<LogIdentity, 'head'>;
  /** How long the database may take for one read. */
  readonly answerWithinMs?: number;
}

const WAIT_MS = 5_000;
const ANSWER_WITHIN_MS = 10_000;
const POLL_MS = 20;
const READ_SPAN = { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } };

interface ReadWish {
  readonly minPosition?: bigint;
  readonly timeoutMs?: number;
  readonly answerWithinMs?: number;
}

/** Of the tables of a projection that are in use. */
interface Shown {
  readonly schema: string;
  readonly position: bigint;
  readonly failure: ProjectionFailure | undefined;
  readonly refusal: LogRefusal | undefined;
}

/** By the name of the projection; those that are not shown, or in an older version, are missing. */
type Standing = ReadonlyMap<string, Shown>;

/** The query would read from tables that are not at the position yet. */
class NotYet extends Error {
  constructor(readonly projections: readonly string[]) {
    super('The tables are not at the position yet');
  }
}

/** Consistent reads of read models, each with the log position it is true at. */
export class ReadModels {
  private poll: Promise<Standing> | undefined;
  private readonly names: readonly string[];
  /** Which projection a table belongs to. */
  private readonly ownerOf: ReadonlyMap<string, string>;

  constructor(
    private readonly database: Database,
    private readonly options: ReadModelsOptions,
  ) {
    this.names = options.projections.map(({ name }) => name);
    this.ownerOf = new Map(
      options.projections.flatMap(({ name, tables }) =>
        tables.map(({ table }) => [table.name, name] as const),
      ),
    );
  }

  /**
   * Runs `query` in a read-only snapshot in which the position is read, too: that of the tables it
   * touches, all of them where it hides some in SQL text. With `minPosition` it first waits until
   * those have reached it, `timeoutMs` at most (5 s). The database may take `answerWithinMs` for all
   * that is asked, by default what these read models allow.
   *
   * Throws {@link ReadModelBehind} when the position is not reached in time, {@link PositionBeyondLog}
   * when the log has not reached it either, {@link ReadModelRefused}
   * when the log is not the one that the tables were filled from, and {@link ReadModelUnavailable}
   * when the database does not answer.
   */
  async read<Tables, T>(
    at: ReadWish,
    query: (db: Kysely<Tables>) => Promise<T>,
  ): Promise<{ readonly position: bigint; readonly value: T }> {
    return inSpanBelow('read model', READ_SPAN, async (span) => {
      const read = await this.readAt(at, query);
      span?.setAttribute('hostledger.position', read.position.toString());
      return read;
    });
  }

  private async readAt<Tables, T>(
    at: ReadWish,
    query: (db: Kysely<Tables>) => Promise<T>,
  ): Promise<{ readonly position: bigint; readonly value: T }> {
    const { minPosition = 0n, timeoutMs = WAIT_MS } = at;
    const deadline = performance.now() + timeoutMs;
    await this.untilTold(minPosition, timeoutMs);
    for (;;) {
      try {
        return await this.snapshot((db) => this.answer(db, minPosition, query), at.answerWithinMs);
      } catch (error) {
        if (!(error instanceof NotYet)) throw error;
        await this.untilReached(error.projections, minPosition, deadline);
      }
    }
  }

  /** Least position of all tables, as the database has it. */
  async position(): Promise<bigint> {
    const standing = await this.snapshot((db) => this.standingIn(db));
    return leastOf(standing, this.names);
  }

  /** All generations of all groups, with what is known of them. */
  async generations(): Promise<readonly GenerationRow[]> {
    return this.snapshot((db) => generationRows(db));
  }

  private async answer<Tables, T>(
    db: Kysely<unknown>,
    minPosition: bigint,
    query: (db: Kysely<Tables>) => Promise<T>,
  ): Promise<{ readonly position: bigint; readonly value: T }> {
    const standing = await this.standingIn(db);
    const touched = new Set<string>();
    const touch = (projections: readonly string[]): void => {
      const behind = projections.filter((name) => !hasReached(standing, name, minPosition));
      if (behind.length > 0) throw new NotYet(behind);
      for (const name of projections) touched.add(name);
    };
    const watched = db.withPlugin(
      touchedTables({
        onTable: (table) => {
          const owner = this.ownerOf.get(table);
          if (owner === undefined) return undefined;
          touch([owner]);
          return standing.get(owner)!.schema;
        },
        onAnyTable: () => touch(this.names),
      }),
    );
    const value = await query(watched as unknown as Kysely<Tables>);
    return { position: leastOf(standing, touched.size > 0 ? [...touched] : this.names), value };
  }

  /**
   * The runner knows of a commit at once. But as a standby it knows nothing, and of tables that are
   * not in its main lane neither: in the end the database decides.
   */
  private async untilTold(minPosition: bigint, timeoutMs: number): Promise<void> {
    const { progress } = this.options;
    if (progress?.phase !== 'live' && progress?.phase !== 'catchingUp') return;
    if (progress.position === 0n) return;
    await positionReached(progress, minPosition, timeoutMs).catch(() => undefined);
  }

  /** Asks the database until these tables have reached the position. */
  private async untilReached(
    projections: readonly string[],
    minPosition: bigint,
    deadline: number,
  ): Promise<void> {
    for (;;) {
      const standing = await this.polled();
      const behind = projections.filter((name) => !hasReached(standing, name, minPosition));
      if (behind.length === 0) return;
      const stopped = behind.find((name) => standing.get(name)?.failure);
      if (stopped !== undefined || performance.now() >= deadline) {
        // Last, so that a member of the cluster that lags behind itself has had its time.
        await this.mustBeInLog(minPosition);
        throw new ReadModelBehind(
          minPosition,
          leastOf(standing, behind),
          stopped === undefined ? undefined : stopOf(stopped, standing.get(stopped)!.failure!),
        );
      }
    }
  }

  /** @throws PositionBeyondLog; nothing where the log cannot be asked. */
  private async mustBeInLog(position: bigint): Promise<void> {
    const end = await this.options.log?.head().catch(() => undefined);
    if (end !== undefined && position > end) throw new PositionBeyondLog(position, end);
  }

  /** Readers that wait share one look at the database. */
  private polled(): Promise<Standing> {
    this.poll ??= sleep(POLL_MS)
      .then(() => this.snapshot((db) => this.standingIn(db)))
      .finally(() => {
        this.poll = undefined;
      });
    return this.poll;
  }

  private async standingIn(db: Kysely<unknown>): Promise<Standing> {
    const { rows } = await sql<{
      name: string;
      version: number;
      run: number;
      position: bigint;
      failure: (Omit<ProjectionFailure, 'position'> & { readonly position: string }) | null;
      refusal: LogRefusal | null;
    }>`select name, version, run, g.position, g.failure, g.refusal
      from hostledger_meta.in_use join hostledger_meta.generations g
      using (name, version, run)`.execute(db);
    const byName = new Map(rows.map((row) => [row.name, row]));
    const standing = new Map<string, Shown>();
    for (const { name, version } of this.options.projections) {
      const row = byName.get(name);
      // Of an older version the tables may not have the columns that are asked for.
      if (!row || row.version < version) continue;
      const { position, failure, refusal } = row;
      standing.set(name, {
        schema: schemaOf(row),
        position,
        failure: failure ? { ...failure, position: BigInt(failure.position) } : undefined,
        refusal: refusal ?? undefined,
      });
    }
    return standing;
  }

  private async snapshot<T>(
    work: (db: Kysely<unknown>) => Promise<T>,
    answerWithinMs = this.options.answerWithinMs ?? ANSWER_WITHIN_MS,
  ): Promise<T> {
    const done = new AbortController();
    const late = sleep(answerWithinMs, undefined, { signal: done.signal }).then(() => {
      throw new ReadModelUnavailable(`The database did not answer within ${answerWithinMs} ms`);
    });
    late.catch(() => undefined);
    const answer = this.database.reading(work);
    answer.catch(() => undefined);
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      if (isUnavailable(error)) {
        throw new ReadModelUnavailable('The read models cannot be read', { cause: error });
      }
      throw error;
    } finally {
      done.abort();
    }
  }
}

/**
 * A failed connection, or an SQLSTATE that says the server or the tables are not there: connection
 * (08), resources (53), shutdown and cancellation (57), undefined table or schema (42P01, 3F000).
 */
const isUnavailable = (error: unknown): boolean => {
  const code = codeOf(error);
  if (code !== undefined) return /^(08|53|57)[0-9A-Z]{3}$|^42P01$|^3F000$|^E[A-Z]+$/.test(code);
  return error instanceof SessionLost || LOST.test(String(error));
};

/** What the `pg` driver and the embedded pool say of lost or awaited connections, without a code. */
const LOST =
  /^Error: (Connection terminated|timeout exceeded|Query read timeout|Client has encountered|The embedded database)/;

/** @throws ReadModelRefused */
const hasReached = (standing: Standing, projection: string, position: bigint): boolean => {
  const shown = standing.get(projection);
  if (shown?.refusal) throw new ReadModelRefused(shown.refusal.reason);
  return shown !== undefined && shown.position >= position;
};

const leastOf = (standing: Standing, projections: readonly string[]): bigint =>
  projections
    .map((name) => standing.get(name)?.position ?? 0n)
    .reduce((least, position) => (position < least ? position : least));

const stopOf = (projection: string, { eventType, position, cause }: ProjectionFailure): string =>
  `projection ${projection} stopped at ${eventType} (position ${position}): ${cause}`;
