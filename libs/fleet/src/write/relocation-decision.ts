import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Length } from 'class-validator';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import { ActContext, reply, Roles } from '@hostledger/http';
import {
  relocationAggregate,
  type Relocation,
  type RelocationCommand,
  type RelocationEvent,
} from '../domain/relocation.js';
import { RelocationParams } from '../http/forms.js';

export class CancellationBody {
  /**
   * Why the relocation is called off.
   * @example The rate at the destination rose
   */
  @Length(1, 300)
  cause: string;
}

export class RelocationApprovedReply {
  relocationId: string;
  moves: number;
  /** Instant until which slots at another facility are held. */
  heldUntil: string;
}

export class RelocationCancelledReply {
  relocationId: string;
  /** Moves that had ended before; the others are being ended. */
  completed: number;
  aborted: number;
}

type Decided = Handled<Relocation, RelocationEvent>;

export class DecideRelocationCommand extends Command<Decided> {
  constructor(
    readonly relocationId: string,
    readonly command: RelocationCommand,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(DecideRelocationCommand)
export class DecideRelocationHandler implements ICommandHandler<DecideRelocationCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ relocationId, command, context }: DecideRelocationCommand) {
    return this.store.handle(relocationAggregate, relocationId, command, context);
  }
}

@ApiTags('fleet')
@Controller('relocation-plans/:relocationId')
export class DecideRelocationController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Approve a relocation plan, as another subject than its planner',
    description:
      'Machines that stay within their facility are moved at once. For those that change it slots and watts are reserved; they depart and arrive by acts of their own.',
  })
  @Post('approval')
  @HttpCode(200)
  @Roles('operator', 'commercial')
  @ApiOkResponse({ type: RelocationApprovedReply })
  async approve(
    @Param() { relocationId }: RelocationParams,
    @ActContext() context: CommandContext,
  ) {
    const data = { relocationId, approvedBy: context.actor.subject };
    const command = { type: 'ApproveRelocation', data, at: context.at } as const;
    const decided = await this.decide(relocationId, command, context);
    const { moveCount, heldUntil = '' } = known(decided.state);
    return reply(decided, {
      body: { relocationId, moves: moveCount, heldUntil } satisfies RelocationApprovedReply,
    });
  }

  @ApiOperation({
    summary: 'Call a relocation off, before or after its approval',
    description:
      'Machines that have not left stay, and their slots are given back. Machines on the road go to storage where they arrive; what was moved is not moved back.',
  })
  @Post('cancellation')
  @HttpCode(200)
  @Roles('operator', 'commercial')
  @ApiOkResponse({ type: RelocationCancelledReply })
  async cancel(
    @Param() { relocationId }: RelocationParams,
    @Body() { cause }: CancellationBody,
    @ActContext() context: CommandContext,
  ) {
    const data = { relocationId, cancelledBy: context.actor.subject, cause };
    const command = { type: 'CancelRelocation', data, at: context.at } as const;
    const decided = await this.decide(relocationId, command, context);
    const { completed, aborted } = known(decided.state);
    return reply(decided, {
      body: { relocationId, completed, aborted } satisfies RelocationCancelledReply,
    });
  }

  private decide(relocationId: string, command: RelocationCommand, context: CommandContext) {
    return this.commands.execute(new DecideRelocationCommand(relocationId, command, context));
  }
}

const known = (relocation: Relocation) => {
  if (relocation.status === 'unknown' || relocation.status === 'listing') {
    throw new Error('An unknown relocation was not refused');
  }
  return relocation;
};

export const decideRelocations = {
  controllers: [DecideRelocationController],
  providers: [DecideRelocationHandler],
};
