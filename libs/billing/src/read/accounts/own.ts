import type { RecordedEvent } from '@hostledger/eventsourcing';
import { sees, type Scope, type Sight } from '@hostledger/http';
import type { AccountEvent } from '../../domain/account-events.js';
import type { KnownAccount } from '../../domain/account-state.js';

// What a customer sees of the account of a contract that has passed from one customer to another: what is about
// statements that were addressed to it. What a payment was for is known once it was applied.

/** The account itself where it is one customer's. */
export const ownPart = (account: KnownAccount, scope: Scope): KnownAccount => {
  const addressees = account.statements.map(({ customerId }) => customerId);
  if ([account.customerId, ...addressees].every((one) => sees(scope, one))) return account;
  const statements = account.statements.filter(({ customerId }) => sees(scope, customerId));
  const ids = new Set(statements.map(({ statementId }) => statementId));
  const isOwn = ({ statementId }: { readonly statementId: string }): boolean =>
    ids.has(statementId);
  const { suspension, terminatedOn, ...rest } = account;
  const isHeld = sees(scope, account.customerId);
  return {
    ...rest,
    // Its own id, also where the account is another's by now.
    customerId: isHeld ? account.customerId : (statements.at(-1)?.customerId ?? ''),
    ...(isHeld && suspension && { suspension }),
    ...(isHeld && terminatedOn !== undefined && { terminatedOn }),
    statements,
    payments: account.payments.filter(({ applied }) => applied.length > 0 && applied.every(isOwn)),
    creditNotes: account.creditNotes.filter(isOwn),
    lateFees: account.lateFees.filter(isOwn),
    disputes: account.disputes.filter(isOwn),
    writeOffs: account.writeOffs.filter(isOwn),
    draws: account.draws.filter(isOwn),
  };
};

const ofAmount = ['contractId', 'statementId', 'currency', 'amount'];
const ofStep = ['contractId', 'statementId', 'amounts'];

const told: Partial<Record<AccountEvent['type'], readonly string[]>> = {
  StatementEntered: [
    ...['contractId', 'statementId', 'number', 'kind', 'month', 'issuedOn', 'dueOn', 'totals'],
    'clauseRef',
  ],
  PaymentReceived: ['contractId', 'paymentId', 'currency', 'amount', 'receivedOn', 'reference'],
  PaymentApplied: [...ofAmount, 'paymentId', 'appliedOn'],
  PaymentReversed: ['contractId', 'paymentId', 'currency', 'amount', 'reversedOn', 'cause'],
  StatementCreditApplied: [...ofAmount, 'appliedOn'],
  CreditNoteIssued: [
    ...[...ofAmount, 'creditNoteId', 'number', 'issuedOn', 'line', 'lateFeeId', 'reason'],
  ],
  DisputeRaised: [...ofAmount, 'disputeId', 'line', 'lateFeeId', 'reason', 'raisedOn'],
  DisputeResolved: [
    ...['contractId', 'statementId', 'disputeId', 'currency', 'outcome', 'upheldAmount'],
    ...['resolvedOn', 'reason'],
  ],
  LateFeeCharged: [
    ...[...ofAmount, 'lateFeeId', 'fromOn', 'throughOn', 'chargedOn', 'percentPerMonth'],
    ...['clauseRef', 'stretches', 'exactAmount', 'carried', 'rounding'],
  ],
  LateFeeNoteIssued: [...ofAmount, 'lateFeeId', 'number', 'issuedOn'],
  DepositApplied: [...ofAmount, 'drawId', 'depositId', 'drawnOn'],
  ReceivableReleased: [...ofStep, 'releasedOn'],
  StatementOverdue: [...ofStep, 'number', 'dueOn', 'overdueOn'],
  NonPaymentNoticed: [...ofStep, 'number', 'noticedOn', 'suspensionOn', 'clauseRef'],
  ServiceSuspendedForNonPayment: ['contractId', 'statementId', 'suspendedOn', 'steppedOn'],
  TerminatedForNonPayment: ['contractId', 'statementId', 'terminatedOn'],
  NonPaymentCured: ['contractId', 'curedOn'],
  ServiceResumedAfterPayment: ['contractId', 'resumedOn'],
};

/** Of the addressee of the statement that it is about; else of whose the account was. */
const ownersOf = (events: readonly RecordedEvent[]): readonly (string | undefined)[] => {
  const addressees = new Map<string, string>();
  return (events as readonly (RecordedEvent & AccountEvent)[]).map(({ type, data }) => {
    if (type === 'StatementEntered') addressees.set(data.statementId, data.customerId);
    return 'statementId' in data ? addressees.get(data.statementId) : data.customerId;
  });
};

export const toldToCustomers: Omit<Sight, 'scope'> = { told, ownersOf };
