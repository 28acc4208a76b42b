import { Body, Controller, HttpCode, Param, Post, Query } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, Length, Matches } from 'class-validator';
import { z } from 'zod';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import {
  ActContext,
  BulkRoute,
  type BulkUpload,
  MayBeAbsent,
  reply,
  Roles,
  Upload,
} from '@hostledger/http';
import { startOperation, type StartedOperation } from '@hostledger/operations';
import type { Resolution } from '../domain/delivery.js';
import { totalsOf } from '../domain/delivery-state.js';
import type { Wish } from '../domain/discrepancy-resolution.js';
import { minerModel, modelUnknown } from '../domain/models.js';
import '../http/delivery-problems.js';
import {
  asStored,
  modelField,
  modelIsKnown,
  operationStarted,
  UploadMode,
} from '../http/delivery-lines.js';
import { DeliveryParams, serialField, UpperCase } from '../http/forms.js';
import { checkLines, OperationAccepted } from '../http/lines.js';
import { registeredDelivery } from '../process/delivery-inspection.js';
import {
  resolveDiscrepancies,
  type ResolvedDiscrepancies,
} from '../process/discrepancy-resolution.js';

const WAYS = ['arrivedLate', 'accepted', 'returned', 'credited', 'corrected'] as const;
const DISCREPANCY = /^[A-Za-z0-9]{1,40}-[A-Za-z]{1,30}$/;

/** How one discrepancy is settled. */
export const resolutionLine = z.strictObject({
  discrepancyId: z
    .string()
    .regex(DISCREPANCY, 'Not the id of a discrepancy')
    .meta({ example: '17-missing' }),
  resolution: z.enum(WAYS),
  reason: z.string().min(1).max(300).meta({ example: 'Came with the next truck' }),
  serial: serialField.optional(),
  model: modelField,
});

export class DiscrepancyParams extends DeliveryParams {
  /**
   * As the list of discrepancies names it: the line and the kind.
   * @example 17-missing
   */
  @Matches(DISCREPANCY, { message: '$property is the id of a discrepancy' })
  discrepancyId: string;
}

export class ResolutionBody {
  /**
   * `arrivedLate`: the missing machine came; `accepted`: taken as it is; `returned`: sent back;
   * `credited`: the supplier credits it; `corrected`: what was noted was not so, and for a line that
   * was not received, the machine is the one named here.
   */
  @IsIn(WAYS)
  resolution: Resolution;

  /** @example Came with the next truck */
  @Length(1, 300)
  reason: string;

  /**
   * Of the machine that comes in, where the discrepancy does not name it.
   * @example HKYDD1AABJHAG0001
   */
  @MayBeAbsent()
  @UpperCase()
  @Matches(/^[A-Z0-9]{6,40}$/, { message: '$property is 6 to 40 letters and digits' })
  serial?: string;

  /**
   * The same.
   * @example S19JXP-151
   */
  @MayBeAbsent()
  @UpperCase()
  @Length(1, 60)
  model?: string;
}

export class DiscrepancyResolvedReply {
  deliveryId: string;
  /** @example 17-missing */
  discrepancyId: string;
  resolution: Resolution;
  /** received + missing + refused are the lines of the manifest. */
  received: number;
  missing: number;
  refused: number;
  accepted: number;
}

export class ResolveDiscrepancyCommand extends Command<ResolvedDiscrepancies> {
  constructor(
    readonly deliveryId: string,
    readonly wish: Wish,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ResolveDiscrepancyCommand)
export class ResolveDiscrepancyHandler implements ICommandHandler<ResolveDiscrepancyCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ deliveryId, wish, context }: ResolveDiscrepancyCommand) {
    const resolved = await resolveDiscrepancies(this.store, deliveryId, [wish], context);
    const refusal = resolved.refusals.get(wish);
    if (refusal) throw refusal;
    return resolved;
  }
}

export class ResolveManyCommand extends Command<StartedOperation> {
  constructor(
    readonly deliveryId: string,
    readonly upload: BulkUpload<Wish>,
  ) {
    super();
  }
}

@CommandHandler(ResolveManyCommand)
export class ResolveManyHandler implements ICommandHandler<ResolveManyCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ deliveryId, upload }: ResolveManyCommand) {
    await registeredDelivery(this.store, deliveryId);
    const params = { deliveryId };
    const stored = { kind: 'discrepancyResolution', params, ...asStored(upload) };
    return startOperation(this.store, stored, upload.context);
  }
}

@ApiTags('fleet')
@Controller('deliveries/:deliveryId/discrepancies')
export class ResolveDiscrepanciesController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Settle a discrepancy of a delivery',
    description:
      'After the delivery was reconciled this amends its numbers; what was reported before stands.',
  })
  @Post(':discrepancyId/resolution')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: DiscrepancyResolvedReply })
  async resolve(
    @Param() { deliveryId, discrepancyId }: DiscrepancyParams,
    @Body() { resolution, reason, serial, model }: ResolutionBody,
    @ActContext() context: CommandContext,
  ) {
    if (model !== undefined && !minerModel(model)) throw modelUnknown(model);
    const named = { ...(serial ? { serial } : {}), ...(model ? { model } : {}) };
    const wish = { discrepancyId, resolution, reason, ...named };
    const resolved = await this.commands.execute(
      new ResolveDiscrepancyCommand(deliveryId, wish, context),
    );
    const { received, missing, refused, accepted } = totalsOf(
      resolved.delivery,
      resolved.delivery.status,
    );
    const counts = { received, missing, refused, accepted };
    return reply(resolved, {
      body: { deliveryId, discrepancyId, resolution, ...counts } satisfies DiscrepancyResolvedReply,
    });
  }

  @ApiOperation({
    summary: 'Settle discrepancies of a delivery, up to 100,000 at once',
    description: 'Every line is settled in the background and refused on its own.',
  })
  @Post('resolutions')
  @Roles('operator')
  @BulkRoute(resolutionLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  async resolveMany(
    @Param() { deliveryId }: DeliveryParams,
    @Query() { mode }: UploadMode,
    @Upload(resolutionLine) sent: BulkUpload<Wish>,
  ) {
    const upload = checkLines(sent, mode, modelIsKnown);
    const started = await this.commands.execute(new ResolveManyCommand(deliveryId, upload));
    return operationStarted(started, upload);
  }
}

export const resolveDiscrepanciesOfDeliveries = {
  controllers: [ResolveDiscrepanciesController],
  providers: [ResolveDiscrepancyHandler, ResolveManyHandler],
};
