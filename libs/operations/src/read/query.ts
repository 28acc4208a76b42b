import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { DomainError } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  keysetPage,
  Page,
  ReadAt,
  readReply,
  registerProblems,
  type PageOf,
  type ReadOptions,
} from '@hostledger/http';
import type { OperationRejectionRow, OperationRow, OperationTables } from './projection.js';

registerProblems({
  'operation/unknown': { status: 404, title: 'There is no such operation' },
  'operation/lines-missing': { status: 409, title: 'Not all lines of the upload are stored yet' },
  'operation/chunks-pending': { status: 409, title: 'The operation is not finished' },
});

export class OperationParams {
  @IsUUID()
  operationId: string;
}

export class OperationsFilter extends Page {
  @IsOptional()
  @IsIn(['running', 'completed'])
  status?: 'running' | 'completed';
}

export class OperationView {
  operationId: string;
  /** @example delivery */
  kind: string;
  /** @example completed */
  status: 'running' | 'completed';
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
}

export class RejectionList {
  items: RejectionView[];
  nextCursor?: string;
}

@ApiTags('operations')
@Controller('operations')
export class OperationsController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List bulk operations, the newest first' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: OperationList })
  async list(@Query() { status, ...page }: OperationsFilter, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<OperationTables, PageOf<OperationRow>>(
      at,
      (db) => {
        const all = db.selectFrom('operations').selectAll();
        const query = status === undefined ? all : all.where('status', '=', status);
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
    if (!row) throw new DomainError('notFound', 'operation/unknown', 'There is no such operation');
    return readReply(position, operationView(row));
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
    >(at, (db) =>
      keysetPage(
        db.selectFrom('operation_rejections').selectAll().where('operation_id', '=', operationId),
        page,
        ['line'],
      ),
    );
    const items = value.items.map(({ line, code, message }) => ({ line, code, message }));
    return readReply(position, { ...value, items });
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
  digest: row.digest,
  requestedBy: row.requested_by,
  startedAt: row.started_at,
  completedAt: row.completed_at,
});

export const operationsQuery = { controllers: [OperationsController], providers: [] };
