import { createHash } from 'node:crypto';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { AnyTableFold, ColumnType, Projection } from '../projection.js';
import type { Database } from './database.js';

/** Bookkeeping of the runners, in schema `hostledger_meta`. */
export interface MetaTables {
  'hostledger_meta.checkpoints': {
    name: string;
    version: number;
    /** All events up to here are in the tables of that version. */
    position: bigint;
    /** Position of the last event that was handed out; `position` may lie past it. */
    last_event: bigint;
    /** Hash of the table definitions the tables were made from. */
    fingerprint: string;
    updated_at: string;
  };
  /** The version of each projection that the views in schema `hostledger` show. */
  'hostledger_meta.in_use': { name: string; version: number };
}

type Table = AnyTableFold['table'];

/** The schema that holds the tables of one version of a projection. */
export const schemaOf = ({ name, version }: Pick<Projection, 'name' | 'version'>): string =>
  `${name}_v${version}`;

const META = `
  create schema if not exists hostledger;
  create schema if not exists hostledger_meta;
  create table if not exists hostledger_meta.checkpoints (
    name text not null, version integer not null, position bigint not null,
    last_event bigint not null, fingerprint text not null,
    updated_at timestamptz not null default now(), primary key (name, version));
  create table if not exists hostledger_meta.in_use (
    name text primary key, version integer not null)`;

/** On a large table an index takes longer than any other statement may. */
const INDEXES_WITHIN_MS = 3_600_000;

/** Any constant: makes runners that start at once take turns at creating schemas. */
const SCHEMA_LOCK = 4_217_001;

/**
 * Creates what is missing for these projections. A version whose table definitions have changed is
 * emptied, which `onWarning` is told of: its tables refill from the log.
 */
export const prepareSchema = async (
  database: Database,
  projections: readonly Projection[],
  onWarning: (message: string) => void,
): Promise<void> => {
  assertNames(projections);
  await database
    .for<MetaTables>()
    .transaction()
    .execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${SCHEMA_LOCK})`.execute(trx);
      for (const statement of META.split(';')) await sql.raw(statement).execute(trx);
      for (const projection of projections) await prepareProjection(trx, projection, onWarning);
    });
};

/** Empties these projections and sets their checkpoints to the start of the log. */
export const resetProjections = async (
  database: Database,
  projections: readonly Projection[],
): Promise<void> => {
  await database
    .for<MetaTables>()
    .transaction()
    .execute(async (trx) => {
      for (const projection of projections) await createTables(trx, projection);
    });
};

/**
 * Creates the indexes that are missing. They come last because rows go into a table without them
 * about twice as fast, and because nobody needs them before it is filled.
 */
export const createIndexes = async (
  database: Database,
  projections: readonly Projection[],
): Promise<void> => {
  const statements = projections.flatMap((projection) =>
    projection.tables.flatMap(({ table }) => indexStatements(schemaOf(projection), table)),
  );
  if (statements.length === 0) return;
  if (database.kind === 'pglite') {
    await sql.raw(statements.join(';')).execute(database.for<unknown>());
    return;
  }
  const session = await database.connect(INDEXES_WITHIN_MS);
  try {
    for (const statement of statements) await session.query(statement);
  } finally {
    await session.close();
  }
};

/**
 * Points the views at these versions where they show another one that is not ahead of it: a new
 * version takes over as soon as it has caught up with the old. On the embedded database the old
 * version is dropped, since nobody else could still be reading it.
 */
export const switchViews = async (
  database: Database,
  projections: readonly Projection[],
): Promise<void> => {
  const db = database.for<MetaTables>();
  for (const projection of projections) {
    const { name, version } = projection;
    const shown = await versionInUse(db, name);
    if (shown === version) continue;
    await db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${SCHEMA_LOCK})`.execute(trx);
      const positions = await checkpointsOf(trx, name);
      const theirs = shown === undefined ? undefined : positions.get(shown);
      if (theirs !== undefined && theirs > (positions.get(version) ?? 0n)) return;
      if (shown !== undefined) await dropViews(trx, schemaOf({ name, version: shown }));
      await createViews(trx, projection);
      if (shown !== undefined && database.kind === 'pglite') await dropVersion(trx, name, shown);
    });
  }
};

const prepareProjection = async (
  trx: Transaction<MetaTables>,
  projection: Projection,
  onWarning: (message: string) => void,
): Promise<void> => {
  const checkpoint = await trx
    .selectFrom('hostledger_meta.checkpoints')
    .select('fingerprint')
    .where('name', '=', projection.name)
    .where('version', '=', projection.version)
    .executeTakeFirst();
  if (checkpoint?.fingerprint === fingerprintOf(projection)) return;
  if (checkpoint) {
    onWarning(
      `The tables of ${schemaOf(projection)} have changed without a new version; it is emptied`,
    );
  }
  await createTables(trx, projection);
};

const createTables = async (
  trx: Transaction<MetaTables>,
  projection: Projection,
): Promise<void> => {
  const { name, version } = projection;
  const shown = await versionInUse(trx, name);
  const schema = schemaOf(projection);
  // Its views go with it.
  await sql`drop schema if exists ${sql.id(schema)} cascade`.execute(trx);
  await sql`create schema ${sql.id(schema)}`.execute(trx);
  for (const { table } of projection.tables) {
    await sql.raw(tableStatement(schema, table)).execute(trx);
  }
  const fingerprint = fingerprintOf(projection);
  await sql`insert into hostledger_meta.checkpoints (name, version, position, last_event, fingerprint)
    values (${name}, ${version}, 0, 0, ${fingerprint})
    on conflict (name, version)
    do update set position = 0, last_event = 0, fingerprint = ${fingerprint}, updated_at = now()`.execute(
    trx,
  );
  if (shown === undefined || shown === version) await createViews(trx, projection);
};

const createViews = async (trx: Transaction<MetaTables>, projection: Projection): Promise<void> => {
  const { name, version } = projection;
  for (const { table } of projection.tables) {
    await sql`create view ${sql.id('hostledger', table.name)} as
      select * from ${sql.id(schemaOf(projection), table.name)}`.execute(trx);
  }
  await sql`insert into hostledger_meta.in_use (name, version) values (${name}, ${version})
    on conflict (name) do update set version = ${version}`.execute(trx);
};

/** Drops the views that show the tables of this schema, whatever they are named. */
const dropViews = async (trx: Transaction<MetaTables>, schema: string): Promise<void> => {
  const { rows } = await sql<{ name: string }>`select distinct view_name as name
    from information_schema.view_table_usage
    where view_schema = 'hostledger' and table_schema = ${schema}`.execute(trx);
  for (const { name } of rows) {
    await sql`drop view if exists ${sql.id('hostledger', name)}`.execute(trx);
  }
};

const dropVersion = async (
  trx: Transaction<MetaTables>,
  name: string,
  version: number,
): Promise<void> => {
  await sql`drop schema if exists ${sql.id(schemaOf({ name, version }))} cascade`.execute(trx);
  await trx
    .deleteFrom('hostledger_meta.checkpoints')
    .where('name', '=', name)
    .where('version', '=', version)
    .execute();
};

const versionInUse = async (db: Kysely<MetaTables>, name: string): Promise<number | undefined> => {
  const row = await db
    .selectFrom('hostledger_meta.in_use')
    .select('version')
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.version;
};

const checkpointsOf = async (
  db: Kysely<MetaTables>,
  name: string,
): Promise<Map<number, bigint>> => {
  const rows = await db
    .selectFrom('hostledger_meta.checkpoints')
    .select(['version', 'position'])
    .where('name', '=', name)
    .execute();
  return new Map(rows.map(({ version, position }) => [version, position]));
};

/** Changes whenever the tables would have to be made anew. */
const fingerprintOf = ({ tables }: Projection): string => {
  const definitions = tables.map(({ table }) => [
    table.name,
    table.columns,
    table.key,
    [...(table.nullable ?? [])].sort(),
    table.indexes ?? [],
  ]);
  return createHash('sha256').update(JSON.stringify(definitions)).digest('hex');
};

const tableStatement = (schema: string, table: Table): string => {
  const columns = Object.entries<ColumnType>(table.columns).map(
    ([name, type]) => `${quoted(name)} ${type}${table.nullable?.includes(name) ? '' : ' not null'}`,
  );
  const key = `primary key (${columnList(table.key)})`;
  return `create table ${quoted(schema)}.${quoted(table.name)} (${[...columns, key].join(', ')})`;
};

const indexStatements = (schema: string, table: Table): string[] =>
  (table.indexes ?? []).map((columns, index) => {
    const name = quoted(`${table.name}_i${index + 1}`);
    const target = `${quoted(schema)}.${quoted(table.name)}`;
    return `create index if not exists ${name} on ${target} (${columnList(columns)})`;
  });

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const columnList = (columns: readonly string[]): string => columns.map(quoted).join(', ');

const NAME = /^[a-z][a-z0-9_]{0,54}$/;

const assertNames = (projections: readonly Projection[]): void => {
  const seen = new Set<string>();
  for (const { name, version, tables } of projections) {
    if (!NAME.test(name) || !Number.isInteger(version) || version < 1) {
      throw new Error(`Projection ${name} version ${version}: snake_case and 1, 2, … are wanted`);
    }
    for (const { table } of tables) {
      if (!NAME.test(table.name)) throw new Error(`Table ${table.name} of ${name}: not snake_case`);
      if (seen.has(table.name)) throw new Error(`Two tables are named ${table.name}`);
      seen.add(table.name);
    }
  }
};
