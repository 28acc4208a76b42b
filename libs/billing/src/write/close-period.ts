import { Controller, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { contractAggregate, type ContractEvent } from '@hostledger/contracts';
import {
  AggregateStore,
  deriveId,
  DomainError,
  streamName,
  type CommandContext,
  type Handled,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModelBehind, ReadModels } from '@hostledger/eventsourcing/postgres';
import { ActContext, MayRefuse, reply, Roles } from '@hostledger/http';
import { dayIn } from '@hostledger/quantities';
import { contractUpTo } from '../domain/billing-inputs.js';
import { billingPeriodAggregate, periodId } from '../domain/billing-period.js';
import { computedMonth } from '../domain/computed-month.js';
import { customerIn } from '../domain/contract-inputs.js';
import { monthAfter, startOfDay, windowOf } from '../domain/months.js';
import { beginClose, discrepanciesOpen } from '../domain/period-close.js';
import type { AgreementsPinned, PeriodEvent } from '../domain/period-events.js';
import { isIssued, openAgreements, type BillingPeriod } from '../domain/period-state.js';
import { NEWEST } from '../domain/rating/index.js';
import { PeriodParams } from '../http/period-forms.js';
import { factReads } from '../read/inputs/fact-reads.js';
import { contractInputs, presentPosition } from '../read/inputs/inputs.js';

export class PeriodCloseReply {
  contractId: string;
  /** @example 2024-03 */
  month: string;
  /** Of the statement that the month is closed with. */
  statementId: string;
}

export class BeginPeriodCloseCommand extends Command<Handled<BillingPeriod, PeriodEvent>> {
  constructor(
    readonly contractId: string,
    readonly month: string,
    readonly context: CommandContext,
  ) {
    super();
  }
}

export const statementIdOf = (contractId: string, month: string): string =>
  deriveId('billing statement', contractId, month);

@CommandHandler(BeginPeriodCloseCommand)
export class BeginPeriodCloseHandler implements ICommandHandler<BeginPeriodCloseCommand> {
  constructor(
    private readonly store: AggregateStore,
    private readonly log: EventStore,
    private readonly readModels: ReadModels,
  ) {}

  /** Everything that was recorded until now counts, and what was agreed on until now. */
  async execute({ contractId, month, context }: BeginPeriodCloseCommand) {
    const { at, actor, commandId } = context;
    const position = (await this.log.head()).toString();
    const events = await this.log.readStream(streamName(contractAggregate, contractId), 0n);
    const contract = contractUpTo(events as RecordedEvent<ContractEvent>[], position, contractId);
    const { timeZone, currency, firstMonth, endedOn } = contract;
    if (firstMonth === undefined) throw nothingToBill(contractId);
    const previous = periodId(contractId, monthAfter(month, -1));
    const { state } = await this.store.load(billingPeriodAggregate, previous, { fresh: true });
    const { from, until } = windowOf(timeZone, month);
    const data = {
      ...{ contractId, month, timeZone, currency, firstMonth, position },
      closeId: deriveId(commandId, 'close'),
      statementId: statementIdOf(contractId, month),
      customerId: customerIn(contract, month),
      issuedOn: dayIn(timeZone, at),
      formula: NEWEST,
      begunBy: actor.subject,
      ...{ startsAt: from, endsAt: until },
      ...(endedOn !== undefined && { contractEndedAt: startOfDay(timeZone, endedOn) }),
      previousIssued: isIssued(state),
    };
    const id = periodId(contractId, month);
    const own = await this.store.load(billingPeriodAggregate, id, { fresh: true });
    // Of a request that was answered before the answer counts, whatever would come of it now.
    const isReplay = own.commands.some((accepted) => accepted.id === commandId);
    if (!isReplay) {
      beginClose(data, own.state, at);
      await this.mustBeComplete(contractId, month, position);
    }
    const agreed = isReplay ? [] : await this.agreements(contractId, firstMonth, month);
    const command = { type: 'BeginClose', data: { ...data, agreed }, at } as const;
    return this.store.handle(billingPeriodAggregate, id, command, context);
  }

  /**
   * What is missing in the month itself is told at once. Where the read models do not know yet what is
   * recorded, and of earlier months, the close itself will tell.
   * @throws DomainError `period/discrepancies-open`
   */
  private async mustBeComplete(contractId: string, month: string, position: string): Promise<void> {
    const tools = { readModels: this.readModels, log: this.log, facts: factReads };
    try {
      await presentPosition(tools, { minPosition: BigInt(position) });
    } catch (error) {
      if (error instanceof ReadModelBehind) return;
      throw error;
    }
    const inputs = await contractInputs(tools, contractId, position);
    const { shortcomings } = computedMonth(await inputs.inputsOf(month));
    if (shortcomings.length > 0) throw discrepanciesOpen('the close', shortcomings);
  }

  /** That no statement has taken up yet, of the months before. */
  private async agreements(
    contractId: string,
    firstMonth: string,
    month: string,
  ): Promise<AgreementsPinned[]> {
    const pinned: AgreementsPinned[] = [];
    for (let one = firstMonth; one < month; one = monthAfter(one)) {
      const id = periodId(contractId, one);
      const { state } = await this.store.load(billingPeriodAggregate, id, { fresh: true });
      const adjustmentIds = openAgreements(state).map(({ adjustmentId }) => adjustmentId);
      if (adjustmentIds.length > 0) pinned.push({ month: one, adjustmentIds });
    }
    return pinned;
  }
}

const nothingToBill = (contractId: string): DomainError =>
  new DomainError(
    'conflict',
    'period/nothing-to-bill',
    'Nothing is billed before the contract is executed and has terms',
    { contractId },
  );

@ApiTags('billing')
@Controller('billing/periods')
@Roles('billing')
export class ClosePeriodController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Close a month of a contract',
    description:
      'Pins the present position of the log: facts up to it count. What is missing in the month is refused at once (`period/discrepancies-open`, with the first of them). The close is computed after the reply; the period itself tells when it is closed and its statement issued, or what stood in the way and was only seen then: of earlier months, or where the read models were behind. Late facts of earlier months become adjustments on its statement. The statement goes to whoever has the contract at the end of the month: where it was assigned in the middle, the new customer is billed for the whole month, and for what adjusts earlier ones.',
  })
  @Post(':contractId/:month/close')
  @ApiAcceptedResponse({ type: PeriodCloseReply })
  @MayRefuse(
    'contract/unknown',
    'period/nothing-to-bill',
    'period/closed',
    'period/closing',
    'period/not-over',
    'period/before-first',
    'period/previous-open',
    'period/discrepancies-open',
  )
  async close(@Param() { contractId, month }: PeriodParams, @ActContext() context: CommandContext) {
    const command = new BeginPeriodCloseCommand(contractId, month, context);
    const body: PeriodCloseReply = {
      ...{ contractId, month },
      statementId: statementIdOf(contractId, month),
    };
    return reply(await this.commands.execute(command), {
      status: 202,
      location: `/v1/billing/periods/${contractId}/${month}`,
      body,
    });
  }
}

export const closePeriodSlice = {
  controllers: [ClosePeriodController],
  providers: [BeginPeriodCloseHandler],
};
