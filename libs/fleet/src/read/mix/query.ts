import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsISO8601, IsString, Matches, MaxLength } from 'class-validator';
import { sql, type Kysely, type SelectQueryBuilder } from 'kysely';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { AnyRole, MayBeAbsent, ReadAt, type ReadOptions, readReply } from '@hostledger/http';
import { IsFacility, IsIdFilter, UpperCase } from '../../http/forms.js';
import type { MixDayRow } from './days.js';
import { AMOUNTS, MIX_STATES, type MixRow } from './projection.js';

export interface MixTables {
  fleet_mix: MixRow;
  fleet_mix_days: MixDayRow;
}

const DIMENSIONS = ['model', 'facility', 'state', 'customer'] as const;
type Dimension = (typeof DIMENSIONS)[number];

export class MixFilter {
  /** @example S19JXP-151 */
  @MayBeAbsent()
  @UpperCase()
  @IsString()
  @MaxLength(60)
  model?: string;

  /** @example DENTON */
  @MayBeAbsent()
  @IsFacility()
  facility?: string;

  @MayBeAbsent()
  @IsIn(MIX_STATES)
  state?: MixRow['state'];

  @IsIdFilter()
  customerId?: string;

  /**
   * The mix as this day of the business ended, UTC; the present one if left out. A day that is to
   * come has the present one too.
   * @example 2023-12-31
   */
  @MayBeAbsent()
  @IsISO8601({ strict: true })
  @Matches(/^\d{4}-\d{2}-\d{2}$/, { message: '$property is a date, YYYY-MM-DD' })
  on?: string;

  /** Add everything up per this; without it every combination is named. */
  @MayBeAbsent()
  @IsIn(DIMENSIONS)
  by?: Dimension;
}

export class EnergizedView {
  units: number;
  /** Rated, in GH/s. */
  hashrateGhs: number;
  powerWatts: number;
}

/** Machines that have everything named here in common. */
export class MixView {
  /** @example S19JXP-151 */
  model?: string;
  /** @example DENTON */
  facility?: string;
  state?: MixRow['state'];
  customerId?: string;
  units: number;
  /** Rated, in GH/s. */
  hashrateGhs: number;
  /** Under their power profiles. */
  powerWatts: number;
  /** Of these, the machines that draw power. */
  energized: EnergizedView;
}

export class FleetMix {
  items: MixView[];
  total: MixView;
}

@ApiTags('fleet')
@Controller('fleet/mix')
export class FleetMixController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'The fleet by model, facility, state and customer, now or on a day' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: FleetMix })
  async mix(
    @Query() { model, facility, state, customerId, on, by }: MixFilter,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value: rows } = await this.readModels.read<MixTables, MixRow[]>(at, (db) => {
      let query = mixOn(db, on);
      if (model !== undefined) query = query.where('model', '=', model);
      if (facility !== undefined) query = query.where('facility', '=', facility);
      if (state !== undefined) query = query.where('state', '=', state);
      if (customerId !== undefined) query = query.where('customer_id', '=', customerId);
      return query
        .orderBy('model')
        .orderBy('facility')
        .orderBy('state')
        .orderBy('customer_id')
        .execute();
    });
    const cells = rows.map(mixView);
    const items = by === undefined ? cells : addUpBy(by === 'customer' ? 'customerId' : by, cells);
    return readReply(position, { items, total: addUp(cells) } satisfies FleetMix);
  }
}

type Mixes = SelectQueryBuilder<{ mix: MixRow }, 'mix', MixRow>;

/** The mix now, or as a day of the business (UTC) ended. */
export const mixOn = (db: Kysely<MixTables>, on: string | undefined): Mixes => {
  if (on === undefined) return db.selectFrom('fleet_mix as mix').selectAll();
  const key = ['model', 'facility', 'state', 'customer_id'] as const;
  const total = (amount: (typeof AMOUNTS)[number], type: 'integer' | 'bigint') =>
    sql`sum(${sql.ref(amount)})::${sql.raw(type)}`.as(amount);
  const days = db
    .selectFrom('fleet_mix_days')
    .select(key)
    .select(AMOUNTS.map((amount) => total(amount, amount.endsWith('units') ? 'integer' : 'bigint')))
    .where('day', '<=', on)
    .groupBy(key)
    .having(sql<boolean>`sum(units) <> 0`);
  return db.selectFrom(days.as('mix')).selectAll() as unknown as Mixes;
};

const mixView = (row: MixRow): MixView => ({
  model: row.model,
  facility: row.facility,
  state: row.state,
  customerId: row.customer_id,
  units: row.units,
  hashrateGhs: Number(row.hashrate_ghs),
  powerWatts: Number(row.power_watts),
  energized: {
    units: row.energized_units,
    hashrateGhs: Number(row.energized_hashrate_ghs),
    powerWatts: Number(row.energized_watts),
  },
});

const addUp = (cells: readonly MixView[]): MixView => ({
  ...sumOf(cells),
  energized: sumOf(cells.map(({ energized }) => energized)),
});

const sumOf = (parts: readonly EnergizedView[]): EnergizedView => ({
  units: parts.reduce((sum, { units }) => sum + units, 0),
  hashrateGhs: parts.reduce((sum, { hashrateGhs }) => sum + hashrateGhs, 0),
  powerWatts: parts.reduce((sum, { powerWatts }) => sum + powerWatts, 0),
});

const addUpBy = (
  dimension: 'model' | 'facility' | 'state' | 'customerId',
  cells: readonly MixView[],
): MixView[] =>
  [...Map.groupBy(cells, (cell) => cell[dimension])].map(([shared, group]) => ({
    [dimension]: shared,
    ...addUp(group),
  }));

export const fleetMixQuery = { controllers: [FleetMixController], providers: [] };
