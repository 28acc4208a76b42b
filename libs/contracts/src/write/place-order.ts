import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsInt, Length, Matches, Max, Min, ValidateIf } from 'class-validator';
import { deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, IsDay, MayBeAbsent, MayRefuse, reply, Roles } from '@hostledger/http';
import { ORDER_BASES, type OrderBasis } from '../domain/contract-events.js';
import { ContractParams, IsUnits, IsWatts } from '../http/forms.js';
import { NOTHING_NEW } from '../http/refusals.js';
import { ChangeContractCommand } from './change-contract.js';

const namesUnits = (basis: OrderBasis = 'units'): boolean => basis === 'units';

export class PlaceOrderBody {
  /**
   * The order's number.
   * @example SO-1
   */
  @Length(1, 100)
  reference: string;

  /**
   * What the order is counted in; `units` if left out. With `power` and `criticalItLoad` only the
   * watts are a limit, and the units are an expectation that can be left out.
   */
  @MayBeAbsent()
  @IsIn(ORDER_BASES)
  basis?: OrderBasis;

  /**
   * Machines to be hosted.
   * @example 27000
   */
  @ValidateIf(({ basis, units }: PlaceOrderBody) => namesUnits(basis) || units !== undefined)
  @IsUnits()
  units?: number;

  /**
   * Power for all of them together, in watts; with `criticalItLoad` without cooling.
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

  /**
   * Rated hashrate of all the machines together, in GH/s, where it was agreed on.
   * @example 4077000000
   */
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(1_000_000_000_000)
  hashrateGhs?: number;

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
  @MayRefuse(
    'contract/cap-exceeded',
    'contract/orders-too-large',
    'contract/order-without-units',
    ...NOTHING_NEW,
  )
  async place(
    @Param() { contractId }: ContractParams,
    @Body() body: PlaceOrderBody,
    @ActContext() context: CommandContext,
  ) {
    const orderId = deriveId(context.commandId, 'order');
    const data = { orderId, ...body, units: body.units ?? 0 };
    const command = { type: 'PlaceOrder', data, at: context.at } as const;
    const change = new ChangeContractCommand(contractId, command, context);
    return reply(await this.commands.execute(change), {
      status: 201,
      location: `/v1/contracts/${contractId}`,
      body: { contractId, orderId } satisfies OrderPlacedReply,
    });
  }
}

export const placeOrder = { controllers: [PlaceOrderController], providers: [] };
