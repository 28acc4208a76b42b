import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import { ActContext, reply, Roles } from '@hostledger/http';
import { operationAggregate, type Operation, type OperationEvent } from '../domain/operation.js';
import { OperationParams } from '../http/forms.js';

export class CancellationReply {
  operationId: string;
}

export class CancelOperationCommand extends Command<Handled<Operation, OperationEvent>> {
  constructor(
    readonly operationId: string,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(CancelOperationCommand)
export class CancelOperationHandler implements ICommandHandler<CancelOperationCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ operationId, context }: CancelOperationCommand) {
    const command = { type: 'CancelOperation', data: { operationId }, at: context.at } as const;
    return this.store.handle(operationAggregate, operationId, command, context);
  }
}

@ApiTags('operations')
@Controller('operations/:operationId/cancellation')
export class CancelOperationController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Cancel an operation: what is done stays, what has not begun never will be',
    description: 'Chunks under way are finished; the operation tells how many lines were not.',
  })
  @Post()
  @HttpCode(202)
  @Roles('operator', 'commercial')
  @ApiAcceptedResponse({ type: CancellationReply })
  async cancel(@Param() { operationId }: OperationParams, @ActContext() context: CommandContext) {
    const handled = await this.commands.execute(new CancelOperationCommand(operationId, context));
    return reply(handled, {
      status: 202,
      location: `/v1/operations/${operationId}`,
      body: { operationId } satisfies CancellationReply,
    });
  }
}

export const cancelOperation = {
  controllers: [CancelOperationController],
  providers: [CancelOperationHandler],
};
