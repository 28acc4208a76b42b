import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Length, Matches, Max, Min } from 'class-validator';
import { sql, type Kysely } from 'kysely';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  cursorOf,
  cursorValues,
  DEFAULT_LIMIT,
  MayBeAbsent,
  MayRefuse,
  Page,
  ProblemError,
  ReadAt,
  readReply,
  Roles,
  type ReadOptions,
} from '@hostledger/http';
import '../../http/history-problems.js';
import { readTree, type CausedCommand, type CauseTree } from './causes.js';
import type { AuditTables } from './projection.js';
import { HistoryActorView } from './views.js';

const DEFAULT_DEPTH = 4;
const MAX_DEPTH = 20;

export class CorrelationParams {
  @Length(1, 600)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'correlationId is a text without control characters' })
  correlationId: string;
}

export class CorrelationQuery extends Page {
  /** Only what this event or command led to, by its id. */
  @MayBeAbsent()
  @Length(1, 600)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'cause is the id of an event or of a command' })
  cause?: string;

  /**
   * Levels of commands that are told.
   * @example 4
   */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_DEPTH)
  depth?: number;
}

export class CausedEventView {
  id: string;
  position: string;
  stream: string;
  revision: number;
  type: string;
  recordedAt: string;
  /** Commands that it led to; where `effects` has fewer, ask with `cause`. */
  effectCount: number;
  effects: CausedCommandView[];
}

export class CausedCommandView {
  /** Of the event where it was appended without a command. */
  commandId: string;
  /** Of the event or command that led to it; the command itself where it came with a request. */
  causationId?: string;
  actor?: HistoryActorView;
  reason?: string;
  occurredAt?: string;
  eventCount: number;
  /** The first of them. */
  events: CausedEventView[];
  /** Commands that were further steps of it; where `effects` has fewer, ask with `cause`. */
  effectCount: number;
  effects: CausedCommandView[];
}

export class CorrelationView {
  correlationId: string;
  eventCount: number;
  firstPosition: string;
  lastPosition: string;
  firstRecordedAt: string;
  lastRecordedAt: string;
  /** Those that nothing of it led to, or with `cause` those that this led to. */
  commands: CausedCommandView[];
  /** Of the commands at the top. Absent on the last page. */
  nextCursor?: string;
}

@ApiTags('audit')
@Controller('audit/correlations')
export class CorrelationController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({
    summary: 'The tree of cause and effect of a request',
    description:
      'Commands with their events, and below each what it led to: at most `limit` of one cause, ' +
      '`depth` levels, 2,000 commands in all, each once. Counts tell what is left out; `cause` begins there.',
  })
  @Get(':correlationId')
  @Roles('auditor')
  @MayRefuse('audit/correlation-unknown', 'request/cursor-invalid')
  @ApiOkResponse({ type: CorrelationView })
  async get(
    @Param() { correlationId }: CorrelationParams,
    @Query() { cause, cursor, limit = DEFAULT_LIMIT, depth = DEFAULT_DEPTH }: CorrelationQuery,
    @ReadAt() at: ReadOptions,
  ) {
    const list = `audit correlation ${correlationId} ${cause ?? ''}`;
    const after = cursor === undefined ? 0n : placeOf(cursorValues(cursor, list, 1)[0]!);
    const { position, value } = await this.readModels.read<AuditTables, Found | undefined>(
      at,
      async (db) => {
        const summary = await summaryOf(db, correlationId);
        return (
          summary && {
            summary,
            tree: await readTree(db, { correlationId, cause, after, limit, depth }),
          }
        );
      },
    );
    if (!value) {
      throw new ProblemError(
        404,
        'audit/correlation-unknown',
        `No event bears the correlation ${correlationId}`,
      );
    }
    const { summary, tree } = value;
    const told = new Set<string>();
    const body: CorrelationView = {
      correlationId,
      ...summary,
      commands: tree.roots.map((command) => commandView(tree, command, told)),
      ...(tree.hasMore && { nextCursor: cursorOf(list, [tree.roots.at(-1)!.first]) }),
    };
    return readReply(position, body);
  }
}

/** A made-up cursor that names the list but no position begins at the start. */
const placeOf = (text: string): bigint => (/^\d{1,18}$/.test(text) ? BigInt(text) : 0n);

interface Found {
  readonly summary: Omit<CorrelationView, 'correlationId' | 'commands' | 'nextCursor'>;
  readonly tree: CauseTree;
}

const summaryOf = async (
  db: Kysely<AuditTables>,
  correlationId: string,
): Promise<Found['summary'] | undefined> => {
  const { events, first, last, from, until } = await db
    .selectFrom('audit_events')
    .where('correlation_id', '=', correlationId)
    .select([
      sql<string>`count(*)`.as('events'),
      sql<bigint | null>`min(position)`.as('first'),
      sql<bigint | null>`max(position)`.as('last'),
      sql<string>`min(recorded_at)`.as('from'),
      sql<string>`max(recorded_at)`.as('until'),
    ])
    .executeTakeFirstOrThrow();
  if (first === null || last === null) return undefined;
  return {
    eventCount: Number(events),
    firstPosition: first.toString(),
    lastPosition: last.toString(),
    firstRecordedAt: from,
    lastRecordedAt: until,
  };
};

/** @param told causes whose effects were told: past this system an event may bear the id of a command. */
const commandView = (
  tree: CauseTree,
  command: CausedCommand,
  told: Set<string>,
): CausedCommandView => {
  const rows = tree.events.get(command.id) ?? [];
  const [row] = rows;
  return {
    commandId: command.id,
    ...(command.causation !== null && { causationId: command.causation }),
    ...(row && row.subject !== null && { actor: { subject: row.subject, role: row.role ?? '' } }),
    ...(row && row.reason !== null && { reason: row.reason }),
    ...(row && row.occurred_at !== null && { occurredAt: row.occurred_at }),
    eventCount: command.events,
    events: rows.map((event) => ({
      id: event.event_id,
      position: event.position.toString(),
      stream: event.stream,
      revision: Number(event.revision),
      type: event.type,
      recordedAt: event.recorded_at,
      ...effectsOf(tree, event.event_id, told),
    })),
    ...effectsOf(tree, command.id, told),
  };
};

const effectsOf = (tree: CauseTree, id: string, told: Set<string>) => {
  const effects = told.has(id) ? [] : (tree.effects.get(id) ?? []);
  told.add(id);
  return {
    effectCount: tree.effectCounts.get(id) ?? 0,
    effects: effects.map((command) => commandView(tree, command, told)),
  };
};
