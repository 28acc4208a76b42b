import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import {
  contractAggregate,
  type Contract,
  type ContractCommand,
  type ContractEvent,
} from '../domain/hosting-contract.js';
import type { LifecycleCommand } from '../domain/lifecycle.js';

/** A command that touches one contract and nothing else. */
type OnOneContract =
  | Extract<ContractCommand, { type: 'ExecuteContract' | 'AdoptTerms' | 'PlaceOrder' }>
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

  execute({ contractId, command, context }: ChangeContractCommand) {
    return this.store.handle(contractAggregate, contractId, command, context);
  }
}

export const changeContract = { controllers: [], providers: [ChangeContractHandler] };
