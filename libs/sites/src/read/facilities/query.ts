import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { sql, type Kysely } from 'kysely';
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
  requestClock,
} from '@hostledger/http';
import { dayIn } from '@hostledger/quantities';
import type { CurtailmentCause } from '../../domain/curtailments.js';
import { facilityUnknown } from '../../domain/facility.js';
import { RACK_CODE } from '../../domain/rack.js';
import { FacilityParams } from '../../http/codes.js';
import { nothingFree, slotsView, SlotsView, type Free } from '../views.js';
import type { RackRow } from '../racks/projection.js';
import type { CapacityRow, CurtailmentRow, FacilityRow, PowerRateRow } from './projection.js';

interface Tables {
  facilities: FacilityRow;
  capacity_commitments: CapacityRow;
  power_rates: PowerRateRow;
  curtailments: CurtailmentRow;
  racks: RackRow;
}

/** The power that racks may draw together. */
export class RacksView {
  /** Racks whose power is committed. */
  count: number;
  /** Those of them that are in service. */
  inService: number;
  /** Sum of their limits, in watts. */
  powerLimitWatts: number;
  /** By how much racks exceed their limits in force, together. */
  breachWatts: number;
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

/** By how much each exceeds a derated envelope. */
export class EnvelopeBreachView {
  /** The limits in force of the racks in service, together: derate racks to cure it. */
  rackLimitWatts: number;
  /** What customers were promised. */
  committedWatts: number;
  /** What machines draw, or are on their way to draw. */
  usedWatts: number;
}

export class FacilityDeratingView {
  /** @example The utility cut the feed */
  cause: string;
  /** When it is expected to be over. */
  expectedUntil?: string;
  breach: EnvelopeBreachView;
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
  /** @example 2024-01-02 */
  acquiredOn?: string;
  /** Who takes, or took, the site over. */
  disposedTo?: string;
  /** @example 2024-06-01 */
  disposedOn?: string;
  /** Why the last disposal was abandoned. */
  disposalAbandonedFor?: string;
  /** Curtailments that are announced or in force. */
  openCurtailments: number;
  /**
   * In force.
   * @example 125000000
   */
  powerEnvelopeWatts: number;
  /** The envelope without any derating. */
  ratedEnvelopeWatts: number;
  /** While less can be drawn than the site is rated for. */
  derating?: FacilityDeratingView;
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

  /** Facilities whose racks, promises or machines exceed a derated envelope. */
  @MayBeAbsent()
  @IsIn(['true'])
  inBreach?: 'true';
}

/** Capacity of a site that is held for an allocation to a customer. */
export class SiteAllocationView {
  allocationId: string;
  contractId: string;
  customerId: string;
  orderId: string;
  /** What is left of it after reductions. */
  units: number;
  powerWatts: number;
  /** @example 2024-06-01 */
  effectiveOn: string;
  committedAt: string;
}

export class SiteAllocationList {
  items: SiteAllocationView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class PowerRateList {
  items: PowerRateView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class CurtailmentsFilter extends Page {
  /** Those that are neither over nor cancelled, or those that are. */
  @IsTrueOrFalse()
  open?: 'true' | 'false';

  /** Those in force at this instant, UTC. */
  @MayBeAbsent()
  @IsInstant()
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
  /** It never began. */
  cancelledAt?: string;
  cancelledFor?: string;
  sheddingWatts?: number;
  /** Not drawn because of it, in whole Wh, as it was told last. */
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
  async list(@Query() { status, inBreach, ...page }: FacilitiesFilter, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, PageOf<FacilityView>>(
      at,
      async (db) => {
        let wanted = db.selectFrom('facilities').selectAll();
        if (status !== undefined) wanted = wanted.where('status', '=', status);
        if (inBreach !== undefined) wanted = wanted.where(IN_BREACH);
        const found = await keysetPage(wanted, page, ['facility']);
        return { ...found, items: await viewed(db, found.items) };
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
    const { position, value } = await this.readModels.read<Tables, Viewed | undefined>(
      at,
      async (db) => {
        const ofCode = db.selectFrom('facilities').selectAll().where('facility', '=', code);
        const row = await ofCode.executeTakeFirst();
        return row && { revision: row.revision, view: (await viewed(db, [row]))[0]! };
      },
    );
    if (!value) throw facilityUnknown();
    return readReply(position, value.view, { etag: `"${value.revision}"` });
  }

  @ApiOperation({ summary: 'List the allocations that hold capacity of a facility' })
  @Get(':code/allocations')
  @AnyRole()
  @ApiOkResponse({ type: SiteAllocationList })
  async allocations(
    @Param() { code }: FacilityParams,
    @Query() page: Page,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<Tables, PageOf<CapacityRow>>(
      at,
      async (db) => {
        await mustBeKnown(db, code);
        const held = db.selectFrom('capacity_commitments').selectAll();
        return keysetPage(held.where('facility', '=', code), page, ['allocation_id']);
      },
    );
    return readReply(position, { ...value, items: value.items.map(allocationView) });
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
          const over = sql<boolean>`coalesce(ended_at, cancelled_at) is not null`;
          all = all.where((eb) => (open === 'true' ? eb.not(over) : over));
        }
        if (instant !== undefined) {
          all = all
            .where('starts_at', '<=', instant)
            .where('cancelled_at', 'is', null)
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

const IN_BREACH = sql<boolean>`derated_watts < greatest(
  in_service_limit_watts, committed_watts, reserved_watts + occupied_watts)`;

interface Viewed {
  readonly revision: bigint;
  readonly view: FacilityView;
}

const viewed = async (
  db: Kysely<Tables>,
  rows: readonly FacilityRow[],
): Promise<FacilityView[]> => {
  if (rows.length === 0) return [];
  const rates = await ratesInForce(db, rows);
  const breaches = await breachesOf(db, rows);
  return rows.map((row) =>
    facilityView(row, rates.get(row.facility), breaches.get(row.facility) ?? 0n),
  );
};

/**
 * By how much racks of each site exceed their limits. What one rack uses too much another one has
 * free all the same; those that do are few and found by an index.
 */
const breachesOf = async (
  db: Kysely<Tables>,
  sites: readonly FacilityRow[],
): Promise<ReadonlyMap<string, bigint>> => {
  const breaches = await db
    .selectFrom('racks')
    .select(['facility', sql<bigint>`sum(breach_watts)::bigint`.as('watts')])
    .where(
      'facility',
      'in',
      sites.map(({ facility }) => facility),
    )
    .where('breach_watts', '>', 0n)
    .groupBy('facility')
    .execute();
  return new Map(breaches.map(({ facility, watts }) => [facility, watts]));
};

/**
 * What energy costs each of the sites today, where the sites are. Which day that is PostgreSQL is
 * not asked: it knows other names of time zones than the log has, and fails for those it does not.
 */
const ratesInForce = async (
  db: Kysely<Tables>,
  sites: readonly FacilityRow[],
): Promise<ReadonlyMap<string, PowerRateRow>> => {
  const now = requestClock.now();
  // On Earth it is one of three days at most.
  const byDay = Map.groupBy(sites, ({ time_zone }) => dayIn(time_zone, now));
  const rates = await db
    .selectFrom('power_rates')
    .selectAll()
    .distinctOn('facility')
    .where((eb) =>
      eb.or(
        [...byDay].map(([day, there]) => {
          const codes = there.map(({ facility }) => facility);
          return eb.and([eb('facility', 'in', codes), eb('effective_on', '<=', day)]);
        }),
      ),
    )
    .orderBy('facility')
    .orderBy('effective_on', 'desc')
    .execute();
  return new Map(rates.map((rate) => [rate.facility, rate]));
};

const allocationView = (row: CapacityRow): SiteAllocationView => ({
  allocationId: row.allocation_id,
  contractId: row.contract_id,
  customerId: row.customer_id,
  orderId: row.order_id,
  units: Number(row.units),
  powerWatts: Number(row.power_watts),
  effectiveOn: row.effective_on,
  committedAt: row.committed_at,
});

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
  ...(row.cancelled_at === null ? {} : { cancelledAt: row.cancelled_at }),
  ...(row.cancelled_for === null ? {} : { cancelledFor: row.cancelled_for }),
  ...(row.shedding_watts === null ? {} : { sheddingWatts: Number(row.shedding_watts) }),
  ...(row.energy_avoided_wh === null ? {} : { energyAvoidedWh: Number(row.energy_avoided_wh) }),
  declaredBy: row.declared_by,
});

const facilityView = (
  row: FacilityRow,
  rate: PowerRateRow | undefined,
  breachWatts: bigint,
): FacilityView => ({
  facility: row.facility,
  name: row.name,
  timeZone: row.time_zone,
  ...(row.location === null ? {} : { location: row.location }),
  status: row.status,
  openedAt: row.opened_at,
  ...(row.acquired_from === null ? {} : { acquiredFrom: row.acquired_from }),
  ...(row.acquired_on === null ? {} : { acquiredOn: row.acquired_on }),
  ...(row.disposed_to === null ? {} : { disposedTo: row.disposed_to }),
  ...(row.disposed_on === null ? {} : { disposedOn: row.disposed_on }),
  ...(row.abandoned_for === null ? {} : { disposalAbandonedFor: row.abandoned_for }),
  openCurtailments: row.open_curtailments,
  powerEnvelopeWatts: Number(inForce(row)),
  ratedEnvelopeWatts: Number(row.power_envelope_watts),
  ...deratingOf(row),
  ...(rate && { powerRate: powerRateView(rate) }),
  racks: {
    count: row.racks,
    inService: row.racks_in_service,
    powerLimitWatts: Number(row.rack_limit_watts),
    breachWatts: Number(breachWatts),
    freeWatts: above(inForce(row), row.rack_limit_watts),
  },
  capacity: {
    committedUnits: Number(row.committed_units),
    committedWatts: Number(row.committed_watts),
    freeWatts: above(inForce(row), row.committed_watts),
  },
  slots: slotsView(row.status === 'disposed' ? 0n : row.slots, freeOf(row, breachWatts), row),
});

const inForce = (row: FacilityRow): bigint => row.derated_watts ?? row.power_envelope_watts;

const usedOf = (row: FacilityRow): bigint => row.reserved_watts + row.occupied_watts;

const above = (watts: bigint, other: bigint): number => (watts > other ? Number(watts - other) : 0);

const deratingOf = (row: FacilityRow): { derating?: FacilityDeratingView } => {
  if (row.derated_watts === null) return {};
  const breach = {
    rackLimitWatts: above(row.in_service_limit_watts, row.derated_watts),
    committedWatts: above(row.committed_watts, row.derated_watts),
    usedWatts: above(usedOf(row), row.derated_watts),
  };
  const until = row.derated_until === null ? {} : { expectedUntil: row.derated_until };
  return { derating: { cause: row.derated_for!, ...until, breach } };
};

/** Nothing comes to a site that is being disposed of, nor beyond the envelope in force. */
const freeOf = (row: FacilityRow, breachWatts: bigint): Free => {
  if (row.status !== 'open') return nothingFree;
  const ofRacks = row.in_service_limit_watts - usedOf(row) + breachWatts;
  const ofSite = BigInt(above(inForce(row), usedOf(row)));
  return {
    slots: row.slots - row.slots_reserved - row.slots_occupied,
    watts: ofRacks < ofSite ? ofRacks : ofSite,
  };
};

export const facilitiesQuery = { controllers: [FacilitiesController], providers: [] };
