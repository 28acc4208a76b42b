import type { AggregateStore, CommandContext, Handled } from '@hostledger/eventsourcing';
import type { StatementEntry } from '../domain/account-commands.js';
import type { AccountEvent } from '../domain/account-events.js';
import type { Account } from '../domain/account-state.js';
import { accountAggregate } from '../domain/account.js';

/**
 * Enters a statement on the account of its contract, which the first one opens: the last step of
 * a close. Idempotent by the statement's id.
 * @throws DomainError `account/recorded-otherwise`, `account/money-too-fine`.
 */
export const enterStatement = (
  store: AggregateStore,
  entry: StatementEntry,
  context: CommandContext,
): Promise<Handled<Account, AccountEvent>> =>
  store.handle(
    accountAggregate,
    entry.contractId,
    { type: 'EnterStatement', data: entry, at: context.at },
    context,
  );
