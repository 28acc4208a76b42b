import { CompiledQuery, type Kysely } from 'kysely';
import type { AnyTableFold, ColumnType } from '../projection.js';
import { binaryArray, carrierOf } from './binary-array.js';
import { columnList, quoted } from './names.js';

type Table = AnyTableFold['table'];
export type TableRow = Record<string, unknown>;

/** Rows per statement: cheap per row, and a few megabytes at most. */
const CHUNK_ROWS = 5_000;

/**
 * The statements that read and write one table in sets of thousands of rows. Each column travels
 * as one array parameter.
 */
export class TableStore {
  private readonly columns: readonly string[];
  private readonly insertSql: string;
  private readonly upsertSql: string;
  private readonly removeSql: string;
  private readonly loadSql: string;

  constructor(
    readonly schema: string,
    readonly table: Table,
  ) {
    const { key } = table;
    const target = `${quoted(schema)}.${quoted(table.name)}`;
    this.columns = Object.keys(table.columns);
    const others = this.columns.filter((column) => !key.includes(column));
    const assignments = others.map((column) => `${quoted(column)} = excluded.${quoted(column)}`);
    this.insertSql = `insert into ${target} (${columnList(this.columns)}) ${this.rowsOf(this.columns)}`;
    this.upsertSql =
      `${this.insertSql} on conflict (${columnList(key)}) do ` +
      (others.length > 0 ? `update set ${assignments.join(', ')}` : 'nothing');

    const keys = `(${this.rowsOf(key)}) as k`;
    const matches = key.map((column) => `t.${quoted(column)} = k.${quoted(column)}`).join(' and ');
    this.removeSql = `delete from ${target} t using ${keys} where ${matches}`;
    this.loadSql = `select t.* from ${keys} join ${target} t on ${matches}`;
  }

  /** The rows with these keys that exist. */
  async load(db: Kysely<unknown>, keys: readonly TableRow[]): Promise<TableRow[]> {
    const loaded: TableRow[] = [];
    for (const statement of this.statements(this.loadSql, this.table.key, keys)) {
      loaded.push(...(await db.executeQuery<TableRow>(statement)).rows);
    }
    return loaded;
  }

  /** Statements for rows that do not exist yet; they fail if one does. */
  insert(rows: readonly TableRow[]): Iterable<CompiledQuery> {
    return this.statements(this.insertSql, this.columns, rows);
  }

  upsert(rows: readonly TableRow[]): Iterable<CompiledQuery> {
    return this.statements(this.upsertSql, this.columns, rows);
  }

  remove(keys: readonly TableRow[]): Iterable<CompiledQuery> {
    return this.statements(this.removeSql, this.table.key, keys);
  }

  /** Lazily, so that the next statement is built while the one before is carried out. */
  private *statements(
    text: string,
    columns: readonly string[],
    rows: readonly TableRow[],
  ): Generator<CompiledQuery<TableRow>> {
    for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
      const chunk = rows.slice(from, from + CHUNK_ROWS);
      const arrays = columns.map((column) =>
        binaryArray(
          this.table.columns[column]!,
          chunk.map((row) => row[column]),
        ),
      );
      yield CompiledQuery.raw(text, arrays);
    }
  }

  /** The parameters as rows. In the select list they are not stored on the way, as in FROM. */
  private rowsOf(columns: readonly string[]): string {
    const values = columns.map((column, index) => {
      const type = this.table.columns[column]!;
      const value = `unnest($${index + 1}::${carrierOf(type)}[])`;
      return `${type === 'numeric' ? `${value}::numeric` : value} as ${quoted(column)}`;
    });
    return `select ${values.join(', ')}`;
  }
}

/** The values of the key columns, and a text that tells this row from all others of the table. */
export interface RowKey {
  readonly key: TableRow;
  readonly id: string;
}

/** The key of a row or as a fold names it; throws when it does not fit the table. */
export const rowKey = (table: Table, given: TableRow): RowKey => {
  const key: TableRow = {};
  let id = '';
  for (const column of table.key) {
    const value = fitting(table, column, given[column]);
    key[column] = value;
    // NUL cannot occur in a PostgreSQL text.
    id += `${String(value)}\u0000`;
  }
  return { key, id };
};

/**
 * The row in the form it will be read back, so that a fold sees the same row whether it comes from
 * the table or from earlier in the same batch. Throws when it does not fit the table.
 */
export const settled = (table: Table, key: TableRow, row: TableRow): TableRow => {
  let copy: TableRow | undefined;
  for (const column in table.columns) {
    const value = row[column];
    const form = fitting(table, column, value);
    if (form !== value) {
      copy ??= { ...row };
      copy[column] = form;
    }
  }
  const result = copy ?? row;
  for (const column of table.key) {
    if (result[column] !== key[column]) {
      throw new Error(`${table.name}: the row's ${column} is not that of the key it was found by`);
    }
  }
  return result;
};

const fitting = (table: Table, column: string, value: unknown): unknown => {
  const type = table.columns[column]!;
  const form = formOf(type, value);
  if (form === undefined || (form === null && !table.nullable?.includes(column))) {
    const found = typeof value === 'string' ? `the text ${JSON.stringify(value)}` : typeof value;
    throw new TypeError(`${table.name}.${column} is ${type}, not ${found}`);
  }
  return form;
};

/** The value as it will be read back; undefined if it does not fit the type. */
const formOf = (type: ColumnType, value: unknown): unknown => {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'text':
      return typeof value === 'string' ? value : undefined;
    case 'integer':
      return (value as number) === ((value as number) | 0) ? value : undefined;
    case 'bigint':
      return typeof value === 'number' && Number.isSafeInteger(value)
        ? BigInt(value)
        : typeof value === 'bigint'
          ? value
          : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    // A number with a fraction has been through a float.
    case 'numeric':
      return typeof value === 'number' && Number.isSafeInteger(value)
        ? String(value)
        : typeof value === 'string'
          ? value
          : undefined;
    case 'date':
      return typeof value === 'string' && isDay(value) ? value : undefined;
    case 'timestamptz':
      return typeof value === 'string' ? instantOf(value) : undefined;
    case 'jsonb':
      return value;
  }
};

const DAY = /^\d{4}-\d\d-\d\d$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const isDay = (text: string): boolean => {
  if (!DAY.test(text)) return false;
  const parsed = Date.parse(text);
  // The thirtieth of February is not refused by every parser.
  return !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(text);
};

const instantOf = (text: string): string | undefined => {
  const parsed = Date.parse(text);
  if (Number.isNaN(parsed)) return undefined;
  return INSTANT.test(text) ? text : new Date(parsed).toISOString();
};
