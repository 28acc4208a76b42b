import { Body, Controller, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, Length, Matches, Max, Min, ValidateIf } from 'class-validator';
import {
  AggregateStore,
  claimCommandKey,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import { ActContext, IsTimeZoneName, reply, Roles } from '@hostledger/http';
import {
  FACILITY_CODE,
  facilityAggregate,
  type Facility,
  type FacilityEvent,
  type FacilityOpened,
} from '../domain/facility.js';
import { facilityCodeForm } from '../http/codes.js';

export class OpenFacilityBody {
  /**
   * The code by which the facility is known from now on.
   * @example DENTON
   */
  @Matches(FACILITY_CODE, facilityCodeForm)
  facility: string;

  /** @example Denton, Texas */
  @Length(1, 200)
  name: string;

  /**
   * IANA time zone of the site.
   * @example America/Chicago
   */
  @IsTimeZoneName()
  timeZone: string;

  /**
   * Power the site can draw, in watts.
   * @example 125000000
   */
  @IsInt()
  @Min(1)
  @Max(100_000_000_000)
  powerEnvelopeWatts: number;

  /** @example 8161 Jim Christal Road, Denton, TX */
  @ValidateIf((_, value) => value !== undefined)
  @Length(1, 200)
  location?: string;
}

export class FacilityOpenedReply {
  /** @example DENTON */
  facility: string;
}

export class OpenFacilityCommand extends Command<Handled<Facility, FacilityEvent>> {
  constructor(
    readonly data: FacilityOpened['data'],
    readonly context: CommandContext,
  ) {
    super();
  }
}

/** The body names the stream, so the key is claimed before it is written to. */
@CommandHandler(OpenFacilityCommand)
export class OpenFacilityHandler implements ICommandHandler<OpenFacilityCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ data, context }: OpenFacilityCommand) {
    const { state } = await this.store.load(facilityAggregate, data.facility);
    if (state.status === 'unknown') await claimCommandKey(this.store, context);
    const command = { type: 'OpenFacility', data, at: context.at } as const;
    return this.store.handle(facilityAggregate, data.facility, command, context);
  }
}

@ApiTags('sites')
@Controller('facilities')
export class OpenFacilityController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: 'Open a facility with its power envelope' })
  @Post()
  @Roles('operator')
  @ApiCreatedResponse({ type: FacilityOpenedReply })
  async open(@Body() body: OpenFacilityBody, @ActContext() context: CommandContext) {
    const handled = await this.commands.execute(new OpenFacilityCommand({ ...body }, context));
    const { facility } = body;
    return reply(handled, {
      status: 201,
      location: `/v1/facilities/${facility}`,
      body: { facility } satisfies FacilityOpenedReply,
    });
  }
}

export const openFacility = {
  controllers: [OpenFacilityController],
  providers: [OpenFacilityHandler],
};
