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
import { facilityUnknown } from '../../domain/facility.js';
import { RACK_CODE } from '../../domain/rack.js';
import { FacilityParams } from '../../http/codes.js';
import type { RackRow } from '../racks/projection.js';
import type { CapacityRow, CurtailmentRow, FacilityRow, PowerRateRow } from './projection.js';
import {
  allocationView,
  CurtailmentList,
  curtailmentView,
  FacilityList,
  FacilityView,
  facilityView,
  PowerRateList,
  powerRateView,
  SiteAllocationList,
} from './views.js';

interface Tables {
  facilities: FacilityRow;
  capacity_commitments: CapacityRow;
  power_rates: PowerRateRow;
  curtailments: CurtailmentRow;
  racks: RackRow;
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

export const facilitiesQuery = { controllers: [FacilitiesController], providers: [] };
