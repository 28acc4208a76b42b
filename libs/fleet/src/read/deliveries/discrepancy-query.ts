import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  equalTo,
  keysetPage,
  MayBeAbsent,
  Page,
  type PageOf,
  ReadAt,
  type ReadOptions,
  readReply,
} from '@hostledger/http';
import {
  deliveryUnknown,
  RESOLUTIONS,
  type DiscrepancyKind,
  type Resolution,
} from '../../domain/delivery.js';
import { DeliveryParams, UpperCase } from '../../http/forms.js';
import type { DiscrepancyRow } from './discrepancies.js';
import type { DeliveryRow } from './projection.js';

interface Tables {
  deliveries: DeliveryRow;
  delivery_discrepancies: DiscrepancyRow;
}

export class DiscrepanciesFilter extends Page {
  /** @example damaged */
  @MayBeAbsent()
  @IsIn(Object.keys(RESOLUTIONS))
  kind?: DiscrepancyKind;

  @MayBeAbsent()
  @IsIn(['open', 'resolving', 'resolved'])
  status?: 'open' | 'resolving' | 'resolved';

  /** @example HKYDD1AABJHAG0001 */
  @MayBeAbsent()
  @UpperCase()
  @Matches(/^[A-Z0-9]{6,40}$/, { message: '$property is 6 to 40 letters and digits' })
  serial?: string;
}

export class DiscrepancyView {
  /**
   * To settle it by.
   * @example 17-missing
   */
  discrepancyId: string;
  /** Line of the manifest; 0 for a machine that no line names. */
  line: number;
  /** @example duplicateSerial */
  kind: DiscrepancyKind;
  status: 'open' | 'resolving' | 'resolved';
  serial?: string;
  detail: string;
  /** As received, or as the line announces it. */
  model?: string;
  /** What the machine was found to be. */
  foundModel?: string;
  raisedAt: string;
  raisedBy: string;
  resolution?: Resolution;
  resolvedAt?: string;
  resolvedBy?: string;
  reason?: string;
  /** Of the machine that came in. */
  settledSerial?: string;
  /** Why the machine of the last try was not taken in. */
  failure?: string;
}

export class DiscrepancyList {
  items: DiscrepancyView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

@ApiTags('fleet')
@Controller('deliveries/:deliveryId/discrepancies')
export class DiscrepanciesController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List what is not as it should be, by line' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: DiscrepancyList })
  async discrepancies(
    @Param() { deliveryId }: DeliveryParams,
    @Query() filter: DiscrepanciesFilter,
    @ReadAt() at: ReadOptions,
  ) {
    const { status, kind, serial } = filter;
    const { position, value } = await this.readModels.read<Tables, PageOf<DiscrepancyRow>>(
      at,
      async (db) => {
        const known = db.selectFrom('deliveries').select('delivery_id');
        const delivery = await known.where('delivery_id', '=', deliveryId).executeTakeFirst();
        if (!delivery) throw deliveryUnknown(deliveryId);
        const all = db.selectFrom('delivery_discrepancies').selectAll();
        const query = equalTo(all, { delivery_id: deliveryId, status, kind, serial });
        return keysetPage(query, filter, ['line', 'discrepancy_id']);
      },
    );
    return readReply(position, { ...value, items: value.items.map(discrepancyView) });
  }
}

const discrepancyView = (row: DiscrepancyRow): DiscrepancyView => ({
  discrepancyId: row.discrepancy_id,
  line: row.line,
  kind: row.kind,
  status: row.status,
  ...(row.serial === null ? {} : { serial: row.serial }),
  detail: row.detail,
  ...(row.model === null ? {} : { model: row.model }),
  ...(row.found_model === null ? {} : { foundModel: row.found_model }),
  raisedAt: row.raised_at,
  raisedBy: row.raised_by,
  ...(row.resolution === null ? {} : { resolution: row.resolution }),
  ...(row.resolved_at === null ? {} : { resolvedAt: row.resolved_at }),
  ...(row.resolved_by === null ? {} : { resolvedBy: row.resolved_by }),
  ...(row.reason === null ? {} : { reason: row.reason }),
  ...(row.settled_serial === null ? {} : { settledSerial: row.settled_serial }),
  ...(row.failure === null ? {} : { failure: row.failure }),
});
