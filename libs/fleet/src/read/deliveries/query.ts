import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, Length } from 'class-validator';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  equalTo,
  IsTrueOrFalse,
  keysetPage,
  MayBeAbsent,
  Page,
  type PageOf,
  ReadAt,
  type ReadOptions,
  readReply,
} from '@hostledger/http';
import { deliveryUnknown, type DiscrepancyKind } from '../../domain/delivery.js';
import { DeliveryParams, IsFacility, IsIdFilter } from '../../http/forms.js';
import { ModelTotalView } from '../views.js';
import { DeliveredController } from './delivered.js';
import { DiscrepanciesController } from './discrepancy-query.js';
import { DeliveredHashrate, hashrateView } from './hashrate-view.js';
import type { DeliveryRow } from './projection.js';

interface Tables {
  deliveries: DeliveryRow;
}

export class DeliveriesFilter extends Page {
  @IsIdFilter()
  contractId?: string;

  /** @example DENTON */
  @MayBeAbsent()
  @IsFacility()
  facility?: string;

  /**
   * The uploader's name for the delivery.
   * @example BITMAIN-2023-09-A
   */
  @MayBeAbsent()
  @Length(1, 100)
  reference?: string;

  @MayBeAbsent()
  @IsIn(['receiving', 'reconciled'])
  status?: 'receiving' | 'reconciled';

  /** Whether there is anything left to settle. */
  @IsTrueOrFalse()
  openDiscrepancies?: 'true' | 'false';
}

export class DiscrepancyCount {
  /** @example damaged */
  kind: DiscrepancyKind;
  open: number;
  resolved: number;
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
  /** Received and found good; when reconciled, all that nobody complained about. */
  accepted: number;
  /** Of those refused, received at first and sent back. */
  returned: number;
  /** Taken in although no line named them; beside the lines. */
  extra: number;
  hashrate: DeliveredHashrate;
  discrepancies: number;
  openDiscrepancies: number;
  /** By kind, where there are any. */
  discrepanciesByKind: DiscrepancyCount[];
  /** What the lines of a known model announce. */
  announcedByModel: ModelTotalView[];
  /** What was received on lines of the manifest. */
  byModel: ModelTotalView[];
  acceptedByModel: ModelTotalView[];
  extraByModel: ModelTotalView[];
  /** Changes of the numbers since it was reconciled. */
  amendments: number;
  amendedAt?: string;
  /** Towards which its hashrate counts. */
  supplyAgreementId?: string;
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

@ApiTags('fleet')
@Controller('deliveries')
export class DeliveriesController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List deliveries, the latest first' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: DeliveryList })
  async list(@Query() filter: DeliveriesFilter, @ReadAt() at: ReadOptions) {
    const { reference, contractId, facility, status, openDiscrepancies } = filter;
    const { position, value } = await this.readModels.read<Tables, PageOf<DeliveryRow>>(
      at,
      (db) => {
        const all = db.selectFrom('deliveries').selectAll();
        const wanted = { reference, contract_id: contractId, facility, status };
        let query = equalTo(all, wanted, 'desc');
        if (openDiscrepancies !== undefined) {
          query = query.where('open_discrepancies', openDiscrepancies === 'true' ? '>' : '=', 0);
        }
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
  accepted: row.accepted,
  returned: row.returned,
  extra: row.extra,
  hashrate: hashrateView(row),
  discrepancies: row.discrepancies,
  openDiscrepancies: row.open_discrepancies,
  discrepanciesByKind: Object.entries(row.discrepancy_counts)
    .map(([kind, { open, resolved }]) => ({ kind: kind as DiscrepancyKind, open, resolved }))
    .sort((a, b) => (a.kind < b.kind ? -1 : 1)),
  announcedByModel: [...row.announced_by_model],
  byModel: [...row.by_model],
  acceptedByModel: [...row.accepted_by_model],
  extraByModel: [...row.extra_by_model],
  amendments: row.amendments,
  digest: row.digest,
  registeredAt: row.registered_at,
  registeredBy: row.registered_by,
  ...(row.reason === null ? {} : { reason: row.reason }),
  ...(row.reconciled_at === null ? {} : { reconciledAt: row.reconciled_at }),
  ...(row.amended_at === null ? {} : { amendedAt: row.amended_at }),
  ...(row.supply_agreement_id === null ? {} : { supplyAgreementId: row.supply_agreement_id }),
});

export const deliveriesQuery = {
  controllers: [DeliveriesController, DiscrepanciesController, DeliveredController],
  providers: [],
};
