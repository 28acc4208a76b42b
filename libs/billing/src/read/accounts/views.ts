import type { DepositRow } from '@hostledger/contracts';
import {
  balancesOf,
  byDue,
  collectibleOf,
  openOf,
  openOn,
  owedByCustomer,
} from '../../domain/account-figures.js';
import { nextStep, standingAt } from '../../domain/account-ladder.js';
import { atLeastZero, unitsOf, unitsText } from '../../domain/account-money.js';
import {
  LADDER_STEPS,
  type AccountLateFee,
  type AccountStatement,
  type Charge,
  type KnownAccount,
  type LadderStep,
} from '../../domain/account-state.js';
import type { AccountEntryRow } from './projection.js';

export class AccountBalanceView {
  /** @example USD */
  currency: string;
  /**
   * Statements and late fees, without credit notes, payments applied, deposits drawn, write-offs and
   * released claims.
   * @example "1250.00"
   */
  balance: string;
  /** Received and applied to nothing yet. */
  unappliedCredit: string;
  /** Of the balance and of what is paid: what the customer disputes. */
  disputed: string;
}

export class AccountAgeingView {
  currency: string;
  /** Of what was open on the day; without statements that have something to give back. */
  notDue: string;
  days1To30: string;
  days31To60: string;
  days61To90: string;
  daysOver90: string;
}

export class AccountChargeView {
  currency: string;
  /** As billed; below zero where more was credited than charged. */
  amount: string;
  lateFees: string;
  credited: string;
  paid: string;
  drawn: string;
  writtenOff: string;
  released: string;
  /** Of what it had to give back: what went to other statements is below zero, what came above. */
  moved: string;
  /** What is left of it. */
  open: string;
  /** Unpaid, undisputed and not about to be credited or drawn. */
  collectible: string;
}

export class AccountLadderView {
  statementId: string;
  step: LadderStep;
  /** The day it was taken, or the first on which it comes. */
  on: string;
}

export class AccountStatementView {
  statementId: string;
  /** @example 2024-000017 */
  number: string;
  kind: string;
  /** @example 2024-02 */
  month: string;
  /** Whom it was sent to; another one's than the account where the contract has passed on since. */
  customerId: string;
  issuedOn: string;
  dueOn?: string;
  charges: AccountChargeView[];
  /** The last step that was taken while it was overdue; absent once all that was billed was paid. */
  reached?: AccountLadderView;
  /** The settlement that released the claim to it; not told to customers. */
  releasedBySettlement?: string;
}

export class AccountPaymentView {
  paymentId: string;
  /** Whom it is from: to whom the statements that it names were sent, else whose the contract was on the day. */
  customerId: string;
  currency: string;
  amount: string;
  receivedOn: string;
  reference: string;
  unapplied: string;
  reversedOn?: string;
}

export class AccountCreditNoteView {
  creditNoteId: string;
  /** Absent until it was given one. */
  number?: string;
  statementId: string;
  line?: number;
  /** The late fee on the statement, where it is for one. */
  lateFeeId?: string;
  currency: string;
  amount: string;
  reason: string;
  issuedOn: string;
  /** What it was upheld of; absent for one that was issued without a dispute. */
  disputeId?: string;
}

export class AccountLateFeeView {
  lateFeeId: string;
  /** Of its note; absent until it was given one. */
  number?: string;
  /** What was overdue. */
  statementId: string;
  currency: string;
  amount: string;
  /** The first day it is for. */
  fromOn: string;
  /** The last one. */
  throughOn: string;
  chargedOn: string;
  /** By credit notes that name it. */
  credited: string;
  /** By write-offs that name it. */
  writtenOff: string;
}

export class AccountDisputeView {
  disputeId: string;
  statementId: string;
  line?: number;
  /** The late fee on the statement, where it is about one. */
  lateFeeId?: string;
  currency: string;
  amount: string;
  reason: string;
  raisedOn: string;
  status: 'open' | 'upheld' | 'rejected';
  upheldAmount?: string;
  resolvedOn?: string;
}

export class AccountWriteOffView {
  writeOffId: string;
  statementId: string;
  /** The late fee on the statement, where it is of one. */
  lateFeeId?: string;
  currency: string;
  amount: string;
  reason: string;
  proposedOn: string;
  proposedBy: string;
  approvedOn?: string;
}

export class HeldDepositView {
  depositId: string;
  currency: string;
  /** What is left of it. */
  balance: string;
}

export class AccountCustomerView {
  customerId: string;
  /** Of the statements that were sent to this customer, each currency. */
  owed: CustomerOwesView[];
}

export class CustomerOwesView {
  currency: string;
  /** Those of all customers come to the balance of the account. */
  balance: string;
  disputed: string;
}

export class AccountSummary {
  contractId: string;
  /** Whom the last statement was sent to. */
  customerId: string;
  balances: AccountBalanceView[];
  /** The step furthest up that a statement has reached which was not paid since. */
  ladderStep?: LadderStep;
  suspendedForNonPayment: boolean;
  terminatedForNonPayment: boolean;
}

export class BillingAccountView extends AccountSummary {
  /** The day that the ageing is told of. */
  on: string;
  ageing: AccountAgeingView[];
  /** Whom statements were sent to: more than one where the contract passed from one to another. */
  customers: AccountCustomerView[];
  statements: AccountStatementView[];
  payments: AccountPaymentView[];
  creditNotes: AccountCreditNoteView[];
  lateFees: AccountLateFeeView[];
  disputes: AccountDisputeView[];
  /** Not told to customers. */
  writeOffs?: AccountWriteOffView[];
  deposits: HeldDepositView[];
  /** What comes next while nothing is paid. */
  nextStep?: AccountLadderView;
}

export class BillingAccountList {
  items: AccountSummary[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class AccountPostingView {
  /** @example receivable */
  book: string;
  currency: string;
  /** More in the book above zero, less below; those of an event come to zero. */
  amount: string;
  statementId?: string;
}

export class AccountEntryView {
  eventId: string;
  /** @example PaymentApplied */
  kind: string;
  currency: string;
  enteredOn: string;
  statementId?: string;
  /** By how much more is owed; less where it is below zero. */
  amount: string;
  /** What was owed after it, in that currency. */
  balance: string;
  /** By how much more is held as credit. */
  unapplied: string;
  /** What was held as credit after it. */
  unappliedCredit: string;
  /** Not told to customers. */
  postings?: AccountPostingView[];
}

export class AccountEntryList {
  items: AccountEntryView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export const accountSummary = (account: KnownAccount): AccountSummary => {
  const { contractId, customerId, statements, suspension, terminatedOn } = account;
  const steps = statements.flatMap((statement) => standingAt(statement)?.step ?? []);
  const ladderStep = LADDER_STEPS.findLast((step) => steps.includes(step));
  return {
    ...{ contractId, customerId, balances: [...balancesOf(account)] },
    ...(ladderStep !== undefined && { ladderStep }),
    suspendedForNonPayment: suspension !== undefined,
    terminatedForNonPayment: terminatedOn !== undefined,
  };
};

/** @param on the day that statements are old on. */
export const accountView = (
  account: KnownAccount,
  on: string,
  deposits: readonly DepositRow[],
): BillingAccountView => {
  const next = nextStep(account);
  return {
    ...accountSummary(account),
    on,
    ageing: ageingOf(account, on),
    customers: customersView(account),
    statements: [...account.statements].sort(byDue).map((each) => statementView(account, each)),
    payments: account.payments.map(({ applied: _, statementIds: __, ...payment }) => payment),
    creditNotes: account.creditNotes.map((note) => ({ ...note })),
    lateFees: account.lateFees.map((fee) => ({ ...fee, ...takenOf(account, fee) })),
    disputes: [...account.disputes],
    writeOffs: [...account.writeOffs],
    deposits: deposits.map(({ deposit_id: depositId, currency, balance }) => ({
      ...{ depositId, currency, balance },
    })),
    ...(next && { nextStep: { ...next } }),
  };
};

const customersView = (account: KnownAccount): AccountCustomerView[] =>
  owedByCustomer(account).map(({ customerId, owed }) => ({
    customerId,
    owed: owed.map(({ currency, balance, disputed }) => ({ currency, balance, disputed })),
  }));

const takenOf = (
  { creditNotes, writeOffs }: KnownAccount,
  { lateFeeId, currency }: AccountLateFee,
): Pick<AccountLateFeeView, 'credited' | 'writtenOff'> => {
  const sumOf = (
    all: readonly { readonly lateFeeId?: string; readonly amount: string }[],
  ): string => {
    const named = all.filter((each) => each.lateFeeId === lateFeeId);
    return unitsText(
      named.reduce((sum, { amount }) => sum + unitsOf(amount), 0n),
      currency,
    );
  };
  return {
    credited: sumOf(creditNotes.filter(({ number }) => number !== undefined)),
    writtenOff: sumOf(writeOffs.filter(({ approvedOn }) => approvedOn !== undefined)),
  };
};

const statementView = (
  account: KnownAccount,
  statement: AccountStatement,
): AccountStatementView => {
  const { statementId, number, kind, month, customerId, issuedOn, dueOn, released } = statement;
  const reached = standingAt(statement);
  return {
    ...{ statementId, number, kind, month, customerId, issuedOn },
    ...(dueOn !== undefined && { dueOn }),
    charges: statement.charges.map((charge) => chargeView(account, statement, charge)),
    ...(reached && { reached: { statementId, ...reached } }),
    ...(released && { releasedBySettlement: released.settlementId }),
  };
};

const chargeView = (
  account: KnownAccount,
  statement: AccountStatement,
  { changes: _, feesCharged: __, lateFeesThrough: ___, ...charge }: Charge,
): AccountChargeView => {
  const { currency } = charge;
  const whole: Charge = { ...charge, changes: [], feesCharged: [] };
  return {
    ...charge,
    open: unitsText(openOf(whole), currency),
    collectible: unitsText(collectibleOf(account, statement, whole), currency),
  };
};

type Bucket = Exclude<keyof AccountAgeingView, 'currency'>;

const DAY_MS = 86_400_000;

const bucketOf = (dueOn: string | undefined, on: string): Bucket => {
  const days = dueOn === undefined ? 0 : (Date.parse(on) - Date.parse(dueOn)) / DAY_MS;
  if (days <= 0) return 'notDue';
  if (days <= 30) return 'days1To30';
  if (days <= 60) return 'days31To60';
  return days <= 90 ? 'days61To90' : 'daysOver90';
};

/** What was open at the end of a day, by how many days after its due day that is. */
const ageingOf = (account: KnownAccount, on: string): AccountAgeingView[] =>
  balancesOf(account).map(({ currency }) => {
    const none = unitsText(0n, currency);
    const ageing: AccountAgeingView = {
      ...{ currency, notDue: none, days1To30: none, days31To60: none },
      ...{ days61To90: none, daysOver90: none },
    };
    for (const { charges, dueOn, issuedOn } of account.statements) {
      if (issuedOn > on) continue;
      const bucket = bucketOf(dueOn, on);
      const open = charges
        .filter((charge) => charge.currency === currency)
        .reduce((sum, charge) => sum + atLeastZero(openOn(charge, on)), 0n);
      ageing[bucket] = unitsText(unitsOf(ageing[bucket]) + open, currency);
    }
    return ageing;
  });

/** An entry with what it came to. */
export type RunningEntryRow = AccountEntryRow & {
  readonly running_balance: string;
  readonly running_credit: string;
};

export const entryView = (row: RunningEntryRow): AccountEntryView => ({
  eventId: row.event_id,
  kind: row.kind,
  currency: row.currency,
  enteredOn: row.entered_on,
  ...(row.statement_id !== null && { statementId: row.statement_id }),
  amount: row.receivable,
  balance: row.running_balance,
  unapplied: row.unapplied_credit,
  unappliedCredit: row.running_credit,
  postings: row.postings.map((posting) => ({ ...posting })),
});
