import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsString, Matches, MaxLength } from 'class-validator';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { AnyRole, MayBeAbsent, ReadAt, type ReadOptions, readReply } from '@hostledger/http';
import { IsIdFilter, UpperCase } from '../../http/forms.js';
import type { DeploymentRow } from './projection.js';

interface Tables {
  deployments: DeploymentRow;
}

const isMonth = { message: '$property is a month, YYYY-MM' };
/** Of the years that `IsOfPlainYear` takes. */
const MONTH = /^(?!0|9999)\d{4}-(0[1-9]|1[0-2])$/;

export class DeploymentsFilter {
  /** One line per month, per year, or one in all. */
  @MayBeAbsent()
  @IsIn(['month', 'year', 'all'])
  by?: 'month' | 'year' | 'all';

  /** Tell models apart, or families of them such as S19; without it they are added up. */
  @MayBeAbsent()
  @IsIn(['model', 'family'])
  groupBy?: 'model' | 'family';

  /** @example S19JXP-151 */
  @MayBeAbsent()
  @UpperCase()
  @IsString()
  @MaxLength(60)
  model?: string;

  @IsIdFilter()
  customerId?: string;

  /**
   * From this month on; what was before still counts into the sums to date.
   * @example 2017-01
   */
  @MayBeAbsent()
  @Matches(MONTH, isMonth)
  from?: string;

  /** @example 2023-12 */
  @MayBeAbsent()
  @Matches(MONTH, isMonth)
  to?: string;
}

export class UnitsView {
  units: number;
  /** Rated, in GH/s. */
  hashrateGhs: number;
}

export class DeploymentsToDateView {
  received: UnitsView;
  deployed: UnitsView;
  retired: UnitsView;
}

export class DeploymentView {
  /**
   * Month or year, UTC; absent where all are one.
   * @example 2023-09
   */
  period?: string;
  /** @example S19JXP-151 */
  model?: string;
  /** @example S19 */
  family?: string;
  received: UnitsView;
  /** Installed for the first time. */
  deployed: UnitsView;
  retired: UnitsView;
  /** From the beginning to the end of the period. */
  toDate: DeploymentsToDateView;
}

export class Deployments {
  /** In the order of time, then of model or family; periods in which nothing happened are left out. */
  items: DeploymentView[];
}

@ApiTags('fleet')
@Controller('fleet/deployments')
export class DeploymentsController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({
    summary: 'Machines received, deployed and retired over time, by model or family',
    description: 'Deployed is a machine when it is installed for the first time; it counts once.',
  })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: Deployments })
  async deployments(@Query() filter: DeploymentsFilter, @ReadAt() at: ReadOptions) {
    const { model, customerId, to } = filter;
    const { position, value } = await this.readModels.read<Tables, DeploymentRow[]>(at, (db) => {
      let query = db.selectFrom('deployments').selectAll();
      if (model !== undefined) query = query.where('model', '=', model);
      if (customerId !== undefined) query = query.where('customer_id', '=', customerId);
      if (to !== undefined) query = query.where('month', '<=', to);
      return query.orderBy('month').orderBy('model').execute();
    });
    return readReply(position, { items: overTime(value, filter) } satisfies Deployments);
  }
}

/** The series that a model's code begins with, such as S19 of S19JXP-151. */
export const familyOf = (model: string): string => /^[A-Z]+\d+/.exec(model)?.[0] ?? model;

type Sums = DeploymentsToDateView;

const overTime = (
  rows: readonly DeploymentRow[],
  { by = 'month', groupBy, from = '' }: DeploymentsFilter,
): DeploymentView[] => {
  const periodOf = ({ month }: DeploymentRow) =>
    by === 'all' ? '' : by === 'year' ? month.slice(0, 4) : month;
  const groupOf = ({ model }: DeploymentRow) =>
    groupBy === undefined ? '' : groupBy === 'model' ? model : familyOf(model);
  const cells = new Map<string, { period: string; group: string; sums: Sums; toDate: Sums }>();
  const toDate = new Map<string, Sums>();
  for (const row of rows) {
    const [period, group] = [periodOf(row), groupOf(row)];
    const sums = sumsOf(row);
    const until = plus(toDate.get(group), sums);
    toDate.set(group, until);
    if (row.month < from) continue;
    const key = JSON.stringify([period, group]);
    cells.set(key, { period, group, sums: plus(cells.get(key)?.sums, sums), toDate: until });
  }
  return [...cells.values()]
    .sort((a, b) => order(a.period, b.period) || order(a.group, b.group))
    .map(({ period, group, sums, toDate: until }) => ({
      ...(by !== 'all' && { period }),
      ...(groupBy !== undefined && { [groupBy]: group }),
      ...sums,
      toDate: until,
    }));
};

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const sumsOf = (row: DeploymentRow): Sums => ({
  received: { units: row.received_units, hashrateGhs: Number(row.received_hashrate_ghs) },
  deployed: { units: row.deployed_units, hashrateGhs: Number(row.deployed_hashrate_ghs) },
  retired: { units: row.retired_units, hashrateGhs: Number(row.retired_hashrate_ghs) },
});

const plus = (a: Sums | undefined, b: Sums): Sums => {
  if (!a) return b;
  const add = (kind: keyof Sums): UnitsView => ({
    units: a[kind].units + b[kind].units,
    hashrateGhs: a[kind].hashrateGhs + b[kind].hashrateGhs,
  });
  return { received: add('received'), deployed: add('deployed'), retired: add('retired') };
};

export const deploymentsQuery = { controllers: [DeploymentsController], providers: [] };
