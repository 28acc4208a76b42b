import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, Length, Matches, Max, Min } from 'class-validator';
import {
  AggregateStore,
  deriveId,
  stepOf,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { ActContext, MayBeAbsent, MayRefuse, reply, Roles } from '@hostledger/http';
import { dayIn } from '@hostledger/quantities';
import { billingPeriodAggregate, periodId, type PeriodCommand } from '../domain/billing-period.js';
import { computedMonth } from '../domain/computed-month.js';
import { discrepanciesOpen, refused } from '../domain/period-close.js';
import type { PeriodEvent } from '../domain/period-events.js';
import { isComplete, type BillingPeriod } from '../domain/period-state.js';
import { PeriodParams, RestatementParams } from '../http/period-forms.js';
import { factReads } from '../read/inputs/fact-reads.js';
import { contractInputs, presentPosition } from '../read/inputs/inputs.js';
import { AgreeAdjustmentCommand, AgreeAdjustmentHandler } from './agree-adjustment.js';

type Changed = Handled<BillingPeriod, PeriodEvent>;

export class AgreeAdjustmentBody {
  /**
   * Number of the line on the statement of the month.
   * @example 1
   */
  @IsInt()
  @Min(1)
  @Max(100_000)
  line: number;

  /**
   * In the currency of the line; below zero for a credit.
   * @example "-150.00"
   */
  @Matches(/^-?\d{1,15}(\.\d{1,8})?$/, {
    message: '$property is an amount in a string, e.g. "-150.00"',
  })
  amount: string;

  /** @example Goodwill for the outage of 12 March */
  @Length(1, 500)
  reason: string;

  /**
   * The clause that it follows from, if one does.
   * @example "9.2"
   */
  @MayBeAbsent()
  @Length(1, 30)
  clauseRef?: string;
}

export class AdjustmentAgreedReply {
  adjustmentId: string;
}

export class ProposeRestatementBody {
  /**
   * What was wrong, or is known better.
   * @example The meter at DENTON was read in the wrong unit
   */
  @Length(1, 500)
  reason: string;
}

export class RestatementReply {
  restatementId: string;
}

export class RejectRestatementBody {
  /** @example The customer was told otherwise */
  @Length(1, 500)
  reason: string;
}

export class ChangePeriodCommand extends Command<Changed> {
  constructor(
    readonly contractId: string,
    readonly month: string,
    readonly change: PeriodCommand,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ChangePeriodCommand)
export class ChangePeriodHandler implements ICommandHandler<ChangePeriodCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ contractId, month, change, context }: ChangePeriodCommand): Promise<Changed> {
    const id = periodId(contractId, month);
    return this.store.handle(billingPeriodAggregate, id, change, context);
  }
}

export class ApproveRestatementCommand extends Command<Changed> {
  constructor(
    readonly contractId: string,
    readonly month: string,
    readonly restatementId: string,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ApproveRestatementCommand)
export class ApproveRestatementHandler implements ICommandHandler<ApproveRestatementCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ contractId, month, restatementId, context }: ApproveRestatementCommand) {
    const id = periodId(contractId, month);
    const { state } = await this.store.load(billingPeriodAggregate, id, { fresh: true });
    const { at, actor } = context;
    const issuedOn = dayIn(state.closed?.timeZone ?? 'UTC', at);
    const about = { contractId, month, restatementId };
    const data = { ...about, issuedOn, approvedBy: actor.subject };
    const command = { type: 'ApproveRestatement', data, at } as const;
    return this.store.handle(billingPeriodAggregate, id, command, context);
  }
}

export class ProposeRestatementCommand extends Command<Changed> {
  constructor(
    readonly contractId: string,
    readonly month: string,
    readonly reason: string,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ProposeRestatementCommand)
export class ProposeRestatementHandler implements ICommandHandler<ProposeRestatementCommand> {
  constructor(
    private readonly store: AggregateStore,
    private readonly log: EventStore,
    private readonly readModels: ReadModels,
  ) {}

  /** Computes the month by all that the read models know now. */
  async execute({ contractId, month, reason, context }: ProposeRestatementCommand) {
    const id = periodId(contractId, month);
    const { commandId, at, actor } = context;
    const { state, commands } = await this.store.load(billingPeriodAggregate, id, { fresh: true });
    if (!state.closed) throw refused('period/not-closed', 'The month is not closed', { month });
    const restatementId = deriveId(commandId, 'restatement');
    const about = { contractId, month, restatementId, reason, proposedBy: actor.subject };
    // Of a request that was answered before the answer counts, whatever would come of it now.
    const isReplay = commands.some((accepted) => accepted.id === commandId);
    const known = state.restatements.get(restatementId);
    const isDone = isReplay && (!known || isComplete(known));
    const { lines, inputsDigest, position } = isDone
      ? { lines: [], inputsDigest: '', position: state.standsAt }
      : await this.compute(contractId, month, state.standsAt, known?.proposed.position);
    const { customerId } = state.closed;
    const statementId = deriveId(restatementId, 'statement');
    const data = { ...about, statementId, customerId, position, inputsDigest, lines };
    const command = { type: 'ProposeRestatement', data, at } as const;
    for (let step = context; ;) {
      const handled = await this.store.handle(billingPeriodAggregate, id, command, step);
      const proposal = handled.state.restatements.get(restatementId);
      if (proposal?.status !== 'proposed' || isComplete(proposal)) return handled;
      step = stepOf(context, 'lines', proposal.chunks);
    }
  }

  /** As of now, or, of a proposal that is to be gone on with, as of when it was made. */
  private async compute(contractId: string, month: string, since: string, proposedAt?: string) {
    const tools = { readModels: this.readModels, log: this.log, facts: factReads };
    const position = proposedAt ?? (await presentPosition(tools, { minPosition: BigInt(since) }));
    const inputs = await contractInputs(tools, contractId, position);
    const { lines, inputsDigest, shortcomings } = computedMonth(await inputs.inputsOf(month));
    if (shortcomings.length === 0) return { lines, inputsDigest, position };
    throw discrepanciesOpen('a new result', shortcomings);
  }
}

@ApiTags('billing')
@Controller('billing/periods')
@Roles('billing')
export class RevisePeriodController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Agree to charge or credit a line of a closed month otherwise',
    description:
      'The next month that is closed takes it up, with a link to the line. A credit is never more than what is left of the line: credit notes and open disputes on the account count.',
  })
  @Post(':contractId/:month/adjustments')
  @ApiCreatedResponse({ type: AdjustmentAgreedReply })
  @MayRefuse(
    'period/line-unknown',
    'period/not-closed',
    'period/adjustment-nothing',
    'period/adjustment-too-fine',
    'period/credit-beyond-charge',
  )
  async agree(
    @Param() { contractId, month }: PeriodParams,
    @Body() body: AgreeAdjustmentBody,
    @ActContext() context: CommandContext,
  ) {
    const adjustmentId = deriveId(context.commandId, 'adjustment');
    const about = { contractId, month, adjustmentId, agreedBy: context.actor.subject };
    const command = new AgreeAdjustmentCommand({ ...about, ...body }, context);
    return reply(await this.commands.execute(command), {
      status: 201,
      location: `/v1/billing/periods/${contractId}/${month}`,
      body: { adjustmentId } satisfies AdjustmentAgreedReply,
    });
  }

  @ApiOperation({
    summary: 'Propose to put a new result of a closed month in place of what stands',
    description:
      'Computes the month by all that is recorded now and tells what would change. It stands once another subject has approved it, with a statement of the differences.',
  })
  @Post(':contractId/:month/restatements')
  @ApiCreatedResponse({ type: RestatementReply })
  @MayRefuse(
    'contract/unknown',
    'period/not-closed',
    'period/restatement-open',
    'period/restatement-nothing',
    'period/restatement-outdated',
    'period/discrepancies-open',
    'period/formula-unknown',
  )
  async propose(
    @Param() { contractId, month }: PeriodParams,
    @Body() { reason }: ProposeRestatementBody,
    @ActContext() context: CommandContext,
  ) {
    const restatementId = deriveId(context.commandId, 'restatement');
    const command = new ProposeRestatementCommand(contractId, month, reason, context);
    return reply(await this.commands.execute(command), {
      status: 201,
      location: `/v1/billing/periods/${contractId}/${month}`,
      body: { restatementId } satisfies RestatementReply,
    });
  }

  @ApiOperation({
    summary: 'Approve a restatement',
    description: 'Another subject than who proposed it. Its statement is issued after the reply.',
  })
  @Post(':contractId/:month/restatements/:restatementId/approval')
  @HttpCode(200)
  @ApiOkResponse({ type: RestatementReply })
  @MayRefuse(
    'period/restatement-unknown',
    'period/restatement-own',
    'period/restatement-incomplete',
    'period/restatement-outdated',
    'period/restatement-decided',
  )
  async approve(
    @Param() { contractId, month, restatementId }: RestatementParams,
    @ActContext() context: CommandContext,
  ) {
    const command = new ApproveRestatementCommand(contractId, month, restatementId, context);
    const body: RestatementReply = { restatementId };
    return reply(await this.commands.execute(command), { body });
  }

  @ApiOperation({ summary: 'Reject a restatement: what stands goes on to stand' })
  @Post(':contractId/:month/restatements/:restatementId/rejection')
  @HttpCode(200)
  @ApiOkResponse({ type: RestatementReply })
  @MayRefuse('period/restatement-unknown', 'period/restatement-decided')
  async reject(
    @Param() { contractId, month, restatementId }: RestatementParams,
    @Body() { reason }: RejectRestatementBody,
    @ActContext() context: CommandContext,
  ) {
    const about = { contractId, month, restatementId };
    const data = { ...about, rejectedBy: context.actor.subject, reason };
    const change = { type: 'RejectRestatement', data, at: context.at } as const;
    const command = new ChangePeriodCommand(contractId, month, change, context);
    const body: RestatementReply = { restatementId };
    return reply(await this.commands.execute(command), { body });
  }
}

export const revisePeriod = {
  controllers: [RevisePeriodController],
  providers: [
    ChangePeriodHandler,
    AgreeAdjustmentHandler,
    ApproveRestatementHandler,
    ProposeRestatementHandler,
  ],
};
