import type { LogFeeds } from '../log-feed.js';
import type { RecordedEvent } from '../message.js';
import type { Projection } from '../projection.js';
import { foldEvents } from './batch.js';
import type { Database } from './database.js';
import { Generation } from './generation.js';
import { RowCache } from './row-cache.js';
import { createIndexes, createTables } from './schema.js';

export interface TablesToFill {
  readonly database: Database;
  readonly feeds: LogFeeds;
  readonly projections: readonly Projection[];
  /** One schema for all of them, made anew: tables have names of their own in the whole system. */
  readonly schema: string;
  /** Events after this position are left out. */
  readonly upTo: bigint;
  /** So is the first event that was recorded after this instant (UTC), and all that follow it. */
  readonly recordedUntil?: string;
  /** Events that a projection is not given. */
  readonly parked?: (projection: string) => ReadonlyMap<bigint, string>;
  readonly batchEvents?: number;
  readonly onProgress?: (position: bigint, events: number) => void;
  readonly signal?: AbortSignal;
}

/** What the tables hold. */
export interface FilledTables {
  /** They are what live tables were at this position. */
  readonly position: bigint;
  readonly events: number;
  readonly lastEvent: RecordedEvent | undefined;
}

const BATCH_EVENTS = 15_000;

/**
 * Fills tables of these projections as they were at a position of the log, beside all that is kept
 * up to date: nothing is known of them in the bookkeeping. Cut off, it has to begin again.
 * @throws ProjectionFault for an event that cannot be applied
 */
export const fillTables = async (options: TablesToFill): Promise<FilledTables> => {
  const { database, projections, schema } = options;
  const db = database.for<unknown>();
  await db.transaction().execute((trx) => createTables(trx, schema, projections));
  return fillEmptyTables(options);
};

/** The same with tables that were just made. */
export const fillEmptyTables = async (options: TablesToFill): Promise<FilledTables> => {
  const { database, feeds, projections, schema, upTo, parked, onProgress, signal } = options;
  const db = database.for<unknown>();
  const generations = projections.map((projection) => new Generation(projection, 0, schema));
  const targets = generations.map(({ projection, stores }) => ({
    projection,
    stores,
    checkpoint: 0n,
    ...(parked ? { parked: parked(projection.name) } : {}),
  }));
  const cache = new RowCache(generations.flatMap(({ stores }) => stores));
  const feed = feeds.open({ name: `fill ${schema}`, from: 0n });
  const close = (): void => void feed.close().catch(() => undefined);
  signal?.addEventListener('abort', close, { once: true });
  let filled: FilledTables = { position: 0n, events: 0, lastEvent: undefined };
  try {
    for (let reached = 0n; reached < upTo;) {
      signal?.throwIfAborted();
      const batch = await feed.next(options.batchEvents ?? BATCH_EVENTS);
      const events = wantedOf(batch.events, options);
      const changes = await db
        .transaction()
        .execute((trx) => foldEvents(trx, cache, targets, events));
      for (const { store, rows } of changes) {
        for (const [id, row] of rows) if (!store.table.insertOnly) cache.set(store, id, row);
      }
      reached = batch.position;
      const lastEvent = events.at(-1) ?? filled.lastEvent;
      const cutOff = events.length < batch.events.length;
      const position = cutOff ? (lastEvent?.position ?? 0n) : reached;
      filled = { position, events: filled.events + events.length, lastEvent };
      onProgress?.(reached, events.length);
      if (batch.caughtUp || cutOff) break;
    }
  } finally {
    signal?.removeEventListener('abort', close);
    await feed.close();
  }
  await createIndexes(database, generations);
  return filled;
};

/** The events of a batch up to where the tables are to be filled. */
const wantedOf = (
  events: readonly RecordedEvent[],
  { upTo, recordedUntil }: TablesToFill,
): readonly RecordedEvent[] => {
  const end = events.findIndex(
    ({ position, recordedAt }) =>
      position > upTo || (recordedUntil !== undefined && recordedAt > recordedUntil),
  );
  return end < 0 ? events : events.slice(0, end);
};
