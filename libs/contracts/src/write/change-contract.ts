import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import { creditRefusal, customerAggregate, customerUnknown } from '../domain/customer.js';
import { type ContractEvent } from '../domain/contract-events.js';
import { type Contract } from '../domain/contract-state.js';
import { contractAggregate, type ContractCommand } from '../domain/hosting-contract.js';
import type { LifecycleCommand } from '../domain/lifecycle.js';
import type { ConsentCommand } from '../domain/relocation-clause.js';
import { mustBeInCredit } from '../process/credit.js';

/** A command that touches one contract and nothing else. */
type OnOneContract =
  | Extract<
      ContractCommand,
      {
        type:
          | 'ExecuteContract'
          | 'AdoptTerms'
          | 'CorrectTerms'
          | 'PlaceOrder'
          | 'ReceiveDeposit'
          | 'DrawDeposit'
          | 'RefundDeposit';
      }
    >
  | ConsentCommand
  | LifecycleCommand;

/** Shared by the use cases that are one decision on one contract. */
export class ChangeContractCommand extends Command<Handled<Contract, ContractEvent>> {
  constructor(
    readonly contractId: string,
    readonly command: OnOneContract,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ChangeContractCommand)
export class ChangeContractHandler implements ICommandHandler<ChangeContractCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ contractId, command, context }: ChangeContractCommand) {
    if (command.type === 'PlaceOrder') await this.mayOrder(contractId, context);
    if (command.type === 'AssignParty') {
      await this.mayPass(contractId, command.data.toCustomerId, context);
    }
    return this.store.handle(contractAggregate, contractId, command, context);
  }

  /** To a customer for whom something new may be begun. One that has passed is answered as before. */
  private async mayPass(
    contractId: string,
    customerId: string,
    { commandId }: CommandContext,
  ): Promise<void> {
    const { commands } = await this.store.load(contractAggregate, contractId);
    if (commands.some(({ id }) => id === commandId)) return;
    const { state } = await this.store.load(customerAggregate, customerId, { fresh: true });
    if (state.status === 'unknown') throw customerUnknown(customerId, '/toCustomerId');
    const refusal = creditRefusal(state, '/toCustomerId');
    if (refusal) throw refusal;
  }

  /** An order that was placed is answered as before. */
  private async mayOrder(contractId: string, { commandId }: CommandContext): Promise<void> {
    const { state, commands } = await this.store.load(contractAggregate, contractId);
    if (state.status === 'unknown' || commands.some(({ id }) => id === commandId)) return;
    await mustBeInCredit(this.store, state.customerId);
  }
}

export const changeContract = { controllers: [], providers: [ChangeContractHandler] };
