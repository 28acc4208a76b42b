import { Controller, Param, Post, Query } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AggregateStore } from '@hostledger/eventsourcing';
import { BulkRoute, Roles, Upload, type BulkUpload } from '@hostledger/http';
import { startOperation, type StartedOperation } from '@hostledger/operations';
import { FACILITY_CODE } from '@hostledger/sites';
import { relocationNotApproved } from '../domain/relocation-moves.js';
import { asStored, operationStarted, UploadMode } from '../http/delivery-lines.js';
import { RelocationParams, serialField } from '../http/forms.js';
import { checkLines, OperationAccepted } from '../http/lines.js';
import { loadRelocation } from '../process/relocation-act.js';
import type { ArrivalLine, DepartureLine } from '../process/relocation-transit.js';
import { eachMinerOnce } from './bulk.js';

export const departureLine = z.strictObject({ serial: serialField });

export const arrivalLine = z.strictObject({
  serial: serialField,
  facility: z
    .string()
    .regex(FACILITY_CODE, 'Not the code of a facility')
    .optional()
    .meta({ example: 'PECOS' }),
});

type TransitKind = 'relocationDeparture' | 'relocationArrival';

export class ReportTransitCommand extends Command<StartedOperation> {
  constructor(
    readonly kind: TransitKind,
    readonly relocationId: string,
    readonly upload: BulkUpload<ArrivalLine>,
  ) {
    super();
  }
}

@CommandHandler(ReportTransitCommand)
export class ReportTransitHandler implements ICommandHandler<ReportTransitCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ kind, relocationId, upload }: ReportTransitCommand) {
    const { heldUntil } = await loadRelocation(this.store, relocationId);
    if (heldUntil === undefined) throw relocationNotApproved(relocationId);
    const params = { relocationId };
    return startOperation(this.store, { kind, params, ...asStored(upload) }, upload.context);
  }
}

@ApiTags('fleet')
@Controller('relocation-plans/:relocationId')
export class ReportTransitController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Report machines of a plan that left for another facility',
    description:
      'Each leaves its slot only while the one it goes to is held for it; its source slot and watts are free then.',
  })
  @Post('departures')
  @Roles('operator')
  @BulkRoute(departureLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  depart(
    @Param() { relocationId }: RelocationParams,
    @Query() { mode }: UploadMode,
    @Upload(departureLine) upload: BulkUpload<DepartureLine>,
  ) {
    return this.report('relocationDeparture', relocationId, upload, mode);
  }

  @ApiOperation({
    summary: 'Report machines of a plan that arrived',
    description:
      'Each is put into the slot that is held for it. One that lost its slot on the way, or arrived at another facility than its slot, is kept in storage where it arrived.',
  })
  @Post('arrivals')
  @Roles('operator')
  @BulkRoute(arrivalLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  arrive(
    @Param() { relocationId }: RelocationParams,
    @Query() { mode }: UploadMode,
    @Upload(arrivalLine) upload: BulkUpload<ArrivalLine>,
  ) {
    return this.report('relocationArrival', relocationId, upload, mode);
  }

  private async report(
    kind: TransitKind,
    relocationId: string,
    sent: BulkUpload<ArrivalLine>,
    mode: string | undefined,
  ) {
    const upload = checkLines(sent, mode, eachMinerOnce());
    const started = await this.commands.execute(
      new ReportTransitCommand(kind, relocationId, upload),
    );
    return operationStarted(started, upload);
  }
}

export const reportTransits = {
  controllers: [ReportTransitController],
  providers: [ReportTransitHandler],
};
