import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, reply, Roles } from '@hostledger/http';
import { DeliveryParams } from '../http/forms.js';
import { reconcileDelivery, type ReconciledDelivery } from '../process/delivery.js';

export class DeliveryReconciledReply {
  deliveryId: string;
  contractId: string;
  /** received + missing + refused */
  lines: number;
  received: number;
  missing: number;
  refused: number;
  /** Rated hashrate of what was received, in GH/s. */
  hashrateGhs: number;
}

export class ReconcileDeliveryCommand extends Command<ReconciledDelivery> {
  constructor(
    readonly deliveryId: string,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ReconcileDeliveryCommand)
export class ReconcileDeliveryHandler implements ICommandHandler<ReconcileDeliveryCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ deliveryId, context }: ReconcileDeliveryCommand) {
    return reconcileDelivery(this.store, deliveryId, context);
  }
}

@ApiTags('fleet')
@Controller('deliveries/:deliveryId/reconciliation')
export class ReconcileDeliveryController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary:
      'Reconcile a delivery whose every line is accounted for, and report it to the contract',
  })
  @Post()
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: DeliveryReconciledReply })
  async reconcile(@Param() { deliveryId }: DeliveryParams, @ActContext() context: CommandContext) {
    const reconciled = await this.commands.execute(
      new ReconcileDeliveryCommand(deliveryId, context),
    );
    const { contractId, lines, received, missing, refused, hashrateGhs } = reconciled.report;
    return reply(reconciled, {
      body: {
        deliveryId,
        contractId,
        lines,
        received,
        missing,
        refused,
        hashrateGhs,
      } satisfies DeliveryReconciledReply,
    });
  }
}

export const reconcileDeliveries = {
  controllers: [ReconcileDeliveryController],
  providers: [ReconcileDeliveryHandler],
};
