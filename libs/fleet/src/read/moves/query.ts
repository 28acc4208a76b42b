import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsISO8601 } from 'class-validator';
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
import { IsFacility, IsIdFilter, MayBeAbsent } from '../../http/forms.js';
import { placeView, PlaceView } from '../views.js';
import type { MoveRow } from './projection.js';

interface Tables {
  miner_moves: MoveRow;
}

export class MovesFilter extends Page {
  /**
   * Moves from or to this facility.
   * @example DENTON
   */
  @MayBeAbsent()
  @IsFacility()
  facility?: string;

  @IsIdFilter()
  customerId?: string;

  /** Moves made at or after this instant. */
  @MayBeAbsent()
  @IsISO8601({ strict: true })
  since?: string;
}

export class MoveView {
  serial: string;
  /** @example relocation */
  kind: MoveRow['kind'];
  model: string;
  customerId: string;
  from: PlaceView;
  to: PlaceView;
  movedAt: string;
  movedBy: string;
  /** Why, as `X-Reason` said. */
  reason?: string;
  /** Of the request that moved it. */
  correlationId: string;
  /** Of the event in the log. */
  position: string;
}

export class MoveList {
  items: MoveView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

@ApiTags('fleet')
@Controller('moves')
export class MovesController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({
    summary: 'What moved when, from where to where, why and by whom; the latest first',
  })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: MoveList })
  async list(@Query() filter: MovesFilter, @ReadAt() at: ReadOptions) {
    const { facility, customerId, since } = filter;
    const { position, value } = await this.readModels.read<Tables, PageOf<MoveRow>>(at, (db) => {
      let query = db.selectFrom('miner_moves').selectAll();
      if (facility !== undefined) {
        query = query.where((eb) =>
          eb.or([eb('from_facility', '=', facility), eb('to_facility', '=', facility)]),
        );
      }
      if (customerId !== undefined) query = query.where('customer_id', '=', customerId);
      if (since !== undefined) query = query.where('moved_at', '>=', since);
      return keysetPage(query, filter, ['position'], 'desc');
    });
    return readReply(position, { ...value, items: value.items.map(moveView) });
  }
}

export const fromView = (row: MoveRow): PlaceView =>
  placeView(
    row.from_facility,
    row.from_rack,
    row.from_slot,
    row.kind === 'arrival' ? 'transit' : atVendor(row, 'returnedFromVendor'),
  );

export const toView = (row: MoveRow): PlaceView =>
  placeView(
    row.to_facility,
    row.to_rack,
    row.to_slot,
    row.kind === 'departure' ? 'transit' : atVendor(row, 'sentToVendor'),
  );

const atVendor = (row: MoveRow, kind: MoveRow['kind']) =>
  row.kind === kind ? 'vendor' : undefined;

export const moveView = (row: MoveRow): MoveView => ({
  serial: row.serial,
  kind: row.kind,
  model: row.model,
  customerId: row.customer_id,
  from: fromView(row),
  to: toView(row),
  movedAt: row.moved_at,
  movedBy: row.moved_by,
  ...(row.reason === null ? {} : { reason: row.reason }),
  correlationId: row.correlation_id,
  position: row.position.toString(),
});

export const movesQuery = { controllers: [MovesController], providers: [] };
