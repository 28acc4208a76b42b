import { Body, Controller, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID, Length } from 'class-validator';
import {
  AggregateStore,
  deriveId,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import { ActContext, IsCurrency, IsTimeZoneName, MayRefuse, reply, Roles } from '@hostledger/http';
import { customerAggregate, customerUnknown } from '../domain/customer.js';
import { type ContractDrafted, type ContractEvent } from '../domain/contract-events.js';
import { type Contract } from '../domain/contract-state.js';
import { contractAggregate } from '../domain/hosting-contract.js';
import { mustBeInCredit } from '../process/credit.js';

export class DraftContractBody {
  /** The customer whose machines will be hosted. */
  @IsUUID()
  customerId: string;

  /**
   * The number by which both parties call the contract.
   * @example HA-2023-09
   */
  @Length(1, 100)
  reference: string;

  /** @example Hosting agreement */
  @Length(1, 300)
  title: string;

  /**
   * IANA time zone in which billing months are counted.
   * @example America/Chicago
   */
  @IsTimeZoneName()
  timeZone: string;

  /**
   * ISO 4217.
   * @example USD
   */
  @IsCurrency()
  currency: string;
}

export class ContractDraftedReply {
  contractId: string;
}

export class DraftContractCommand extends Command<Handled<Contract, ContractEvent>> {
  constructor(
    readonly data: ContractDrafted['data'],
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(DraftContractCommand)
export class DraftContractHandler implements ICommandHandler<DraftContractCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ data, context }: DraftContractCommand) {
    await this.mayContract(data, context);
    const command = { type: 'DraftContract', data, at: context.at } as const;
    const { contractId } = data;
    return this.store.handle(contractAggregate, contractId, command, context, { assumeNew: true });
  }

  /** A contract that was drafted is answered as before. */
  private async mayContract(
    { contractId, customerId }: ContractDrafted['data'],
    { commandId }: CommandContext,
  ): Promise<void> {
    const { state } = await this.store.load(customerAggregate, customerId);
    if (state.status === 'unknown') throw customerUnknown(customerId, '/customerId');
    const { commands } = await this.store.load(contractAggregate, contractId);
    if (commands.some(({ id }) => id === commandId)) return;
    await mustBeInCredit(this.store, customerId);
  }
}

@ApiTags('contracts')
@Controller('contracts')
export class DraftContractController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: 'Draft a hosting contract' })
  @Post()
  @Roles('commercial')
  @ApiCreatedResponse({ type: ContractDraftedReply })
  @MayRefuse(
    'customer/credit-stop',
    'customer/succeeded',
    'contract/already-drafted',
    'customer/unknown',
  )
  async draft(@Body() body: DraftContractBody, @ActContext() context: CommandContext) {
    const contractId = deriveId(context.commandId, 'contract');
    const data = { contractId, ...body };
    return reply(await this.commands.execute(new DraftContractCommand(data, context)), {
      status: 201,
      location: `/v1/contracts/${contractId}`,
      body: { contractId } satisfies ContractDraftedReply,
    });
  }
}

export const draftContract = {
  controllers: [DraftContractController],
  providers: [DraftContractHandler],
};
