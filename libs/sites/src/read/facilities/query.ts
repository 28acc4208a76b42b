import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsISO8601, Matches } from 'class-validator';
import { sql, type Kysely } from 'kysely';
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
import type { CurtailmentCause } from '../../domain/curtailments.js';
import { facilityUnknown } from '../../domain/facility.js';
import { RACK_CODE } from '../../domain/rack.js';
import { FacilityParams, MayBeAbsent } from '../../http/codes.js';
import { slotsView, SlotsView } from '../views.js';
import type { CurtailmentRow, FacilityRow, PowerRateRow } from './projection.js';

interface Tables {
  facilities: FacilityRow;
  power_rates: PowerRateRow;
  curtailments: CurtailmentRow;
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

export class PowerRateView {
  /**
   * First day on which it holds.
   * @example 2024-06-01
   */
  effectiveOn: string;
  /** @example 0.0450 */
  ratePerKwh: string;
  /** @example USD */
  currency: string;
  fixedAt: string;
  fixedBy: string;
}

export class FacilityView {
  /** @example DENTON */
  facility: string;
  /** @example Denton, Texas */
  name: string;
  /** @example America/Chicago */
  timeZone: string;
  location?: string;
  /** Disposing: nothing comes to it any more, while it is looked whether it is empty. */
  status: FacilityRow['status'];
  openedAt: string;
  /** Who gave the site away. */
  acquiredFrom?: string;
  /** Who takes, or took, the site over. */
  disposedTo?: string;
  /** @example 2024-06-01 */
  disposedOn?: string;
  /** Why the last disposal was abandoned. */
  disposalAbandonedFor?: string;
  /** Curtailments that are not over. */
  openCurtailments: number;
  /** @example 125000000 */
  powerEnvelopeWatts: number;
  /** In force today, by the calendar of the site. */
  powerRate?: PowerRateView;
  racks: RacksView;
  capacity: CapacityView;
  slots: SlotsView;
}

export class FacilitiesFilter extends Page {
  @MayBeAbsent()
  @IsIn(['open', 'disposing', 'disposed'])
  status?: FacilityRow['status'];
}

export class PowerRateList {
  items: PowerRateView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class CurtailmentsFilter extends Page {
  /** Those that are not over, or those that are. */
  @IsTrueOrFalse()
  open?: 'true' | 'false';

  /** Those in force at this instant. */
  @MayBeAbsent()
  @IsISO8601({ strict: true, strictSeparator: true })
  at?: string;

  /**
   * Those of the rack or of the whole site.
   * @example A-01
   */
  @MayBeAbsent()
  @Matches(RACK_CODE, { message: '$property is the code of a rack' })
  rack?: string;
}

export class CurtailmentView {
  curtailmentId: string;
  /** Absent for the whole site. */
  racks?: string[];
  cause: CurtailmentCause;
  startsAt: string;
  expectedEndAt?: string;
  /** Absent while it is open. */
  endedAt?: string;
  sheddingWatts?: number;
  energyAvoidedWh?: number;
  declaredBy: string;
}

export class CurtailmentList {
  items: CurtailmentView[];
  /** Absent on the last page. */
  nextCursor?: string;
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
  async list(@Query() { status, ...page }: FacilitiesFilter, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, PageOf<FacilityView>>(
      at,
      async (db) => {
        const all = db.selectFrom('facilities').selectAll();
        const wanted = status === undefined ? all : all.where('status', '=', status);
        const found = await keysetPage(wanted, page, ['facility']);
        const rates = await ratesInForce(db, found.items);
        const items = found.items.map((row) => facilityView(row, rates.get(row.facility)));
        return { ...found, items };
      },
    );
    return readReply(position, value);
  }

  @ApiOperation({
    summary: 'Get a facility: its power, racks, slots, and what customers were promised',
  })
  @Get(':code')
  @AnyRole()
  @ApiOkResponse({ type: FacilityView })
  async get(@Param() { code }: FacilityParams, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, FacilityWithRate | undefined>(
      at,
      async (db) => {
        const ofCode = db.selectFrom('facilities').selectAll().where('facility', '=', code);
        const row = await ofCode.executeTakeFirst();
        return row && { row, rate: (await ratesInForce(db, [row])).get(code) };
      },
    );
    if (!value) throw facilityUnknown();
    const { row, rate } = value;
    return readReply(position, facilityView(row, rate), { etag: `"${row.revision}"` });
  }

  @ApiOperation({ summary: 'List what energy costs a facility, the latest day first' })
  @Get(':code/power-rates')
  @AnyRole()
  @ApiOkResponse({ type: PowerRateList })
  async powerRates(
    @Param() { code }: FacilityParams,
    @Query() page: Page,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<Tables, PageOf<PowerRateRow>>(
      at,
      async (db) => {
        await mustBeKnown(db, code);
        const rates = db.selectFrom('power_rates').selectAll().where('facility', '=', code);
        return keysetPage(rates, page, ['effective_on'], 'desc');
      },
    );
    return readReply(position, { ...value, items: value.items.map(powerRateView) });
  }

  @ApiOperation({ summary: 'List the curtailments of a facility, the latest start first' })
  @Get(':code/curtailments')
  @AnyRole()
  @ApiOkResponse({ type: CurtailmentList })
  async curtailments(
    @Param() { code }: FacilityParams,
    @Query() { open, at: instant, rack, ...page }: CurtailmentsFilter,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<Tables, PageOf<CurtailmentRow>>(
      at,
      async (db) => {
        await mustBeKnown(db, code);
        let all = db.selectFrom('curtailments').selectAll().where('facility', '=', code);
        if (open !== undefined) {
          all = all.where('ended_at', open === 'true' ? 'is' : 'is not', null);
        }
        if (instant !== undefined) {
          all = all
            .where('starts_at', '<=', instant)
            .where((eb) => eb.or([eb('ended_at', 'is', null), eb('ended_at', '>', instant)]));
        }
        if (rack !== undefined) {
          all = all.where(
            sql<boolean>`(racks is null or racks @> ${JSON.stringify([rack])}::jsonb)`,
          );
        }
        return keysetPage(all, page, ['starts_at', 'curtailment_id'], 'desc');
      },
    );
    return readReply(position, { ...value, items: value.items.map(curtailmentView) });
  }
}

const mustBeKnown = async (db: Kysely<Tables>, code: string): Promise<void> => {
  const ofCode = db.selectFrom('facilities').where('facility', '=', code);
  if (!(await ofCode.select('facility').executeTakeFirst())) throw facilityUnknown();
};

interface FacilityWithRate {
  readonly row: FacilityRow;
  readonly rate: PowerRateRow | undefined;
}

/** What energy costs each of the sites today, where the sites are. */
const ratesInForce = async (
  db: Kysely<Tables>,
  sites: readonly FacilityRow[],
): Promise<ReadonlyMap<string, PowerRateRow>> => {
  if (sites.length === 0) return new Map();
  const codes = sites.map(({ facility }) => facility);
  const rates = await db
    .selectFrom('power_rates as rate')
    .innerJoin('facilities as site', 'site.facility', 'rate.facility')
    .selectAll('rate')
    .distinctOn('rate.facility')
    .where('rate.facility', 'in', codes)
    .where(sql<boolean>`rate.effective_on <= (now() at time zone site.time_zone)::date`)
    .orderBy('rate.facility')
    .orderBy('rate.effective_on', 'desc')
    .execute();
  return new Map(rates.map((rate) => [rate.facility, rate]));
};

const powerRateView = (row: PowerRateRow): PowerRateView => ({
  effectiveOn: row.effective_on,
  ratePerKwh: row.rate_per_kwh,
  currency: row.currency,
  fixedAt: row.fixed_at,
  fixedBy: row.fixed_by,
});

const curtailmentView = (row: CurtailmentRow): CurtailmentView => ({
  curtailmentId: row.curtailment_id,
  ...(row.racks === null ? {} : { racks: [...row.racks] }),
  cause: row.cause,
  startsAt: row.starts_at,
  ...(row.expected_end_at === null ? {} : { expectedEndAt: row.expected_end_at }),
  ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
  ...(row.shedding_watts === null ? {} : { sheddingWatts: Number(row.shedding_watts) }),
  ...(row.energy_avoided_wh === null ? {} : { energyAvoidedWh: Number(row.energy_avoided_wh) }),
  declaredBy: row.declared_by,
});

const facilityView = (row: FacilityRow, rate: PowerRateRow | undefined): FacilityView => ({
  facility: row.facility,
  name: row.name,
  timeZone: row.time_zone,
  ...(row.location === null ? {} : { location: row.location }),
  status: row.status,
  openedAt: row.opened_at,
  ...(row.acquired_from === null ? {} : { acquiredFrom: row.acquired_from }),
  ...(row.disposed_to === null ? {} : { disposedTo: row.disposed_to }),
  ...(row.disposed_on === null ? {} : { disposedOn: row.disposed_on }),
  ...(row.abandoned_for === null ? {} : { disposalAbandonedFor: row.abandoned_for }),
  openCurtailments: row.open_curtailments,
  powerEnvelopeWatts: Number(row.power_envelope_watts),
  ...(rate && { powerRate: powerRateView(rate) }),
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
