import { KeySketch } from './key-sketch.js';
import type { TableRow, TableStore } from './table-store.js';

/** Roughly 30 MB of rows of ordinary width. */
const CAPACITY_ROWS = 30_000;

/** A table's rows by key. */
type Rows = Map<string, TableRow>;

/**
 * Rows written or loaded lately, so that a row that is touched again is not read again. True only
 * as long as its runner is the one writer: it is emptied when a transaction fails or ownership ends.
 *
 * Rows live in two halves. The younger one takes what is written; when it is full the older one is
 * dropped and they change places, which costs nothing per row, as keeping an order of use would.
 */
export class RowCache {
  private young = new Map<TableStore, Rows>();
  private old = new Map<TableStore, Rows>();
  private youngRows = 0;
  private readonly sketches: Map<TableStore, KeySketch>;

  /** @param empty tables that hold no row yet, all of which this runner will write itself. */
  constructor(empty: readonly TableStore[] = []) {
    const looked = empty.filter(({ table }) => !table.insertOnly);
    this.sketches = new Map(looked.map((store) => [store, new KeySketch()]));
  }

  get(store: TableStore, id: string): TableRow | undefined {
    return this.young.get(store)?.get(id) ?? this.old.get(store)?.get(id);
  }

  /** Whether the table may hold the row; false is certain, and spares looking for it. */
  mayExist(store: TableStore, id: string): boolean {
    return this.sketches.get(store)?.mayHold(id) ?? true;
  }

  /** Remembers what the committed row is now; `undefined` for a row that is gone. */
  set(store: TableStore, id: string, row: TableRow | undefined): void {
    if (!row) {
      this.old.get(store)?.delete(id);
      if (this.young.get(store)?.delete(id)) this.youngRows -= 1;
      return;
    }
    this.sketches.get(store)?.add(id);
    let rows = this.young.get(store);
    if (!rows) this.young.set(store, (rows = new Map<string, TableRow>()));
    const before = rows.size;
    rows.set(id, row);
    this.youngRows += rows.size - before;
    if (this.youngRows >= CAPACITY_ROWS / 2) this.age();
  }

  /** Knows nothing of any table any more. */
  clear(): void {
    this.age();
    this.age();
    this.sketches.clear();
  }

  private age(): void {
    this.old = this.young;
    this.young = new Map();
    this.youngRows = 0;
  }
}
