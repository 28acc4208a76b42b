import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { contractAggregate, contractUnknown, type Contract } from '@hostledger/contracts';
import {
  AggregateStore,
  DomainError,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import { settlementAggregate } from '@hostledger/deals';
import type {
  AccountCommand,
  CreditNote,
  DepositDraw,
  Dispute,
  Payment,
  ReceivableRelease,
  Resolution,
} from '../domain/account-commands.js';
import { addresseesOf } from '../domain/account-addressee.js';
import type { AccountEvent } from '../domain/account-events.js';
import { mustBeOpened } from '../domain/account-refusals.js';
import type { Account } from '../domain/account-state.js';
import { accountAggregate } from '../domain/account.js';
import { issueCreditNote, resolveDispute } from '../process/credit-note.js';
import { drawForStatement } from '../process/deposit-draw.js';
import { chargeLateFees, type ChargedLateFees } from '../process/late-fee-note.js';
import { billedBy, billedByDispute } from './billed.js';

type Changed = Handled<Account, AccountEvent>;

/** Shared by the use cases that are one decision on one account. */
export class ChangeAccountCommand extends Command<Changed> {
  constructor(
    readonly contractId: string,
    readonly command: AccountCommand,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ChangeAccountCommand)
export class ChangeAccountHandler implements ICommandHandler<ChangeAccountCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ contractId, command, context }: ChangeAccountCommand) {
    return this.store.handle(accountAggregate, contractId, command, context);
  }
}

export class ReceivePaymentCommand extends Command<Changed> {
  constructor(
    readonly contractId: string,
    readonly payment: Omit<Payment, 'contractId' | 'customerId' | 'timeZone'>,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ReceivePaymentCommand)
export class ReceivePaymentHandler implements ICommandHandler<ReceivePaymentCommand> {
  constructor(private readonly store: AggregateStore) {}

  /** The first payment opens the account, so it says whose contract it was on the day it came in. */
  async execute({ contractId, payment, context }: ReceivePaymentCommand) {
    const { state } = await this.store.load(contractAggregate, contractId, { fresh: true });
    if (state.status === 'unknown') throw contractUnknown();
    const { timeZone } = state;
    const customerId = holderOn(state, payment.receivedOn);
    const data = { contractId, customerId, timeZone, ...payment };
    const command = { type: 'ReceivePayment', data, at: context.at } as const;
    return this.store.handle(accountAggregate, contractId, command, context);
  }
}

/** Whose contract it was on a day, by the last time that it passed to another customer. */
const holderOn = (contract: Exclude<Contract, { status: 'unknown' }>, day: string): string => {
  const passed = contract.status === 'executed' && contract.acts.get('PartyAssigned');
  const isBefore = passed && passed.type === 'PartyAssigned' && day < passed.data.effectiveOn;
  return isBefore ? passed.data.fromCustomerId : contract.customerId;
};

export class IssueCreditNoteCommand extends Command<Changed> {
  constructor(
    readonly contractId: string,
    readonly note: CreditNote,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(IssueCreditNoteCommand)
export class IssueCreditNoteHandler implements ICommandHandler<IssueCreditNoteCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ contractId, note, context }: IssueCreditNoteCommand) {
    const billed = await billedBy(this.store, contractId, note);
    return issueCreditNote(this.store, { contractId, ...note, billed }, context);
  }
}

export class RaiseDisputeCommand extends Command<Changed> {
  constructor(
    readonly contractId: string,
    readonly dispute: Dispute,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(RaiseDisputeCommand)
export class RaiseDisputeHandler implements ICommandHandler<RaiseDisputeCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ contractId, dispute, context }: RaiseDisputeCommand) {
    const data = { ...dispute, billed: await billedBy(this.store, contractId, dispute) };
    const command = { type: 'RaiseDispute', data, at: context.at } as const;
    return this.store.handle(accountAggregate, contractId, command, context);
  }
}

export class ResolveDisputeCommand extends Command<Changed> {
  constructor(
    readonly contractId: string,
    readonly resolution: Resolution,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ResolveDisputeCommand)
export class ResolveDisputeHandler implements ICommandHandler<ResolveDisputeCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ contractId, resolution, context }: ResolveDisputeCommand) {
    const billed = await billedByDispute(this.store, contractId, resolution.disputeId);
    return resolveDispute(this.store, { contractId, ...resolution, billed }, context);
  }
}

export class ChargeLateFeesCommand extends Command<ChargedLateFees> {
  constructor(
    readonly contractId: string,
    readonly throughOn: string,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ChargeLateFeesCommand)
export class ChargeLateFeesHandler implements ICommandHandler<ChargeLateFeesCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ contractId, throughOn, context }: ChargeLateFeesCommand) {
    return chargeLateFees(this.store, contractId, throughOn, context);
  }
}

export class DrawForStatementCommand extends Command<Changed> {
  constructor(
    readonly contractId: string,
    readonly draw: DepositDraw,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(DrawForStatementCommand)
export class DrawForStatementHandler implements ICommandHandler<DrawForStatementCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ contractId, draw, context }: DrawForStatementCommand) {
    return drawForStatement(this.store, contractId, draw, context);
  }
}

export class ReleaseReceivablesCommand extends Command<Changed> {
  constructor(
    readonly contractId: string,
    readonly release: Omit<ReceivableRelease, 'releasedOn'>,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ReleaseReceivablesCommand)
export class ReleaseReceivablesHandler implements ICommandHandler<ReleaseReceivablesCommand> {
  constructor(private readonly store: AggregateStore) {}

  /** What a settlement has released is released for ever, so it is enough to look once. */
  async execute({ contractId, release, context }: ReleaseReceivablesCommand) {
    const { state } = await this.store.load(accountAggregate, contractId, { fresh: true });
    const customerIds = addresseesOf(mustBeOpened(state), release.statementIds);
    const releasedOn = await this.releasedOn(release, customerIds);
    const data = { ...release, releasedOn };
    const command = { type: 'ReleaseReceivables', data, at: context.at } as const;
    return this.store.handle(accountAggregate, contractId, command, context);
  }

  private async releasedOn(
    { settlementId, leg: number }: Omit<ReceivableRelease, 'releasedOn'>,
    customerIds: readonly string[],
  ): Promise<string> {
    const { state } = await this.store.load(settlementAggregate, settlementId, { fresh: true });
    const settlement = state.status === 'unknown' ? undefined : state;
    const leg = settlement?.legs.find((each) => each.leg === number);
    const isWithAll = customerIds.every((each) => each === settlement?.customerId);
    const isOurs = isWithAll && leg?.direction === 'given';
    if (isOurs && leg.release) return leg.release.releasedOn;
    throw new DomainError(
      'conflict',
      'account/release-missing',
      'The leg has not released a claim that the host gives up against whom this was billed to',
      { settlementId, leg: number, customerIds },
      '/leg',
    );
  }
}

export const changeAccount = {
  controllers: [],
  providers: [
    ChangeAccountHandler,
    ReceivePaymentHandler,
    IssueCreditNoteHandler,
    RaiseDisputeHandler,
    ResolveDisputeHandler,
    ChargeLateFeesHandler,
    DrawForStatementHandler,
    ReleaseReceivablesHandler,
  ],
};
