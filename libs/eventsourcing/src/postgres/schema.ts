import { createHash } from 'node:crypto';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { AnyTableFold, ColumnType, Projection } from '../projection.js';
import type { Database } from './database.js';
import { isOf } from './bookkeeping.js';
import { schemaOf, type Generation } from './generation.js';
import { columnList, quoted } from './names.js';

type Table = AnyTableFold['table'];

/**
 * - `position`: all events up to here are in the tables; `last_event` is the last one handed out.
 * - `events`: how many were, since the tables were made.
 * - `filled`: the end of the log was reached once.
 * - `failure`, `refusal`: why it stands still; see {@link Generation}.
 * - `owner`: the process that keeps it, until it says otherwise or dies.
 * - `event_types`: the only ones that it is given.
 */
const META = `
  create schema if not exists hostledger;
  create schema if not exists hostledger_meta;
  create table if not exists hostledger_meta.generations (
    name text not null, version integer not null, run integer not null, group_name text not null,
    position bigint not null default 0, last_event bigint not null default 0, last_event_id text,
    events bigint not null default 0, filled boolean not null default false,
    fingerprint text not null, failure jsonb, refusal jsonb, owner text, event_types jsonb,
    started_at timestamptz not null default now(), updated_at timestamptz not null default now(),
    primary key (name, version, run));
  create table if not exists hostledger_meta.in_use (
    name text primary key, version integer not null, run integer not null)`;

/** On a large table an index takes longer than any other statement may. */
const INDEXES_WITHIN_MS = 3_600_000;

/** Any constant: makes processes that start at once take turns at creating schemas. */
const SCHEMA_LOCK = 4_217_001;

/** How long a change of the views waits for whoever reads through them at the moment. */
const VIEWS_WITHIN_MS = 1_000;

/** Runs `work` in a transaction in which nobody else changes schemas. */
export const inSchemaTurn = <T>(
  database: Database,
  work: (trx: Transaction<unknown>) => Promise<T>,
): Promise<T> =>
  database
    .for<unknown>()
    .transaction()
    .execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${SCHEMA_LOCK})`.execute(trx);
      return work(trx);
    });

/** Creates what is missing of the bookkeeping; that of an earlier form goes, the log refills it. */
export const prepareMeta = async (
  database: Database,
  projections: readonly Projection[],
): Promise<void> => {
  assertNames(projections);
  await inSchemaTurn(database, async (trx) => {
    const { rows } = await sql<{ old: string | null }>`
      select to_regclass('hostledger_meta.checkpoints')::text as old`.execute(trx);
    if (rows[0]?.old) {
      await sql`drop schema hostledger_meta cascade`.execute(trx);
      await sql`drop schema if exists hostledger cascade`.execute(trx);
    }
    await sql.raw(META).execute(trx);
  });
};

/**
 * Sees to it that the generations have tables of the form their code knows, and are shown where
 * nothing else is. Tables of another form are emptied, which `onWarning` is told of.
 */
export const prepareGenerations = (
  database: Database,
  group: string,
  generations: readonly Generation[],
  onWarning: (message: string) => void,
): Promise<void> =>
  inSchemaTurn(database, async (trx) => {
    const { rows } = await sql<{ name: string; version: number; run: number; fingerprint: string }>`
      select name, version, run, fingerprint from hostledger_meta.generations`.execute(trx);
    for (const generation of generations) {
      const found = rows.find((row) => isOf(row, generation));
      if (found?.fingerprint === fingerprintOf(generation.projection)) continue;
      if (found) {
        const { schema } = generation;
        onWarning(`The tables of ${schema} have changed without a new version; it is emptied`);
      }
      await createGeneration(trx, group, generation);
    }
  });

/** Empties the generation: it begins at the start of the log, with neither failure nor refusal. */
export const resetGeneration = (
  database: Database,
  group: string,
  generation: Generation,
): Promise<void> => inSchemaTurn(database, (trx) => createGeneration(trx, group, generation));

const createGeneration = async (
  trx: Transaction<unknown>,
  group: string,
  generation: Generation,
): Promise<void> => {
  const { name, version, run, projection } = generation;
  const shown = await shownOf(trx, name);
  await createTables(trx, generation.schema, [projection]);
  await sql`delete from hostledger_meta.generations
    where name = ${name} and version = ${version} and run = ${run}`.execute(trx);
  await sql`insert into hostledger_meta.generations (name, version, run, group_name, fingerprint)
    values (${name}, ${version}, ${run}, ${group}, ${fingerprintOf(projection)})`.execute(trx);
  if (!shown || (shown.version === version && shown.run === run)) {
    await createViews(trx, generation);
  }
};

/** A schema with empty tables of these projections; what was in it before is gone, views of it too. */
export const createTables = async (
  db: Kysely<unknown>,
  schema: string,
  projections: readonly Projection[],
): Promise<void> => {
  const tables = projections.flatMap((projection) => projection.tables);
  const statements = [
    `drop schema if exists ${quoted(schema)} cascade`,
    `create schema ${quoted(schema)}`,
    ...tables.map(({ table }) => tableStatement(schema, table)),
  ];
  await sql.raw(statements.join(';')).execute(db);
};

/**
 * Creates the indexes that are missing. They come last because rows go into a table without them
 * about twice as fast, and because nobody needs them before it is filled.
 */
export const createIndexes = async (
  database: Database,
  targets: readonly Pick<Generation, 'schema' | 'projection'>[],
): Promise<void> => {
  const statements = targets.flatMap(({ schema, projection }) =>
    projection.tables.flatMap(({ table }) => indexStatements(schema, table)),
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
 * Points the views at this generation, unless they show a newer version of the code or tables that
 * are ahead of it: what a reader sees never goes back. On the embedded database an older version is
 * dropped, since nobody else could still be keeping it. Tells whether the generation is shown now.
 */
export const show = (database: Database, generation: Generation): Promise<boolean> =>
  inSchemaTurn(database, async (trx) => {
    const { name, version, run } = generation;
    const shown = await shownOf(trx, name);
    if (shown?.version === version && shown.run === run) return true;
    if (shown && shown.version > version) return false;
    // Locked, so that another process does not move the one that is shown ahead meanwhile.
    const { rows } = await sql<{ version: number; run: number; position: bigint }>`
      select version, run, position from hostledger_meta.generations where name = ${name}
      order by version, run for update`.execute(trx);
    const positionOf = (key: { version: number; run: number } | undefined): bigint =>
      rows.find((row) => row.version === key?.version && row.run === key.run)?.position ?? 0n;
    if (positionOf(shown) > positionOf(generation)) return false;
    await sql`select set_config('lock_timeout', ${String(VIEWS_WITHIN_MS)}, true)`.execute(trx);
    if (shown) await dropViews(trx, shown.schema);
    await createViews(trx, generation);
    if (shown && shown.version < version && database.kind === 'pglite') {
      await dropRows(trx, { name, ...shown });
    }
    return true;
  });

/** The tables of a generation that nothing is to be read from any more, and all that is known of it. */
export const dropGeneration = (
  database: Database,
  generation: Pick<Generation, 'name' | 'version' | 'run' | 'schema'>,
): Promise<void> => inSchemaTurn(database, (trx) => dropRows(trx, generation));

const dropRows = async (
  trx: Transaction<unknown>,
  { name, version, run, schema }: Pick<Generation, 'name' | 'version' | 'run' | 'schema'>,
): Promise<void> => {
  await sql`drop schema if exists ${sql.id(schema)} cascade`.execute(trx);
  await sql`delete from hostledger_meta.generations
    where name = ${name} and version = ${version} and run = ${run}`.execute(trx);
};

const createViews = async (trx: Transaction<unknown>, generation: Generation): Promise<void> => {
  const { name, version, run, schema, projection } = generation;
  const views = projection.tables.map(({ table }) => {
    const name = quoted(table.name);
    return `create view hostledger.${name} as select * from ${quoted(schema)}.${name}`;
  });
  if (views.length > 0) await sql.raw(views.join(';')).execute(trx);
  await sql`insert into hostledger_meta.in_use (name, version, run)
    values (${name}, ${version}, ${run})
    on conflict (name) do update set version = ${version}, run = ${run}`.execute(trx);
};

/** Drops the views that show the tables of this schema, whatever they are named. */
const dropViews = async (trx: Transaction<unknown>, schema: string): Promise<void> => {
  const { rows } = await sql<{ name: string }>`select distinct view_name as name
    from information_schema.view_table_usage
    where view_schema = 'hostledger' and table_schema = ${schema}`.execute(trx);
  for (const { name } of rows) {
    await sql`drop view if exists ${sql.id('hostledger', name)}`.execute(trx);
  }
};

interface Shown {
  readonly version: number;
  readonly run: number;
  readonly schema: string;
}

const shownOf = async (trx: Transaction<unknown>, name: string): Promise<Shown | undefined> => {
  const { rows } = await sql<{ version: number; run: number }>`
    select version, run from hostledger_meta.in_use where name = ${name}`.execute(trx);
  const [shown] = rows;
  return shown && { ...shown, schema: schemaOf({ name, ...shown }) };
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
