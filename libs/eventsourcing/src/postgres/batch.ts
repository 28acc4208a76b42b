import { sql, type CompiledQuery, type Kysely } from 'kysely';
import { upcast } from '../codec.js';
import type { RecordedEvent } from '../message.js';
import type { AnyTableFold, Projection } from '../projection.js';
import { codeOf } from './errors.js';
import type { RowCache } from './row-cache.js';
import { schemaOf } from './schema.js';
import { rowKey, settled, TableStore, type RowKey, type TableRow } from './table-store.js';

/** A projection with the position its tables are at. */
export interface FoldedProjection {
  readonly projection: Projection;
  readonly checkpoint: bigint;
}

/** One projection could not take an event: its code is wrong, or a row does not fit its table. */
export class ProjectionFault extends Error {
  constructor(
    readonly projection: Projection,
    /** Index of the event in the batch, where it is known. */
    readonly index: number | undefined,
    cause: unknown,
  ) {
    super(`Projection ${projection.name}: ${String(cause)}`, { cause });
    this.name = 'ProjectionFault';
  }
}

/** Somebody else moved a checkpoint: another runner believes that it owns the group. */
export class CheckpointMoved extends Error {
  constructor(projections: readonly FoldedProjection[]) {
    const names = projections.map(({ projection }) => projection.name).join(', ');
    super(`A checkpoint was moved by another runner (${names})`);
    this.name = 'CheckpointMoved';
  }
}

/** What a batch has done to a table, for the cache and for upkeep once it is committed. */
export interface TableChange {
  readonly store: TableStore;
  readonly rows: ReadonlyMap<string, TableRow | undefined>;
}

/**
 * Folds the events into the tables of the projections, which are all behind `position`, and moves
 * their checkpoints there. To be called in a transaction: it either has all effects or none. Events
 * at or before the checkpoint of a projection have no effect on it.
 *
 * The checkpoints move first: of two runners that both believe they are the owner, one waits for
 * the other's commit there and is told {@link CheckpointMoved}. Were the rows first, it would trip
 * over a row that the other has inserted, and take that for a fault of the projection.
 */
export const applyBatch = async (
  db: Kysely<unknown>,
  cache: RowCache,
  projections: readonly FoldedProjection[],
  events: readonly RecordedEvent[],
  position: bigint,
): Promise<TableChange[]> => {
  await moveCheckpoints(db, projections, position, events.at(-1)?.position ?? 0n);
  const lifted = new Map<Projection['upcasters'], readonly RecordedEvent[]>();
  const changes: TableChange[] = [];
  const writes = new Writes(db);
  try {
    for (const { projection, checkpoint } of projections) {
      const { upcasters } = projection;
      const current =
        lifted.get(upcasters) ?? (upcasters ? lift(projection, upcasters, events) : events);
      lifted.set(upcasters, current);
      for (const [index, store] of storesOf(projection).entries()) {
        const fold = projection.tables[index]!;
        const touches = touchesOf(projection, fold, current, checkpoint);
        if (touches.length === 0) continue;
        const states = fold.table.insertOnly
          ? new Map<string, RowState>()
          : await statesOf(projection, writes, cache, store, touches);
        foldRows(projection, fold, touches, states);
        changes.push(writeRows(writes, projection, store, states));
      }
    }
    await writes.end();
  } finally {
    await writes.abandon();
  }
  return changes;
};

/**
 * Statements carried out one after the other while the next ones are still being prepared: the
 * database and this thread work at the same time.
 */
class Writes {
  private tail: Promise<void> = Promise.resolve();
  private failure: { readonly error: unknown } | undefined;

  constructor(private readonly db: Kysely<unknown>) {}

  add(projection: Projection, statement: CompiledQuery): void {
    this.tail = this.tail.then(async () => {
      if (this.failure) return;
      try {
        await this.db.executeQuery(statement);
      } catch (error) {
        this.failure = { error: blamed(projection, error) };
      }
    });
  }

  /** Runs in turn with the statements. */
  async load(
    projection: Projection,
    store: TableStore,
    keys: readonly TableRow[],
  ): Promise<TableRow[]> {
    await this.end();
    try {
      return await store.load(this.db, keys);
    } catch (error) {
      throw blamed(projection, error);
    }
  }

  /** Resolves when all statements are carried out; rejects with the first failure. */
  async end(): Promise<void> {
    await this.tail;
    if (this.failure) throw this.failure.error;
  }

  /** Skips what has not begun; afterwards the connection is idle. */
  async abandon(): Promise<void> {
    this.failure ??= { error: new Error('The batch was abandoned') };
    await this.tail;
  }
}

/** An event and one row of the table that it touches. */
interface Touch extends RowKey {
  readonly index: number;
  readonly event: RecordedEvent;
}

const touchesOf = (
  projection: Projection,
  { table, keys }: AnyTableFold,
  events: readonly RecordedEvent[],
  checkpoint: bigint,
): Touch[] => {
  const touches: Touch[] = [];
  for (let index = 0; index < events.length; index += 1) {
    const event = events[index]!;
    if (event.position <= checkpoint || !Object.hasOwn(keys, event.type)) continue;
    try {
      for (const key of keys[event.type]!(event)) {
        touches.push({ index, event, ...rowKey(table, key) });
      }
    } catch (error) {
      throw new ProjectionFault(projection, index, error);
    }
  }
  return touches;
};

/** A row as the table has it and as the events leave it. */
interface RowState {
  readonly key: TableRow;
  stored: TableRow | undefined;
  row: TableRow | undefined;
}

const statesOf = async (
  projection: Projection,
  writes: Writes,
  cache: RowCache,
  store: TableStore,
  touches: readonly Touch[],
): Promise<Map<string, RowState>> => {
  const states = new Map<string, RowState>();
  const missing: TableRow[] = [];
  for (const { id, key } of touches) {
    if (states.has(id)) continue;
    const row = cache.get(store, id);
    states.set(id, { key, stored: row, row });
    if (!row) missing.push(key);
  }
  if (missing.length === 0) return states;
  for (const row of await writes.load(projection, store, missing)) {
    const state = states.get(rowKey(store.table, row).id)!;
    state.stored = row;
    state.row = row;
  }
  return states;
};

const foldRows = (
  projection: Projection,
  { table, evolve }: AnyTableFold,
  touches: readonly Touch[],
  states: Map<string, RowState>,
): void => {
  for (const { index, event, key, id } of touches) {
    try {
      let state = states.get(id);
      if (!state) states.set(id, (state = { key, stored: undefined, row: undefined }));
      else if (table.insertOnly) throw new Error(`${table.name}: a row is inserted twice`);
      const row = evolve(state.row, event, key);
      state.row = row === undefined || row === state.row ? row : settled(table, key, row);
    } catch (error) {
      throw new ProjectionFault(projection, index, error);
    }
  }
};

const writeRows = (
  writes: Writes,
  projection: Projection,
  store: TableStore,
  states: ReadonlyMap<string, RowState>,
): TableChange => {
  const rows = new Map<string, TableRow | undefined>();
  const removed: TableRow[] = [];
  const inserted: TableRow[] = [];
  const updated: TableRow[] = [];
  for (const [id, { stored, row, key }] of states) {
    if (row === stored) continue;
    rows.set(id, row);
    if (!row) removed.push(key);
    else if (stored) updated.push(row);
    else inserted.push(row);
  }
  try {
    for (const statement of store.remove(removed)) writes.add(projection, statement);
    for (const statement of store.insert(inserted)) writes.add(projection, statement);
    for (const statement of store.upsert(updated)) writes.add(projection, statement);
  } catch (error) {
    throw new ProjectionFault(projection, undefined, error);
  }
  return { store, rows };
};

const moveCheckpoints = async (
  db: Kysely<unknown>,
  projections: readonly FoldedProjection[],
  position: bigint,
  lastEvent: bigint,
): Promise<void> => {
  const expected = projections.map(({ projection: { name, version }, checkpoint }) => ({
    name,
    version,
    position: checkpoint.toString(),
  }));
  const { numAffectedRows } = await sql`update hostledger_meta.checkpoints c
    set position = ${position}::bigint, updated_at = now(),
      last_event = greatest(last_event, ${lastEvent}::bigint)
    from json_to_recordset(${JSON.stringify(expected)}::json)
      as k(name text, version integer, position bigint)
    where c.name = k.name and c.version = k.version and c.position = k.position`.execute(db);
  if (numAffectedRows !== BigInt(projections.length)) throw new CheckpointMoved(projections);
};

const lift = (
  projection: Projection,
  upcasters: NonNullable<Projection['upcasters']>,
  events: readonly RecordedEvent[],
): RecordedEvent[] =>
  events.map((event, index) => {
    try {
      const newest = upcast(upcasters, event);
      return newest === event ? event : { ...event, type: newest.type, data: newest.data };
    } catch (error) {
      throw new ProjectionFault(projection, index, error);
    }
  });

const stores = new WeakMap<Projection, readonly TableStore[]>();

const storesOf = (projection: Projection): readonly TableStore[] => {
  let known = stores.get(projection);
  if (!known) {
    known = projection.tables.map(({ table }) => new TableStore(schemaOf(projection), table));
    stores.set(projection, known);
  }
  return known;
};

/** A failed statement is the fault of its projection if a value or row is to blame. */
const blamed = (projection: Projection, error: unknown): unknown =>
  isRefusedRow(error) ? new ProjectionFault(projection, undefined, error) : error;

/** SQLSTATE classes that a value or row is to blame for: data, constraint, program limit. */
const isRefusedRow = (error: unknown): boolean =>
  /^(22|23|54)[0-9A-Z]{3}$/.test(codeOf(error) ?? '');
