import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Length, Matches } from 'class-validator';
import { deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, reply, Roles } from '@hostledger/http';
import { ContractParams, IsDay, IsUnits, IsWatts, MayBeAbsent } from '../http/forms.js';
import { ChangeContractCommand } from './change-contract.js';

export class PlaceOrderBody {
  /**
   * The order's number.
   * @example SO-1
   */
  @Length(1, 100)
  reference: string;

  /**
   * Machines to be hosted.
   * @example 27000
   */
  @IsUnits()
  units: number;

  /**
   * Power for all of them together, in watts.
   * @example 90000000
   */
  @IsWatts()
  powerWatts: number;

  /**
   * Code of the model the order is for, where it is for one.
   * @example S19JXP-151
   */
  @MayBeAbsent()
  @Matches(/^[A-Z0-9][A-Z0-9-]{0,39}$/, { message: '$property is the code of a model' })
  model?: string;

  /** @example 2023-10-01 */
  @IsDay()
  startsOn: string;
}

export class OrderPlacedReply {
  contractId: string;
  orderId: string;
}

@ApiTags('contracts')
@Controller('contracts/:contractId/orders')
export class PlaceOrderController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: 'Place a service order under an executed contract' })
  @Post()
  @Roles('commercial')
  @ApiCreatedResponse({ type: OrderPlacedReply })
  async place(
    @Param() { contractId }: ContractParams,
    @Body() body: PlaceOrderBody,
    @ActContext() context: CommandContext,
  ) {
    const orderId = deriveId(context.commandId, 'order');
    const command = { type: 'PlaceOrder', data: { orderId, ...body }, at: context.at } as const;
    const change = new ChangeContractCommand(contractId, command, context);
    return reply(await this.commands.execute(change), {
      status: 201,
      location: `/v1/contracts/${contractId}`,
      body: { contractId, orderId } satisfies OrderPlacedReply,
    });
  }
}

export const placeOrder = { controllers: [PlaceOrderController], providers: [] };
