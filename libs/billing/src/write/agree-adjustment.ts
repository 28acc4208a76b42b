import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import { claimsOn, type Claim } from '../domain/account-figures.js';
import { accountAggregate } from '../domain/account.js';
import { billingPeriodAggregate, periodId } from '../domain/billing-period.js';
import type { Agreeing } from '../domain/period-changes.js';
import type { PeriodEvent } from '../domain/period-events.js';
import type { BillingPeriod } from '../domain/period-state.js';

export class AgreeAdjustmentCommand extends Command<Handled<BillingPeriod, PeriodEvent>> {
  constructor(
    readonly adjustment: Omit<Agreeing, 'claims'>,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(AgreeAdjustmentCommand)
export class AgreeAdjustmentHandler implements ICommandHandler<AgreeAdjustmentCommand> {
  constructor(private readonly store: AggregateStore) {}

  /** What the account credits of the same statement counts as well. */
  async execute({ adjustment, context }: AgreeAdjustmentCommand) {
    const { contractId, month } = adjustment;
    const id = periodId(contractId, month);
    const { state } = await this.store.load(billingPeriodAggregate, id, { fresh: true });
    const claims = await this.claims(contractId, state.closed?.statementId);
    const data = { ...adjustment, claims };
    const command = { type: 'AgreeAdjustment', data, at: context.at } as const;
    return this.store.handle(billingPeriodAggregate, id, command, context);
  }

  private async claims(
    contractId: string,
    statementId: string | undefined,
  ): Promise<readonly Claim[]> {
    const { state } = await this.store.load(accountAggregate, contractId, { fresh: true });
    if (state.status === 'unknown' || statementId === undefined) return [];
    // What is given back of a late fee is of no line.
    return claimsOn(state, statementId).filter(({ lateFeeId }) => lateFeeId === undefined);
  }
}
