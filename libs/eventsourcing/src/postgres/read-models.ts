import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Projection } from '../projection.js';
import type { Database } from './database.js';
import { SessionLost } from './embedded-pool.js';
import { codeOf, ReadModelBehind, ReadModelUnavailable } from './errors.js';
import { positionReached, type Progress } from './progress.js';

export interface ReadModelsOptions {
  /** The group: what is read is true at the least of their positions. */
  readonly projections: readonly Projection[];
  /** Of the group's runner where it is in this process: spares the polling. */
  readonly progress?: Progress;
  /** How long the database may take for one read. */
  readonly answerWithinMs?: number;
}

const WAIT_MS = 5_000;
const ANSWER_WITHIN_MS = 10_000;
const POLL_MS = 20;

/** Consistent reads of a group of read models, each with the log position it is true at. */
export class ReadModels {
  private poll: Promise<bigint> | undefined;

  constructor(
    private readonly database: Database,
    private readonly options: ReadModelsOptions,
  ) {}

  /**
   * Runs `query` in a read-only snapshot whose position is read with it. With `minPosition` it
   * first waits until the group has reached it, `timeoutMs` at most (5 s).
   *
   * Throws {@link ReadModelBehind} when the position is not reached in time, and
   * {@link ReadModelUnavailable} when the database does not answer.
   */
  async read<Tables, T>(
    at: { readonly minPosition?: bigint; readonly timeoutMs?: number },
    query: (db: Kysely<Tables>) => Promise<T>,
  ): Promise<{ readonly position: bigint; readonly value: T }> {
    const { minPosition = 0n, timeoutMs = WAIT_MS } = at;
    const deadline = performance.now() + timeoutMs;
    const { progress } = this.options;
    // The runner knows of a commit at once; but as a standby it knows nothing.
    if (progress && progress.phase !== 'standby') {
      await positionReached(progress, minPosition, timeoutMs);
    }
    for (;;) {
      const answer = await this.answer(minPosition, query);
      if ('value' in answer) return answer;
      let { position } = answer;
      do {
        if (performance.now() >= deadline) throw new ReadModelBehind(minPosition, position);
        position = await this.polled();
      } while (position < minPosition);
    }
  }

  /** Position of the group, as the database has it. */
  async position(): Promise<bigint> {
    return (await this.snapshot((trx) => this.positionIn(trx))) ?? 0n;
  }

  /** The position a moment later; all who wait share one query. */
  private polled(): Promise<bigint> {
    this.poll ??= sleep(POLL_MS)
      .then(() => this.position())
      .finally(() => (this.poll = undefined));
    return this.poll;
  }

  private answer<Tables, T>(
    minPosition: bigint,
    query: (db: Kysely<Tables>) => Promise<T>,
  ): Promise<{ position: bigint; value: T } | { position: bigint }> {
    return this.snapshot(async (trx) => {
      const position = await this.positionIn(trx);
      if (position === undefined || position < minPosition) return { position: position ?? 0n };
      return { position, value: await query(trx as unknown as Kysely<Tables>) };
    });
  }

  /**
   * The least position among the versions that the views show; undefined while one of ours has not
   * taken over yet, because then the tables may not have the columns that are asked for.
   */
  private async positionIn(trx: Transaction<unknown>): Promise<bigint | undefined> {
    const { projections } = this.options;
    const ours = projections.map(({ name, version }) => ({ name, version }));
    const { rows } = await sql<{ position: bigint | null; shown: bigint }>`
      select min(c.position) as position, count(*) as shown
      from json_to_recordset(${JSON.stringify(ours)}::json) as p(name text, version integer)
      join hostledger_meta.in_use u on u.name = p.name and u.version >= p.version
      join hostledger_meta.checkpoints c on c.name = u.name and c.version = u.version`.execute(trx);
    const row = rows[0]!;
    return row.shown === BigInt(projections.length) ? (row.position ?? 0n) : undefined;
  }

  private async snapshot<T>(work: (trx: Transaction<unknown>) => Promise<T>): Promise<T> {
    const answerWithinMs = this.options.answerWithinMs ?? ANSWER_WITHIN_MS;
    const done = new AbortController();
    const late = sleep(answerWithinMs, undefined, { signal: done.signal }).then(() => {
      throw new ReadModelUnavailable(`The database did not answer within ${answerWithinMs} ms`);
    });
    late.catch(() => undefined);
    const answer = this.database
      .for<unknown>()
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(work);
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
