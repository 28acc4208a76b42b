import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { sql, type Kysely } from 'kysely';
import { DomainError } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { mixOn, type MixDayRow, type MixRow, type RackDayRow } from '@hostledger/fleet';
import {
  AnyRole,
  MayBeAbsent,
  MayRefuse,
  ReadAt,
  type ReadOptions,
  readReply,
} from '@hostledger/http';
import { FACILITY_CODE } from '@hostledger/sites';
import {
  profitUnder,
  sumOfProfits,
  type Drawing,
  type Profit,
  type ProfitUnder,
} from '../../domain/profitability.js';
import { UpperCase } from '../../http/forms.js';
import { CONDITION_REFUSALS } from '../../http/refusals.js';
import {
  ConditionsQuery,
  momentOf,
  pinConditions,
  type ConditionsTables,
  type Moment,
  type Pinned,
} from './conditions.js';
import { FiguresView, figuresView, InputsView } from './views.js';

interface Tables extends ConditionsTables {
  fleet_mix: MixRow;
  fleet_mix_days: MixDayRow;
  fleet_rack_days: RackDayRow;
}

const DIMENSIONS = ['model', 'rack', 'facility', 'customer'] as const;
type Dimension = (typeof DIMENSIONS)[number];
const COUNTS = ['energized', 'installed'] as const;
type Count = (typeof COUNTS)[number];

export class ProfitabilityFilter extends ConditionsQuery {
  /** Add everything up per this; by rack within one facility. Without it every combination of model, facility and customer is named. */
  @MayBeAbsent()
  @IsIn(DIMENSIONS)
  by?: Dimension;

  /** Which machines count: those that draw power, or all that stand in a slot, as if they did. */
  @MayBeAbsent()
  @IsIn(COUNTS)
  count?: Count;

  /** @example DENTON */
  @MayBeAbsent()
  @Matches(FACILITY_CODE, { message: '$property is the code of a facility' })
  facility?: string;

  /** @example S19JXP-151 */
  @MayBeAbsent()
  @UpperCase()
  @IsString()
  @MaxLength(60)
  model?: string;

  @MayBeAbsent()
  @IsUUID()
  customerId?: string;
}

/** Of the machines that have everything named here in common. */
export class ProfitabilityRow extends FiguresView {
  /** @example S19JXP-151 */
  model?: string;
  /** @example DENTON */
  facility?: string;
  /** @example A-01 */
  rack?: string;
  customerId?: string;
  units: number;
}

export class FleetProfitability {
  /** The instant that the market and the power rates are of. */
  asOf: string;
  /**
   * The machines are those of this day (UTC) as it ended; absent for those of now.
   * @example 2024-04-20
   */
  machinesOn?: string;
  count: Count;
  inputs: InputsView;
  items: ProfitabilityRow[];
  total: ProfitabilityRow;
}

@ApiTags('economics')
@Controller('fleet/profitability')
export class FleetProfitabilityController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({
    summary: 'What machines earn, what their power costs, and what is left, now, then or what if',
    description:
      'Expected, per day of 24 hours: hashrate x 86,400 / (difficulty x 2^32) x (subsidy + fees) x (1 - pool fee) x availability bitcoin. Every input that is not given is the recorded one that was in force, and is named with the event that says so.',
  })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: FleetProfitability })
  @MayRefuse(...CONDITION_REFUSALS, 'profitability/facility-needed')
  async profitability(@Query() filter: ProfitabilityFilter, @ReadAt() at: ReadOptions) {
    mustBeAnswerable(filter);
    const moment = momentOf(filter.at);
    const { position, value } = await this.readModels.read<Tables, FleetProfitability>(
      at,
      async (db) => {
        const cells = await cellsOf(db, filter, moment);
        const facilities = [...new Set(cells.map(({ facility }) => facility))];
        const pinned = await pinConditions(db, filter, moment, facilities);
        return answer(filter, moment, cells, pinned);
      },
    );
    return readReply(position, value);
  }
}

const mustBeAnswerable = ({ by, facility }: ProfitabilityFilter): void => {
  if (by !== 'rack' || facility !== undefined) return;
  throw new DomainError(
    'invalid',
    'profitability/facility-needed',
    'Name the facility whose racks are asked for',
    {},
    '/facility',
  );
};

/** Machines that are counted together; one facility has one power rate. */
interface Cell {
  readonly facility: string;
  readonly model?: string;
  readonly customer_id?: string;
  readonly rack?: string;
  readonly units: number;
  readonly hashrateGhs: bigint;
  readonly powerWatts: bigint;
}

const cellsOf = (
  db: Kysely<Tables>,
  filter: ProfitabilityFilter,
  { day }: Moment,
): Promise<Cell[]> =>
  filter.by === 'rack' ? rackCells(db, filter, day) : mixCells(db, filter, day);

/** Counted as they change, so this reads hundreds of rows however many machines there are. */
const mixCells = async (
  db: Kysely<Tables>,
  { facility, model, customerId, count }: ProfitabilityFilter,
  day: string | undefined,
): Promise<Cell[]> => {
  let mix = mixOn(db, day).where('state', '=', 'installed');
  if (facility !== undefined) mix = mix.where('facility', '=', facility);
  if (model !== undefined) mix = mix.where('model', '=', model);
  if (customerId !== undefined) mix = mix.where('customer_id', '=', customerId);
  const rows = await mix.orderBy('model').orderBy('facility').orderBy('customer_id').execute();
  return rows
    .map((row) => ({
      facility: row.facility,
      model: row.model,
      customer_id: row.customer_id,
      ...(count === 'installed'
        ? { units: row.units, hashrateGhs: row.hashrate_ghs, powerWatts: row.power_watts }
        : {
            units: row.energized_units,
            hashrateGhs: row.energized_hashrate_ghs,
            powerWatts: row.energized_watts,
          }),
    }))
    .filter(({ units }) => units !== 0);
};

/** What days changed of the racks of one facility, added up to the one that is asked for. */
const rackCells = async (
  db: Kysely<Tables>,
  { facility, model, customerId, count }: ProfitabilityFilter,
  day: string | undefined,
): Promise<Cell[]> => {
  let days = db.selectFrom('fleet_rack_days').where('facility', '=', facility!);
  if (day !== undefined) days = days.where('day', '<=', day);
  if (model !== undefined) days = days.where('model', '=', model);
  if (customerId !== undefined) days = days.where('customer_id', '=', customerId);
  const [units, hashrate, watts] =
    count === 'installed'
      ? (['units', 'hashrate_ghs', 'power_watts'] as const)
      : (['energized_units', 'energized_hashrate_ghs', 'energized_watts'] as const);
  const rows = await days
    .select('rack')
    .select(sql<number>`sum(${sql.ref(units)})::integer`.as('units'))
    .select(sql<bigint>`sum(${sql.ref(hashrate)})::bigint`.as('hashrate_ghs'))
    .select(sql<bigint>`sum(${sql.ref(watts)})::bigint`.as('power_watts'))
    .groupBy('rack')
    .having(sql<boolean>`sum(${sql.ref(units)}) <> 0`)
    .orderBy('rack')
    .execute();
  return rows.map((row) => ({
    facility: facility!,
    rack: row.rack,
    units: row.units,
    hashrateGhs: row.hashrate_ghs,
    powerWatts: row.power_watts,
  }));
};

type Names = Pick<ProfitabilityRow, 'model' | 'facility' | 'rack' | 'customerId'>;

const namesOf = (cell: Cell, by: Dimension | undefined): Names => {
  switch (by) {
    case 'model':
      return { model: cell.model! };
    case 'rack':
      return { facility: cell.facility, rack: cell.rack! };
    case 'facility':
      return { facility: cell.facility };
    case 'customer':
      return { customerId: cell.customer_id! };
    case undefined:
      return { model: cell.model!, facility: cell.facility, customerId: cell.customer_id! };
  }
};

const answer = (
  { by, count = 'energized' }: ProfitabilityFilter,
  { instant, day }: Moment,
  cells: readonly Cell[],
  { conditions, inputs, rateAt }: Pinned,
): FleetProfitability => {
  const profitAt = profitUnder(conditions);
  const groups = Map.groupBy(cells, (cell) => Object.values(namesOf(cell, by)).join(' '));
  const rowOf = (names: Names, own: readonly Cell[]): ProfitabilityRow => {
    const sum = drawingOf(own);
    return { ...names, units: sum.units, ...figuresView(sum, profitOf(own, profitAt, rateAt)) };
  };
  return {
    asOf: instant,
    ...(day !== undefined && { machinesOn: day }),
    count,
    inputs,
    items: [...groups].sort(byName).map(([, own]) => rowOf(namesOf(own[0]!, by), own)),
    total: rowOf({}, cells),
  };
};

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : 1;

/** Machines at one rate are added up before they are reckoned with, which comes to the same. */
const profitOf = (
  group: readonly Cell[],
  profitAt: ProfitUnder,
  rateAt: Pinned['rateAt'],
): Profit =>
  sumOfProfits(
    [...Map.groupBy(group, ({ facility }) => facility)].map(([facility, there]) =>
      profitAt(drawingOf(there), rateAt(facility)),
    ),
  );

interface Sum extends Drawing {
  readonly units: number;
}

const drawingOf = (cells: readonly Cell[]): Sum => ({
  units: cells.reduce((sum, { units }) => sum + units, 0),
  hashrateGhs: cells.reduce((sum, { hashrateGhs }) => sum + hashrateGhs, 0n),
  powerWatts: cells.reduce((sum, { powerWatts }) => sum + powerWatts, 0n),
});

export const fleetProfitability = { controllers: [FleetProfitabilityController], providers: [] };
