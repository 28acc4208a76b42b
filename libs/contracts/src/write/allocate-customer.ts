import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, IsUUID, Length, Matches, Max, Min } from 'class-validator';
import {
  AggregateStore,
  deriveId,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import { ActContext, IsDay, MayRefuse, reply, Roles } from '@hostledger/http';
import { FACILITY_CODE } from '@hostledger/sites';
import type { ContractEvent } from '../domain/contract-events.js';
import type { Contract } from '../domain/contract-state.js';
import type { Reduction } from '../domain/orders.js';
import { ContractParams, IsUnits, IsWatts } from '../http/forms.js';
import { NOTHING_NEW } from '../http/refusals.js';
import { allocate, type Allocation } from '../process/allocation.js';
import { reduceAllocation } from '../process/reduction.js';

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

export class AllocationParams extends ContractParams {
  @IsUUID()
  allocationId: string;
}

export class ReduceAllocationBody {
  /**
   * By how many units; 0 to give back power alone.
   * @example 5000
   */
  @IsInt()
  @Min(0)
  @Max(10_000_000)
  units: number;

  /**
   * By how many watts; 0 to give back units alone.
   * @example 16000000
   */
  @IsInt()
  @Min(0)
  @Max(100_000_000_000)
  powerWatts: number;

  /**
   * The capacity is free again on this day, and not before.
   * @example 2024-01-01
   */
  @IsDay()
  effectiveOn: string;

  /** @example The customer gave 5,000 slots back. */
  @Length(1, 500)
  cause: string;
}

export class AllocationReducedReply {
  contractId: string;
  allocationId: string;
  reductionId: string;
}

export class ReduceAllocationCommand extends Command<Handled<Contract, ContractEvent>> {
  constructor(
    readonly contractId: string,
    readonly reduction: Reduction,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ReduceAllocationCommand)
export class ReduceAllocationHandler implements ICommandHandler<ReduceAllocationCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ contractId, reduction, context }: ReduceAllocationCommand) {
    return reduceAllocation(this.store, { contractId, ...reduction }, context);
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
  @MayRefuse(
    'contract/order-exceeded',
    'contract/order-unknown',
    'contract/allocation-before-order',
    'contract/allocation-after-term',
    'contract/no-terms-in-force',
    'contract/cap-exceeded',
    'contract/allocation-abandoned',
    ...NOTHING_NEW,
  )
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

  @ApiOperation({
    summary: 'Reduce an allocation and give its capacity back to the facility',
    description: 'Not below what machines are assigned to. Also after the end of the contract.',
  })
  @Post(':allocationId/reduction')
  @HttpCode(200)
  @Roles('commercial')
  @ApiOkResponse({ type: AllocationReducedReply })
  @MayRefuse(
    'contract/allocation-in-use',
    'contract/allocation-unknown',
    'contract/reduction-before-allocation',
    'contract/reduction-exceeds-allocation',
    'contract/reduction-uneven',
    'contract/reduction-of-nothing',
    'contract/unknown',
  )
  async reduce(
    @Param() { contractId, allocationId }: AllocationParams,
    @Body() body: ReduceAllocationBody,
    @ActContext() context: CommandContext,
  ) {
    const reductionId = deriveId(context.commandId, 'reduction');
    const reduction = { allocationId, reductionId, ...body };
    const reduce = new ReduceAllocationCommand(contractId, reduction, context);
    return reply(await this.commands.execute(reduce), {
      body: { contractId, allocationId, reductionId } satisfies AllocationReducedReply,
    });
  }
}

export const allocateCustomer = {
  controllers: [AllocateCustomerController],
  providers: [AllocateCustomerHandler, ReduceAllocationHandler],
};
