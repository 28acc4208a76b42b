import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { customerAggregate, customerUnknown } from '@hostledger/contracts';
import {
  AggregateStore,
  deriveId,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import { ActContext, MayRefuse, reply, Roles } from '@hostledger/http';
import { mustBeInOperation } from '@hostledger/sites';
import { claimAggregate, claimIdOf, claimReleased } from '../domain/claim.js';
import type { Claim, SettlementEvent } from '../domain/settlement-events.js';
import { releaseTold, type PerformLegData } from '../domain/settlement-legs.js';
import type { Proposal } from '../domain/settlement-proposal.js';
import { legOf, settlementUnknown } from '../domain/settlement-rules.js';
import type { Settlement } from '../domain/settlement-state.js';
import { settlementAggregate, type SettlementCommand } from '../domain/settlement.js';
import { LegParams, SettlementParams } from '../http/settlement-forms.js';
import '../http/settlement-problems.js';
import { releaseClaim } from '../process/claim-release.js';
import { siteTransfer } from '../process/site-transfer.js';
import {
  ApproveSettlementBody,
  CloseSettlementBody,
  PerformLegBody,
  ProposeSettlementBody,
  ValueLegBody,
  WaiveLegBody,
  WithdrawSettlementBody,
} from './settlement-bodies.js';

type Changed = Handled<Settlement, SettlementEvent>;

export class SettlementReply {
  settlementId: string;
}

export class LegReply extends SettlementReply {
  leg: number;
}

export class ProposeSettlementCommand extends Command<Changed> {
  constructor(
    readonly data: Proposal,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ProposeSettlementCommand)
export class ProposeSettlementHandler implements ICommandHandler<ProposeSettlementCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ data, context }: ProposeSettlementCommand): Promise<Changed> {
    await this.mayPropose(data, context);
    const command = { type: 'ProposeSettlement', data, at: context.at } as const;
    return this.store.handle(settlementAggregate, data.settlementId, command, context);
  }

  /** One that was proposed is answered as before. */
  private async mayPropose(
    { settlementId, customerId, legs }: Proposal,
    { commandId }: CommandContext,
  ): Promise<void> {
    const { commands } = await this.store.load(settlementAggregate, settlementId);
    if (commands.some(({ id }) => id === commandId)) return;
    if (customerId !== undefined) {
      const { state } = await this.store.load(customerAggregate, customerId);
      if (state.status === 'unknown') throw customerUnknown(customerId, '/customerId');
    }
    for (const [index, { direction, facility, claim }] of legs.entries()) {
      if (direction === 'given' && facility !== undefined) {
        await mustBeInOperation(this.store, facility, `/legs/${index}/facility`);
      }
      if (claim) await this.mustBeUnreleased(claim, `/legs/${index}/claim`);
    }
  }

  /** Only spares a vain proposal: what counts is the release itself. */
  private async mustBeUnreleased(claim: Claim, pointer: string): Promise<void> {
    const { state } = await this.store.load(claimAggregate, claimIdOf(claim), { fresh: true });
    if (state.bound) throw claimReleased(state.bound, pointer);
  }
}

/** A command that touches one settlement and nothing else. */
type OnOneSettlement = Extract<
  SettlementCommand,
  {
    type: 'ApproveSettlement' | 'WithdrawSettlement' | 'ValueLeg' | 'WaiveLeg' | 'CloseSettlement';
  }
>;

export class ChangeSettlementCommand extends Command<Changed> {
  constructor(
    readonly settlementId: string,
    readonly change: OnOneSettlement,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ChangeSettlementCommand)
export class ChangeSettlementHandler implements ICommandHandler<ChangeSettlementCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ settlementId, change, context }: ChangeSettlementCommand): Promise<Changed> {
    return this.store.handle(settlementAggregate, settlementId, change, context);
  }
}

export class PerformLegCommand extends Command<Changed> {
  constructor(
    readonly settlementId: string,
    readonly leg: number,
    readonly told: Omit<PerformLegData, 'leg' | 'performanceId' | 'transfer'>,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(PerformLegCommand)
export class PerformLegHandler implements ICommandHandler<PerformLegCommand> {
  constructor(private readonly store: AggregateStore) {}

  /** What performing means depends on the leg, whose terms never change. */
  async execute({ settlementId, leg: number, told, context }: PerformLegCommand): Promise<Changed> {
    const { state } = await this.store.load(settlementAggregate, settlementId, { fresh: true });
    if (state.status === 'unknown') throw settlementUnknown();
    const leg = legOf(state, number);
    if (leg.kind === 'claimRelease') {
      const releaseId = deriveId(context.commandId, 'release');
      const release = { settlementId, leg: number, releaseId, ...releaseTold(told) };
      return releaseClaim(this.store, release, context);
    }
    const transfer = await siteTransfer(this.store, leg);
    const performanceId = deriveId(context.commandId, 'performance');
    const data = { leg: number, performanceId, ...told, ...(transfer && { transfer }) };
    const command = { type: 'PerformLeg', data, at: context.at } as const;
    return this.store.handle(settlementAggregate, settlementId, command, context);
  }
}

@ApiTags('deals')
@Controller('settlements')
@Roles('commercial')
export class SettlementsController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Propose a settlement with its legs',
    description:
      'What is given and received, as the host sees it. A site that is given is operated.',
  })
  @Post()
  @ApiCreatedResponse({ type: SettlementReply })
  @MayRefuse(
    'settlement/leg-unsound',
    'settlement/leg-repeated',
    'settlement/own-claim',
    'settlement/nothing',
    'settlement/money-too-fine',
    'settlement/act-in-future',
    'settlement/already-proposed',
    'settlement/claim-released',
    'facility/unknown',
    'facility/disposal-begun',
    'facility/disposed',
    'customer/unknown',
  )
  async propose(
    @Body() { legs, ...body }: ProposeSettlementBody,
    @ActContext() context: CommandContext,
  ) {
    const settlementId = deriveId(context.commandId, 'settlement');
    const proposedBy = context.actor.subject;
    // Nested forms are validated as classes of their own; events hold plain data.
    const terms = legs.map(({ claim, ...leg }) => ({
      ...leg,
      ...(claim && { claim: { ...claim } }),
    }));
    const data = { settlementId, ...body, proposedBy, legs: terms };
    return reply(await this.commands.execute(new ProposeSettlementCommand(data, context)), {
      status: 201,
      location: `/v1/settlements/${settlementId}`,
      body: { settlementId } satisfies SettlementReply,
    });
  }

  @ApiOperation({
    summary: 'Record that a court approved a settlement',
    description: 'The machines at a site that is given away get relocation cases.',
  })
  @Post(':settlementId/approval')
  @HttpCode(200)
  @ApiOkResponse({ type: SettlementReply })
  @MayRefuse(
    'settlement/not-proposed',
    'settlement/act-in-future',
    'settlement/act-too-early',
    'settlement/unknown',
  )
  approve(
    @Param() { settlementId }: SettlementParams,
    @Body() body: ApproveSettlementBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(settlementId, 'ApproveSettlement', { ...body }, context);
  }

  @ApiOperation({ summary: 'Record that a proposed settlement was given up, or refused' })
  @Post(':settlementId/withdrawal')
  @HttpCode(200)
  @ApiOkResponse({ type: SettlementReply })
  @MayRefuse(
    'settlement/not-proposed',
    'settlement/act-in-future',
    'settlement/act-too-early',
    'settlement/unknown',
  )
  withdraw(
    @Param() { settlementId }: SettlementParams,
    @Body() body: WithdrawSettlementBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(settlementId, 'WithdrawSettlement', { ...body }, context);
  }

  @ApiOperation({ summary: 'Close a settlement whose legs have all been performed or waived' })
  @Post(':settlementId/closure')
  @HttpCode(200)
  @ApiOkResponse({ type: SettlementReply })
  @MayRefuse(
    'settlement/legs-open',
    'settlement/not-approved',
    'settlement/ended',
    'settlement/act-in-future',
    'settlement/act-too-early',
    'settlement/unknown',
  )
  close(
    @Param() { settlementId }: SettlementParams,
    @Body() body: CloseSettlementBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(settlementId, 'CloseSettlement', { ...body }, context);
  }

  @ApiOperation({ summary: 'Value a leg apart from its face amount' })
  @Post(':settlementId/legs/:leg/valuation')
  @HttpCode(200)
  @ApiOkResponse({ type: LegReply })
  @MayRefuse(
    'settlement/ended',
    'settlement/nothing',
    'settlement/money-too-fine',
    'settlement/act-in-future',
    'settlement/act-too-early',
    'settlement/leg-unknown',
    'settlement/unknown',
  )
  value(
    @Param() { settlementId, leg }: LegParams,
    @Body() body: ValueLegBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(settlementId, 'ValueLeg', { leg, ...body }, context);
  }

  @ApiOperation({
    summary: 'Record that a leg was performed, or a part of its cash paid',
    description:
      'A claim is released as a whole, and once under all settlements together. Of a site the ' +
      'facility itself tells that it was disposed of or acquired, when and by which deed.',
  })
  @Post(':settlementId/legs/:leg/performance')
  @HttpCode(200)
  @ApiOkResponse({ type: LegReply })
  @MayRefuse(
    'settlement/not-approved',
    'settlement/ended',
    'settlement/leg-ended',
    'settlement/leg-exceeded',
    'settlement/recorded-otherwise',
    'settlement/claim-released',
    'settlement/release-abandoned',
    'settlement/site-not-transferred',
    'settlement/site-of-another',
    'settlement/too-many-payments',
    'settlement/act-in-future',
    'settlement/act-too-early',
    'settlement/performance-unsound',
    'settlement/nothing',
    'settlement/money-too-fine',
    'settlement/leg-unknown',
    'settlement/unknown',
  )
  async perform(
    @Param() { settlementId, leg }: LegParams,
    @Body() body: PerformLegBody,
    @ActContext() context: CommandContext,
  ) {
    const command = new PerformLegCommand(settlementId, leg, { ...body }, context);
    const done: LegReply = { settlementId, leg };
    return reply(await this.commands.execute(command), { body: done });
  }

  @ApiOperation({
    summary: 'Waive what is left of a leg',
    description: 'Another subject than who proposed the settlement.',
  })
  @Post(':settlementId/legs/:leg/waiver')
  @HttpCode(200)
  @ApiOkResponse({ type: LegReply })
  @MayRefuse(
    'settlement/own-waiver',
    'settlement/not-approved',
    'settlement/ended',
    'settlement/leg-ended',
    'settlement/act-in-future',
    'settlement/act-too-early',
    'settlement/leg-unknown',
    'settlement/unknown',
  )
  waive(
    @Param() { settlementId, leg }: LegParams,
    @Body() body: WaiveLegBody,
    @ActContext() context: CommandContext,
  ) {
    const waivedBy = context.actor.subject;
    return this.change(settlementId, 'WaiveLeg', { leg, ...body, waivedBy }, context);
  }

  private async change<Type extends OnOneSettlement['type']>(
    settlementId: string,
    type: Type,
    data: Extract<OnOneSettlement, { type: Type }>['data'],
    context: CommandContext,
  ) {
    const command = { type, data, at: context.at } as unknown as OnOneSettlement;
    const change = new ChangeSettlementCommand(settlementId, command, context);
    const body = 'leg' in data ? { settlementId, leg: data.leg } : { settlementId };
    return reply(await this.commands.execute(change), { body });
  }
}

export const settlementActs = {
  controllers: [SettlementsController],
  providers: [ProposeSettlementHandler, ChangeSettlementHandler, PerformLegHandler],
};
