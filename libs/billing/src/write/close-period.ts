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
import { ActContext, MayRefuse, reply, Roles } from '@hostledger/http';
import { dayIn } from '@hostledger/quantities';
import { contractUpTo } from '../domain/billing-inputs.js';
import { billingPeriodAggregate, periodId } from '../domain/billing-period.js';
import { customerIn } from '../domain/contract-inputs.js';
import { monthAfter, startOfDay, windowOf } from '../domain/months.js';
import type { PeriodEvent } from '../domain/period-events.js';
import { isIssued, type BillingPeriod } from '../domain/period-state.js';
import { PeriodParams } from '../http/period-forms.js';

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
  ) {}

  /** Everything that was recorded until now counts. */
  async execute({ contractId, month, context }: BeginPeriodCloseCommand) {
    const { at, actor, commandId } = context;
    const position = (await this.log.head()).toString();
    const events = await this.log.readStream(streamName(contractAggregate, contractId), 0n);
    const contract = contractUpTo(events as RecordedEvent<ContractEvent>[], position, contractId);
    const { timeZone, currency, firstMonth, endedOn } = contract;
    if (firstMonth === undefined) throw nothingToBill(contractId);
    const previous = periodId(contractId, monthAfter(month, -1));
    const { state } = await this.store.load(billingPeriodAggregate, previous, { fresh: true });
    const data = {
      ...{ contractId, month, timeZone, currency, firstMonth, position },
      closeId: deriveId(commandId, 'close'),
      statementId: statementIdOf(contractId, month),
      customerId: customerIn(contract, month),
      issuedOn: dayIn(timeZone, at),
      begunBy: actor.subject,
      endsAt: windowOf(timeZone, month).until,
      ...(endedOn !== undefined && { contractEndedAt: startOfDay(timeZone, endedOn) }),
      previousIssued: isIssued(state),
    };
    const command = { type: 'BeginClose', data, at } as const;
    return this.store.handle(billingPeriodAggregate, periodId(contractId, month), command, context);
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
      'Pins the present position of the log: facts up to it count. The close is computed after the reply; the period itself tells when it is closed and its statement issued. Where something is missing, such as the reading of a meter, this is still answered with 202; the period is then `refused` with the code `period/discrepancies-open` and all that stood in the way, and the close can be asked for again. Late facts of earlier months become adjustments on its statement.',
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
