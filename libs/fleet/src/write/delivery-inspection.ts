import { Controller, Param, Post, Query } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AggregateStore } from '@hostledger/eventsourcing';
import { BulkRoute, Roles, Upload, type BulkUpload } from '@hostledger/http';
import { startOperation, type StartedOperation } from '@hostledger/operations';
import '../http/delivery-problems.js';
import {
  asStored,
  modelField,
  modelIsKnown,
  operationStarted,
  UploadMode,
} from '../http/delivery-lines.js';
import { DeliveryParams, serialField } from '../http/forms.js';
import { checkLines, OperationAccepted } from '../http/lines.js';
import { mayInspect, type InspectionLine } from '../process/delivery-inspection.js';

/** What was found of one machine. */
export const inspectionLine = z.strictObject({
  serial: serialField,
  condition: z.enum(['ok', 'damaged']).default('ok'),
  /** The model on the machine's label; left out where nobody looked. */
  model: modelField,
});

export class InspectDeliveryCommand extends Command<StartedOperation> {
  constructor(
    readonly deliveryId: string,
    readonly upload: BulkUpload<InspectionLine>,
  ) {
    super();
  }
}

@CommandHandler(InspectDeliveryCommand)
export class InspectDeliveryHandler implements ICommandHandler<InspectDeliveryCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ deliveryId, upload }: InspectDeliveryCommand) {
    await mayInspect(this.store, deliveryId);
    const params = { deliveryId };
    const stored = { kind: 'deliveryInspection', params, ...asStored(upload) };
    return startOperation(this.store, stored, upload.context);
  }
}

@ApiTags('fleet')
@Controller('deliveries/:deliveryId/inspections')
export class InspectDeliveryController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Report what was found of the machines of a delivery, up to 100,000 at once',
    description:
      'A machine found good is accepted. One that is damaged, of another model, or that no line of the manifest names becomes a discrepancy. Every line is compared in the background.',
  })
  @Post()
  @Roles('operator')
  @BulkRoute(inspectionLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  async inspect(
    @Param() { deliveryId }: DeliveryParams,
    @Query() { mode }: UploadMode,
    @Upload(inspectionLine) sent: BulkUpload<InspectionLine>,
  ) {
    const upload = checkLines(sent, mode, modelIsKnown);
    const started = await this.commands.execute(new InspectDeliveryCommand(deliveryId, upload));
    return operationStarted(started, upload);
  }
}

export const inspectDeliveries = {
  controllers: [InspectDeliveryController],
  providers: [InspectDeliveryHandler],
};
