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
import { FacilityParams } from '../../http/codes.js';
import { slotsView, SlotsView } from '../views.js';
import type { FacilityRow } from './projection.js';

interface Tables {
  facilities: FacilityRow;
}

/** The power that racks may draw together. */
export class RacksView {
  /** Racks whose power is committed. */
  count: number;
  /** Those of them that are in service. */
  inService: number;
  /** Sum of their limits, in watts. */
  powerLimitWatts: number;
  /** What is left of the envelope for further racks. */
  freeWatts: number;
}

/** What customers were promised. */
export class CapacityView {
  committedUnits: number;
  committedWatts: number;
  /** What is left of the envelope to allocate. */
  freeWatts: number;
}

export class FacilityView {
  /** @example DENTON */
  facility: string;
  /** @example Denton, Texas */
  name: string;
  /** @example America/Chicago */
  timeZone: string;
  location?: string;
  openedAt: string;
  /** @example 125000000 */
  powerEnvelopeWatts: number;
  racks: RacksView;
  capacity: CapacityView;
  slots: SlotsView;
}

export class FacilityList {
  items: FacilityView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

@ApiTags('sites')
@Controller('facilities')
export class FacilitiesController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List the facilities by their codes, with what is free' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: FacilityList })
  async list(@Query() page: Page, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, PageOf<FacilityRow>>(at, (db) =>
      keysetPage(db.selectFrom('facilities').selectAll(), page, ['facility']),
    );
    return readReply(position, { ...value, items: value.items.map(facilityView) });
  }

  @ApiOperation({
    summary: 'Get a facility: its power, racks, slots, and what customers were promised',
  })
  @Get(':code')
  @AnyRole()
  @ApiOkResponse({ type: FacilityView })
  async get(@Param() { code }: FacilityParams, @ReadAt() at: ReadOptions) {
    const { position, value: row } = await this.readModels.read<Tables, FacilityRow | undefined>(
      at,
      (db) =>
        db.selectFrom('facilities').selectAll().where('facility', '=', code).executeTakeFirst(),
    );
    if (!row) throw facilityUnknown();
    return readReply(position, facilityView(row), { etag: `"${row.revision}"` });
  }
}

const facilityView = (row: FacilityRow): FacilityView => ({
  facility: row.facility,
  name: row.name,
  timeZone: row.time_zone,
  ...(row.location === null ? {} : { location: row.location }),
  openedAt: row.opened_at,
  powerEnvelopeWatts: Number(row.power_envelope_watts),
  racks: {
    count: row.racks,
    inService: row.racks_in_service,
    powerLimitWatts: Number(row.rack_limit_watts),
    freeWatts: Number(row.power_envelope_watts - row.rack_limit_watts),
  },
  capacity: {
    committedUnits: row.committed_units,
    committedWatts: Number(row.committed_watts),
    freeWatts: Number(row.power_envelope_watts - row.committed_watts),
  },
  slots: slotsView(row.slots, row.in_service_limit_watts, row),
});

export const facilitiesQuery = { controllers: [FacilitiesController], providers: [] };
