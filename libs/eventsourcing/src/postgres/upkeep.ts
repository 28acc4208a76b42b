import { sql } from 'kysely';
import type { Database } from './database.js';
import type { TableStore } from './table-store.js';

/** Written rows of a table after which it is vacuumed and its statistics are taken anew. */
const AFTER_ROWS = 20_000;

/** Does for the embedded database what autovacuum, which it does not run, does for a server. */
export class Upkeep {
  private readonly written = new Map<TableStore, number>();

  constructor(private readonly database: Database) {}

  note(store: TableStore, rows: number): void {
    if (this.database.kind === 'postgres') return;
    this.written.set(store, (this.written.get(store) ?? 0) + rows);
  }

  async run(): Promise<void> {
    for (const [store, rows] of this.written) {
      if (rows < AFTER_ROWS) continue;
      const table = sql.id(store.schema, store.table.name);
      await sql`vacuum (analyze) ${table}`.execute(this.database.for<unknown>());
      this.written.delete(store);
    }
  }
}
