import { contractAggregate, type ContractCommand } from '@hostledger/contracts';
import {
  AggregateStore,
  deriveId,
  hashOf,
  type AnyTableFold,
  type CommandContext,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import { InMemoryStreams, rowsOf } from '@hostledger/testing';
import type { AccountCommand } from '../domain/account-commands.js';
import { balancesOf } from '../domain/account-figures.js';
import type { KnownAccount } from '../domain/account-state.js';
import { contractId, customerId, noon, timeZone } from '../domain/account.fixture.js';
import { accountAggregate } from '../domain/account.js';

const digest = 'd'.repeat(64);

export const contextFor = (key: string, on: string): CommandContext => ({
  commandId: deriveId(key),
  requestHash: hashOf(key),
  actor: { subject: 'ana', role: 'commercial' },
  correlationId: 'correlation-1',
  causationId: 'request-1',
  at: noon(on),
});

/** A contract in service since 2024, with a deposit of 800 USD, and its account. */
export class AccountBooks {
  readonly streams = new InMemoryStreams();
  store = new AggregateStore(this.streams);
  private acts = 0;

  static async open(): Promise<AccountBooks> {
    const books = new AccountBooks();
    const agreement = { contractId, customerId, timeZone, reference: 'HA-1', title: 'Hosting' };
    await books.onContract('DraftContract', { ...agreement, currency: 'USD' }, '2024-01-01');
    const card = { basis: 'nameplateKwh' as const, currency: 'USD', ratePerKwh: '0.07' };
    const terms = { version: 1, effectiveOn: '2024-01-01', documentDigest: digest, clauses: [] };
    await books.onContract('AdoptTerms', { ...terms, rateCard: card }, '2024-01-01');
    const signed = { executedOn: '2024-01-01', documentDigest: digest, signatories: [] };
    await books.onContract('ExecuteContract', signed, '2024-01-01');
    await books.onContract('ActivateContract', { activatedOn: '2024-01-01' }, '2024-01-01');
    const deposit = { depositId: 'deposit', amount: '800.00', currency: 'USD', reference: 'W' };
    await books.onContract(
      'ReceiveDeposit',
      { ...deposit, receivedOn: '2024-01-01' },
      '2024-01-01',
    );
    return books;
  }

  async onContract<Type extends ContractCommand['type']>(
    type: Type,
    data: Extract<ContractCommand, { type: Type }>['data'],
    on: string,
  ): Promise<void> {
    const command = { type, data, at: noon(on) } as unknown as ContractCommand;
    await this.store.handle(contractAggregate, contractId, command, this.next(on));
  }

  async do(...commands: readonly AccountCommand[]): Promise<void> {
    for (const command of commands) {
      const context = this.next(command.at.slice(0, 10));
      await this.store.handle(accountAggregate, contractId, command, context);
    }
  }

  /** Another process takes over; what the one before knew is gone. */
  restart(): void {
    this.streams.heal();
    this.store = new AggregateStore(this.streams);
  }

  /** What the worker does about what is due on that day. */
  async work<Item extends ProcessItem>(
    processOf: (store: AggregateStore) => DurableProcess<Item>,
    items: AnyTableFold,
    on: string,
  ): Promise<void> {
    const at = noon(on);
    const due = rowsOf<Item>(items, this.streams.log).filter((item) => item.due_at <= at);
    for (const item of due) {
      await processOf(this.store).perform(item, { at, signal: new AbortController().signal });
    }
  }

  async account(): Promise<KnownAccount> {
    const { state } = await this.store.load(accountAggregate, contractId, { fresh: true });
    if (state.status === 'unknown') throw new Error('The account was not opened');
    return state;
  }

  async balance(): Promise<string | undefined> {
    return balancesOf(await this.account())[0]?.balance;
  }

  /** Types of what the account and the contract recorded, in the order of the log. */
  told(from = 0): string[] {
    return this.streams.log.slice(from).map(({ type }) => type);
  }

  private next(on: string): CommandContext {
    this.acts += 1;
    return contextFor(`act ${this.acts}`, on);
  }
}
