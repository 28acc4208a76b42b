import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Matches, Max, Min } from 'class-validator';
import { sql, type Kysely, type SelectQueryBuilder } from 'kysely';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  IsTrueOrFalse,
  keysetPage,
  Page,
  ReadAt,
  readReply,
  type PageOf,
  type ReadOptions,
} from '@hostledger/http';
import { facilityUnknown } from '../../domain/facility.js';
import { RACK_CODE, rackUnknown } from '../../domain/rack.js';
import { FacilityParams, MayBeAbsent, RackParams } from '../../http/codes.js';
import type { FacilityRow } from '../facilities/projection.js';
import { slotsView, SlotsView } from '../views.js';
import type { RackRow, SlotRow } from './projection.js';

interface Tables {
  facilities: FacilityRow;
  racks: RackRow;
  rack_slots: SlotRow;
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
  /** By how much what is in use exceeds a derated limit. */
  breachWatts: number;
  slots: SlotsView;
}

export class RacksFilter extends Page {
  /** Racks with at least so many watts free. */
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(100_000_000_000)
  minFreeWatts?: number;

  /** Racks with at least so many slots free. */
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
    @Query() { rack, ...page }: ReservationsFilter,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<Tables, PageOf<SlotRow> | undefined>(
      at,
      async (db) => {
        if (!(await isKnown(db, code))) return undefined;
        let slots = db.selectFrom('rack_slots').selectAll().where('facility', '=', code);
        if (rack !== undefined) slots = slots.where('rack', '=', rack);
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
  { minFreeWatts, minFreeSlots, derated, inBreach }: RacksFilter,
): SelectQueryBuilder<Tables, 'racks', RackRow> => {
  let query = racks;
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
    const inUse = sql<boolean>`${IN_USE} > power_limit_watts`;
    query = query.where(inBreach === 'true' ? inUse : sql<boolean>`not (${inUse})`);
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
  breachWatts: Math.max(0, Number(row.occupied_watts + row.reserved_watts - row.power_limit_watts)),
  slots: slotsView(row.slot_count, row.power_limit_watts, row),
});

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
