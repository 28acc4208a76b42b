import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { sql, type SelectQueryBuilder } from 'kysely';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  equalTo,
  IsDayOrInstant,
  keysetPage,
  MayBeAbsent,
  Page,
  type PageOf,
  ReadAt,
  type ReadOptions,
  readReply,
} from '@hostledger/http';
import { IsFacility, IsIdFilter, UpperCase } from '../../http/forms.js';
import { placeView, PlaceView } from '../views.js';
import type { MinerRow } from '../miners/projection.js';
import { KIND, type MoveRow } from './projection.js';

interface Tables {
  miner_moves: MoveRow;
  miners: MinerRow;
}

export class MovesFilter extends Page {
  /**
   * Moves from or to this facility.
   * @example DENTON
   */
  @MayBeAbsent()
  @IsFacility()
  facility?: string;

  /**
   * Moves of this machine.
   * @example HKYDD1AABJHAG0001
   */
  @MayBeAbsent()
  @UpperCase()
  @Matches(/^[A-Z0-9]{6,40}$/, { message: '$property is 6 to 40 letters and digits' })
  serial?: string;

  /** Moves of machines that belonged to this customer then. */
  @IsIdFilter()
  customerId?: string;

  /** Moves of the machines that are under this contract now. */
  @IsIdFilter()
  contractId?: string;

  /** @example relocation */
  @MayBeAbsent()
  @IsIn(Object.values(KIND))
  kind?: MoveRow['kind'];

  /** Moves made at or after this day or instant, UTC; with it, or with `until`, the latest by that come first. */
  @MayBeAbsent()
  @IsDayOrInstant()
  since?: string;

  /** Moves made before this day or instant, UTC. */
  @MayBeAbsent()
  @IsDayOrInstant()
  until?: string;
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
    const { facility, contractId, since, until } = filter;
    const { position, value } = await this.readModels.read<Tables, PageOf<MoveRow>>(at, (db) => {
      const all = db.selectFrom('miner_moves').selectAll();
      let query = matching(all, filter);
      if (contractId !== undefined) {
        // As an array, which PostgreSQL has before it chooses how to find their moves.
        const own = db.selectFrom('miners').select('serial').where('contract_id', '=', contractId);
        query = query.where(sql<boolean>`serial = any(array(${own}))`);
      }
      if (facility !== undefined) {
        query = query.where((eb) =>
          eb.or([eb('from_facility', '=', facility), eb('to_facility', '=', facility)]),
        );
      }
      if (since !== undefined) query = query.where('moved_at', '>=', since);
      if (until !== undefined) query = query.where('moved_at', '<', until);
      // By time where time is asked for: years back would else be walked to from the present.
      return keysetPage(query, filter, isTimed(filter) ? BY_TIME : ['position'], 'desc');
    });
    return readReply(position, { ...value, items: value.items.map(moveView) });
  }
}

const BY_TIME = ['moved_at', 'position'] as const;

const isTimed = ({ since, until }: MovesFilter): boolean =>
  since !== undefined || until !== undefined;

const matching = (
  all: SelectQueryBuilder<Tables, 'miner_moves', MoveRow>,
  filter: MovesFilter,
): SelectQueryBuilder<Tables, 'miner_moves', MoveRow> => {
  const { serial, customerId, kind } = filter;
  if (!isTimed(filter)) return equalTo(all, { serial, customer_id: customerId, kind }, 'desc');
  let query = all;
  if (serial !== undefined) query = query.where('serial', '=', serial);
  if (customerId !== undefined) query = query.where('customer_id', '=', customerId);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  return query;
};

export const fromView = (row: MoveRow): PlaceView =>
  row.kind === 'arrival'
    ? roadView(row)
    : placeView(row.from_facility, {
        ...away(row, 'returnedFromVendor'),
        rack: row.from_rack,
        slot: row.from_slot,
      });

export const toView = (row: MoveRow): PlaceView =>
  row.kind === 'departure'
    ? roadView(row)
    : placeView(row.to_facility, {
        ...away(row, 'sentToVendor'),
        rack: row.to_rack,
        slot: row.to_slot,
      });

const roadView = (row: MoveRow): PlaceView =>
  placeView(row.bound_for ?? row.to_facility, {
    ...{ rack: null, slot: null, vendor: null },
    left_facility: row.from_facility,
    relocation_id: row.relocation_id,
  });

const away = ({ kind, vendor }: MoveRow, there: MoveRow['kind']) => ({
  ...{ left_facility: null, relocation_id: null },
  vendor: kind === there ? vendor : null,
});

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
