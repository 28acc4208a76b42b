import type { TableRow, TableStore } from './table-store.js';

/** Roughly 30 MB of rows of ordinary width. */
const CAPACITY_ROWS = 30_000;

/**
 * Rows written or loaded lately, so that a row that is touched again is not read again. True only
 * as long as its runner is the one writer: it is emptied when a transaction fails or ownership ends.
 */
export class RowCache {
  private readonly rows = new Map<string, TableRow>();
  private readonly prefixes = new Map<TableStore, string>();

  get(store: TableStore, id: string): TableRow | undefined {
    return this.rows.get(this.prefixOf(store) + id);
  }

  /** Remembers what the committed row is now; `undefined` for a row that is gone. */
  set(store: TableStore, id: string, row: TableRow | undefined): void {
    const name = this.prefixOf(store) + id;
    this.rows.delete(name);
    if (!row) return;
    this.rows.set(name, row);
    if (this.rows.size > CAPACITY_ROWS) {
      const { value: oldest } = this.rows.keys().next();
      this.rows.delete(oldest!);
    }
  }

  clear(): void {
    this.rows.clear();
  }

  private prefixOf(store: TableStore): string {
    let prefix = this.prefixes.get(store);
    if (prefix === undefined) {
      prefix = `${this.prefixes.size}/`;
      this.prefixes.set(store, prefix);
    }
    return prefix;
  }
}
