import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AggregateStore, deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, MayRefuse, reply, Roles } from '@hostledger/http';
import { DATED_REFUSALS, MinerParams } from '../http/forms.js';
import { benchSwap, type SwapOrder } from '../process/bench-swap.js';
import { actOnMiners, type Wish } from '../process/miner-acts.js';
import type { Done, Outcome } from '../process/outcome.js';
import { changePowerProfiles, type ProfileOrder } from '../process/power-profile.js';
import { uninstallMiners } from '../process/uninstall.js';
import {
  BenchSwapBody,
  ComponentSwapBody,
  DeenergizeBody,
  EnergizeBody,
  IdentifierBody,
  MinerChangedReply,
  PowerProfileBody,
  RepairBody,
  RepairClosureBody,
  RepairOpenedReply,
  RepairParams,
  RetirementBody,
  TitleTransferBody,
  VendorBody,
  VendorReturnBody,
} from './miner-life-bodies.js';

export class ActOnMinerCommand extends Command<Done> {
  constructor(
    readonly wish: Wish,
    readonly context: CommandContext,
    readonly occurredAt?: string,
  ) {
    super();
  }
}

@CommandHandler(ActOnMinerCommand)
export class ActOnMinerHandler implements ICommandHandler<ActOnMinerCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute(order: ActOnMinerCommand) {
    return done(await actOnMiners(this.store, [order]));
  }
}

export class UninstallMinerCommand extends Command<Done> {
  constructor(
    readonly serial: string,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(UninstallMinerCommand)
export class UninstallMinerHandler implements ICommandHandler<UninstallMinerCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute(order: UninstallMinerCommand) {
    return done(await uninstallMiners(this.store, [order], order.context));
  }
}

export class ChangeProfileCommand extends Command<Done> {
  constructor(readonly order: ProfileOrder) {
    super();
  }
}

@CommandHandler(ChangeProfileCommand)
export class ChangeProfileHandler implements ICommandHandler<ChangeProfileCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ order }: ChangeProfileCommand) {
    return done(await changePowerProfiles(this.store, [order]));
  }
}

export class BenchSwapCommand extends Command<Done> {
  constructor(readonly order: SwapOrder) {
    super();
  }
}

@CommandHandler(BenchSwapCommand)
export class BenchSwapHandler implements ICommandHandler<BenchSwapCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ order }: BenchSwapCommand) {
    return done([await benchSwap(this.store, order)]);
  }
}

const done = ([outcome]: readonly Outcome[]): Done => {
  if (!outcome) throw new Error('One order has one outcome');
  if (outcome.status === 'refused') throw outcome.refusal;
  return outcome;
};

@ApiTags('fleet')
@Controller('miners/:serial')
export class MinerLifeController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Let an installed miner draw power',
    description:
      'Its contract must be active, or the body names who overrides that and why: somebody else. ' +
      'An act that is recorded later than it happened names when, and counts from then on.',
  })
  @Post('energization')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerChangedReply })
  @MayRefuse('miner/contract-not-active', 'miner/not-in-slot', ...DATED_REFUSALS)
  energize(
    @Param() { serial }: MinerParams,
    @Body() { override, occurredAt }: EnergizeBody,
    @ActContext() context: CommandContext,
  ) {
    const data = { serial, ...(override && { override: { ...override } }) };
    return this.act({ type: 'EnergizeMiner', data }, context, { occurredAt });
  }

  @ApiOperation({
    summary: 'Take a miner off power for a cause',
    description:
      'An act that is recorded later than it happened names when, and counts from then on.',
  })
  @Post('deenergization')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerChangedReply })
  @MayRefuse('miner/not-curtailed', 'miner/curtailment-not-named', ...DATED_REFUSALS)
  deenergize(
    @Param() { serial }: MinerParams,
    @Body() { occurredAt, ...body }: DeenergizeBody,
    @ActContext() context: CommandContext,
  ) {
    const wish: Wish = { type: 'DeenergizeMiner', data: { serial, ...body } };
    return this.act(wish, context, { occurredAt });
  }

  @ApiOperation({ summary: 'Take a miner out of its slot to the storage of its facility' })
  @Post('uninstallation')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerChangedReply })
  async uninstall(@Param() { serial }: MinerParams, @ActContext() context: CommandContext) {
    const changed = await this.commands.execute(new UninstallMinerCommand(serial, context));
    return reply(changed, { body: { serial } satisfies MinerChangedReply });
  }

  @ApiOperation({
    summary: 'Let a stored spare take slot and allocation of a miner',
    description:
      'The miner goes to storage first, and stays there also when the spare is refused after all.',
  })
  @Post('bench-swap')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerChangedReply })
  async swap(
    @Param() { serial }: MinerParams,
    @Body() { spareSerial }: BenchSwapBody,
    @ActContext() context: CommandContext,
  ) {
    const order = { serial, spareSerial, context };
    const swapped = await this.commands.execute(new BenchSwapCommand(order));
    return reply(swapped, { body: { serial } satisfies MinerChangedReply });
  }

  @ApiOperation({
    summary: 'Change the power profile of a miner',
    description:
      'Of a miner in a slot as far as its rack grants the watts, now. `If-Match` guards it. ' +
      'A change that is recorded later than it happened names when, and counts from then on.',
  })
  @Post('power-profile')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerChangedReply })
  async changeProfile(
    @Param() { serial }: MinerParams,
    @Body() body: PowerProfileBody,
    @ActContext() context: CommandContext,
  ) {
    const order = { serial, ...body, context };
    const changed = await this.commands.execute(new ChangeProfileCommand(order));
    return reply(changed, { body: { serial } satisfies MinerChangedReply });
  }

  @ApiOperation({ summary: 'Record a number that was read off a miner or a part of it' })
  @Post('identifiers')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerChangedReply })
  identify(
    @Param() { serial }: MinerParams,
    @Body() body: IdentifierBody,
    @ActContext() context: CommandContext,
  ) {
    return this.act({ type: 'ObserveIdentifier', data: { serial, ...body } }, context);
  }

  @ApiOperation({ summary: 'Give the allocation of a miner up; the contract follows' })
  @Post('unassignment')
  @HttpCode(200)
  @Roles('operator', 'commercial')
  @ApiOkResponse({ type: MinerChangedReply })
  unassign(@Param() { serial }: MinerParams, @ActContext() context: CommandContext) {
    return this.act({ type: 'UnassignMiner', data: { serial, cause: 'request' } }, context);
  }

  @ApiOperation({ summary: 'Pass the title to a miner to another customer, where it stands' })
  @Post('title-transfer')
  @HttpCode(200)
  @Roles('commercial')
  @ApiOkResponse({ type: MinerChangedReply })
  transfer(
    @Param() { serial }: MinerParams,
    @Body() body: TitleTransferBody,
    @ActContext() context: CommandContext,
  ) {
    return this.act({ type: 'TransferTitle', data: { serial, ...body } }, context);
  }

  @ApiOperation({
    summary: 'Retire a miner from storage, or from a vendor, for good',
    description: 'One that is lost on the road is retired from there, for the cause `lost` alone.',
  })
  @Post('retirement')
  @HttpCode(200)
  @Roles('operator', 'commercial')
  @ApiOkResponse({ type: MinerChangedReply })
  retire(
    @Param() { serial }: MinerParams,
    @Body() body: RetirementBody,
    @ActContext() context: CommandContext,
  ) {
    return this.act({ type: 'RetireMiner', data: { serial, ...body } }, context);
  }

  @ApiOperation({ summary: 'Take a fault up for repair; the miner draws no power until then' })
  @Post('repairs')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: RepairOpenedReply })
  openRepair(
    @Param() { serial }: MinerParams,
    @Body() body: RepairBody,
    @ActContext() context: CommandContext,
  ) {
    const repairId = deriveId(context.commandId, 'repair');
    const data = { serial, repairId, ...body };
    return this.act({ type: 'OpenRepair', data }, context, { body: { serial, repairId } });
  }

  @ApiOperation({ summary: 'Record that a part of a miner under repair was replaced' })
  @Post('repairs/:repairId/component-swaps')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerChangedReply })
  swapComponent(
    @Param() params: RepairParams,
    @Body() body: ComponentSwapBody,
    @ActContext() context: CommandContext,
  ) {
    return this.act({ type: 'SwapComponent', data: { ...params, ...body } }, context);
  }

  @ApiOperation({ summary: 'Send a stored miner under repair to a vendor' })
  @Post('repairs/:repairId/shipment')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerChangedReply })
  sendToVendor(
    @Param() params: RepairParams,
    @Body() body: VendorBody,
    @ActContext() context: CommandContext,
  ) {
    return this.act({ type: 'SendToVendor', data: { ...params, ...body } }, context);
  }

  @ApiOperation({ summary: 'Receive a miner from a vendor into the storage of a facility' })
  @Post('repairs/:repairId/return')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerChangedReply })
  returnFromVendor(
    @Param() params: RepairParams,
    @Body() body: VendorReturnBody,
    @ActContext() context: CommandContext,
  ) {
    return this.act({ type: 'ReturnFromVendor', data: { ...params, ...body } }, context);
  }

  @ApiOperation({ summary: 'Close a repair' })
  @Post('repairs/:repairId/closure')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerChangedReply })
  closeRepair(
    @Param() params: RepairParams,
    @Body() body: RepairClosureBody,
    @ActContext() context: CommandContext,
  ) {
    return this.act({ type: 'CloseRepair', data: { ...params, ...body } }, context);
  }

  private async act(
    wish: Wish,
    context: CommandContext,
    {
      occurredAt,
      body = { serial: wish.data.serial },
    }: { occurredAt?: string | undefined; body?: MinerChangedReply | RepairOpenedReply } = {},
  ) {
    const act = new ActOnMinerCommand(wish, context, occurredAt);
    return reply(await this.commands.execute(act), { body });
  }
}

export const minerLife = {
  controllers: [MinerLifeController],
  providers: [ActOnMinerHandler, UninstallMinerHandler, ChangeProfileHandler, BenchSwapHandler],
};
