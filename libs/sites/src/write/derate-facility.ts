import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, Length, Max, Min } from 'class-validator';
import type { CommandContext } from '@hostledger/eventsourcing';
import { ActContext, IsInstant, MayBeAbsent, reply, Roles } from '@hostledger/http';
import type { PowerEnvelopeCommand } from '../domain/power-envelope.js';
import { FacilityParams } from '../http/codes.js';
import { ChangeFacilityCommand } from './facility-acts.js';

export class FacilityDeratingBody {
  /**
   * What the site can draw from now on, below what it is rated for. It may be below what its racks
   * may draw and customers were promised: then nothing is added until it fits, and the site shows by
   * how much each exceeds it.
   * @example 90000000
   */
  @IsInt()
  @Min(1)
  @Max(100_000_000_000)
  powerEnvelopeWatts: number;

  /** @example The utility cut the feed */
  @Length(1, 500)
  cause: string;

  /** When it is expected to be over; it ends by a restoration alone. */
  @MayBeAbsent()
  @IsInstant()
  expectedUntil?: string;
}

export class FacilityPowerReply {
  /** @example DENTON */
  facility: string;
  /** In force. */
  powerEnvelopeWatts: number;
  ratedEnvelopeWatts: number;
}

@ApiTags('sites')
@Controller('facilities/:code')
export class FacilityPowerController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Lower the power that a facility can draw until it is restored',
    description:
      'Racks and capacity are held against the derated envelope. What machines draw is held against the limits of their racks alone: derate racks to bring it down.',
  })
  @Post('derating')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: FacilityPowerReply })
  derate(
    @Param() { code }: FacilityParams,
    @Body() body: FacilityDeratingBody,
    @ActContext() context: CommandContext,
  ) {
    const change = { type: 'DerateFacility', data: { ...body }, at: context.at } as const;
    return this.change(code, change, context);
  }

  @ApiOperation({ summary: 'Let a derated facility draw what it is rated for again' })
  @Post('restoration')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: FacilityPowerReply })
  restore(@Param() { code }: FacilityParams, @ActContext() context: CommandContext) {
    return this.change(code, { type: 'RestoreFacility', data: {}, at: context.at }, context);
  }

  private async change(facility: string, change: PowerEnvelopeCommand, context: CommandContext) {
    const changed = await this.commands.execute(
      new ChangeFacilityCommand(facility, change, context),
    );
    if (changed.state.status === 'unknown') throw new Error('A facility that was changed is known');
    const { powerEnvelopeWatts, ratedWatts: ratedEnvelopeWatts } = changed.state;
    const body: FacilityPowerReply = { facility, powerEnvelopeWatts, ratedEnvelopeWatts };
    return reply(changed, { body });
  }
}

export const derateFacility = { controllers: [FacilityPowerController], providers: [] };
