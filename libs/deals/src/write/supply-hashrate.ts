import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, IsUUID, Length, Max, Min } from 'class-validator';
import { Type } from 'class-transformer';
import { AggregateStore, deriveId, type CommandContext } from '@hostledger/eventsourcing';
import {
  ActContext,
  IsDay,
  IsDigest,
  MayBeAbsent,
  MayRefuse,
  reply,
  Roles,
} from '@hostledger/http';
import { mustBeKnown } from '../domain/supply-refusals.js';
import {
  IsHashrate,
  IsNumberOfPart,
  SupplyLegsBody,
  newLeg,
  SupplyParams,
} from '../http/supply-forms.js';
import { attributeDelivery, type AttributedReply } from '../process/supply-acceptance.js';
import { supplyAggregate } from '../domain/supply-agreement.js';
import { modelOf } from './agree-supply.js';
import { ChangeSupplyCommand } from './change-supply.js';

export class SubstituteModelBody {
  /** @example 1 */
  @IsNumberOfPart()
  line: number;

  /**
   * What the line may be delivered in from then on, beside what it could before.
   * @example S21PRO-234
   */
  @Length(1, 40)
  model: string;

  /** @example 2024-05-01 */
  @IsDay()
  effectiveOn: string;

  /** SHA-256 of the supplement. */
  @IsDigest()
  documentDigest: string;

  /** @example Supplement 1 replaces the T21 */
  @Length(1, 500)
  cause: string;
}

export class ExerciseOptionBody extends SupplyLegsBody {
  /**
   * What is bought, in GH/s: it costs this times the price of the option.
   * @example 8684280000
   */
  @IsHashrate()
  hashrateGhs: number;

  /** @example 2025-06-30 */
  @IsDay()
  exercisedOn: string;

  /** SHA-256 of the notice. */
  @IsDigest()
  documentDigest: string;
}

export class WaiveHashrateBody {
  /** @example 1 */
  @IsNumberOfPart()
  line: number;

  /**
   * What is owed no more, in GH/s.
   * @example 151000
   */
  @IsHashrate()
  hashrateGhs: number;

  /** @example 2024-03-31 */
  @IsDay()
  waivedOn: string;

  /** @example Credited in money with the last delivery */
  @Length(1, 500)
  cause: string;

  /** SHA-256 of the document that says so. */
  @IsDigest()
  documentDigest: string;
}

export class AttributeDeliveryBody {
  /** Whose accepted machines count, now or once it is reconciled. */
  @IsUUID()
  deliveryId: string;

  /**
   * The day on which it was accepted; that of its reconciliation if left out.
   * @example 2023-12-31
   */
  @MayBeAbsent()
  @IsDay()
  acceptedOn?: string;
}

export class OptionParams extends SupplyParams {
  /** By its number. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  option: number;
}

export class SupplyChangedReply {
  agreementId: string;
}

export class DeliveryAttributedReply {
  agreementId: string;
  deliveryId: string;
}

export class HashrateWaivedReply {
  agreementId: string;
  waiverId: string;
}

export class AttributeDeliveryCommand extends Command<AttributedReply> {
  constructor(
    readonly agreementId: string,
    readonly delivery: AttributeDeliveryBody,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(AttributeDeliveryCommand)
export class AttributeDeliveryHandler implements ICommandHandler<AttributeDeliveryCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ agreementId, delivery, context }: AttributeDeliveryCommand) {
    return attributeDelivery(this.store, agreementId, delivery, context);
  }
}

const NO_ACT = [
  'supply/unknown',
  'supply/completed',
  'supply/act-in-future',
  'supply/before-agreement',
] as const;

@ApiTags('deals')
@Controller('supply-agreements/:agreementId')
@Roles('commercial')
export class SupplyHashrateController {
  constructor(
    private readonly commands: CommandBus,
    private readonly store: AggregateStore,
  ) {}

  @ApiOperation({ summary: 'By supplement, let a line be delivered in another model' })
  @Post('substitutions')
  @HttpCode(200)
  @ApiOkResponse({ type: SupplyChangedReply })
  @MayRefuse(
    'supply/model-on-line',
    'supply/supplement-not-later',
    'supply/line-unknown',
    'model/unknown',
    ...NO_ACT,
  )
  async substitute(
    @Param() { agreementId }: SupplyParams,
    @Body() body: SubstituteModelBody,
    @ActContext() context: CommandContext,
  ) {
    const { ratedHashrateGhs: unitHashrateGhs } = modelOf(body.model, '/model');
    const data = { ...body, unitHashrateGhs };
    const command = { type: 'SubstituteModel', data, at: context.at } as const;
    const change = new ChangeSupplyCommand(agreementId, command, context);
    const done: SupplyChangedReply = { agreementId };
    return reply(await this.commands.execute(change), { body: done });
  }

  @ApiOperation({ summary: 'Buy more hashrate under a call option' })
  @Post('options/:option/exercise')
  @HttpCode(200)
  @ApiOkResponse({ type: SupplyChangedReply })
  @MayRefuse(
    'supply/option-expired',
    'supply/option-exceeded',
    'supply/option-unknown',
    'supply/price-unpayable',
    'supply/legs-unequal-price',
    ...NO_ACT,
  )
  async exercise(
    @Param() { agreementId, option }: OptionParams,
    @Body() { legs, ...body }: ExerciseOptionBody,
    @ActContext() context: CommandContext,
  ) {
    const { state } = await this.store.load(supplyAggregate, agreementId);
    const { timeZone } = mustBeKnown(state);
    const recordedBy = context.actor.subject;
    const data = {
      ...{ option, recordedBy, ...body },
      legs: legs.map((leg) => newLeg(leg, timeZone)),
    };
    const command = { type: 'ExerciseOption', data, at: context.at } as const;
    const change = new ChangeSupplyCommand(agreementId, command, context);
    const done: SupplyChangedReply = { agreementId };
    return reply(await this.commands.execute(change), { body: done });
  }

  @ApiOperation({ summary: 'Waive hashrate that is owed, as another subject than who recorded' })
  @Post('waivers')
  @ApiCreatedResponse({ type: HashrateWaivedReply })
  @MayRefuse('supply/waiver-exceeded', 'supply/own-waiver', 'supply/line-unknown', ...NO_ACT)
  async waive(
    @Param() { agreementId }: SupplyParams,
    @Body() body: WaiveHashrateBody,
    @ActContext() context: CommandContext,
  ) {
    const waiverId = deriveId(context.commandId, 'waiver');
    const data = { waiverId, waivedBy: context.actor.subject, ...body };
    const command = { type: 'WaiveHashrate', data, at: context.at } as const;
    const change = new ChangeSupplyCommand(agreementId, command, context);
    const done: HashrateWaivedReply = { agreementId, waiverId };
    return reply(await this.commands.execute(change), { status: 201, body: done });
  }

  @ApiOperation({
    summary: 'Have a delivery count towards the agreement',
    description:
      'What was accepted of it counts at once if it is reconciled, otherwise when it is; every later amendment is followed. A delivery counts towards one agreement.',
  })
  @Post('deliveries')
  @HttpCode(200)
  @ApiOkResponse({ type: DeliveryAttributedReply })
  @MayRefuse('delivery/attributed', 'delivery/attributed-otherwise', ...NO_ACT, 'delivery/unknown')
  async attribute(
    @Param() { agreementId }: SupplyParams,
    @Body() delivery: AttributeDeliveryBody,
    @ActContext() context: CommandContext,
  ) {
    const command = new AttributeDeliveryCommand(agreementId, delivery, context);
    const done: DeliveryAttributedReply = { agreementId, deliveryId: delivery.deliveryId };
    return reply(await this.commands.execute(command), { body: done });
  }
}

export const supplyHashrate = {
  controllers: [SupplyHashrateController],
  providers: [AttributeDeliveryHandler],
};
