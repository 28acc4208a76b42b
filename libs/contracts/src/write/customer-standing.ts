import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsUUID, Length } from 'class-validator';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import { ActContext, IsDay, IsDigest, MayRefuse, reply, Roles } from '@hostledger/http';
import {
  CREDIT_STANDINGS,
  customerAggregate,
  customerUnknown,
  successorRefusal,
  type CreditStanding,
  type Customer,
  type CustomerCommand,
  type CustomerEvent,
} from '../domain/customer.js';
import { CustomerParams } from '../http/forms.js';

export class CreditStandingBody {
  /** With `stop` no contract, order or allocation is begun for it; what was begun goes on. */
  @IsIn(CREDIT_STANDINGS)
  standing: CreditStanding;

  /** @example invoice 2024-05 is 45 days late */
  @Length(1, 500)
  cause: string;
}

export class SuccessionBody {
  /** The customer that takes its place. */
  @IsUUID()
  successorId: string;

  /** @example 2024-06-01 */
  @IsDay()
  effectiveOn: string;

  /** SHA-256 of the proof. */
  @IsDigest()
  documentDigest: string;
}

export class CustomerChangedReply {
  customerId: string;
}

type Change = Exclude<CustomerCommand, { type: 'RegisterCustomer' }>;

export class ChangeCustomerCommand extends Command<Handled<Customer, CustomerEvent>> {
  constructor(
    readonly customerId: string,
    readonly change: Change,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ChangeCustomerCommand)
export class ChangeCustomerHandler implements ICommandHandler<ChangeCustomerCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ customerId, change, context }: ChangeCustomerCommand) {
    if (change.type === 'SucceedCustomer') {
      await this.maySucceed(customerId, change.data.successorId, context);
    }
    return this.store.handle(customerAggregate, customerId, change, context);
  }

  /** A succession that was recorded is answered as before. */
  private async maySucceed(
    customerId: string,
    successorId: string,
    { commandId }: CommandContext,
  ): Promise<void> {
    const { commands } = await this.store.load(customerAggregate, customerId);
    if (commands.some(({ id }) => id === commandId)) return;
    const { state } = await this.store.load(customerAggregate, successorId, { fresh: true });
    if (state.status === 'unknown') throw customerUnknown(successorId, '/successorId');
    const refusal = successorRefusal(state);
    if (refusal) throw refusal;
  }
}

@ApiTags('customers')
@Controller('customers/:customerId')
@Roles('commercial')
export class CustomerStandingController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: 'Change how far a customer is trusted to pay' })
  @Post('credit-standing')
  @HttpCode(200)
  @ApiOkResponse({ type: CustomerChangedReply })
  @MayRefuse('customer/standing-unchanged', 'customer/unknown')
  changeStanding(
    @Param() { customerId }: CustomerParams,
    @Body() body: CreditStandingBody,
    @ActContext() context: CommandContext,
  ) {
    const data = { ...body };
    return this.change(customerId, { type: 'ChangeCreditStanding', data, at: context.at }, context);
  }

  @ApiOperation({
    summary: 'Record that another customer took the place of a customer',
    description:
      'Nothing new is begun for the one that was succeeded; its contracts pass one by one, each by its assignment.',
  })
  @Post('succession')
  @HttpCode(200)
  @ApiOkResponse({ type: CustomerChangedReply })
  @MayRefuse(
    'customer/succeeded',
    'customer/successor-succeeded',
    'customer/own-successor',
    'customer/unknown',
  )
  succeed(
    @Param() { customerId }: CustomerParams,
    @Body() body: SuccessionBody,
    @ActContext() context: CommandContext,
  ) {
    const data = { ...body };
    return this.change(customerId, { type: 'SucceedCustomer', data, at: context.at }, context);
  }

  private async change(customerId: string, change: Change, context: CommandContext) {
    const command = new ChangeCustomerCommand(customerId, change, context);
    const body: CustomerChangedReply = { customerId };
    return reply(await this.commands.execute(command), { body });
  }
}

export const customerStanding = {
  controllers: [CustomerStandingController],
  providers: [ChangeCustomerHandler],
};
