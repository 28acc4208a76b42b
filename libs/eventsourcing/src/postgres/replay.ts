import { sql } from 'kysely';
import type { LogFeeds } from '../log-feed.js';
import type { Projection } from '../projection.js';
import { ProjectionFault } from './batch.js';
import type { Database } from './database.js';
import { fillEmptyTables, type FilledTables } from './fill.js';
import { openOwnership } from './ownership.js';
import { textOf, type ReplayPoint } from './replay-point.js';
import { markBegun, markFilled, replaysIn, schemaExists, type Replay } from './replay-schemas.js';
import { createTables, inSchemaTurn } from './schema.js';
import { queryOf } from './snapshot.js';

export type { Replay } from './replay-schemas.js';

export interface ReplayOptions {
  readonly database: Database;
  readonly feeds: LogFeeds;
  readonly log: { head(): Promise<bigint> };
  readonly projections: readonly Projection[];
  readonly to: ReplayPoint;
  readonly schema: string;
  /** May take the place of a replay of the same name. One that was cut off is always replaced. */
  readonly replace: boolean;
  /** Events that a projection is not given. */
  readonly parked?: (projection: string) => ReadonlyMap<bigint, string>;
  readonly batchEvents?: number;
  /** `end` is the position where the replay ends at the latest. */
  readonly onProgress?: (progress: ReplayProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ReplayProgress {
  readonly position: bigint;
  readonly end: bigint;
  readonly events: number;
}

/** What was asked for is no replay that can be made; nothing was changed. */
export class ReplayRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ReplayRefused';
  }
}

/**
 * Fills tables of these projections as they were at a point of the log, in a schema of their own,
 * by the fold that fills the live ones. A failure or `signal` takes the schema away again; a process
 * that dies leaves one that is not filled, in whose place the next replay of that name begins anew.
 * @throws ReplayRefused
 */
export const replay = async (options: ReplayOptions): Promise<Replay> => {
  const { database, schema } = options;
  assertFree(schema);
  const upTo = await endOf(options);
  return owning(database, schema, async (lost) => {
    await begin(options);
    try {
      const filled = await fill(options, upTo, lost);
      await markFilled(database.for<unknown>(), schema, filled);
    } catch (error) {
      // Who has lost the name must not drop what another one makes under it.
      if (!lost.aborted) await drop(database, schema).catch(() => undefined);
      throw error;
    }
    return replayIn(database, schema);
  });
};

/** Schemas that replays have made, by name. */
export const replays = (database: Database): Promise<readonly Replay[]> =>
  replaysIn(queryOf(database.for<unknown>()));

/** @throws ReplayRefused for a schema that no replay has made, or that one is filling */
export const dropReplay = (database: Database, schema: string): Promise<void> =>
  owning(database, schema, async () => {
    await replayIn(database, schema);
    await drop(database, schema);
  });

const NAME = /^[a-z][a-z0-9_]{0,54}$/;
/** Of the system, of PostgreSQL, and the word for what is in use. */
const TAKEN = /^(?:hostledger.*|pg_.*|public|information_schema|live)$/;
const OF_A_PROJECTION = /_v\d+(?:_r\d+)?$/;

const assertFree = (schema: string): void => {
  if (!NAME.test(schema)) {
    throw new ReplayRefused(
      `${schema} is no name for a schema: snake_case of at most 55 characters is wanted`,
    );
  }
  if (TAKEN.test(schema) || OF_A_PROJECTION.test(schema)) {
    throw new ReplayRefused(`${schema} is a name that the system itself uses`);
  }
};

/** The position where the replay ends at the latest. What is recorded meanwhile is left out. */
const endOf = async ({ log, to }: ReplayOptions): Promise<bigint> => {
  const head = await log.head();
  if (to.kind === 'position') {
    if (to.position <= head) return to.position;
    throw new ReplayRefused(`The log ends at position ${head}, before ${to.position}`);
  }
  if (to.kind === 'instant' && Date.parse(to.instant) > Date.now()) {
    throw new ReplayRefused(
      `${to.instant} is yet to come; what is recorded so far ends with "end"`,
    );
  }
  return head;
};

/** One process at a time works under the name. */
const owning = async <T>(
  database: Database,
  schema: string,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> => {
  const ownership = await openOwnership(database);
  try {
    if (!(await ownership.take([schema])).has(schema)) {
      throw new ReplayRefused(`Another process works on ${schema} at the moment`);
    }
    return await work(ownership.lost);
  } finally {
    await ownership.release();
  }
};

const begin = ({ database, schema, projections, to, replace }: ReplayOptions): Promise<void> =>
  inSchemaTurn(database, async (trx) => {
    const before = (await replaysIn(queryOf(trx))).find((other) => other.schema === schema);
    if (!before && (await schemaExists(trx, schema))) {
      throw new ReplayRefused(`There is a schema ${schema} that no replay has made`);
    }
    if (before?.filled && !replace) {
      throw new ReplayRefused(
        `${schema} holds a replay to ${before.asked}; --replace puts this one in its place`,
      );
    }
    await createTables(trx, schema, projections);
    await markBegun(trx, schema, textOf(to), projections);
  });

const fill = async (
  options: ReplayOptions,
  upTo: bigint,
  lost: AbortSignal,
): Promise<FilledTables> => {
  const { to, onProgress, signal } = options;
  let events = 0;
  try {
    return await fillEmptyTables({
      ...options,
      upTo,
      ...(to.kind === 'instant' ? { recordedUntil: to.instant } : {}),
      onProgress: (position, more) => {
        events += more;
        onProgress?.({ position, end: upTo, events });
      },
      signal: signal ? AbortSignal.any([signal, lost]) : lost,
    });
  } catch (error) {
    signal?.throwIfAborted();
    lost.throwIfAborted();
    if (!(error instanceof ProjectionFault)) throw error;
    throw new Error(
      `${error.message}. Park the event as for the live tables, or leave the projection out (--only)`,
      { cause: error },
    );
  }
};

/** @throws ReplayRefused */
const replayIn = async (database: Database, schema: string): Promise<Replay> => {
  const found = (await replays(database)).find((one) => one.schema === schema);
  if (!found) throw new ReplayRefused(`There is no schema ${schema} that a replay has made`);
  return found;
};

const drop = async (database: Database, schema: string): Promise<void> => {
  await inSchemaTurn(database, (trx) =>
    sql`drop schema if exists ${sql.id(schema)} cascade`.execute(trx),
  );
};
