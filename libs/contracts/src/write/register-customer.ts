import { Body, Controller, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsISO31661Alpha2, Length } from 'class-validator';
import {
  AggregateStore,
  deriveId,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import { ActContext, MayRefuse, reply, Roles } from '@hostledger/http';
import {
  customerAggregate,
  type Customer,
  type CustomerEvent,
  type CustomerRegistered,
} from '../domain/customer.js';

export class RegisterCustomerBody {
  /** @example Bitmain */
  @Length(1, 200)
  name: string;

  /** @example Bitmain Technologies Delaware Limited */
  @Length(1, 300)
  legalName: string;

  /**
   * ISO 3166-1 alpha-2.
   * @example US
   */
  @IsISO31661Alpha2()
  country: string;
}

export class CustomerRegisteredReply {
  customerId: string;
}

export class RegisterCustomerCommand extends Command<Handled<Customer, CustomerEvent>> {
  constructor(
    readonly data: CustomerRegistered['data'],
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(RegisterCustomerCommand)
export class RegisterCustomerHandler implements ICommandHandler<RegisterCustomerCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ data, context }: RegisterCustomerCommand) {
    const command = { type: 'RegisterCustomer', data, at: context.at } as const;
    const { customerId } = data;
    return this.store.handle(customerAggregate, customerId, command, context, { assumeNew: true });
  }
}

@ApiTags('customers')
@Controller('customers')
export class RegisterCustomerController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: 'Register a customer' })
  @Post()
  @Roles('commercial')
  @ApiCreatedResponse({ type: CustomerRegisteredReply })
  @MayRefuse('customer/already-registered')
  async register(@Body() body: RegisterCustomerBody, @ActContext() context: CommandContext) {
    const customerId = deriveId(context.commandId, 'customer');
    const data = { customerId, ...body };
    return reply(await this.commands.execute(new RegisterCustomerCommand(data, context)), {
      status: 201,
      location: `/v1/customers/${customerId}`,
      body: { customerId } satisfies CustomerRegisteredReply,
    });
  }
}

export const registerCustomer = {
  controllers: [RegisterCustomerController],
  providers: [RegisterCustomerHandler],
};
