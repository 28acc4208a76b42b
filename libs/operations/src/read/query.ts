import { Controller, Get, Param, Query, Res, type OnModuleDestroy } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  equalTo,
  keysetPage,
  Page,
  ReadAt,
  readReply,
  sendCsv,
  sendEvents,
  type PageOf,
  type ReadOptions,
} from '@hostledger/http';
import { operationUnknown } from '../domain/operation.js';
import { OperationParams } from '../http/forms.js';
import { OperationProgress, ProgressWatch, type Snapshot } from './progress.js';
import {
  OPERATION_STATUSES,
  type OperationRejectionRow,
  type OperationRow,
  type OperationStatus,
  type OperationTables,
} from './projection.js';
import { refusedLines, rejectedLines } from './rejections.js';

export class OperationsFilter extends Page {
  @IsOptional()
  @IsIn(OPERATION_STATUSES)
  status?: OperationStatus;

  /** @example delivery */
  @IsOptional()
  @IsString()
  @MaxLength(60)
  kind?: string;

  /** Whose token it was sent with. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  requestedBy?: string;
}

export class OperationView {
  operationId: string;
  /** @example delivery */
  kind: string;
  /** @example completed */
  status: OperationStatus;
  /** What holds for all lines. */
  params: object;
  /**
   * Lines accepted at upload.
   * @example 27000
   */
  lineCount: number;
  /** Lines refused at upload for their form. */
  rejectedAtUpload: number;
  /** Lines performed so far. */
  done: number;
  /** Lines refused by a rule when they were performed. */
  rejected: number;
  /** Lines that were not performed and never will be. */
  cancelled: number;
  /** SHA-256 (hex) of the body as uploaded. */
  digest: string;
  requestedBy: string;
  startedAt: string;
  completedAt: string | null;
}

export class OperationList {
  items: OperationView[];
  nextCursor?: string;
}

export class RejectionView {
  /** @example 17 */
  line: number;
  /** @example rack/slot-taken */
  code: string;
  message: string;
  /**
   * The line, to be corrected and sent again: as it was sent, texts cut after 1,000 characters, or as
   * it was stored if only a rule refused it. Absent where none of it is known.
   */
  fields?: object;
  /** What was sent beside the fields of the upload, such as fields it does not have. */
  others?: unknown;
}

export class RejectionList {
  items: RejectionView[];
  nextCursor?: string;
}

@ApiTags('operations')
@Controller('operations')
export class OperationsController implements OnModuleDestroy {
  private readonly watch = new ProgressWatch((operationId) => this.snapshot(operationId, {}));

  constructor(
    private readonly readModels: ReadModels,
    private readonly log: EventStore,
  ) {}

  @ApiOperation({ summary: 'List bulk operations, the newest first' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: OperationList })
  async list(
    @Query() { status, kind, requestedBy, ...page }: OperationsFilter,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<OperationTables, PageOf<OperationRow>>(
      at,
      (db) => {
        const all = db.selectFrom('operations').selectAll();
        const query = equalTo(all, { requested_by: requestedBy, kind, status }, 'desc');
        return keysetPage(query, page, ['started_at', 'operation_id'], 'desc');
      },
    );
    return readReply(position, { ...value, items: value.items.map(operationView) });
  }

  @ApiOperation({ summary: 'Progress of a bulk operation' })
  @Get(':operationId')
  @AnyRole()
  @ApiOkResponse({ type: OperationView })
  async get(@Param() { operationId }: OperationParams, @ReadAt() at: ReadOptions) {
    const { position, row } = await this.snapshot(operationId, at);
    return readReply(position, operationView(row));
  }

  @ApiOperation({
    summary: 'Follow the progress of an operation as server-sent events',
    description:
      'An event `progress` with what is done at each change, beginning with the present state, and ' +
      '`completed` or `cancelled` at the end. `id` is the log position that it is true at.',
  })
  @Get(':operationId/progress')
  @AnyRole()
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ type: OperationProgress })
  async progress(
    @Param() { operationId }: OperationParams,
    @ReadAt() at: ReadOptions,
    @Res() response: FastifyReply,
  ) {
    await sendEvents(response, this.watch.follow(await this.snapshot(operationId, at)));
  }

  @ApiOperation({ summary: 'The lines of an operation that were refused, with the rule' })
  @Get(':operationId/rejections')
  @AnyRole()
  @ApiOkResponse({ type: RejectionList })
  async rejections(
    @Param() { operationId }: OperationParams,
    @Query() page: Page,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<
      OperationTables,
      PageOf<OperationRejectionRow>
    >(at, async (db) => {
      const known = db.selectFrom('operations').select('operation_id');
      const operation = await known.where('operation_id', '=', operationId).executeTakeFirst();
      if (!operation) throw operationUnknown();
      const all = db.selectFrom('operation_rejections').selectAll();
      return keysetPage(all.where('operation_id', '=', operationId), page, ['line']);
    });
    const items = await refusedLines(this.log, operationId, value.items);
    return readReply(position, { ...value, items });
  }

  @ApiOperation({
    summary: 'The refused lines as a file that can be corrected and sent again',
    description:
      'The columns of the upload, and rejectedLine, rejectedCode, rejectedMessage and rejectedOthers ' +
      '(what was sent and has no column), which uploads leave out. Fields are as they were sent, so a ' +
      'spreadsheet may take one that begins with = + - or @ for a formula: import them as text.',
  })
  @Get(':operationId/rejections.csv')
  @AnyRole()
  @ApiProduces('text/csv')
  @ApiOkResponse({ schema: { type: 'string' } })
  async rejectionsFile(
    @Param() { operationId }: OperationParams,
    @ReadAt() at: ReadOptions,
    @Res() response: FastifyReply,
  ) {
    const { row } = await this.snapshot(operationId, at);
    const { value: refused } = await this.readModels.read<OperationTables, OperationRejectionRow[]>(
      at,
      (db) =>
        db
          .selectFrom('operation_rejections')
          .selectAll()
          .where('operation_id', '=', operationId)
          .execute(),
    );
    const refusals = new Map(refused.map((refusal) => [refusal.line, refusal]));
    const lines = rejectedLines(this.log, operationId, row.chunk_count, refusals);
    await sendCsv(response, `rejections-${operationId}.csv`, lines);
  }

  /** Nobody who follows an operation holds up the shutdown. */
  onModuleDestroy(): void {
    this.watch.close();
  }

  private async snapshot(operationId: string, at: ReadOptions): Promise<Snapshot> {
    const { position, value: row } = await this.readModels.read<
      OperationTables,
      OperationRow | undefined
    >(at, (db) =>
      db
        .selectFrom('operations')
        .selectAll()
        .where('operation_id', '=', operationId)
        .executeTakeFirst(),
    );
    if (!row) throw operationUnknown();
    return { position, row };
  }
}

const operationView = (row: OperationRow): OperationView => ({
  operationId: row.operation_id,
  kind: row.kind,
  status: row.status,
  params: row.params as object,
  lineCount: row.line_count,
  rejectedAtUpload: row.rejected_at_upload,
  done: row.done,
  rejected: row.rejected,
  cancelled: row.cancelled,
  digest: row.digest,
  requestedBy: row.requested_by,
  startedAt: row.started_at,
  completedAt: row.completed_at,
});

export const operationsQuery = { controllers: [OperationsController], providers: [] };
