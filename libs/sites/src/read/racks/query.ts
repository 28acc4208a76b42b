import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
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
import { facilityUnknown } from '../../domain/facility.js';
import { rackUnknown } from '../../domain/rack.js';
import { FacilityParams, RackParams } from '../../http/codes.js';
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
  /** Planned until it goes into service, moments after its power was committed. */
  status: 'planned' | 'inService';
  /** @example 350000 */
  powerLimitWatts: number;
  slots: SlotsView;
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
  async list(@Param() { code }: FacilityParams, @Query() page: Page, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, PageOf<RackRow> | undefined>(
      at,
      async (db) => {
        const ofFacility = db.selectFrom('facilities').where('facility', '=', code);
        if (!(await ofFacility.select('facility').executeTakeFirst())) return undefined;
        const racks = db.selectFrom('racks').selectAll().where('facility', '=', code);
        return keysetPage(racks, page, ['rack']);
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

interface RackWithSlots {
  readonly row: RackRow;
  readonly held: readonly SlotRow[];
}

const rackView = (row: RackRow): RackView => ({
  facility: row.facility,
  rack: row.rack,
  status: row.status,
  powerLimitWatts: Number(row.power_limit_watts),
  slots: slotsView(row.slot_count, row.power_limit_watts, row),
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

export const racksQuery = { controllers: [RacksController], providers: [] };
