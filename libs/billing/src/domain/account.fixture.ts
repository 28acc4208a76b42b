import type { AccountCommand, CommandData, Payment, StatementEntry } from './account-commands.js';
import type { AccountEvent } from './account-events.js';
import { accountAggregate } from './account.js';
import type { Account, KnownAccount } from './account-state.js';
import type { Billed } from './billed.js';

// One contract in Texas and its statements. Noon there is the same day in UTC.

export const contractId = 'contract';
export const customerId = 'customer';
export const timeZone = 'America/Chicago';
export const noon = (day: string): string => `${day}T18:00:00.000Z`;

export const ladder = { noticeDays: 5, suspensionDays: 15, terminationDays: 45 };
const holder = { contractId, customerId, timeZone };

/** January 2024, issued on 5 February, due on 1 March. */
export const january: StatementEntry = {
  ...holder,
  statementId: 's1',
  number: '2024-000001',
  kind: 'statement',
  month: '2024-01',
  issuedOn: '2024-02-05',
  dueOn: '2024-03-01',
  totals: [{ currency: 'USD', amount: '1000.00' }],
  ladder,
  lateFee: { percentPerMonth: '1.5', graceDays: 10 },
  clauseRef: '7.2',
};
export const february: StatementEntry = {
  ...january,
  statementId: 's2',
  number: '2024-000002',
  month: '2024-02',
  issuedOn: '2024-03-05',
  dueOn: '2024-04-01',
  totals: [{ currency: 'USD', amount: '500.00' }],
};

/** Of a statement that nothing is given back of elsewhere; every line of it charges 1000.00. */
export const asBilled: Billed = { line: { currency: 'USD', left: '1000.00' }, givenBack: '0.00' };
const OF_MONTHS = ['BeginCreditNote', 'RaiseDispute', 'ResolveDispute'];

export const command = <Type extends AccountCommand['type']>(
  type: Type,
  data: Omit<CommandData<Type>, 'billed'> & { readonly billed?: Billed },
  on: string,
): AccountCommand =>
  ({
    type,
    data: OF_MONTHS.includes(type) ? { billed: asBilled, ...data } : data,
    at: noon(on),
  }) as unknown as AccountCommand;

export const enter = (entry: StatementEntry = january): AccountCommand =>
  command('EnterStatement', entry, entry.issuedOn);

export const pay = (amount: string, on: string, more: Partial<Payment> = {}): AccountCommand =>
  command(
    'ReceivePayment',
    {
      ...{ ...holder, paymentId: `p-${on}`, currency: 'USD', amount, receivedOn: on },
      ...{ reference: 'WIRE-1', ...more },
    },
    on,
  );

/** What these come to, one after the other. */
export const historyOf = (...commands: readonly AccountCommand[]): readonly AccountEvent[] =>
  commands.reduce<{ state: Account; events: readonly AccountEvent[] }>(
    ({ state, events }, next) => {
      const more = accountAggregate.decide(next, state);
      return { state: more.reduce(accountAggregate.evolve, state), events: [...events, ...more] };
    },
    { state: accountAggregate.initialState, events: [] },
  ).events;

export const accountAfter = (...commands: readonly AccountCommand[]): KnownAccount => {
  const state = historyOf(...commands).reduce(
    accountAggregate.evolve,
    accountAggregate.initialState,
  );
  if (state.status === 'unknown') throw new Error('The account was not opened');
  return state;
};
