import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Length, Matches } from 'class-validator';
import { sql, type Kysely, type SqlBool } from 'kysely';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  MayRefuse,
  ProblemError,
  ReadAt,
  readReply,
  Roles,
  type ReadOptions,
} from '@hostledger/http';
import '../../http/history-problems.js';
import { readPlaces } from './log-reader.js';
import type { AuditEventRow, AuditTables } from './projection.js';
import { foundView, HistoryEventView, indexedView } from './views.js';

const MAX_CAUSES = 50;
const MAX_SHOWN = 100;

export class HistoryEventParams {
  /**
   * Position in the log, or id.
   * @example "1048576"
   */
  @Length(1, 100)
  @Matches(/^[\x21-\x7e]+$/, { message: 'event is a position in the log, or the id of an event' })
  event: string;
}

export class HistoryEventDetails extends HistoryEventView {
  /** What led to it, nearest first, without data: the last is of the request that began it. */
  causedBy: HistoryEventView[];
  /** Others of the same command; at most 100. */
  sameCommand: HistoryEventView[];
  /** What followed from it directly, without data; the first 100. `causationId` lists all. */
  effects: HistoryEventView[];
  effectCount: number;
}

@ApiTags('audit')
@Controller('audit/events')
export class HistoryEventController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly log: EventStore,
  ) {}

  @ApiOperation({ summary: 'One event, what caused it and what it caused' })
  @Get(':event')
  @Roles('auditor')
  @MayRefuse('audit/event-unknown')
  @ApiOkResponse({ type: HistoryEventDetails })
  async get(@Param() { event: asked }: HistoryEventParams, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<AuditTables, Around | undefined>(
      at,
      (db) => around(db, asked),
    );
    if (!value) {
      throw new ProblemError(404, 'audit/event-unknown', `The history has no event ${asked}`);
    }
    const { row, causes, siblings, effects, effectCount } = value;
    const event = (await readPlaces(this.log, [row], 1)).get(row.position);
    const body: HistoryEventDetails = {
      ...foundView({ row, event }, true),
      causedBy: causes.map(indexedView),
      sameCommand: siblings.map(indexedView),
      effects: effects.map(indexedView),
      effectCount,
    };
    return readReply(position, body);
  }
}

interface Around {
  readonly row: AuditEventRow;
  readonly causes: readonly AuditEventRow[];
  readonly siblings: readonly AuditEventRow[];
  readonly effects: readonly AuditEventRow[];
  readonly effectCount: number;
}

const MAX_POSITION = 2n ** 63n - 1n;

const around = async (db: Kysely<AuditTables>, asked: string): Promise<Around | undefined> => {
  const isPosition = /^\d{1,19}$/.test(asked) && BigInt(asked) <= MAX_POSITION;
  const row = await first(
    db,
    isPosition ? sql<SqlBool>`position = ${asked}::bigint` : sql<SqlBool>`event_id = ${asked}`,
  );
  if (!row) return undefined;
  const effects = db.selectFrom('audit_events').where('causation_id', '=', row.event_id);
  const { count } = await effects
    .select(sql<string>`count(*)`.as('count'))
    .executeTakeFirstOrThrow();
  const siblings = await db
    .selectFrom('audit_events')
    .selectAll()
    .where('command_id', '=', row.command_id)
    .where('event_id', '<>', row.event_id)
    .orderBy('position')
    .limit(MAX_SHOWN)
    .execute();
  return {
    row,
    causes: await causesOf(db, row),
    siblings,
    effects: await effects.selectAll().orderBy('position').limit(MAX_SHOWN).execute(),
    effectCount: Number(count),
  };
};

/** Up to the request, whose command nothing caused but itself. */
const causesOf = async (
  db: Kysely<AuditTables>,
  row: AuditEventRow,
): Promise<readonly AuditEventRow[]> => {
  const causes: AuditEventRow[] = [];
  for (let at = row; causes.length < MAX_CAUSES;) {
    const { causation_id: id, command_id: command, position } = at;
    if (id === null || id === command) break;
    const cause =
      (await first(db, sql<SqlBool>`event_id = ${id}`)) ??
      (await first(db, sql<SqlBool>`command_id = ${id}`));
    // Time goes one way: what came later, or a circle of what was written past this system, is none.
    if (!cause || cause.position >= position) break;
    causes.push(cause);
    at = cause;
  }
  return causes;
};

const first = (db: Kysely<AuditTables>, condition: ReturnType<typeof sql<SqlBool>>) =>
  db
    .selectFrom('audit_events')
    .selectAll()
    .where(condition)
    .orderBy('position')
    .limit(1)
    .executeTakeFirst();
