import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import { accountEvents, type AccountEvent } from '../../domain/account-events.js';
import { byDue, isCollectible } from '../../domain/account-figures.js';
import { unitsOf, unitsText } from '../../domain/account-money.js';
import { postingsOf, type Posting } from '../../domain/account-postings.js';
import {
  evolveAccount,
  negative,
  type Account,
  type KnownAccount,
} from '../../domain/account-state.js';

/** An account as it is: its folded state, and what lists are filtered and ordered by. */
export interface AccountRow {
  readonly contract_id: string;
  /** Whom the last statement was sent to. */
  readonly customer_id: string;
  /** The first day on which something unpaid and undisputed was due; 9999-12-31 for none. */
  readonly unpaid_due_on: string;
  readonly disputed: boolean;
  /** Service is suspended for non-payment. */
  readonly suspended: boolean;
  readonly state: KnownAccount;
  readonly revision: number;
}

/** What one event changed in one currency. */
export interface AccountEntryRow {
  /** `<event>.<currency>` */
  readonly entry_id: string;
  readonly contract_id: string;
  readonly currency: string;
  /** Of the event in the stream of the account. */
  readonly revision: bigint;
  readonly event_id: string;
  readonly kind: AccountEvent['type'];
  /** The day it counts from. */
  readonly entered_on: string;
  /** Where it is about one. */
  readonly statement_id: string | null;
  /** By how much more is owed. */
  readonly receivable: string;
  /** By how much more is held as credit. */
  readonly unapplied_credit: string;
  readonly postings: readonly Posting[];
}

const NEVER_DUE = '9999-12-31';
const ofAccount = ({ data }: { data: { contractId: string } }) => [
  { contract_id: data.contractId },
];
const ofEvery = Object.fromEntries(
  Object.keys(accountEvents).map((type) => [type, ofAccount]),
) as Record<AccountEvent['type'], typeof ofAccount>;

export const billingAccounts = tableFold<AccountRow, AccountEvent>({
  table: {
    name: 'billing_accounts',
    columns: {
      contract_id: 'text',
      customer_id: 'text',
      unpaid_due_on: 'date',
      disputed: 'boolean',
      suspended: 'boolean',
      state: 'jsonb',
      revision: 'integer',
    },
    key: ['contract_id'],
    indexes: [
      ['customer_id', 'contract_id'],
      ['unpaid_due_on', 'contract_id'],
    ],
  },
  keys: ofEvery,
  evolve: (row, event) => {
    const state: Account = evolveAccount(row?.state ?? { status: 'unknown' }, told(event));
    return state.status === 'unknown' ? undefined : rowOf(state, Number(event.revision));
  },
});

const told = (event: Recorded<AccountEvent>): AccountEvent => event;

const rowOf = (state: KnownAccount, revision: number): AccountRow => ({
  contract_id: state.contractId,
  customer_id: state.customerId,
  unpaid_due_on:
    state.statements.filter((statement) => isCollectible(state, statement)).sort(byDue)[0]?.dueOn ??
    NEVER_DUE,
  disputed: state.disputes.some(({ status }) => status === 'open'),
  suspended: state.suspension !== undefined,
  state,
  revision,
});

const currenciesOf = (event: Recorded<AccountEvent>): readonly string[] => [
  ...new Set(postingsOf(told(event)).map(({ currency }) => currency)),
];

const ofEntries = (event: Recorded<AccountEvent>) =>
  currenciesOf(event).map((currency) => ({ entry_id: `${event.id}.${currency}` }));
const entriesOfEvery = Object.fromEntries(
  Object.keys(accountEvents).map((type) => [type, ofEntries]),
) as Record<AccountEvent['type'], typeof ofEntries>;

/** The day on which what the event says counts, as the event names it. */
const DAY_FIELDS = [
  ...['issuedOn', 'receivedOn', 'appliedOn', 'reversedOn', 'chargedOn', 'approvedOn'],
  ...['drawnOn', 'releasedOn'],
] as const;
const dayOf = ({ data, recordedAt }: Recorded<AccountEvent>): string => {
  const named: Readonly<Record<string, unknown>> = { ...data };
  const day = DAY_FIELDS.map((field) => named[field]).find((value) => typeof value === 'string');
  return typeof day === 'string' ? day : recordedAt.slice(0, 10);
};

export const accountEntries = tableFold<AccountEntryRow, AccountEvent>({
  table: {
    name: 'billing_account_entries',
    columns: {
      entry_id: 'text',
      contract_id: 'text',
      currency: 'text',
      revision: 'bigint',
      event_id: 'text',
      kind: 'text',
      entered_on: 'date',
      statement_id: 'text',
      receivable: 'numeric',
      unapplied_credit: 'numeric',
      postings: 'jsonb',
    },
    key: ['entry_id'],
    nullable: ['statement_id'],
    indexes: [['contract_id', 'currency', 'revision', 'entry_id']],
    insertOnly: true,
  },
  keys: entriesOfEvery,
  evolve: (_, event, key) => {
    const entryId = key.entry_id ?? '';
    const currency = entryId.slice(entryId.indexOf('.') + 1);
    const postings = postingsOf(told(event)).filter((posting) => posting.currency === currency);
    const sumOf = (book: Posting['book']): string =>
      unitsText(
        postings
          .filter((posting) => posting.book === book)
          .reduce((sum, { amount }) => sum + unitsOf(amount), 0n),
        currency,
      );
    const owed = sumOf('receivable');
    // What is held is the customer's, so it is less in the books where there is more of it.
    const credit = negative(sumOf('unappliedCredit'));
    const statements = new Set(postings.flatMap(({ statementId }) => statementId ?? []));
    return {
      entry_id: entryId,
      contract_id: event.data.contractId,
      currency,
      revision: event.revision,
      event_id: event.id,
      kind: event.type,
      entered_on: dayOf(event),
      statement_id: statements.size === 1 ? ([...statements][0] ?? null) : null,
      receivable: owed,
      unapplied_credit: credit,
      postings,
    };
  },
});

export const accountsProjection: Projection = {
  name: 'billing_accounts',
  version: 4,
  tables: [billingAccounts, accountEntries],
};
