import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsUUID, Matches } from 'class-validator';
import type { Kysely } from 'kysely';
import { DomainError } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  equalTo,
  keysetPage,
  MayBeAbsent,
  MayRefuse,
  Page,
  type PageOf,
  ReadAt,
  type ReadOptions,
  readReply,
} from '@hostledger/http';
import { computedMonth, type ComputedMonth } from '../../domain/computed-month.js';
import { customerIn } from '../../domain/contract-inputs.js';
import { within, windowOf } from '../../domain/months.js';
import { IsMonth, PeriodParams } from '../../http/period-forms.js';
import { factReads } from '../inputs/fact-reads.js';
import { contractInputs, presentPosition } from '../inputs/inputs.js';
import type { InputTools } from '../inputs/ports.js';
import { linesOf, type StatementTables } from '../statements/load.js';
import { PERIOD_STATUSES, type PeriodRow, type PeriodStatus } from './projection.js';
import {
  draftView,
  PeriodDetails,
  periodDetails,
  PeriodList,
  periodView,
  type FoundPeriod,
} from './views.js';

export class PeriodsPage extends Page {
  @MayBeAbsent()
  @IsUUID()
  contractId?: string;

  /** Whose contract it was at the end of the month. */
  @MayBeAbsent()
  @IsUUID()
  customerId?: string;

  @MayBeAbsent()
  @IsIn(PERIOD_STATUSES)
  status?: PeriodStatus;

  /** @example 2024-03 */
  @MayBeAbsent()
  @IsMonth()
  month?: string;
}

export class PeriodAtQuery {
  /** Compute the month as it was known at this log position; beside what was closed, where it is. */
  @MayBeAbsent()
  @Matches(/^\d{1,19}$/, { message: '$property is a log position' })
  position?: string;
}

@ApiTags('billing')
@Controller('billing/periods')
@AnyRole()
export class PeriodsQueries {
  private readonly tools: InputTools;

  constructor(
    private readonly readModels: ReadModels,
    log: EventStore,
  ) {
    this.tools = { readModels, log, facts: factReads };
  }

  @ApiOperation({ summary: 'List the months of contracts of which a close was begun' })
  @Get()
  @ApiOkResponse({ type: PeriodList })
  async list(
    @Query() { contractId, customerId, status, month, ...page }: PeriodsPage,
    @ReadAt() at: ReadOptions,
  ) {
    const filters = { contract_id: contractId, customer_id: customerId, status, month };
    const { position, value } = await this.readModels.read<StatementTables, PageOf<PeriodRow>>(
      at,
      (db) =>
        keysetPage(equalTo(db.selectFrom('billing_periods').selectAll(), filters), page, [
          'month',
          'contract_id',
        ]),
    );
    return readReply(position, { ...value, items: value.items.map(periodView) });
  }

  @ApiOperation({
    summary: 'Show a month of a contract: a draft, or as it was closed',
    description:
      'A draft is computed now by what a close would use, and tells what would stand in its way. A closed month is shown as closed, with adjustments, restatements and what stands beside it.',
  })
  @Get(':contractId/:month')
  @ApiOkResponse({ type: PeriodDetails })
  @MayRefuse('contract/unknown', 'period/unknown', 'period/formula-unknown')
  async get(
    @Param() { contractId, month }: PeriodParams,
    @Query() { position: wanted }: PeriodAtQuery,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<
      StatementTables,
      FoundPeriod | undefined
    >(at, (db) => find(db, contractId, month));
    const etag: Record<string, string> = value ? { etag: `"${value.row.revision}"` } : {};
    if (value?.row.closed && wanted === undefined) {
      return readReply(position, periodDetails(value), etag);
    }
    const { computed, customerId } = await this.draft(contractId, month, wanted, at);
    const draft = draftView(computed);
    const told = value
      ? periodDetails(value)
      : { contractId, month, customerId, status: 'open' as const };
    const body: PeriodDetails = { ...told, draft };
    return readReply(position, body, etag);
  }

  private async draft(
    contractId: string,
    month: string,
    wanted: string | undefined,
    at: ReadOptions,
  ): Promise<{ readonly computed: ComputedMonth; readonly customerId: string }> {
    const position = wanted ?? (await presentPosition(this.tools, at));
    const inputs = await contractInputs(this.tools, contractId, position);
    const { contract } = inputs;
    if (!contract.inForce || !within(windowOf(contract.timeZone, month), contract.inForce)) {
      throw new DomainError('notFound', 'period/unknown', 'Nothing was in force in that month', {
        contractId,
        month,
      });
    }
    const computed = computedMonth(await inputs.inputsOf(month));
    return { computed, customerId: customerIn(contract, month) };
  }
}

const find = async (
  db: Kysely<StatementTables>,
  contractId: string,
  month: string,
): Promise<FoundPeriod | undefined> => {
  const row = await db
    .selectFrom('billing_periods')
    .selectAll()
    .where('contract_id', '=', contractId)
    .where('month', '=', month)
    .executeTakeFirst();
  if (!row) return undefined;
  const statement = await db
    .selectFrom('billing_statements')
    .selectAll()
    .where('statement_id', '=', row.statement_id)
    .executeTakeFirst();
  const later = await db
    .selectFrom('billing_statement_lines')
    .selectAll()
    .where('contract_id', '=', contractId)
    .where('adjusts_month', '=', month)
    .orderBy('month')
    .orderBy('statement_id')
    .orderBy('number')
    .execute();
  return { row, statement, own: await linesOf(db, row.statement_id), later };
};

export const periodsQuery = { controllers: [PeriodsQueries], providers: [] };
