import type { AccountEvent } from './account-events.js';
import type { KnownAccount } from './account-state.js';

// A contract may pass to another customer while statements of the one before are unpaid. What names a
// statement bears the customer whom that was sent to; what is of the contract alone bears whose the
// contract is then.

/** Whom these statements were sent to, each once; those that the account has not are left out. */
export const addresseesOf = (
  { statements }: KnownAccount,
  statementIds: readonly string[],
): readonly string[] => [
  ...new Set(
    statementIds.flatMap((id) => {
      return statements.find(({ statementId }) => statementId === id)?.customerId ?? [];
    }),
  ),
];

/** Undefined where it is nobody, or more than one. */
const onlyAddressee = (
  account: KnownAccount,
  statementIds: readonly string[],
): string | undefined => {
  const [customerId, ...more] = addresseesOf(account, statementIds);
  return more.length === 0 ? customerId : undefined;
};

/** Statements that an event names, or that what it names was for. */
const statementsOf = (event: AccountEvent, account: KnownAccount): readonly string[] => {
  switch (event.type) {
    case 'PaymentReceived':
    case 'NonPaymentCured':
      return event.data.statementIds ?? [];
    case 'NonPaymentActRefused': {
      const act = account.acts.find(({ actId }) => actId === event.data.actId);
      return act?.statementId === undefined ? [] : [act.statementId];
    }
    default:
      return 'statementId' in event.data ? [event.data.statementId] : [];
  }
};

/**
 * The event, with whom it is about. Statements that are named together and were sent to several
 * customers leave the customer that is in the event: whose the account is, or who paid.
 */
export const addressed = (event: AccountEvent, account: KnownAccount): AccountEvent => {
  const customerId =
    event.type === 'PaymentReversed'
      ? payerOf(account, event.data.paymentId)
      : onlyAddressee(account, statementsOf(event, account));
  return customerId === undefined
    ? event
    : ({ ...event, data: { ...event.data, customerId } } as AccountEvent);
};

const payerOf = ({ payments }: KnownAccount, paymentId: string): string | undefined =>
  payments.find((each) => each.paymentId === paymentId)?.customerId;
