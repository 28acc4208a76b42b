import { Body, Controller, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID, Matches } from 'class-validator';
import {
  AggregateStore,
  deriveId,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import { ActContext, reply, Roles } from '@hostledger/http';
import { FACILITY_CODE } from '@hostledger/sites';
import type { Contract, ContractEvent } from '../domain/hosting-contract.js';
import { ContractParams, IsDay, IsUnits, IsWatts } from '../http/forms.js';
import { allocate, type Allocation } from '../process/allocation.js';

export class AllocateCustomerBody {
  /** The order that the capacity is for. */
  @IsUUID()
  orderId: string;

  /** @example DENTON */
  @Matches(FACILITY_CODE, { message: '$property is the code of a facility' })
  facility: string;

  /** @example 15000 */
  @IsUnits()
  units: number;

  /**
   * Power for all of them together, in watts.
   * @example 49000000
   */
  @IsWatts()
  powerWatts: number;

  /** @example 2023-10-01 */
  @IsDay()
  effectiveOn: string;
}

export class CustomerAllocatedReply {
  contractId: string;
  allocationId: string;
}

export class AllocateCustomerCommand extends Command<Handled<Contract, ContractEvent>> {
  constructor(
    readonly allocation: Allocation,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(AllocateCustomerCommand)
export class AllocateCustomerHandler implements ICommandHandler<AllocateCustomerCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ allocation, context }: AllocateCustomerCommand) {
    return allocate(this.store, allocation, context);
  }
}

@ApiTags('contracts')
@Controller('contracts/:contractId/allocations')
export class AllocateCustomerController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: "Allocate capacity at a facility to the contract's customer" })
  @Post()
  @Roles('commercial')
  @ApiCreatedResponse({ type: CustomerAllocatedReply })
  async allocate(
    @Param() { contractId }: ContractParams,
    @Body() body: AllocateCustomerBody,
    @ActContext() context: CommandContext,
  ) {
    const allocationId = deriveId(context.commandId, 'allocation');
    const allocation = { contractId, allocationId, ...body };
    return reply(await this.commands.execute(new AllocateCustomerCommand(allocation, context)), {
      status: 201,
      location: `/v1/contracts/${contractId}/allocations`,
      body: { contractId, allocationId } satisfies CustomerAllocatedReply,
    });
  }
}

export const allocateCustomer = {
  controllers: [AllocateCustomerController],
  providers: [AllocateCustomerHandler],
};
