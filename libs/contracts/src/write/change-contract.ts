import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import { type ContractEvent } from '../domain/contract-events.js';
import { type Contract } from '../domain/contract-state.js';
import { contractAggregate, type ContractCommand } from '../domain/hosting-contract.js';
import type { LifecycleCommand } from '../domain/lifecycle.js';
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
    return this.store.handle(contractAggregate, contractId, command, context);
  }

  /** An order that was placed is answered as before. */
  private async mayOrder(contractId: string, { commandId }: CommandContext): Promise<void> {
    const { state, commands } = await this.store.load(contractAggregate, contractId);
    if (state.status === 'unknown' || commands.some(({ id }) => id === commandId)) return;
    await mustBeInCredit(this.store, state.customerId);
  }
}

export const changeContract = { controllers: [], providers: [ChangeContractHandler] };
