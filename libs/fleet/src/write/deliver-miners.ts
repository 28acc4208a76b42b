import { Controller, Post, Query } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsUUID, Length, Max, Min } from 'class-validator';
import { z } from 'zod';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { BulkRoute, type BulkUpload, MayBeAbsent, reply, Roles, Upload } from '@hostledger/http';
import { minerModel, modelUnknown } from '../domain/models.js';
import { asStored } from '../http/delivery-lines.js';
import { IsFacility, serialField } from '../http/forms.js';
import { checkLines, OperationAccepted, type LineRule } from '../http/lines.js';
import {
  startDelivery,
  type Manifest,
  type ManifestLine,
  type StartedDelivery,
} from '../process/delivery.js';

const label = z.string().max(64).optional();

/** One line of a manifest. */
export const manifestLine = z.strictObject({
  serial: serialField,
  model: z
    .string()
    .max(60)
    .transform((code) => code.trim().toUpperCase())
    .meta({ example: 'S19JXP-151' }),
  condition: z.enum(['ok', 'damaged', 'missing']).default('ok'),
  pallet: label,
  carton: label,
  controlBoardSerial: label,
  mac: z
    .string()
    .regex(/^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$/, '6 bytes in hexadecimal with colons')
    .transform((mac) => mac.toUpperCase().replaceAll('-', ':'))
    .optional()
    .meta({ example: '02:AB:CD:00:00:01' }),
});

export class ManifestQuery {
  /** The contract under which the miners are delivered. */
  @IsUUID()
  contractId: string;

  /**
   * Where they arrive.
   * @example DENTON
   */
  @IsFacility()
  facility: string;

  /**
   * The uploader's name for the delivery.
   * @example BITMAIN-2023-09-A
   */
  @Length(1, 100)
  reference: string;

  /** Hashrate that is owed with this delivery, in GH/s; without it, what the lines announce. */
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  contractedHashrateGhs?: number;

  /** What happens to the other lines when one is invalid. */
  @MayBeAbsent()
  @IsIn(['per-line', 'all-or-nothing'])
  mode?: string;
}

export class DeliveryAccepted extends OperationAccepted {
  deliveryId: string;
}

export class DeliverMinersCommand extends Command<StartedDelivery> {
  constructor(
    readonly manifest: Manifest,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(DeliverMinersCommand)
export class DeliverMinersHandler implements ICommandHandler<DeliverMinersCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ manifest, context }: DeliverMinersCommand) {
    return startDelivery(this.store, manifest, context);
  }
}

@ApiTags('fleet')
@Controller('deliveries')
export class DeliverMinersController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Deliver miners by their manifest, up to 100,000 lines',
    description:
      'Each line is received in the background. A serial number that lives already becomes a discrepancy of the delivery, like a line that is missing, damaged or of an unknown model.',
  })
  @Post()
  @Roles('operator')
  @BulkRoute(manifestLine)
  @ApiAcceptedResponse({ type: DeliveryAccepted })
  async deliver(
    @Query() { mode, ...about }: ManifestQuery,
    @Upload(manifestLine) upload: BulkUpload<ManifestLine>,
  ) {
    const checked = checkLines(upload, mode, manifestRule());
    const { lines, rejected, context } = checked;
    const manifest = { ...about, ...asStored(checked) };
    const started = await this.commands.execute(new DeliverMinersCommand(manifest, context));
    const { deliveryId, operationId } = started;
    return reply(started, {
      status: 202,
      location: `/v1/operations/${operationId}`,
      body: {
        deliveryId,
        operationId,
        accepted: lines.length,
        rejected: rejected.length,
      } satisfies DeliveryAccepted,
    });
  }
}

/** A serial number comes once, and its model is one we know. */
const manifestRule = (): LineRule<ManifestLine> => {
  const lineOf = new Map<string, number>();
  return ({ line, value: { serial, model } }) => {
    const before = lineOf.get(serial);
    if (before !== undefined) {
      const message = `Serial ${serial} is on line ${before} already`;
      return { column: 'serial', code: 'delivery/duplicate-in-manifest', message };
    }
    lineOf.set(serial, line);
    if (minerModel(model)) return undefined;
    const { code, message } = modelUnknown(model);
    return { column: 'model', code, message };
  };
};

export const deliverMiners = {
  controllers: [DeliverMinersController],
  providers: [DeliverMinersHandler],
};
