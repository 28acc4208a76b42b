import type { AccountEvent } from './account-events.js';
import { byDue, collectibleOf, openOf, pendingOf } from './account-figures.js';
import { atLeastZero, least, unitsOf, unitsText } from './account-money.js';
import {
  evolveAccount,
  type AccountPayment,
  type AccountStatement,
  type Charge,
  type KnownAccount,
} from './account-state.js';

// What comes in goes to what is owed: oldest due first. After every act either no credit is left
// or nothing undisputed is open, in each currency.

/** @returns the account after the events; it stays open. */
export const after = (account: KnownAccount, events: readonly AccountEvent[]): KnownAccount => {
  const folded = events.reduce<ReturnType<typeof evolveAccount>>(evolveAccount, account);
  return folded.status === 'unknown' ? account : folded;
};

interface Target {
  readonly statement: AccountStatement;
  readonly charge: Charge;
}

const targetsIn = (account: KnownAccount, currency: string): readonly Target[] =>
  [...account.statements]
    .sort(byDue)
    .flatMap((statement) =>
      statement.charges
        .filter((charge) => charge.currency === currency)
        .map((charge) => ({ statement, charge })),
    );

/** Applies credit until none is left, or nothing that it may go to. */
export const applyCredit = (account: KnownAccount, on: string): readonly AccountEvent[] => {
  const events: AccountEvent[] = [];
  for (let now = account; ;) {
    const next = nextApplication(now, on);
    if (!next) return events;
    events.push(next);
    now = after(now, [next]);
  }
};

/** Each takes all of one credit or all of one charge, so there are not many. */
const nextApplication = (account: KnownAccount, on: string): AccountEvent | undefined => {
  const currencies = new Set(
    account.statements.flatMap(({ charges }) => charges.map(({ currency }) => currency)),
  );
  for (const currency of currencies) {
    const targets = targetsIn(account, currency);
    const payment = unappliedIn(account, currency);
    for (const { statement, charge } of targets) {
      const wanted = collectibleOf(account, statement, charge);
      if (wanted <= 0n) continue;
      // What one customer has to get back pays nothing of another one's.
      const from = targets.find(
        (other) => openOf(other.charge) < 0n && other.statement.customerId === statement.customerId,
      );
      if (from) {
        const { statementId: fromStatementId } = from.statement;
        const amount = unitsText(least(wanted, -openOf(from.charge)), currency);
        return {
          type: 'StatementCreditApplied',
          data: { ...place(account, statement, currency), amount, fromStatementId, appliedOn: on },
        };
      }
      if (payment) return application(account, payment, statement, wanted, on);
    }
  }
  return undefined;
};

const unappliedIn = (account: KnownAccount, currency: string): AccountPayment | undefined =>
  account.payments
    .filter((payment) => payment.currency === currency && unitsOf(payment.unapplied) > 0n)
    .reduce<AccountPayment | undefined>(
      (oldest, next) => (!oldest || next.receivedOn < oldest.receivedOn ? next : oldest),
      undefined,
    );

/** A statement is paid from the day the money came, or from its own where the money was there before. */
const application = (
  account: KnownAccount,
  { paymentId, currency, unapplied, receivedOn }: AccountPayment,
  statement: AccountStatement,
  wanted: bigint,
  on: string,
): AccountEvent => ({
  type: 'PaymentApplied',
  data: {
    ...place(account, statement, currency),
    amount: unitsText(least(wanted, unitsOf(unapplied)), currency),
    paymentId,
    appliedOn: receivedOn > statement.issuedOn ? receivedOn : earlier(statement.issuedOn, on),
  },
});

const earlier = (one: string, other: string): string => (one < other ? one : other);

const place = (
  { contractId, customerId }: KnownAccount,
  { statementId }: AccountStatement,
  currency: string,
) => ({ contractId, customerId, statementId, currency });

/** To the statements that the payer names, in that order, also to what is disputed of them. */
export const applyAsNamed = (
  account: KnownAccount,
  paymentId: string,
  statementIds: readonly string[],
  on: string,
): readonly AccountEvent[] => {
  const events: AccountEvent[] = [];
  for (const statementId of statementIds) {
    const now = after(account, events);
    const payment = now.payments.find((each) => each.paymentId === paymentId);
    const statement = now.statements.find((each) => each.statementId === statementId);
    const charge = statement?.charges.find(({ currency }) => currency === payment?.currency);
    if (!payment || !statement || !charge) continue;
    const { currency } = charge;
    const wanted = atLeastZero(openOf(charge) - pendingOf(now, { statementId, currency }));
    if (least(wanted, unitsOf(payment.unapplied)) > 0n) {
      events.push(application(now, payment, statement, wanted, on));
    }
  }
  return events;
};

/** What is open of a released claim, e.g. for a payment of it that bounced, is released as well. */
export const releaseReopened = (account: KnownAccount): readonly AccountEvent[] =>
  account.statements.flatMap((statement): AccountEvent[] => {
    if (!statement.released) return [];
    const amounts = statement.charges
      .filter((charge) => openOf(charge) > 0n)
      .map((charge) => {
        const { currency } = charge;
        return { currency, amount: unitsText(openOf(charge), currency) };
      });
    if (amounts.length === 0) return [];
    const { contractId, customerId } = account;
    const { statementId, released } = statement;
    return [
      {
        type: 'ReceivableReleased',
        data: { contractId, customerId, statementId, amounts, ...released },
      },
    ];
  });
