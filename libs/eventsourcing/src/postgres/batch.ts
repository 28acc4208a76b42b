import { sql, type Kysely } from 'kysely';
import { upcast } from '../codec.js';
import type { RecordedEvent } from '../message.js';
import type { AnyTableFold, Projection } from '../projection.js';
import { schemaOf } from './schema.js';
import { keyText, settled, TableStore, type TableRow } from './table-store.js';

/** A projection with the position its tables are at. */
export interface FoldedProjection {
  readonly projection: Projection;
  readonly checkpoint: bigint;
}

/** One projection could not take an event: its code is wrong, or the row does not fit its table. */
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
  constructor(readonly expected: readonly FoldedProjection[]) {
    const names = expected.map(({ projection }) => projection.name).join(', ');
    super(`A checkpoint was moved by another runner (${names})`);
    this.name = 'CheckpointMoved';
  }
}

/**
 * Folds the events into the tables of the projections and moves their checkpoints to `position`.
 * To be called in a transaction: it either has all effects or none. Events at or before the
 * checkpoint of a projection have no effect on it.
 */
export const applyBatch = async (
  db: Kysely<unknown>,
  projections: readonly FoldedProjection[],
  events: readonly RecordedEvent[],
  position: bigint,
): Promise<void> => {
  const behind = projections.filter(({ checkpoint }) => checkpoint < position);
  if (behind.length === 0) return;
  const lifted = new Map<Projection['upcasters'], readonly RecordedEvent[]>();
  for (const { projection, checkpoint } of behind) {
    const { upcasters } = projection;
    let current = lifted.get(upcasters);
    if (!current) {
      current = upcasters ? lift(projection, events) : events;
      lifted.set(upcasters, current);
    }
    for (const [index, store] of storesOf(projection).entries()) {
      const fold = projection.tables[index]!;
      await applyToTable(db, projection, fold, store, current, checkpoint);
    }
  }
  await moveCheckpoints(db, behind, position, events.at(-1)?.position ?? 0n);
};

const applyToTable = async (
  db: Kysely<unknown>,
  projection: Projection,
  fold: AnyTableFold,
  store: TableStore,
  events: readonly RecordedEvent[],
  checkpoint: bigint,
): Promise<void> => {
  const touches = touchesOf(projection, fold, events, checkpoint);
  if (touches.length === 0) return;
  const rows = fold.table.insertOnly
    ? new Map<string, RowState>()
    : await loadRows(db, store, touches);
  const changes = foldRows(projection, fold, touches, rows);
  try {
    await store.remove(db, changes.removed);
    await store.insert(db, changes.inserted);
    await store.upsert(db, changes.updated);
  } catch (error) {
    if (isRefusedRow(error)) throw new ProjectionFault(projection, undefined, error);
    throw error;
  }
};

/** An event and one row of the table that it touches. */
interface Touch {
  readonly index: number;
  readonly event: RecordedEvent;
  readonly key: TableRow;
  readonly id: string;
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
    blaming(projection, index, () => {
      for (const key of keys[event.type]!(event)) {
        touches.push({ index, event, key, id: keyText(table, key) });
      }
    });
  }
  return touches;
};

/** A row as the table has it and as the events leave it. */
interface RowState {
  readonly stored: TableRow | undefined;
  row: TableRow | undefined;
  readonly key: TableRow;
}

const loadRows = async (
  db: Kysely<unknown>,
  store: TableStore,
  touches: readonly Touch[],
): Promise<Map<string, RowState>> => {
  const states = new Map<string, RowState>();
  for (const { id, key } of touches) {
    if (!states.has(id)) states.set(id, { stored: undefined, row: undefined, key });
  }
  const keys = Array.from(states.values(), ({ key }) => onlyKey(store.table, key));
  for (const row of await store.load(db, keys)) {
    const id = keyText(store.table, row);
    states.set(id, { stored: row, row, key: row });
  }
  return states;
};

interface Changes {
  readonly removed: TableRow[];
  readonly inserted: TableRow[];
  readonly updated: TableRow[];
}

const foldRows = (
  projection: Projection,
  { table, evolve }: AnyTableFold,
  touches: readonly Touch[],
  states: Map<string, RowState>,
): Changes => {
  for (const { index, event, key, id } of touches) {
    blaming(projection, index, () => {
      let state = states.get(id);
      if (!state) states.set(id, (state = { stored: undefined, row: undefined, key }));
      else if (table.insertOnly) throw new Error(`${table.name}: a row is inserted twice`);
      const row = evolve(state.row, event, key);
      state.row = row === undefined || row === state.row ? row : settled(table, key, row);
    });
  }
  const changes: Changes = { removed: [], inserted: [], updated: [] };
  for (const { stored, row, key } of states.values()) {
    if (row === stored) continue;
    if (!row) changes.removed.push(onlyKey(table, key));
    else if (stored) changes.updated.push(row);
    else changes.inserted.push(row);
  }
  return changes;
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

const lift = (projection: Projection, events: readonly RecordedEvent[]): RecordedEvent[] =>
  events.map((event, index) =>
    blaming(projection, index, () => {
      const newest = upcast(projection.upcasters!, event);
      return newest === event ? event : { ...event, type: newest.type, data: newest.data };
    }),
  );

const blaming = <T>(projection: Projection, index: number, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw new ProjectionFault(projection, index, error);
  }
};

const onlyKey = ({ key }: AnyTableFold['table'], row: TableRow): TableRow => {
  const values: TableRow = {};
  for (const column of key) values[column] = row[column];
  return values;
};

const stores = new WeakMap<Projection, readonly TableStore[]>();

const storesOf = (projection: Projection): readonly TableStore[] => {
  let known = stores.get(projection);
  if (!known) {
    known = projection.tables.map(({ table }) => new TableStore(schemaOf(projection), table));
    stores.set(projection, known);
  }
  return known;
};

/** SQLSTATE classes that a value or row is to blame for: data, constraint, program limit. */
const isRefusedRow = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  /^(22|23|54)[0-9A-Z]{3}$/.test(error.code);
