import { sql, type Kysely } from 'kysely';
import type { Projection } from '../projection.js';
import type { FilledTables } from './fill.js';
import { quoted } from './names.js';
import type { Query } from './snapshot.js';

// A table beside those of the read models tells what a schema of a replay holds. There is no
// register of replays elsewhere that could say something else: a schema without it is not ours.

/** What a schema holds that a replay has made. */
export interface Replay {
  readonly schema: string;
  /** The point that was asked for. */
  readonly asked: string;
  /** Not so while it is being filled, and where that was cut off. */
  readonly filled: boolean;
  /** The tables are what live ones were here; undefined until they are filled. */
  readonly position: bigint | undefined;
  readonly lastEvent:
    { readonly position: bigint; readonly id: string; readonly recordedAt: string } | undefined;
  readonly events: bigint;
  readonly projections: readonly ReplayedProjection[];
  readonly startedAt: string;
}

export interface ReplayedProjection {
  readonly name: string;
  readonly version: number;
  readonly tables: readonly string[];
}

export const REPLAY_TABLE = 'hostledger_replay';

interface Stored {
  asked: string;
  filled: boolean;
  position: bigint | null;
  last_event: bigint | null;
  last_event_id: string | null;
  last_recorded_at: string | null;
  events: bigint;
  projections: readonly ReplayedProjection[];
  started_at: string;
}

/** Schemas that replays have made, by name. */
export const replaysIn = async (query: Query): Promise<Replay[]> => {
  const schemas = await query(
    `select n.nspname as schema from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relname = $1 and c.relkind = 'r' order by 1`,
    [REPLAY_TABLE],
  );
  const found: Replay[] = [];
  for (const schema of schemas.map((row) => row['schema'] as string)) {
    const rows = await query(`select * from ${quoted(schema)}.${quoted(REPLAY_TABLE)}`);
    found.push(...(rows as unknown as Stored[]).map((row) => replayOf(schema, row)));
  }
  return found;
};

const replayOf = (schema: string, stored: Stored): Replay => ({
  schema,
  asked: stored.asked,
  filled: stored.filled,
  position: stored.position ?? undefined,
  lastEvent:
    stored.last_event_id === null
      ? undefined
      : {
          position: stored.last_event!,
          id: stored.last_event_id,
          recordedAt: stored.last_recorded_at!,
        },
  events: stored.events,
  projections: stored.projections,
  startedAt: stored.started_at,
});

export const schemaExists = async (db: Kysely<unknown>, schema: string): Promise<boolean> => {
  const { rows } = await sql`select from pg_namespace where nspname = ${schema}`.execute(db);
  return rows.length > 0;
};

/** Says of a schema with empty tables what it is going to be. */
export const markBegun = async (
  db: Kysely<unknown>,
  schema: string,
  asked: string,
  projections: readonly Projection[],
): Promise<void> => {
  const table = sql.id(schema, REPLAY_TABLE);
  const told: readonly ReplayedProjection[] = projections.map(({ name, version, tables }) => ({
    name,
    version,
    tables: tables.map(({ table: { name: tableName } }) => tableName),
  }));
  await sql`create table ${table} (
    asked text not null, filled boolean not null default false, position bigint,
    last_event bigint, last_event_id text, last_recorded_at timestamptz,
    events bigint not null default 0, projections jsonb not null,
    started_at timestamptz not null default now())`.execute(db);
  await sql`insert into ${table} (asked, projections)
    values (${asked}, ${JSON.stringify(told)}::jsonb)`.execute(db);
};

export const markFilled = async (
  db: Kysely<unknown>,
  schema: string,
  { position, events, lastEvent }: FilledTables,
): Promise<void> => {
  await sql`update ${sql.id(schema, REPLAY_TABLE)} set filled = true, position = ${position},
    events = ${events}, last_event = ${lastEvent?.position ?? null},
    last_event_id = ${lastEvent?.id ?? null},
    last_recorded_at = ${lastEvent?.recordedAt ?? null}::timestamptz`.execute(db);
};
