import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { minerUnknown, ownMiner } from '@hostledger/fleet';
import {
  AnyRole,
  InScope,
  IsDay,
  MayBeAbsent,
  MayRefuse,
  OwnObject,
  OwnRows,
  Page,
  ReadAt,
  type ReadOptions,
  readReply,
  type Scope,
} from '@hostledger/http';
import { segmentsOf } from '../../domain/machine-usage.js';
import { USAGE_GROUPS, type UsageGroup } from '../../domain/usage.js';
import {
  IsFacilityFilter,
  IsIdFilter,
  IsLogPosition,
  IsSerialFilter,
  UsageMachineParams,
} from '../../http/usage-forms.js';
import '../../http/usage-problems.js';
import { factsOfMachines } from '../machine-facts/query.js';
import { ofScope, scopeOf, UsageReader, zoneOf, type UsageTables } from './reader.js';
import { MachineUsage, machineView, UsageList } from './views.js';

const SCOPE_REFUSALS = [
  'usage/window-empty',
  'usage/window-too-long',
  'usage/not-come',
  'contract/unknown',
] as const;

export class MachineUsageFilter {
  /** Only while it was under this contract, whose time zone the days are of. */
  @IsIdFilter()
  contractId?: string;

  /**
   * The first day, of the time zone of the contract where one is named, else of UTC.
   * @example 2024-06-01
   */
  @IsDay()
  from: string;

  /**
   * The first day that is left out.
   * @example 2024-07-01
   */
  @IsDay()
  until: string;

  /**
   * As it was known at this position of the log: what was recorded later does not count.
   * @example "1234567"
   */
  @IsLogPosition()
  position?: string;
}

export class UsageFilter extends Page {
  /** Only while machines were under this contract, whose time zone the days are of. */
  @IsIdFilter()
  contractId?: string;

  /** Only while machines were this customer's. */
  @IsIdFilter()
  customerId?: string;

  /**
   * Only while machines were at this facility.
   * @example DENTON
   */
  @IsFacilityFilter()
  facility?: string;

  /** @example HKYDD1AABJHAG0001 */
  @IsSerialFilter()
  serial?: string;

  /**
   * The first day, of the time zone of the contract where one is named, else of UTC.
   * @example 2024-06-01
   */
  @IsDay()
  from: string;

  /**
   * The first day that is left out.
   * @example 2024-07-01
   */
  @IsDay()
  until: string;

  /** By what it is added up; by machine without it. */
  @MayBeAbsent()
  @IsIn(USAGE_GROUPS)
  per?: UsageGroup;

  /**
   * As it was known at this position of the log: what was recorded later does not count.
   * @example "1234567"
   */
  @IsLogPosition()
  position?: string;
}

@ApiTags('billing')
@Controller('usage')
@AnyRole()
export class UsageController {
  private readonly reader: UsageReader;

  constructor(private readonly readModels: ReadModels) {
    this.reader = new UsageReader(readModels);
  }

  @ApiOperation({
    summary:
      'What machines used: energy by nameplate or profile, and uptime with what kept them off',
    description:
      'Of a contract, a customer, a facility or a machine, or of what several of them have in common. By machine a page computes no others than its own; by anything else all are added up for each page.',
  })
  @Get()
  @OwnRows()
  @ApiOkResponse({ type: UsageList })
  @MayRefuse(
    ...(['usage/scope-missing', 'usage/too-much'] as const),
    ...(['customer/unknown', 'facility/unknown'] as const),
    ...SCOPE_REFUSALS,
  )
  async usage(@Query() filter: UsageFilter, @ReadAt() at: ReadOptions, @InScope() scope: Scope) {
    const { position, list } = await this.reader.list({ ...filter, scope }, at);
    return readReply(position, list satisfies UsageList);
  }

  @ApiOperation({
    summary: 'What one machine used, stretch by stretch, with the events that say so',
  })
  @Get('machines/:serial')
  @OwnObject(ownMiner)
  @ApiOkResponse({ type: MachineUsage })
  @MayRefuse('miner/unknown', ...SCOPE_REFUSALS)
  async machine(
    @Param() { serial }: UsageMachineParams,
    @Query() filter: MachineUsageFilter,
    @ReadAt() at: ReadOptions,
    @InScope() scope: Scope,
  ) {
    const asked = { ...filter, scope };
    const { minPosition, known } = scopeOf(filter, at);
    const { position, value } = await this.readModels.read<UsageTables, MachineUsage | undefined>(
      { minPosition },
      async (db) => {
        const { days: _, excuses, ...window } = await zoneOf(db, asked);
        const until = window.until;
        const lives = await factsOfMachines(db, [serial], { until, position: known });
        const facts = lives.get(serial);
        if (!facts) return undefined;
        return machineView(
          { serial, ...window },
          segmentsOf(facts, window).filter(ofScope(asked)),
          excuses,
        );
      },
    );
    if (!value) throw minerUnknown(serial);
    return readReply(position, value);
  }
}

export const usageQuery = { controllers: [UsageController], providers: [] };
