import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, Matches, Max, Min } from 'class-validator';
import { sql, type Kysely, type SelectQueryBuilder } from 'kysely';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  IsInstant,
  IsTrueOrFalse,
  keysetPage,
  MayBeAbsent,
  Page,
  type PageOf,
  ReadAt,
  type ReadOptions,
  readReply,
} from '@hostledger/http';
import { facilityUnknown } from '../../domain/facility.js';
import { RACK_CODE, rackUnknown } from '../../domain/rack.js';
import { FacilityParams, RackParams } from '../../http/codes.js';
import type { FacilityRow } from '../facilities/projection.js';
import { nothingFree, slotsView, SlotsView, type Free } from '../views.js';
import type { RackRow, SlotRow } from './projection.js';

interface Tables {
  facilities: FacilityRow;
  racks: RackRow;
  rack_slots: SlotRow;
}

export class RackDeratingView {
  /** @example breaker 7 runs hot */
  cause: string;
  /** When it is expected to be over. */
  expectedUntil?: string;
}

export class RackView {
  /** @example DENTON */
  facility: string;
  /** @example A-01 */
  rack: string;
  /**
   * Planned until it goes into service, moments after its power was committed; closed while its
   * facility is disposed of.
   */
  status: RackRow['status'];
  /**
   * In force.
   * @example 350000
   */
  powerLimitWatts: number;
  /** The limit without any derating. */
  ratedWatts: number;
  /** Why less may be drawn than the rack is rated for. */
  derating?: RackDeratingView;
  /** By how much what is in use exceeds a derated limit. */
  breachWatts: number;
  slots: SlotsView;
}

export class RacksFilter extends Page {
  /** Racks that are planned, in service, or closed with their facility. */
  @MayBeAbsent()
  @IsIn(['planned', 'inService', 'closed'])
  status?: RackRow['status'];

  /** Racks in service with at least so many watts free. */
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(100_000_000_000)
  minFreeWatts?: number;

  /** Racks in service with at least so many slots free. */
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(1_000)
  minFreeSlots?: number;

  /** Racks that are derated, or those that are not. */
  @IsTrueOrFalse()
  derated?: 'true' | 'false';

  /** Racks in which more is in use than the limit in force, or those in which it is not. */
  @IsTrueOrFalse()
  inBreach?: 'true' | 'false';
}

export class ReservationsFilter extends Page {
  /** @example A-01 */
  @MayBeAbsent()
  @Matches(RACK_CODE, { message: '$property is the code of a rack' })
  rack?: string;

  /** Those that run out before this instant, UTC, unless the miner has come. */
  @MayBeAbsent()
  @IsInstant()
  expiresBefore?: string;
}

/** A slot that is held for a miner on its way. */
export class ReservationView {
  /** @example A-01 */
  rack: string;
  /** @example 1 */
  slot: number;
  reservationId: string;
  serial: string;
  /** Held of the limit of the rack. */
  powerWatts: number;
  reservedAt: string;
  /** When it runs out unless the miner has come. */
  expiresAt: string;
}

export class ReservationList {
  items: ReservationView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class RackList {
  items: RackView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class SlotView {
  /** @example 1 */
  slot: number;
  status: 'free' | 'reserved' | 'occupied';
  /** The miner in the slot, or on its way to it. */
  serial?: string;
  powerWatts?: number;
  reservationId?: string;
  /** Since when it is held. */
  since?: string;
  /** When a reservation runs out. */
  expiresAt?: string;
}

export class RackDetails extends RackView {
  /** Every slot, free ones too, from 1 on. */
  places: SlotView[];
}

@ApiTags('sites')
@Controller('facilities/:code/racks')
export class RacksController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List the racks of a facility by their codes, with what is free' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: RackList })
  async list(
    @Param() { code }: FacilityParams,
    @Query() filter: RacksFilter,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<Tables, PageOf<RackRow> | undefined>(
      at,
      async (db) => {
        if (!(await isKnown(db, code))) return undefined;
        const racks = db.selectFrom('racks').selectAll().where('facility', '=', code);
        return keysetPage(matching(racks, filter), filter, ['rack']);
      },
    );
    if (!value) throw facilityUnknown();
    return readReply(position, { ...value, items: value.items.map(rackView) });
  }

  @ApiOperation({ summary: 'Get a rack with its slots' })
  @Get(':rack')
  @AnyRole()
  @ApiOkResponse({ type: RackDetails })
  async get(@Param() { code, rack }: RackParams, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, RackWithSlots | undefined>(
      at,
      async (db) => {
        const racks = db.selectFrom('racks').selectAll().where('facility', '=', code);
        const row = await racks.where('rack', '=', rack).executeTakeFirst();
        if (!row) return undefined;
        const slots = db.selectFrom('rack_slots').selectAll().where('facility', '=', code);
        return { row, held: await slots.where('rack', '=', rack).execute() };
      },
    );
    if (!value) throw rackUnknown();
    const { row, held } = value;
    const body: RackDetails = { ...rackView(row), places: places(row, held) };
    return readReply(position, body, row.revision === null ? {} : { etag: `"${row.revision}"` });
  }
}

@ApiTags('sites')
@Controller('facilities/:code/reservations')
export class ReservationsController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List the slots of a facility that are held for miners on their way' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: ReservationList })
  async list(
    @Param() { code }: FacilityParams,
    @Query() { rack, expiresBefore, ...page }: ReservationsFilter,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<Tables, PageOf<SlotRow> | undefined>(
      at,
      async (db) => {
        if (!(await isKnown(db, code))) return undefined;
        let slots = db.selectFrom('rack_slots').selectAll().where('facility', '=', code);
        if (rack !== undefined) slots = slots.where('rack', '=', rack);
        if (expiresBefore !== undefined) slots = slots.where('expires_at', '<', expiresBefore);
        return keysetPage(slots.where('status', '=', 'reserved'), page, ['rack', 'slot']);
      },
    );
    if (!value) throw facilityUnknown();
    return readReply(position, { ...value, items: value.items.map(reservationView) });
  }
}

const isKnown = async (db: Kysely<Tables>, code: string): Promise<boolean> => {
  const ofFacility = db.selectFrom('facilities').where('facility', '=', code);
  return (await ofFacility.select('facility').executeTakeFirst()) !== undefined;
};

const IN_USE = sql<bigint>`(occupied_watts + reserved_watts)`;
const HELD_SLOTS = sql<number>`(slots_occupied + slots_reserved)`;

const matching = (
  racks: SelectQueryBuilder<Tables, 'racks', RackRow>,
  { status, minFreeWatts, minFreeSlots, derated, inBreach }: RacksFilter,
): SelectQueryBuilder<Tables, 'racks', RackRow> => {
  let query = racks;
  if (status !== undefined) query = query.where('status', '=', status);
  if (minFreeWatts !== undefined || minFreeSlots !== undefined) {
    query = query.where('status', '=', 'inService');
  }
  if (minFreeWatts !== undefined) {
    query = query.where(sql<boolean>`power_limit_watts - ${IN_USE} >= ${minFreeWatts}`);
  }
  if (minFreeSlots !== undefined) {
    query = query.where(sql<boolean>`slot_count - ${HELD_SLOTS} >= ${minFreeSlots}`);
  }
  if (derated !== undefined) {
    query = query.whereRef('power_limit_watts', derated === 'true' ? '<' : '=', 'rated_watts');
  }
  if (inBreach !== undefined) {
    query = query.where('breach_watts', inBreach === 'true' ? '>' : '=', 0n);
  }
  return query;
};

interface RackWithSlots {
  readonly row: RackRow;
  readonly held: readonly SlotRow[];
}

const rackView = (row: RackRow): RackView => ({
  facility: row.facility,
  rack: row.rack,
  status: row.status,
  powerLimitWatts: Number(row.power_limit_watts),
  ratedWatts: Number(row.rated_watts),
  ...deratingOf(row),
  breachWatts: Number(row.breach_watts),
  slots: slotsView(BigInt(row.slot_count), freeOf(row), row),
});

const deratingOf = (row: RackRow): { derating?: RackDeratingView } => {
  if (row.derated_for === null) return {};
  const until = row.derated_until === null ? {} : { expectedUntil: row.derated_until };
  return { derating: { cause: row.derated_for, ...until } };
};

const freeOf = (row: RackRow): Free => {
  if (row.status !== 'inService') return nothingFree;
  return {
    slots: BigInt(row.slot_count) - row.slots_reserved - row.slots_occupied,
    watts: row.power_limit_watts - row.reserved_watts - row.occupied_watts + row.breach_watts,
  };
};

const reservationView = (row: SlotRow): ReservationView => ({
  rack: row.rack,
  slot: row.slot,
  reservationId: row.reservation_id,
  serial: row.serial,
  powerWatts: row.power_watts,
  reservedAt: row.since,
  expiresAt: row.expires_at!,
});

const places = ({ slot_count }: RackRow, held: readonly SlotRow[]): SlotView[] => {
  const bySlot = new Map(held.map((row) => [row.slot, row]));
  return Array.from({ length: slot_count }, (_, index): SlotView => {
    const slot = index + 1;
    const row = bySlot.get(slot);
    if (!row) return { slot, status: 'free' };
    return {
      slot,
      status: row.status,
      serial: row.serial,
      powerWatts: row.power_watts,
      reservationId: row.reservation_id,
      since: row.since,
      ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    };
  });
};

export const racksQuery = { controllers: [RacksController, ReservationsController], providers: [] };
