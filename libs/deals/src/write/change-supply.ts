import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import { supplyAggregate, type SupplyCommand } from '../domain/supply-agreement.js';
import type { SupplyEvent } from '../domain/supply-events.js';
import type { Supply } from '../domain/supply-state.js';

/** Shared by the use cases that are one decision on one supply agreement. */
export class ChangeSupplyCommand extends Command<Handled<Supply, SupplyEvent>> {
  constructor(
    readonly agreementId: string,
    readonly command: SupplyCommand,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ChangeSupplyCommand)
export class ChangeSupplyHandler implements ICommandHandler<ChangeSupplyCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ agreementId, command, context }: ChangeSupplyCommand) {
    const options = { assumeNew: command.type === 'AgreeSupply' };
    return this.store.handle(supplyAggregate, agreementId, command, context, options);
  }
}

export const changeSupply = { controllers: [], providers: [ChangeSupplyHandler] };
