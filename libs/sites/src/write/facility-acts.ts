import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsISO4217CurrencyCode,
  IsUppercase,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';
import {
  AggregateStore,
  deriveId,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import {
  ActContext,
  IsDay,
  IsDigest,
  IsInstant,
  MayBeAbsent,
  reply,
  Roles,
} from '@hostledger/http';
import { CURTAILMENT_CAUSES, type CurtailmentCause } from '../domain/curtailments.js';
import type { DisposalBegan } from '../domain/disposal.js';
import {
  facilityAggregate,
  type Facility,
  type FacilityCommand,
  type FacilityEvent,
} from '../domain/facility.js';
import { RACK_CODE } from '../domain/rack.js';
import { FacilityParams } from '../http/codes.js';
import { beginDisposal, FacilityCensus } from '../process/disposal.js';

const MOST_WATTS = 100_000_000_000;

export class PowerEnvelopeBody {
  /**
   * Power the site can draw from now on.
   * @example 130000000
   */
  @IsInt()
  @Min(1)
  @Max(MOST_WATTS)
  powerEnvelopeWatts: number;

  /** @example Second transformer energized */
  @Length(1, 500)
  cause: string;
}

export class PowerRateBody {
  /**
   * What the site pays for energy.
   * @example 0.0450
   */
  @Matches(/^\d{1,9}(\.\d{1,9})?$/, {
    message: '$property is a decimal number in a string, e.g. "0.045"',
  })
  ratePerKwh: string;

  /**
   * ISO 4217.
   * @example USD
   */
  @IsISO4217CurrencyCode()
  @IsUppercase()
  currency: string;

  /**
   * First day on which it holds; what was fixed for that day before is replaced.
   * @example 2024-06-01
   */
  @IsDay()
  effectiveOn: string;
}

export class CurtailmentBody {
  /** Left out for the whole site. */
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(2_000)
  @ArrayUnique({ message: '$property names a rack twice' })
  @Matches(RACK_CODE, { each: true, message: 'each of $property is the code of a rack' })
  racks?: string[];

  @IsIn(CURTAILMENT_CAUSES)
  cause: CurtailmentCause;

  /** From when on, UTC. */
  @IsInstant()
  startsAt: string;

  /** Announced; it ends by its end alone. */
  @MayBeAbsent()
  @IsInstant()
  expectedEndAt?: string;

  /** How much less is to be drawn. */
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(MOST_WATTS)
  sheddingWatts?: number;
}

export class CurtailmentParams extends FacilityParams {
  @IsUUID()
  curtailmentId: string;
}

export class CurtailmentEndBody {
  /** UTC. */
  @IsInstant()
  endedAt: string;

  /** Not drawn because of it, in whole Wh. */
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  energyAvoidedWh?: number;
}

export class CurtailmentMeasurementBody {
  /** Not drawn because of it, by all that it was declared for, in whole Wh. */
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  energyAvoidedWh: number;

  /**
   * Why it is another than was told before; needed where one was.
   * @example The grid operator settled on other meters
   */
  @MayBeAbsent()
  @Length(1, 500)
  cause?: string;
}

export class CurtailmentCancellationBody {
  /** UTC, before it would have begun. */
  @IsInstant()
  cancelledAt: string;

  /** @example Grid operator called it off */
  @Length(1, 500)
  cause: string;
}

export class AcquisitionBody {
  /** @example Celsius Mining LLC */
  @Length(1, 200)
  from: string;

  /** @example 2024-01-02 */
  @IsDay()
  acquiredOn: string;

  /** SHA-256 of the deed. */
  @IsDigest()
  documentDigest: string;
}

export class DisposalBody {
  /** @example Priority Power Management LLC */
  @Length(1, 200)
  to: string;

  /** @example 2024-06-01 */
  @IsDay()
  disposedOn: string;

  /** SHA-256 of the deed. */
  @IsDigest()
  documentDigest: string;
}

export class FacilityChangedReply {
  /** @example DENTON */
  facility: string;
}

export class CurtailmentReply extends FacilityChangedReply {
  curtailmentId: string;
}

export class DisposalReply extends FacilityChangedReply {
  disposalId: string;
}

export class ChangeFacilityCommand extends Command<Handled<Facility, FacilityEvent>> {
  constructor(
    readonly facility: string,
    readonly change: FacilityCommand,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ChangeFacilityCommand)
export class ChangeFacilityHandler implements ICommandHandler<ChangeFacilityCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ facility, change, context }: ChangeFacilityCommand) {
    return this.store.handle(facilityAggregate, facility, change, context);
  }
}

export class BeginDisposalCommand extends Command<Handled<Facility, FacilityEvent>> {
  constructor(
    readonly facility: string,
    readonly deed: Omit<DisposalBegan['data'], 'facility'>,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(BeginDisposalCommand)
export class BeginDisposalHandler implements ICommandHandler<BeginDisposalCommand> {
  constructor(
    private readonly store: AggregateStore,
    private readonly census: FacilityCensus,
  ) {}

  execute({ facility, deed, context }: BeginDisposalCommand) {
    return beginDisposal(this.store, this.census, facility, deed, context);
  }
}

@ApiTags('sites')
@Controller('facilities/:code')
export class FacilityActsController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Change the power that a facility can draw',
    description: 'Not below what its racks may draw together or what customers were promised.',
  })
  @Post('power-envelope')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: FacilityChangedReply })
  async changeEnvelope(
    @Param() { code }: FacilityParams,
    @Body() body: PowerEnvelopeBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(code, 'ChangePowerEnvelope', { ...body }, context);
  }

  @ApiOperation({ summary: 'Fix what energy costs a facility from a day on' })
  @Post('power-rates')
  @HttpCode(200)
  @Roles('commercial')
  @ApiOkResponse({ type: FacilityChangedReply })
  fixRate(
    @Param() { code }: FacilityParams,
    @Body() body: PowerRateBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(code, 'FixPowerRate', { ...body }, context);
  }

  @ApiOperation({
    summary: 'Declare that a facility, or racks of it, draw less from an instant on',
    description:
      'Open until its end is told. Windows of one cause do not overlap on a rack, those of different causes may. One that is open lasts until its expected end, or for any time where none is given.',
  })
  @Post('curtailments')
  @Roles('operator')
  @ApiCreatedResponse({ type: CurtailmentReply })
  async declare(
    @Param() { code }: FacilityParams,
    @Body() { racks, ...window }: CurtailmentBody,
    @ActContext() context: CommandContext,
  ) {
    const curtailmentId = deriveId(context.commandId, 'curtailment');
    const scope = racks ? ({ kind: 'racks', racks } as const) : ({ kind: 'facility' } as const);
    const data = { curtailmentId, scope, ...window };
    const change = { type: 'DeclareCurtailment', data, at: context.at } as const;
    const declared = await this.commands.execute(new ChangeFacilityCommand(code, change, context));
    const body: CurtailmentReply = { facility: code, curtailmentId };
    return reply(declared, { status: 201, location: `/v1/facilities/${code}/curtailments`, body });
  }

  @ApiOperation({ summary: 'End a curtailment' })
  @Post('curtailments/:curtailmentId/end')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: FacilityChangedReply })
  end(
    @Param() { code, curtailmentId }: CurtailmentParams,
    @Body() body: CurtailmentEndBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(code, 'EndCurtailment', { curtailmentId, ...body }, context);
  }

  @ApiOperation({
    summary: 'Tell or correct the energy that a curtailment avoided, once it is over',
    description:
      'What was told last holds, also for what was billed by it: the difference is an adjustment. The same again changes nothing; a correction says why.',
  })
  @Post('curtailments/:curtailmentId/measurement')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: FacilityChangedReply })
  measure(
    @Param() { code, curtailmentId }: CurtailmentParams,
    @Body() body: CurtailmentMeasurementBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(code, 'MeasureCurtailment', { curtailmentId, ...body }, context);
  }

  @ApiOperation({ summary: 'Cancel a curtailment that has not begun' })
  @Post('curtailments/:curtailmentId/cancellation')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: FacilityChangedReply })
  cancel(
    @Param() { code, curtailmentId }: CurtailmentParams,
    @Body() body: CurtailmentCancellationBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(code, 'CancelCurtailment', { curtailmentId, ...body }, context);
  }

  @ApiOperation({ summary: 'Record that a facility was taken over from somebody else' })
  @Post('acquisition')
  @HttpCode(200)
  @Roles('commercial')
  @ApiOkResponse({ type: FacilityChangedReply })
  acquire(
    @Param() { code }: FacilityParams,
    @Body() body: AcquisitionBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(code, 'AcquireFacility', { ...body }, context);
  }

  @ApiOperation({
    summary: 'Dispose of a facility that is empty',
    description:
      'Refused while machines are there or on their way, deliveries to it are not reconciled, or capacity is committed to customers. From then on nothing comes to it. After a minute it is looked again: the facility is `disposed`, or `open` as before and says what was in the way.',
  })
  @Post('disposal')
  @HttpCode(202)
  @Roles('commercial')
  @ApiAcceptedResponse({ type: DisposalReply })
  async dispose(
    @Param() { code }: FacilityParams,
    @Body() body: DisposalBody,
    @ActContext() context: CommandContext,
  ) {
    const disposalId = deriveId(context.commandId, 'disposal');
    const command = new BeginDisposalCommand(code, { disposalId, ...body }, context);
    const begun = await this.commands.execute(command);
    const answer: DisposalReply = { facility: code, disposalId };
    return reply(begun, { status: 202, location: `/v1/facilities/${code}`, body: answer });
  }

  private async change<Type extends FacilityCommand['type']>(
    facility: string,
    type: Type,
    data: Extract<FacilityCommand, { type: Type }>['data'],
    context: CommandContext,
  ) {
    const change = { type, data, at: context.at } as FacilityCommand;
    const command = new ChangeFacilityCommand(facility, change, context);
    const body: FacilityChangedReply = { facility };
    return reply(await this.commands.execute(command), { body });
  }
}

export const facilityActs = {
  controllers: [FacilityActsController],
  providers: [ChangeFacilityHandler, BeginDisposalHandler],
};
