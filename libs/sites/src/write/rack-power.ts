import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, Length, Max, Min } from 'class-validator';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import { ActContext, IsInstant, MayBeAbsent, reply, Roles } from '@hostledger/http';
import {
  rackAggregate,
  rackId,
  type Rack,
  type RackCommand,
  type RackEvent,
} from '../domain/rack.js';
import { RackParams } from '../http/codes.js';

export class DeratingBody {
  /**
   * The limit from now on, below the rated one. It may be below what is in use: then nothing is
   * added until it fits, and the rack shows by how much it is exceeded.
   * @example 280000
   */
  @IsInt()
  @Min(1)
  @Max(100_000_000_000)
  powerLimitWatts: number;

  /** @example breaker 7 runs hot */
  @Length(1, 500)
  cause: string;

  /** When it is expected to be over; it ends by a restoration alone. */
  @MayBeAbsent()
  @IsInstant()
  expectedUntil?: string;
}

export class RackPowerReply {
  facility: string;
  rack: string;
  /** In force. */
  powerLimitWatts: number;
  ratedWatts: number;
}

type RackPowerChange = Extract<RackCommand, { type: 'DerateRack' | 'RestoreRack' }>;

export class ChangeRackPowerCommand extends Command<Handled<Rack, RackEvent>> {
  constructor(
    readonly id: string,
    readonly change: RackPowerChange,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ChangeRackPowerCommand)
export class ChangeRackPowerHandler implements ICommandHandler<ChangeRackPowerCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ id, change, context }: ChangeRackPowerCommand) {
    return this.store.handle(rackAggregate, id, change, context);
  }
}

@ApiTags('sites')
@Controller('facilities/:code/racks/:rack')
export class RackPowerController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: 'Lower the power limit of a rack until it is restored' })
  @Post('derating')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: RackPowerReply })
  derate(
    @Param() params: RackParams,
    @Body() body: DeratingBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(params, { type: 'DerateRack', data: { ...body }, at: context.at }, context);
  }

  @ApiOperation({ summary: 'Let a derated rack be drawn from up to its rated limit again' })
  @Post('restoration')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: RackPowerReply })
  restore(@Param() params: RackParams, @ActContext() context: CommandContext) {
    return this.change(params, { type: 'RestoreRack', data: {}, at: context.at }, context);
  }

  private async change(
    { code, rack }: RackParams,
    change: RackPowerChange,
    context: CommandContext,
  ) {
    const command = new ChangeRackPowerCommand(rackId(code, rack), change, context);
    const changed = await this.commands.execute(command);
    if (changed.state.status === 'unknown') throw new Error('A rack that was changed is known');
    const { powerLimitWatts, ratedWatts } = changed.state;
    const body: RackPowerReply = { facility: code, rack, powerLimitWatts, ratedWatts };
    return reply(changed, { body });
  }
}

export const changeRackPower = {
  controllers: [RackPowerController],
  providers: [ChangeRackPowerHandler],
};
