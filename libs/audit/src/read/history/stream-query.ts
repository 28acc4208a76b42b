import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Length, Matches } from 'class-validator';
import { sql, type SqlBool } from 'kysely';
import { streamCategory, type RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  cursorOf,
  cursorValues,
  DEFAULT_LIMIT,
  MayRefuse,
  Page,
  ProblemError,
  ReadAt,
  readReply,
  Roles,
  type ReadOptions,
} from '@hostledger/http';
import '../../http/history-problems.js';
import { readPlaces } from './log-reader.js';
import type { AuditEventRow, AuditTables } from './projection.js';
import { foundView, HistoryEventView, storedView } from './views.js';

export class HistoryStreamParams {
  /** @example miner-YDU5400123 */
  @Length(1, 600)
  @Matches(/^[^\p{Cc}$][^\p{Cc}]*$/u, { message: 'stream is the name of a stream of events' })
  stream: string;
}

export class StreamEventView extends HistoryEventView {
  /** True where the stream does not show it any more, by its settings, but the log still has it. */
  hidden?: true;
}

export class StreamGapView {
  /** Revisions from here … */
  from: number;
  /** … to here are neither in the log nor in the index of the history. */
  to: number;
}

/** What somebody told the store to hide of a stream. This system never does. */
export class StreamSettingsView {
  /** Revisions before this are hidden (`$tb`). */
  truncateBefore?: string;
  /** Of the newest events, so many are shown (`$maxCount`). */
  maxCount?: number;
  /** Events older than so many seconds are hidden (`$maxAge`). */
  maxAgeSeconds?: number;
  /** The whole metadata of the stream. */
  metadata: unknown;
  /** When they were written. */
  recordedAt: string;
}

export class HistoryStreamView {
  stream: string;
  category: string;
  /**
   * `deleted` streams come back with their next event; `tombstoned` ones are gone for ever. What was
   * in them stays in the log until it is scavenged.
   */
  state: 'readable' | 'deleted' | 'tombstoned';
  /** Absent where nobody has set anything, as it should be. */
  settings?: StreamSettingsView;
  /** By revision. */
  items: StreamEventView[];
  /** On this page. */
  gaps: StreamGapView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

/** A `$tb` that hides all of a stream, as JSON numbers have it. */
const HIDES_ALL = 2 ** 62;

@ApiTags('audit')
@Controller('audit/streams')
export class HistoryStreamController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly log: EventStore,
  ) {}

  @ApiOperation({
    summary: 'Everything of one stream, and whether something of it is hidden or gone',
    description:
      'From the log itself. What the stream does not show is looked up where the index of the history ' +
      'says that it was.',
  })
  @Get(':stream')
  @Roles('auditor')
  @MayRefuse('audit/stream-unknown', 'request/cursor-invalid')
  @ApiOkResponse({ type: HistoryStreamView })
  async get(
    @Param() { stream }: HistoryStreamParams,
    @Query() { limit = DEFAULT_LIMIT, cursor }: Page,
    @ReadAt() at: ReadOptions,
  ) {
    const list = `audit stream ${stream}`;
    const from = cursor === undefined ? 0n : revisionOf(cursorValues(cursor, list, 1)[0]!);
    const head = await this.log.head();
    const indexed = await this.indexed(stream, from, limit + 1, at);
    const isTombstoned = await this.log.isTombstoned(stream);
    const shown = isTombstoned ? [] : await this.log.readStream(stream, from, limit + 1);
    // With a stream that is gone for ever goes its metadata.
    const settings = isTombstoned ? undefined : await this.settingsOf(stream);
    if (shown.length === 0 && indexed.length === 0 && from === 0n && !settings && !isTombstoned) {
      throw new ProblemError(404, 'audit/stream-unknown', `The history has no stream ${stream}`);
    }
    const all = await this.merged(
      shown.filter(({ position }) => position <= head),
      indexed,
    );
    const items = all.slice(0, limit);
    const next = all[limit];
    const hidesAll = Number(settings?.truncateBefore ?? 0) >= HIDES_ALL;
    const body: HistoryStreamView = {
      stream,
      category: streamCategory(stream),
      state: isTombstoned ? 'tombstoned' : hidesAll ? 'deleted' : 'readable',
      ...(settings && { settings }),
      items,
      gaps: gapsIn(Number(from), items),
      ...(next && { nextCursor: cursorOf(list, [next.revision]) }),
    };
    return readReply(head, body);
  }

  private async indexed(
    stream: string,
    from: bigint,
    limit: number,
    at: ReadOptions,
  ): Promise<readonly AuditEventRow[]> {
    const { value } = await this.readModels.read<AuditTables, readonly AuditEventRow[]>(at, (db) =>
      db
        .selectFrom('audit_events')
        .selectAll()
        .where('stream', '=', stream)
        .where(sql<SqlBool>`revision >= ${from.toString()}::bigint`)
        .orderBy('position')
        .limit(limit)
        .execute(),
    );
    return value;
  }

  /** What the stream shows, and what the index knows beside. */
  private async merged(
    shown: readonly RecordedEvent[],
    indexed: readonly AuditEventRow[],
  ): Promise<readonly StreamEventView[]> {
    const positions = new Set(shown.map(({ position }) => position));
    const hidden = indexed.filter(({ position }) => !positions.has(position));
    const found = await readPlaces(this.log, hidden, Infinity);
    const views: StreamEventView[] = [
      ...shown.map(storedView),
      ...hidden.map((row): StreamEventView => {
        const event = found.get(row.position);
        return { ...foundView({ row, event }, true), ...(event && { hidden: true }) };
      }),
    ];
    return views.sort((a, b) => a.revision - b.revision);
  }

  private async settingsOf(stream: string): Promise<StreamSettingsView | undefined> {
    const newest = (await this.log.readStream(`$$${stream}`, 0n, 1)).at(-1);
    if (!newest) return undefined;
    const data = (newest.data ?? {}) as Readonly<Record<string, unknown>>;
    const { $tb: before, $maxCount: maxCount, $maxAge: maxAge } = data;
    return {
      ...(typeof before === 'number' &&
        Number.isInteger(before) && { truncateBefore: BigInt(before).toString() }),
      ...(typeof maxCount === 'number' && { maxCount }),
      ...(typeof maxAge === 'number' && { maxAgeSeconds: maxAge }),
      metadata: data,
      recordedAt: newest.recordedAt,
    };
  }
}

/** A made-up cursor that names the list but no revision begins at the start. */
const revisionOf = (text: string): bigint => (/^\d{1,18}$/.test(text) ? BigInt(text) : 0n);

const gapsIn = (from: number, items: readonly StreamEventView[]): StreamGapView[] => {
  const gaps: StreamGapView[] = [];
  let expected = from;
  for (const { revision } of items) {
    if (revision > expected) gaps.push({ from: expected, to: revision - 1 });
    expected = revision + 1;
  }
  return gaps;
};
