import { sql, type Kysely } from 'kysely';
import type { Database } from './database.js';
import type { Generation, GenerationKey, LogRefusal, ProjectionFailure } from './generation.js';

/** What is kept of one generation. */
export interface GenerationRow extends GenerationKey {
  readonly group: string;
  readonly position: bigint;
  readonly lastEvent: { readonly position: bigint; readonly id: string } | undefined;
  /** Events handed out since the tables were made. */
  readonly events: bigint;
  readonly filled: boolean;
  /** The views show it. */
  readonly inUse: boolean;
  readonly failure: ProjectionFailure | undefined;
  readonly refusal: LogRefusal | undefined;
  /** Host and process id of who took it last; undefined when it was given back. */
  readonly owner: string | undefined;
  /** The only ones it is given; all where undefined. */
  readonly eventTypes: readonly string[] | undefined;
  readonly startedAt: string;
  readonly updatedAt: string;
}

interface Stored {
  name: string;
  version: number;
  run: number;
  group_name: string;
  position: bigint;
  last_event: bigint;
  last_event_id: string | null;
  events: bigint;
  filled: boolean;
  in_use: boolean;
  failure: (Omit<ProjectionFailure, 'position'> & { readonly position: string }) | null;
  refusal: LogRefusal | null;
  owner: string | null;
  event_types: readonly string[] | null;
  started_at: string;
  updated_at: string;
}

/** All generations, those of other groups and of other versions of the code as well. */
export const generationRows = async (db: Kysely<unknown>): Promise<GenerationRow[]> => {
  const { rows } = await sql<Stored>`select g.*, u.name is not null as in_use
    from hostledger_meta.generations g
    left join hostledger_meta.in_use u
      on u.name = g.name and u.version = g.version and u.run = g.run
    order by g.name, g.version, g.run`.execute(db);
  return rows.map(rowOf);
};

const rowOf = (stored: Stored): GenerationRow => ({
  name: stored.name,
  version: stored.version,
  run: stored.run,
  group: stored.group_name,
  position: stored.position,
  lastEvent:
    stored.last_event_id === null
      ? undefined
      : { position: stored.last_event, id: stored.last_event_id },
  events: stored.events,
  filled: stored.filled,
  inUse: stored.in_use,
  failure: stored.failure
    ? { ...stored.failure, position: BigInt(stored.failure.position) }
    : undefined,
  refusal: stored.refusal ?? undefined,
  owner: stored.owner ?? undefined,
  eventTypes: stored.event_types ?? undefined,
  startedAt: stored.started_at,
  updatedAt: stored.updated_at,
});

/** Brings what this process knows of a generation to what is stored. */
export const recall = (generation: Generation, row: GenerationRow): void => {
  generation.checkpoint = row.position;
  generation.lastEvent = row.lastEvent;
  generation.filled = row.filled;
  generation.inUse = row.inUse;
  generation.failure = row.failure;
  generation.refusal = row.refusal;
};

export const isOf = (a: GenerationKey, b: GenerationKey): boolean =>
  a.name === b.name && a.version === b.version && a.run === b.run;

/** The generations as a table `k` to join with: one statement for all of them. */
const keysOf = (generations: readonly GenerationKey[]) =>
  sql`json_to_recordset(${JSON.stringify(
    generations.map(({ name, version, run }) => ({ name, version, run })),
  )}::json) as k(name text, version integer, run integer)`;

const update = async (
  database: Database,
  generations: readonly GenerationKey[],
  column: 'filled' | 'failure' | 'refusal' | 'owner' | 'event_types',
  value: ReturnType<typeof sql>,
): Promise<void> => {
  if (generations.length === 0) return;
  await sql`update hostledger_meta.generations g set ${sql.ref(column)} = ${value}
    from ${keysOf(generations)}
    where g.name = k.name and g.version = k.version and g.run = k.run`.execute(
    database.for<unknown>(),
  );
};

export const noteFilled = (database: Database, of: readonly GenerationKey[]): Promise<void> =>
  update(database, of, 'filled', sql`true`);

export const noteFailure = (
  database: Database,
  of: GenerationKey,
  failure: ProjectionFailure | undefined,
): Promise<void> => update(database, [of], 'failure', jsonb(failure));

export const noteRefusal = (
  database: Database,
  of: readonly GenerationKey[],
  refusal: LogRefusal | undefined,
): Promise<void> => update(database, of, 'refusal', jsonb(refusal));

export const noteOwner = (
  database: Database,
  of: readonly GenerationKey[],
  owner: string | undefined,
): Promise<void> => update(database, of, 'owner', sql`${owner ?? null}::text`);

export const noteEventTypes = (
  database: Database,
  of: readonly GenerationKey[],
  eventTypes: readonly string[] | undefined,
): Promise<void> => update(database, of, 'event_types', jsonb(eventTypes));

/** U+0000, which a cause may quote from an event, is no character of PostgreSQL's. */
const jsonb = (value: object | undefined) =>
  sql`${value ? JSON.stringify(value, plain).replaceAll('\\u0000', '\\ufffd') : null}::jsonb`;

const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

/** Where the log ends before a checkpoint, new events could come before it: it goes back to there. */
export const lowerCheckpoint = async (
  database: Database,
  { name, version, run, checkpoint }: Generation,
  end: bigint,
): Promise<void> => {
  await sql`update hostledger_meta.generations set position = ${end}
    where name = ${name} and version = ${version} and run = ${run}
    and position = ${checkpoint}`.execute(database.for<unknown>());
};
