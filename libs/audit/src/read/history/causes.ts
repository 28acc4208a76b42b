import { sql, type Kysely, type SqlBool } from 'kysely';
import type { AuditEventRow, AuditTables } from './projection.js';

/** A command of a correlation, as its events tell of it. */
export interface CausedCommand {
  /** Its id; that of the event where somebody appended it without a command. */
  readonly id: string;
  readonly causation: string | null;
  readonly first: bigint;
  readonly events: number;
}

/** Commands and their events, as far as they were asked for. */
export interface CauseTree {
  readonly roots: readonly CausedCommand[];
  /** Whether there are more roots than these. */
  readonly hasMore: boolean;
  /** By the id of a command. */
  readonly events: ReadonlyMap<string, readonly AuditEventRow[]>;
  /** By the id of an event or command: the commands that it led to, each at its first place alone. */
  readonly effects: ReadonlyMap<string, readonly CausedCommand[]>;
  readonly effectCounts: ReadonlyMap<string, number>;
}

export interface TreeOptions {
  readonly correlationId: string;
  /** Only what this event or command led to. */
  readonly cause?: string | undefined;
  readonly after: bigint;
  /** Commands of one cause, and events of one command. */
  readonly limit: number;
  /** Levels of commands. */
  readonly depth: number;
}

/** Of one answer, however deep the tree is. */
const MAX_COMMANDS = 2_000;

const COMMAND = sql<string>`coalesce(command_id, event_id)`;

/** Of causes and effects: level by level, each by a query for all of it. */
export const readTree = async (
  db: Kysely<AuditTables>,
  options: TreeOptions,
): Promise<CauseTree> => {
  const { limit, depth } = options;
  const found = await rootsOf(db, options);
  const roots = found.slice(0, limit);
  const events = new Map<string, readonly AuditEventRow[]>();
  const effects = new Map<string, readonly CausedCommand[]>();
  const effectCounts = new Map<string, number>();
  let level: readonly CausedCommand[] = roots;
  // A command with several causes, and circles of them, which only come from past this system.
  const shown = new Set(roots.map(({ id }) => id));
  for (let at = 1; level.length > 0; at += 1) {
    const own = await eventsOf(db, options, level);
    for (const [id, rows] of own) events.set(id, rows);
    const causes = [
      ...level.map(({ id }) => id),
      ...[...own.values()].flatMap((rows) => rows.map(({ event_id: id }) => id)),
    ];
    for (const [id, count] of await countsOf(db, options, causes)) effectCounts.set(id, count);
    if (at >= depth || shown.size >= MAX_COMMANDS) break;
    const caused = await commandsCausedBy(db, options, causes, MAX_COMMANDS - shown.size);
    const next = caused.filter(({ id }) => !shown.has(id) && shown.add(id));
    const byCause = Map.groupBy(next, ({ causation }) => causation!);
    for (const [cause, commands] of byCause) effects.set(cause, commands);
    level = next;
  }
  return { roots, hasMore: found.length > limit, events, effects, effectCounts };
};

const rootsOf = async (
  db: Kysely<AuditTables>,
  { correlationId, cause, after, limit }: TreeOptions,
): Promise<readonly CausedCommand[]> => {
  const own = db.selectFrom('audit_events as e').where('e.correlation_id', '=', correlationId);
  const known = (column: 'event_id' | 'command_id') =>
    db
      .selectFrom('audit_events as c')
      .select(sql`1`.as('one'))
      .where('c.correlation_id', '=', correlationId)
      .where(sql<SqlBool>`${sql.ref(`c.${column}`)} = e.causation_id`)
      // What led to it is before it. Of a circle, as others may write one, the first is the root.
      .where(sql<SqlBool>`c.position < e.position`);
  const asked =
    cause === undefined
      ? own.where(
          sql<SqlBool>`(e.causation_id is null or e.causation_id = e.command_id or not
            (exists (${known('event_id')}) or exists (${known('command_id')})))`,
        )
      : own
          .where('e.causation_id', '=', cause)
          .where(sql<SqlBool>`e.command_id is distinct from e.causation_id`);
  const rows = await asked
    .select([
      COMMAND.as('id'),
      sql<string | null>`min(causation_id)`.as('causation'),
      sql<bigint>`min(position)`.as('first'),
      sql<string>`count(*)`.as('events'),
    ])
    .groupBy(COMMAND)
    .having(sql<SqlBool>`min(position) > ${after.toString()}::bigint`)
    .orderBy('first')
    .limit(limit + 1)
    .execute();
  return rows.map(commandOf);
};

const commandOf = (row: {
  id: string;
  causation: string | null;
  first: bigint;
  events: string;
}): CausedCommand => ({ ...row, first: BigInt(row.first), events: Number(row.events) });

/** The first events of each command. */
const eventsOf = async (
  db: Kysely<AuditTables>,
  { correlationId, limit }: TreeOptions,
  commands: readonly CausedCommand[],
): Promise<ReadonlyMap<string, readonly AuditEventRow[]>> => {
  const ids = commands.map(({ id }) => id);
  const numbered = db
    .selectFrom('audit_events')
    .selectAll()
    .select(sql<string>`row_number() over (partition by ${COMMAND} order by position)`.as('number'))
    .where('correlation_id', '=', correlationId)
    .where(
      sql<SqlBool>`(command_id = any(${ids}::text[])
        or (command_id is null and event_id = any(${ids}::text[])))`,
    );
  const rows = await db
    .selectFrom(numbered.as('n'))
    .selectAll()
    .where(sql<SqlBool>`number <= ${limit}`)
    .orderBy('position')
    .execute();
  return Map.groupBy(rows, ({ command_id, event_id }) => command_id ?? event_id);
};

const caused = (
  db: Kysely<AuditTables>,
  { correlationId }: TreeOptions,
  causes: readonly string[],
) =>
  db
    .selectFrom('audit_events')
    .where('correlation_id', '=', correlationId)
    .where(sql<SqlBool>`causation_id = any(${[...causes]}::text[])`)
    .where(sql<SqlBool>`command_id is distinct from causation_id`);

const countsOf = async (
  db: Kysely<AuditTables>,
  options: TreeOptions,
  causes: readonly string[],
): Promise<ReadonlyMap<string, number>> => {
  const rows = await caused(db, options, causes)
    .select(['causation_id', sql<string>`count(distinct ${COMMAND})`.as('count')])
    .groupBy('causation_id')
    .execute();
  return new Map(rows.map(({ causation_id: id, count }) => [id!, Number(count)]));
};

/** The first commands of each cause. */
const commandsCausedBy = async (
  db: Kysely<AuditTables>,
  options: TreeOptions,
  causes: readonly string[],
  room: number,
): Promise<readonly CausedCommand[]> => {
  const commands = caused(db, options, causes)
    .select([
      COMMAND.as('id'),
      'causation_id as causation',
      sql<bigint>`min(position)`.as('first'),
      sql<string>`count(*)`.as('events'),
      sql<string>`row_number() over (partition by causation_id order by min(position))`.as(
        'number',
      ),
    ])
    .groupBy([COMMAND, 'causation_id']);
  const rows = await db
    .selectFrom(commands.as('c'))
    .selectAll()
    .where(sql<SqlBool>`number <= ${options.limit}`)
    .orderBy('first')
    .limit(room)
    .execute();
  return rows.map(({ number: _, ...row }) => commandOf(row));
};
