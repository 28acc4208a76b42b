import { Body, Controller, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsUUID, Length } from 'class-validator';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import { ActContext, IsInstant, MayRefuse, reply, Roles } from '@hostledger/http';
import { METER_KINDS, type Meter, type MeterEvent, type MeterKind } from '../domain/meter.js';
import { IsMeterCode, IsSiteCode, MeterParams } from '../http/meter-forms.js';
import '../http/meter-problems.js';
import { registerMeter, retireMeter, type NewMeter } from '../process/meters.js';

export class RegisterMeterBody {
  /**
   * Chosen by whoever registers it, and used once.
   * @example DENTON-A-07
   */
  @IsMeterCode()
  meterId: string;

  /** The contract that it measures for. */
  @IsUUID()
  contractId: string;

  /** @example DENTON */
  @IsSiteCode()
  facility: string;

  /** Energy that is used, or what is mined. */
  @IsIn(METER_KINDS)
  kind: MeterKind;

  /**
   * It is to be read from here on.
   * @example 2024-06-01T05:00:00.000Z
   */
  @IsInstant()
  startsAt: string;

  /**
   * What others call it: a serial number, or an account of a pool.
   * @example ION8650-1907A412
   */
  @Length(1, 200)
  reference: string;
}

export class MeterRegisteredReply {
  /** @example DENTON-A-07 */
  meterId: string;
}

export class RetireMeterBody {
  /**
   * It is not to be read from here on.
   * @example 2024-09-01T05:00:00.000Z
   */
  @IsInstant()
  endsAt: string;

  /** @example Replaced by DENTON-A-08 */
  @Length(1, 500)
  cause: string;
}

export class MeterRetiredReply {
  /** @example DENTON-A-07 */
  meterId: string;
  /** @example 2024-09-01T05:00:00.000Z */
  endsAt: string;
}

export class RegisterMeterCommand extends Command<Handled<Meter, MeterEvent>> {
  constructor(
    readonly meter: NewMeter,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(RegisterMeterCommand)
export class RegisterMeterHandler implements ICommandHandler<RegisterMeterCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ meter, context }: RegisterMeterCommand) {
    return registerMeter(this.store, meter, context);
  }
}

export class RetireMeterCommand extends Command<Handled<Meter, MeterEvent>> {
  constructor(
    readonly meterId: string,
    readonly endsAt: string,
    readonly cause: string,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(RetireMeterCommand)
export class RetireMeterHandler implements ICommandHandler<RetireMeterCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ meterId, endsAt, cause, context }: RetireMeterCommand) {
    return retireMeter(this.store, { meterId, endsAt, cause }, context);
  }
}

@ApiTags('billing')
@Controller('meters')
@Roles('operator', 'billing')
export class MetersController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Register a meter of a contract at a site',
    description:
      'Its readings are kept by the months of the time zone of the contract. The same registration again changes nothing.',
  })
  @Post()
  @ApiCreatedResponse({ type: MeterRegisteredReply })
  @MayRefuse(
    'contract/unknown',
    'facility/unknown',
    'facility/disposed',
    'facility/disposal-begun',
    'meter/registered-otherwise',
    'meter/before-bitcoin',
  )
  async register(@Body() body: RegisterMeterBody, @ActContext() context: CommandContext) {
    const { meterId } = body;
    const handled = await this.commands.execute(new RegisterMeterCommand({ ...body }, context));
    return reply(handled, {
      status: 201,
      location: `/v1/meters/${meterId}`,
      body: { meterId } satisfies MeterRegisteredReply,
    });
  }

  @ApiOperation({
    summary: 'Retire a meter, from an instant on that it was not read beyond',
    description: 'What takes its place is another meter, from that instant on.',
  })
  @Post(':meterId/retirement')
  @ApiOkResponse({ type: MeterRetiredReply })
  @MayRefuse(
    'meter/unknown',
    'meter/read-beyond',
    'meter/retired',
    'meter/not-come',
    'meter/backwards',
  )
  async retire(
    @Param() { meterId }: MeterParams,
    @Body() { endsAt, cause }: RetireMeterBody,
    @ActContext() context: CommandContext,
  ) {
    const command = new RetireMeterCommand(meterId, endsAt, cause, context);
    const handled = await this.commands.execute(command);
    return reply(handled, {
      status: 200,
      location: `/v1/meters/${meterId}`,
      body: { meterId, endsAt } satisfies MeterRetiredReply,
    });
  }
}

export const meters = {
  controllers: [MetersController],
  providers: [RegisterMeterHandler, RetireMeterHandler],
};
