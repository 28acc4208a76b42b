import { sql, type CompiledQuery, type Kysely } from 'kysely';
import { upcast } from '../codec.js';
import type { RecordedEvent } from '../message.js';
import type { AnyTableFold, Projection } from '../projection.js';
import { codeOf } from './errors.js';
import type { RowCache } from './row-cache.js';
import type { Generation } from './generation.js';
import { rowKey, settled, type TableStore, type RowKey, type TableRow } from './table-store.js';

/** The tables of a projection in one schema, which hold all events up to the checkpoint. */
export interface FoldTarget {
  readonly projection: Projection;
  readonly stores: readonly TableStore[];
  readonly checkpoint: bigint;
  /** Events it is not given, by position with their ids. */
  readonly parked?: ReadonlyMap<bigint, string>;
}

/** A target whose checkpoint is kept. */
export interface FoldedGeneration extends FoldTarget {
  readonly generation: Generation;
}

/** One projection could not take an event: its code is wrong, or a row does not fit its table. */
export class ProjectionFault extends Error {
  constructor(
    readonly target: FoldTarget,
    /** Index of the event in the batch, where it is known. */
    readonly index: number | undefined,
    cause: unknown,
  ) {
    super(`Projection ${target.projection.name}: ${String(cause)}`, { cause });
    this.name = 'ProjectionFault';
  }
}

/** Somebody else moved a checkpoint: another process believes that it owns a generation. */
export class CheckpointMoved extends Error {
  constructor(generations: readonly FoldedGeneration[]) {
    const names = generations.map(({ generation }) => generation.schema).join(', ');
    super(`A checkpoint was moved by another process (${names})`);
    this.name = 'CheckpointMoved';
  }
}

/** What a batch has done to a table, for the cache and for upkeep once it is committed. */
export interface TableChange {
  readonly store: TableStore;
  readonly rows: ReadonlyMap<string, TableRow | undefined>;
}

/**
 * Folds the events into the tables of the generations, which are all behind `position`, and moves
 * their checkpoints there. To be called in a transaction: it either has all effects or none.
 *
 * The checkpoints move first: of two processes that both believe they are the owner, one waits for
 * the other's commit there and is told {@link CheckpointMoved}. Were the rows first, it would trip
 * over a row that the other has inserted, and take that for a fault of the projection.
 */
export const applyBatch = async (
  db: Kysely<unknown>,
  cache: RowCache,
  generations: readonly FoldedGeneration[],
  events: readonly RecordedEvent[],
  position: bigint,
): Promise<TableChange[]> => {
  await moveCheckpoints(db, generations, events, position);
  return foldEvents(db, cache, generations, events);
};

/**
 * Folds the events into the tables of the targets, in a transaction. Events at or before the
 * checkpoint of a target have no effect on it.
 */
export const foldEvents = async (
  db: Kysely<unknown>,
  cache: RowCache,
  targets: readonly FoldTarget[],
  events: readonly RecordedEvent[],
): Promise<TableChange[]> => {
  const changes: TableChange[] = [];
  const writes = new Writes(db);
  try {
    // The rows of a table are fetched while those of the table before are folded.
    let ready: TableWork | undefined;
    const finish = async ({ target, fold, store, touches, states }: TableWork): Promise<void> => {
      const rows = await states;
      foldRows(target, fold, touches, rows);
      changes.push(writeRows(writes, target, store, rows));
    };
    for (const work of workOf(targets, events, writes, cache)) {
      if (ready) await finish(ready);
      ready = work;
    }
    if (ready) await finish(ready);
    await writes.end();
  } finally {
    await writes.abandon();
  }
  return changes;
};

/** What the events do to one table. */
interface TableWork {
  readonly target: FoldTarget;
  readonly fold: AnyTableFold;
  readonly store: TableStore;
  readonly touches: readonly Touch[];
  readonly states: Promise<Map<string, RowState>>;
}

/** Table by table; the rows are asked for when it is yielded. */
function* workOf(
  targets: readonly FoldTarget[],
  events: readonly RecordedEvent[],
  writes: Writes,
  cache: RowCache,
): Generator<TableWork> {
  const lifted = new Map<Projection['upcasters'], Batch>();
  for (const target of targets) {
    const { projection, stores } = target;
    const { upcasters } = projection;
    const batch =
      lifted.get(upcasters) ?? batchOf(upcasters ? lift(target, upcasters, events) : events);
    lifted.set(upcasters, batch);
    for (const [index, store] of stores.entries()) {
      const fold = projection.tables[index]!;
      const touches = touchesOf(target, fold, batch);
      if (touches.length === 0) continue;
      const states = fold.table.insertOnly
        ? Promise.resolve(new Map<string, RowState>())
        : statesOf(target, writes, cache, store, touches);
      // Awaited later; a failure is told then.
      states.catch(() => undefined);
      yield { target, fold, store, touches, states };
    }
  }
}

/** Events with the types that occur among them. */
interface Batch {
  readonly events: readonly RecordedEvent[];
  readonly types: ReadonlySet<string>;
}

const batchOf = (events: readonly RecordedEvent[]): Batch => ({
  events,
  types: new Set(events.map(({ type }) => type)),
});

/**
 * Statements carried out one after the other while the next ones are still being prepared: the
 * database and this thread work at the same time.
 */
class Writes {
  private tail: Promise<void> = Promise.resolve();
  private failure: { readonly error: unknown } | undefined;

  constructor(private readonly db: Kysely<unknown>) {}

  add(target: FoldTarget, statement: CompiledQuery): void {
    this.tail = this.tail.then(async () => {
      if (this.failure) return;
      try {
        await this.db.executeQuery(statement);
      } catch (error) {
        this.failure = { error: blamed(target, error) };
      }
    });
  }

  /** Runs in turn with the statements. */
  load(target: FoldTarget, store: TableStore, keys: readonly TableRow[]): Promise<TableRow[]> {
    const rows = this.end().then(() =>
      store.load(this.db, keys).catch((error: unknown) => {
        throw blamed(target, error);
      }),
    );
    this.tail = rows.then(
      () => undefined,
      (error: unknown) => {
        this.failure ??= { error };
      },
    );
    return rows;
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
  target: FoldTarget,
  { table, keys, otherKeys }: AnyTableFold,
  { events, types }: Batch,
): Touch[] => {
  const { checkpoint, parked } = target;
  const touches: Touch[] = [];
  if (!otherKeys && !Object.keys(keys).some((type) => types.has(type))) return touches;
  for (let index = 0; index < events.length; index += 1) {
    const event = events[index]!;
    if (event.position <= checkpoint) continue;
    const keysOf = Object.hasOwn(keys, event.type) ? keys[event.type] : otherKeys;
    if (!keysOf) continue;
    if (parked?.has(event.position) && parked.get(event.position) === event.id) continue;
    try {
      for (const key of keysOf(event)) {
        touches.push({ index, event, ...rowKey(table, key) });
      }
    } catch (error) {
      throw new ProjectionFault(target, index, error);
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
  target: FoldTarget,
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
    if (!row && cache.mayExist(store, id)) missing.push(key);
  }
  if (missing.length === 0) return states;
  for (const row of await writes.load(target, store, missing)) {
    const state = states.get(rowKey(store.table, row).id)!;
    state.stored = row;
    state.row = row;
  }
  return states;
};

const foldRows = (
  target: FoldTarget,
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
      throw new ProjectionFault(target, index, error);
    }
  }
};

const writeRows = (
  writes: Writes,
  target: FoldTarget,
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
    for (const statement of store.remove(removed)) writes.add(target, statement);
    for (const statement of store.insert(inserted)) writes.add(target, statement);
    for (const statement of store.upsert(updated)) writes.add(target, statement);
  } catch (error) {
    throw new ProjectionFault(target, undefined, error);
  }
  return { store, rows };
};

const moveCheckpoints = async (
  db: Kysely<unknown>,
  generations: readonly FoldedGeneration[],
  events: readonly RecordedEvent[],
  position: bigint,
): Promise<void> => {
  const expected = generations.map(({ generation: { name, version, run }, checkpoint }) => ({
    name,
    version,
    run,
    position: checkpoint.toString(),
    events: countAfter(events, checkpoint),
  }));
  const last = events.at(-1);
  const { numAffectedRows } = await sql`update hostledger_meta.generations g
    set position = ${position}::bigint, updated_at = now(), events = g.events + k.events,
      last_event = greatest(g.last_event, ${last?.position ?? 0n}::bigint),
      last_event_id = case when g.last_event < ${last?.position ?? 0n}::bigint
        then ${last?.id ?? null}::text else g.last_event_id end
    from json_to_recordset(${JSON.stringify(expected)}::json)
      as k(name text, version integer, run integer, position bigint, events bigint)
    where g.name = k.name and g.version = k.version and g.run = k.run
      and g.position = k.position`.execute(db);
  if (numAffectedRows !== BigInt(generations.length)) throw new CheckpointMoved(generations);
};

const countAfter = (events: readonly RecordedEvent[], checkpoint: bigint): number => {
  const first = events.findIndex(({ position }) => position > checkpoint);
  return first < 0 ? 0 : events.length - first;
};

const lift = (
  target: FoldTarget,
  upcasters: NonNullable<Projection['upcasters']>,
  events: readonly RecordedEvent[],
): RecordedEvent[] =>
  events.map((event, index) => {
    try {
      const newest = upcast(upcasters, event);
      return newest === event ? event : { ...event, type: newest.type, data: newest.data };
    } catch (error) {
      throw new ProjectionFault(target, index, error);
    }
  });

/** A failed statement is the fault of its projection if a value or row is to blame. */
const blamed = (target: FoldTarget, error: unknown): unknown =>
  isRefusedRow(error) ? new ProjectionFault(target, undefined, error) : error;

/** SQLSTATE classes that a value or row is to blame for: data, constraint, program limit. */
const isRefusedRow = (error: unknown): boolean =>
  /^(22|23|54)[0-9A-Z]{3}$/.test(codeOf(error) ?? '');
