import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, reply, requestClock, Roles, type HttpReply } from '@hostledger/http';
import type { SlotPlace } from '../domain/miner.js';
import { IsFacility, IsRack, MAX_SLOT, MinerParams } from '../http/forms.js';
import { moveMiners, type MoveKind } from '../process/move.js';
import type { Done } from '../process/outcome.js';

export class SlotBody {
  /** @example DENTON */
  @IsFacility()
  facility: string;

  /** @example A-01 */
  @IsRack()
  rack: string;

  /** @example 12 */
  @IsInt()
  @Min(1)
  @Max(MAX_SLOT)
  slot: number;
}

export class MinerMovedReply {
  serial: string;
  facility: string;
  rack: string;
  slot: number;
}

export class MoveMinerCommand extends Command<Done> {
  constructor(
    readonly kind: MoveKind,
    readonly serial: string,
    readonly to: SlotPlace,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(MoveMinerCommand)
export class MoveMinerHandler implements ICommandHandler<MoveMinerCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ kind, serial, to, context }: MoveMinerCommand) {
    const run = { context, now: requestClock.now() };
    const [outcome] = await moveMiners(this.store, kind, [{ serial, to, context }], run);
    if (!outcome) throw new Error('One order has one outcome');
    if (outcome.status === 'refused') throw outcome.refusal;
    return outcome;
  }
}

@ApiTags('fleet')
@Controller('miners/:serial')
export class MoveMinerController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Install a miner from storage into a slot',
    description:
      'Slot and watts are reserved before it moves. `If-Match` guards the miner; `X-Reason` is kept.',
  })
  @Post('installation')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerMovedReply })
  install(
    @Param() { serial }: MinerParams,
    @Body() body: SlotBody,
    @ActContext() context: CommandContext,
  ) {
    return this.move('installation', serial, body, context);
  }

  @ApiOperation({
    summary: 'Relocate an installed miner to another slot',
    description:
      'Slot and watts are reserved before it moves. `If-Match` guards the miner; `X-Reason` is kept.',
  })
  @Post('relocation')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: MinerMovedReply })
  relocate(
    @Param() { serial }: MinerParams,
    @Body() body: SlotBody,
    @ActContext() context: CommandContext,
  ) {
    return this.move('relocation', serial, body, context);
  }

  private async move(
    kind: MoveKind,
    serial: string,
    { facility, rack, slot }: SlotBody,
    context: CommandContext,
  ): Promise<HttpReply<MinerMovedReply>> {
    const to: SlotPlace = { kind: 'slot', facility, rack, slot };
    const done = await this.commands.execute(new MoveMinerCommand(kind, serial, to, context));
    return reply(done, {
      location: `/v1/miners/${serial}`,
      body: { serial, facility, rack, slot },
    });
  }
}

export const moveMiner = { controllers: [MoveMinerController], providers: [MoveMinerHandler] };
