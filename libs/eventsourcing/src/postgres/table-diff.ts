import { columnList, quoted } from './names.js';
import type { Query } from './snapshot.js';

// Two tables are read side by side in the order of their keys, so that neither is ever held as a
// whole. Values are compared as text in a form in which what is equal reads the same.

/** A table as the catalogue of its database has it. */
export interface TableShape {
  readonly schema: string;
  readonly name: string;
  /** PostgreSQL types by column, in the order of the columns. */
  readonly columns: ReadonlyMap<string, string>;
  readonly key: readonly string[];
}

/** Values as text; null where there is none. */
export type Cells = Readonly<Record<string, string | null>>;

export type RowDiff =
  | { readonly kind: 'onlyInA' | 'onlyInB'; readonly key: Cells; readonly row: Cells }
  | {
      readonly kind: 'changed';
      readonly key: Cells;
      readonly columns: Readonly<Record<string, { readonly a: string | null; b: string | null }>>;
    };

export interface TableDiff {
  readonly table: string;
  readonly projection: string;
  /** Rows by what became of them. */
  readonly same: number;
  readonly onlyInA: number;
  readonly onlyInB: number;
  readonly changed: number;
  /** Why the tables cannot be the same, whatever is in them. */
  readonly shape: readonly string[];
  /** The first rows that differ, by key. */
  readonly rows: readonly RowDiff[];
}

export interface TableSide {
  readonly query: Query;
  readonly shape: TableShape | undefined;
}

const PAGE_ROWS = 2_000;

/** Compares what has the same primary key in both; keeps the first `limit` differences. */
export const diffTables = async (
  table: string,
  projection: string,
  a: TableSide,
  b: TableSide,
  limit: number,
): Promise<TableDiff> => {
  const tally = new Tally(limit);
  const shape = faultsOfShape(a.shape, b.shape);
  if (a.shape && b.shape && sameKey(a.shape, b.shape)) {
    const columns = [...a.shape.columns.keys()].filter((name) => b.shape!.columns.has(name));
    const of = { key: a.shape.key, columns, json: jsonColumns(a.shape, b.shape) };
    await merge(
      of,
      new SortedRows(a.query, a.shape, columns, 'rows_of_a'),
      new SortedRows(b.query, b.shape, columns, 'rows_of_b'),
      tally,
    );
  }
  const { same, onlyInA, onlyInB, changed, rows } = tally;
  return { table, projection, same, onlyInA, onlyInB, changed, shape, rows };
};

export const isSame = ({ onlyInA, onlyInB, changed, shape }: TableDiff): boolean =>
  onlyInA + onlyInB + changed + shape.length === 0;

const faultsOfShape = (a: TableShape | undefined, b: TableShape | undefined): string[] => {
  if (!a || !b) return [a ? 'there is no such table in B' : 'there is no such table in A'];
  if (!sameKey(a, b)) return [`the key is (${a.key.join(', ')}) in A, (${b.key.join(', ')}) in B`];
  return [
    ...missing(a, b).map((column) => `column ${column} is only in A`),
    ...missing(b, a).map((column) => `column ${column} is only in B`),
  ];
};

const sameKey = (a: TableShape, b: TableShape): boolean =>
  a.key.length === b.key.length && a.key.every((column, index) => column === b.key[index]);

const missing = (from: TableShape, to: TableShape): string[] =>
  [...from.columns.keys()].filter((column) => !to.columns.has(column));

const jsonColumns = (...shapes: readonly TableShape[]): ReadonlySet<string> =>
  new Set(
    shapes.flatMap(({ columns }) =>
      [...columns].flatMap(([name, type]) => (type === 'jsonb' ? [name] : [])),
    ),
  );

interface Compared {
  readonly key: readonly string[];
  readonly columns: readonly string[];
  readonly json: ReadonlySet<string>;
}

const merge = async (
  { key, columns, json }: Compared,
  a: SortedRows,
  b: SortedRows,
  tally: Tally,
): Promise<void> => {
  await a.open();
  await b.open();
  for (;;) {
    // Not awaited for each row: there are millions.
    if (a.needsPage) await a.readPage();
    if (b.needsPage) await b.readPage();
    const left = a.row;
    const right = b.row;
    if (!left && !right) break;
    const order = !left ? 1 : !right ? -1 : compareKeys(key, left, right);
    if (order === 0) tally.pair(left!, right!, key, columns, json);
    else if (order < 0) tally.alone('onlyInA', left!, key);
    else tally.alone('onlyInB', right!, key);
    if (order <= 0) a.step();
    if (order >= 0) b.step();
  }
  await a.close();
  await b.close();
};

/** Rows of a table by a cursor, a page at a time, sorted by the bytes of their keys. */
class SortedRows {
  private page: readonly Cells[] = [];
  private at = 0;
  private ended = false;

  constructor(
    private readonly query: Query,
    private readonly shape: TableShape,
    private readonly columns: readonly string[],
    private readonly cursor: string,
  ) {}

  get row(): Cells | undefined {
    return this.page[this.at];
  }

  get needsPage(): boolean {
    return this.at >= this.page.length && !this.ended;
  }

  step(): void {
    this.at += 1;
  }

  async open(): Promise<void> {
    const { schema, name, columns, key } = this.shape;
    const cells = this.columns.map(
      (column) => `${textOf(column, columns.get(column)!)} as ${quoted(column)}`,
    );
    // The order of one database's language need not be that of another's.
    const order = key.map((column) => `${textOf(column, columns.get(column)!)} collate "C"`);
    await this.query(
      `declare ${this.cursor} no scroll cursor for select ${cells.join(', ')}
       from ${quoted(schema)}.${quoted(name)} order by ${order.join(', ')}`,
    );
  }

  async readPage(): Promise<void> {
    this.page = (await this.query(`fetch ${PAGE_ROWS} from ${this.cursor}`)) as Cells[];
    this.at = 0;
    this.ended = this.page.length < PAGE_ROWS;
  }

  async close(): Promise<void> {
    await this.query(`close ${this.cursor}`);
  }
}

/** 1.50 is 1.5; instants are in UTC already, since sessions are. */
const textOf = (column: string, type: string): string =>
  type.startsWith('numeric') ? `trim_scale(${quoted(column)})::text` : `${quoted(column)}::text`;

/** As `collate "C"` has it: by the bytes of UTF-8, which is not how JavaScript compares. */
const compareKeys = (key: readonly string[], a: Cells, b: Cells): number => {
  for (const column of key) {
    if (a[column] === b[column]) continue;
    const order = Buffer.compare(Buffer.from(a[column]!), Buffer.from(b[column]!));
    if (order !== 0) return order;
  }
  return 0;
};

class Tally {
  same = 0;
  onlyInA = 0;
  onlyInB = 0;
  changed = 0;
  readonly rows: RowDiff[] = [];

  constructor(private readonly limit: number) {}

  alone(kind: 'onlyInA' | 'onlyInB', row: Cells, key: readonly string[]): void {
    this[kind] += 1;
    if (this.rows.length < this.limit) this.rows.push({ kind, key: pick(row, key), row });
  }

  pair(
    a: Cells,
    b: Cells,
    key: readonly string[],
    columns: readonly string[],
    json: ReadonlySet<string>,
  ): void {
    const differing = columns.filter(
      (column) => !sameValue(a[column]!, b[column]!, json.has(column)),
    );
    if (differing.length === 0) {
      this.same += 1;
      return;
    }
    this.changed += 1;
    if (this.rows.length >= this.limit) return;
    const values = differing.map((column) => [column, { a: a[column]!, b: b[column]! }] as const);
    this.rows.push({ kind: 'changed', key: pick(a, key), columns: Object.fromEntries(values) });
  }
}

const pick = (row: Cells, columns: readonly string[]): Cells =>
  Object.fromEntries(columns.map((column) => [column, row[column]!]));

const sameValue = (a: string | null, b: string | null, isJson: boolean): boolean =>
  a === b || (isJson && a !== null && b !== null && trimmed(a) === trimmed(b));

/** PostgreSQL writes members of jsonb in one order, but numbers with the zeros they came with. */
const trimmed = (json: string): string =>
  json.replace(/"(?:[^"\\]|\\.)*"|-?\d+\.\d+/g, (token) =>
    token.startsWith('"') ? token : token.replace(/\.?0+$/, ''),
  );

/** The tables of a schema with their columns and primary keys. */
export const shapesIn = async (
  query: Query,
  schemas: readonly string[],
): Promise<readonly TableShape[]> => {
  const rows = (await query(
    `select n.nspname as schema, c.relname as name, a.attname as column,
       format_type(a.atttypid, a.atttypmod) as type,
       (select k.place::integer from unnest(i.indkey) with ordinality as k(attnum, place)
         where k.attnum = a.attnum) as place
     from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       join pg_index i on i.indrelid = c.oid and i.indisprimary
     where c.relkind = 'r' and n.nspname = any(string_to_array($1, ','))
     order by n.nspname, c.relname, a.attnum`,
    [schemas.join(',')],
  )) as unknown as readonly {
    readonly schema: string;
    readonly name: string;
    readonly column: string;
    readonly type: string;
    readonly place: number | null;
  }[];
  return [...Map.groupBy(rows, ({ schema, name }) => columnList([schema, name])).values()].map(
    (columns) => ({
      schema: columns[0]!.schema,
      name: columns[0]!.name,
      columns: new Map(columns.map(({ column, type }) => [column, type])),
      key: columns
        .filter(({ place }) => place !== null)
        .sort((a, b) => a.place! - b.place!)
        .map(({ column }) => column),
    }),
  );
};
