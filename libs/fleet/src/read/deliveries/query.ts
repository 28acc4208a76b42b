import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  keysetPage,
  Page,
  ReadAt,
  readReply,
  type PageOf,
  type ReadOptions,
} from '@hostledger/http';
import { deliveryUnknown, type DiscrepancyKind } from '../../domain/delivery.js';
import { DeliveryParams, IsFacility, IsIdFilter, MayBeAbsent } from '../../http/forms.js';
import { ModelTotalView } from '../views.js';
import type { DeliveryRow, DiscrepancyRow } from './projection.js';

interface Tables {
  deliveries: DeliveryRow;
  delivery_discrepancies: DiscrepancyRow;
}

export class DeliveriesFilter extends Page {
  @IsIdFilter()
  contractId?: string;

  /** @example DENTON */
  @MayBeAbsent()
  @IsFacility()
  facility?: string;

  @MayBeAbsent()
  @IsIn(['receiving', 'reconciled'])
  status?: 'receiving' | 'reconciled';
}

export class DeliveryView {
  deliveryId: string;
  /** Receives the lines; names those refused. */
  operationId: string;
  contractId: string;
  customerId: string;
  /** @example DENTON */
  facility: string;
  /** @example BITMAIN-2023-09-A */
  reference: string;
  status: 'receiving' | 'reconciled';
  /** Lines of the manifest; received + missing + refused when all are accounted for. */
  lines: number;
  received: number;
  missing: number;
  refused: number;
  /** Of them, refused for their form when the manifest was uploaded. */
  refusedAtUpload: number;
  discrepancies: number;
  /** What was received. */
  byModel: ModelTotalView[];
  /** SHA-256 of the manifest as uploaded. */
  digest: string;
  registeredAt: string;
  registeredBy: string;
  reason?: string;
  reconciledAt?: string;
}

export class DeliveryList {
  items: DeliveryView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class DiscrepancyView {
  /** Line of the manifest. */
  line: number;
  /** @example duplicateSerial */
  kind: DiscrepancyKind;
  serial?: string;
  detail: string;
}

export class DiscrepancyList {
  items: DiscrepancyView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

@ApiTags('fleet')
@Controller('deliveries')
export class DeliveriesController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List deliveries, the latest first' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: DeliveryList })
  async list(@Query() filter: DeliveriesFilter, @ReadAt() at: ReadOptions) {
    const { contractId, facility, status } = filter;
    const { position, value } = await this.readModels.read<Tables, PageOf<DeliveryRow>>(
      at,
      (db) => {
        let query = db.selectFrom('deliveries').selectAll();
        if (contractId !== undefined) query = query.where('contract_id', '=', contractId);
        if (facility !== undefined) query = query.where('facility', '=', facility);
        if (status !== undefined) query = query.where('status', '=', status);
        return keysetPage(query, filter, ['position'], 'desc');
      },
    );
    return readReply(position, { ...value, items: value.items.map(deliveryView) });
  }

  @ApiOperation({ summary: 'Get a delivery: how far it is, what came, what did not' })
  @Get(':deliveryId')
  @AnyRole()
  @ApiOkResponse({ type: DeliveryView })
  async get(@Param() { deliveryId }: DeliveryParams, @ReadAt() at: ReadOptions) {
    const { position, value: row } = await this.readModels.read<Tables, DeliveryRow | undefined>(
      at,
      (db) =>
        db
          .selectFrom('deliveries')
          .selectAll()
          .where('delivery_id', '=', deliveryId)
          .executeTakeFirst(),
    );
    if (!row) throw deliveryUnknown(deliveryId);
    return readReply(position, deliveryView(row), { etag: `"${row.revision}"` });
  }

  @ApiOperation({ summary: 'List what is not as it should be, by line' })
  @Get(':deliveryId/discrepancies')
  @AnyRole()
  @ApiOkResponse({ type: DiscrepancyList })
  async discrepancies(
    @Param() { deliveryId }: DeliveryParams,
    @Query() page: Page,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<Tables, PageOf<DiscrepancyRow>>(
      at,
      (db) =>
        keysetPage(
          db.selectFrom('delivery_discrepancies').selectAll().where('delivery_id', '=', deliveryId),
          page,
          ['line', 'kind'],
        ),
    );
    return readReply(position, { ...value, items: value.items.map(discrepancyView) });
  }
}

const deliveryView = (row: DeliveryRow): DeliveryView => ({
  deliveryId: row.delivery_id,
  operationId: row.operation_id,
  contractId: row.contract_id,
  customerId: row.customer_id,
  facility: row.facility,
  reference: row.reference,
  status: row.status,
  lines: row.line_count,
  received: row.received,
  missing: row.missing,
  refused: row.refused,
  refusedAtUpload: row.refused_at_upload,
  discrepancies: row.discrepancies,
  byModel: [...row.by_model],
  digest: row.digest,
  registeredAt: row.registered_at,
  registeredBy: row.registered_by,
  ...(row.reason === null ? {} : { reason: row.reason }),
  ...(row.reconciled_at === null ? {} : { reconciledAt: row.reconciled_at }),
});

const discrepancyView = ({ line, kind, serial, detail }: DiscrepancyRow): DiscrepancyView => ({
  line,
  kind,
  ...(serial === null ? {} : { serial }),
  detail,
});

export const deliveriesQuery = { controllers: [DeliveriesController], providers: [] };
