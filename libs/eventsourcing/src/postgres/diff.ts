import type { Database } from './database.js';
import { schemaOf } from './generation.js';
import { ReplayRefused } from './replay.js';
import { REPLAY_TABLE, replaysIn } from './replay-schemas.js';
import { inSnapshot, type Query } from './snapshot.js';
import { diffTables, isSame, shapesIn, type TableDiff, type TableShape } from './table-diff.js';

/** The word for the tables that readers see, of all projections of a group. */
export const LIVE = 'live';

/** The schema of a replay, or {@link LIVE}, in a database. */
export interface SchemaIn {
  readonly database: Database;
  readonly schema: string;
}

export interface DiffOptions {
  /** Whose tables are live ones. */
  readonly group: string;
  /** Only these; all that both sides have a projection for when absent. */
  readonly tables?: readonly string[];
  /** So many rows that differ are told of each table. */
  readonly limit: number;
  readonly onTable?: (table: string) => void;
}

/** What one side is. Live tables of several projections may be at several positions. */
export interface SideView {
  readonly schema: string;
  readonly positions: { readonly least: bigint; readonly greatest: bigint };
}

export interface SchemaDiff {
  readonly a: SideView;
  readonly b: SideView;
  readonly same: boolean;
  readonly tables: readonly TableDiff[];
  /** Projections that the other side was not made of. */
  readonly notCompared: readonly { readonly projection: string; readonly onlyIn: 'A' | 'B' }[];
}

/**
 * Compares two sides table by table, each side in one snapshot: both in the same one where they lie
 * in one database.
 * @throws ReplayRefused where a side or a table that is named does not exist
 */
export const diffSchemas = (a: SchemaIn, b: SchemaIn, options: DiffOptions): Promise<SchemaDiff> =>
  inSnapshot(a.database, (queryA) =>
    a.database === b.database
      ? diff(queryA, a.schema, queryA, b.schema, options)
      : inSnapshot(b.database, (queryB) => diff(queryA, a.schema, queryB, b.schema, options)),
  );

const diff = async (
  queryA: Query,
  schemaA: string,
  queryB: Query,
  schemaB: string,
  { group, tables, limit, onTable }: DiffOptions,
): Promise<SchemaDiff> => {
  const a = await sideOf(queryA, schemaA, group);
  const b = await sideOf(queryB, schemaB, group);
  const chosen = chosenOf(a, b, tables);
  const diffs: TableDiff[] = [];
  for (const { projection, table } of chosen) {
    onTable?.(table);
    const left = { query: queryA, shape: a.shapes.get(table) };
    const right = { query: queryB, shape: b.shapes.get(table) };
    diffs.push(await diffTables(table, projection, left, right, limit));
  }
  return {
    a: viewOf(a),
    b: viewOf(b),
    same: diffs.every(isSame),
    tables: diffs,
    notCompared: tables ? [] : [...onlyIn('A', a, b), ...onlyIn('B', b, a)],
  };
};

interface Side {
  readonly schema: string;
  /** Names of tables by projection. */
  readonly projections: ReadonlyMap<string, readonly string[]>;
  readonly shapes: ReadonlyMap<string, TableShape>;
  readonly positions: readonly bigint[];
}

const viewOf = ({ schema, positions }: Side): SideView => ({
  schema,
  positions: {
    least: positions.reduce((one, other) => (one < other ? one : other)),
    greatest: positions.reduce((one, other) => (one > other ? one : other)),
  },
});

const sideOf = (query: Query, schema: string, group: string): Promise<Side> =>
  schema === LIVE ? liveSide(query, group) : replaySide(query, schema);

const liveSide = async (query: Query, group: string): Promise<Side> => {
  const [known] = await query(`select to_regclass('hostledger_meta.in_use') is not null as made`);
  const rows = known?.['made']
    ? ((await query(
        `select name, version, run, position
         from hostledger_meta.in_use join hostledger_meta.generations using (name, version, run)
         where group_name = $1 order by name`,
        [group],
      )) as unknown as readonly { name: string; version: number; run: number; position: bigint }[])
    : [];
  if (rows.length === 0) throw new ReplayRefused('There are no live tables yet');
  const projections = new Map(rows.map((row) => [schemaOf(row), row.name]));
  const shapes = await shapesIn(query, [...projections.keys()]);
  const tables = Map.groupBy(shapes, ({ schema }) => projections.get(schema)!);
  return {
    schema: LIVE,
    projections: new Map(
      rows.map(({ name }) => [name, (tables.get(name) ?? []).map((shape) => shape.name)]),
    ),
    shapes: new Map(shapes.map((shape) => [shape.name, shape])),
    positions: rows.map(({ position }) => position),
  };
};

const replaySide = async (query: Query, schema: string): Promise<Side> => {
  const made = (await replaysIn(query)).find((replay) => replay.schema === schema);
  if (!made) throw new ReplayRefused(`There is no schema ${schema} that a replay has made`);
  if (made.position === undefined) {
    throw new ReplayRefused(`${schema} is not filled: it is being made, or was cut off`);
  }
  const shapes = (await shapesIn(query, [schema])).filter(({ name }) => name !== REPLAY_TABLE);
  return {
    schema,
    projections: new Map(made.projections.map(({ name, tables }) => [name, tables])),
    shapes: new Map(shapes.map((shape) => [shape.name, shape])),
    positions: [made.position],
  };
};

/** Each table with its projection: those named, or those of projections that both sides have. */
const chosenOf = (a: Side, b: Side, named: readonly string[] | undefined) => {
  const owners = new Map(
    [...b.projections, ...a.projections].flatMap(([projection, tables]) =>
      tables.map((table) => [table, projection] as const),
    ),
  );
  if (named) {
    return named.map((table) => {
      const projection = owners.get(table);
      if (projection !== undefined) return { table, projection };
      throw new ReplayRefused(`Neither ${a.schema} nor ${b.schema} has a table ${table}`);
    });
  }
  return [...owners]
    .map(([table, projection]) => ({ table, projection }))
    .filter(({ projection }) => a.projections.has(projection) && b.projections.has(projection))
    .sort((one, other) => (one.table < other.table ? -1 : 1));
};

const onlyIn = (side: 'A' | 'B', one: Side, other: Side) =>
  [...one.projections.keys()]
    .filter((projection) => !other.projections.has(projection))
    .map((projection) => ({ projection, onlyIn: side }));
