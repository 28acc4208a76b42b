import { CompiledQuery, type Kysely } from 'kysely';
import type { AnyTableFold, ColumnType } from '../projection.js';
import { columnList, quoted } from './schema.js';

type Table = AnyTableFold['table'];
export type TableRow = Record<string, unknown>;

/** Rows per statement: large enough to be cheap per row, small enough for one parameter. */
const CHUNK_ROWS = 5_000;

/**
 * Reads and writes one table in sets: a statement for thousands of rows, which travel as one JSON
 * parameter that the database turns back into rows of the table's own types.
 */
export class TableStore {
  private readonly target: string;
  private readonly rowsOfParameter: string;
  private readonly insertSql: string;
  private readonly upsertSql: string;
  private readonly removeSql: string;
  private readonly loadSql: string;
  private readonly bigintColumns: readonly string[];

  constructor(
    readonly schema: string,
    readonly table: Table,
  ) {
    const columns = Object.keys(table.columns);
    const { key } = table;
    this.target = `${quoted(schema)}.${quoted(table.name)}`;
    this.rowsOfParameter = `json_populate_recordset(null::${this.target}, $1::json)`;
    this.bigintColumns = columns.filter((column) => table.columns[column] === 'bigint');

    const others = columns.filter((column) => !key.includes(column));
    const assignments = others.map((column) => `${quoted(column)} = excluded.${quoted(column)}`);
    this.insertSql =
      `insert into ${this.target} (${columnList(columns)}) ` +
      `select ${columnList(columns)} from ${this.rowsOfParameter}`;
    this.upsertSql =
      `${this.insertSql} on conflict (${columnList(key)}) do ` +
      (others.length > 0 ? `update set ${assignments.join(', ')}` : 'nothing');

    const keys =
      `json_to_recordset($1::json) as k` +
      `(${key.map((column) => `${quoted(column)} ${table.columns[column]}`).join(', ')})`;
    const matches = key.map((column) => `t.${quoted(column)} = k.${quoted(column)}`).join(' and ');
    this.removeSql = `delete from ${this.target} t using ${keys} where ${matches}`;
    this.loadSql = `select t.* from ${keys} join ${this.target} t on ${matches}`;
  }

  /** The rows with these keys that exist. */
  async load(db: Kysely<unknown>, keys: readonly TableRow[]): Promise<TableRow[]> {
    const loaded: TableRow[] = [];
    for (const chunk of chunksOf(keys)) {
      const { rows } = await db.executeQuery<TableRow>(this.compiled(this.loadSql, chunk));
      loaded.push(...rows);
    }
    return loaded;
  }

  /** Rows that do not exist yet; fails if one does. */
  async insert(db: Kysely<unknown>, rows: readonly TableRow[]): Promise<void> {
    for (const chunk of chunksOf(rows)) {
      await db.executeQuery(this.compiled(this.insertSql, chunk));
    }
  }

  async upsert(db: Kysely<unknown>, rows: readonly TableRow[]): Promise<void> {
    for (const chunk of chunksOf(rows)) {
      await db.executeQuery(this.compiled(this.upsertSql, chunk));
    }
  }

  async remove(db: Kysely<unknown>, keys: readonly TableRow[]): Promise<void> {
    for (const chunk of chunksOf(keys)) {
      await db.executeQuery(this.compiled(this.removeSql, chunk));
    }
  }

  private compiled(statement: string, rows: readonly TableRow[]): CompiledQuery<TableRow> {
    return CompiledQuery.raw(statement, [this.toJson(rows)]);
  }

  private toJson(rows: readonly TableRow[]): string {
    if (this.bigintColumns.length === 0) return JSON.stringify(rows);
    return JSON.stringify(
      rows.map((row) => {
        const copy = { ...row };
        for (const column of this.bigintColumns) {
          if (typeof copy[column] === 'bigint') copy[column] = copy[column].toString();
        }
        return copy;
      }),
    );
  }
}

const chunksOf = <T>(items: readonly T[]): T[][] => {
  const chunks: T[][] = [];
  for (let from = 0; from < items.length; from += CHUNK_ROWS) {
    chunks.push(items.slice(from, from + CHUNK_ROWS));
  }
  return chunks;
};

/** Tells rows of a table apart by their keys; NUL cannot occur in a PostgreSQL text. */
export const keyText = ({ key, columns }: Table, row: TableRow): string => {
  let text = '';
  for (const column of key) text += `${String(formOf(columns[column]!, row[column]))}\u0000`;
  return text;
};

/**
 * The row in the form it will be read back, so that a fold sees the same row whether it comes from
 * the table or from earlier in the same batch. Throws when it does not fit the table.
 */
export const settled = (table: Table, key: TableRow, row: TableRow): TableRow => {
  for (const column of table.key) {
    const type = table.columns[column]!;
    if (row[column] !== key[column] && formOf(type, row[column]) !== formOf(type, key[column])) {
      throw new Error(`${table.name}: the row's ${column} is not that of the key it was found by`);
    }
  }
  let copy: TableRow | undefined;
  for (const column in table.columns) {
    const value = row[column];
    const form = formOf(table.columns[column]!, value);
    if (form !== value) {
      copy ??= { ...row };
      copy[column] = form;
    }
  }
  return copy ?? row;
};

const formOf = (type: ColumnType, value: unknown): unknown => {
  if (value === undefined) return null;
  if (value === null) return value;
  switch (type) {
    case 'timestamptz':
      if (typeof value === 'string' && INSTANT.test(value)) return value;
      return new Date(value as string).toISOString();
    case 'bigint':
      return typeof value === 'bigint' ? value : BigInt(value as number | string);
    case 'numeric':
      return typeof value === 'number' ? String(value) : value;
    case 'text':
    case 'integer':
    case 'boolean':
    case 'date':
    case 'jsonb':
      return value;
  }
};

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
