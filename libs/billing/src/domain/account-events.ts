import type { DomainEvent, EventCatalogue } from '@hostledger/eventsourcing';
import type { RoundingMode } from '@hostledger/quantities';
import type { PeriodStatementKind, Total } from './statement.js';

// What can be recorded of the account of a contract: what was charged, what came in for it, and
// what followed where nothing came. Days are days in the zone of the contract. Amounts are decimal,
// with the places of their currency (ISO 4217, or BTC), and above zero unless it is said otherwise.

interface OfAccount {
  contractId: string;
  /**
   * Whom it is about: where a statement is named, whom that was addressed to; else whose the contract is
   * on the day of the act. (Events of before that rule name whom the last statement was addressed to, which
   * differs where the contract has passed to another customer.)
   */
  customerId: string;
}
interface OfStatement extends OfAccount {
  statementId: string;
}
interface OfAmount extends OfStatement {
  currency: string;
  amount: string;
}

export type AccountOpened = DomainEvent<
  'AccountOpened',
  OfAccount & {
    /** IANA name; days of the account are days in this zone. */
    timeZone: string;
  }
>;

/** Steps for what stays unpaid, in days after it was due. */
export interface LadderTerms {
  readonly noticeDays: number;
  readonly suspensionDays: number;
  readonly terminationDays: number;
}

/** Percent of what is overdue for each month, by the day; once it is more days late than these. */
export interface LateFeeTerms {
  readonly percentPerMonth: string;
  readonly graceDays: number;
}

export type StatementEntered = DomainEvent<
  'StatementEntered',
  OfStatement & {
    /** Without gaps in its series. */
    number: string;
    kind: PeriodStatementKind;
    /** YYYY-MM */
    month: string;
    issuedOn: string;
    /** The last day on which it is paid in time; absent where the terms name none. */
    dueOn?: string;
    /** One for each currency; below zero where more is credited than charged. */
    totals: Total[];
    /** By the terms of the statement; absent where they have none. */
    ladder?: LadderTerms;
    lateFee?: LateFeeTerms;
    /** The clause of the payment terms. */
    clauseRef?: string;
  }
>;

export type PaymentReceived = DomainEvent<
  'PaymentReceived',
  OfAccount & {
    paymentId: string;
    currency: string;
    amount: string;
    receivedOn: string;
    /** Of the payment, as the bank calls it. */
    reference: string;
    /** What the payer names it for, in this order; absent where nothing is named. */
    statementIds?: string[];
  }
>;
export type PaymentApplied = DomainEvent<
  'PaymentApplied',
  OfAmount & {
    paymentId: string;
    /** The day from which the statement is paid by so much. */
    appliedOn: string;
  }
>;
export type PaymentReversed = DomainEvent<
  'PaymentReversed',
  OfAccount & {
    /** Its customer is that of `PaymentReceived`. */
    paymentId: string;
    currency: string;
    amount: string;
    reversedOn: string;
    cause: string;
    /** What it had been applied to, and is open again. */
    restored: { statementId: string; amount: string }[];
    /** What of it had been applied to nothing; may be zero. */
    unapplied: string;
  }
>;
export type StatementCreditApplied = DomainEvent<
  'StatementCreditApplied',
  OfAmount & {
    /** The statement on which more is credited or paid than charged. */
    fromStatementId: string;
    appliedOn: string;
  }
>;

export type CreditNoteBegan = DomainEvent<
  'CreditNoteBegan',
  OfAmount & {
    creditNoteId: string;
    /** Of the statement, where it is for one line. */
    line?: number;
    /** The late fee on the statement, where it is for one. */
    lateFeeId?: string;
    reason: string;
    issuedOn: string;
    /** Where it is what a dispute came to. */
    disputeId?: string;
  }
>;
export type CreditNoteIssued = DomainEvent<
  'CreditNoteIssued',
  OfAmount & {
    creditNoteId: string;
    /** Without gaps in its series. */
    number: string;
    issuedOn: string;
    line?: number;
    lateFeeId?: string;
    reason: string;
  }
>;

export type DisputeRaised = DomainEvent<
  'DisputeRaised',
  OfAmount & {
    disputeId: string;
    /** Of the statement, where it is about one. */
    line?: number;
    /** The late fee on the statement, where it is about one. */
    lateFeeId?: string;
    reason: string;
    raisedOn: string;
  }
>;
export type DisputeResolved = DomainEvent<
  'DisputeResolved',
  OfStatement & {
    disputeId: string;
    currency: string;
    outcome: 'upheld' | 'rejected';
    /** What is credited; zero where it was rejected. */
    upheldAmount: string;
    resolvedOn: string;
    reason: string;
  }
>;

/** Days in one month on which the same amount was overdue. */
export interface LateStretch {
  readonly fromOn: string;
  readonly throughOn: string;
  readonly days: number;
  readonly daysInMonth: number;
  /** Overdue and not disputed. */
  readonly overdue: string;
}
export type LateFeeCharged = DomainEvent<
  'LateFeeCharged',
  OfAmount & {
    lateFeeId: string;
    /** The first and the last day it is for. */
    fromOn: string;
    throughOn: string;
    /** The day it is charged on. */
    chargedOn: string;
    percentPerMonth: string;
    clauseRef?: string;
    /** The sum over these of overdue × percent × days ÷ days in the month. */
    stretches: LateStretch[];
    /** As `n/d`, of the stretches alone. */
    exactAmount: string;
    /**
     * As `n/d`, what the fees before it of the same statement were rounded down by, below zero where they
     * were rounded up: added before this one is rounded, so that however often fees are charged they come
     * to the same. Absent for zero.
     */
    carried?: string;
    rounding: { mode: RoundingMode; scale: number };
  }
>;
export type LateFeeNoteIssued = DomainEvent<
  'LateFeeNoteIssued',
  OfAmount & {
    lateFeeId: string;
    /** Without gaps in its series. */
    number: string;
    /** The day the fee was charged on. */
    issuedOn: string;
  }
>;

export type WriteOffProposed = DomainEvent<
  'WriteOffProposed',
  OfAmount & {
    writeOffId: string;
    /** The late fee on the statement, where it is of one: then it makes no less of what was billed. */
    lateFeeId?: string;
    reason: string;
    proposedOn: string;
    /** Subject; another one approves. */
    proposedBy: string;
  }
>;
export type WriteOffApproved = DomainEvent<
  'WriteOffApproved',
  OfAmount & {
    writeOffId: string;
    lateFeeId?: string;
    approvedOn: string;
    /** Subject. */
    approvedBy: string;
  }
>;

export type DepositDrawBegan = DomainEvent<
  'DepositDrawBegan',
  OfAmount & {
    drawId: string;
    depositId: string;
    drawnOn: string;
    reference: string;
    /** What it is kept for, as the contract records it. */
    cause: string;
  }
>;
export type DepositApplied = DomainEvent<
  'DepositApplied',
  OfAmount & { drawId: string; depositId: string; drawnOn: string }
>;
export type DepositDrawFailed = DomainEvent<
  'DepositDrawFailed',
  OfStatement & {
    drawId: string;
    depositId: string;
    /** Code of the rule by which the contract refused; see problems.md. */
    code: string;
    detail: string;
  }
>;

export type ReceivableReleased = DomainEvent<
  'ReceivableReleased',
  OfStatement & {
    /** What was open, for each currency; empty where nothing was. */
    amounts: Total[];
    /** The settlement under which the claim was released, and its leg. */
    settlementId: string;
    leg: number;
    releasedOn: string;
  }
>;

interface OfStep extends OfStatement {
  /** What was unpaid and undisputed then. */
  amounts: Total[];
}
export type StatementOverdue = DomainEvent<
  'StatementOverdue',
  OfStep & { number: string; dueOn: string; overdueOn: string }
>;
export type NonPaymentNoticed = DomainEvent<
  'NonPaymentNoticed',
  OfStep & {
    number: string;
    noticedOn: string;
    /** The first day on which service may be suspended for it. */
    suspensionOn: string;
    clauseRef?: string;
  }
>;
export type NonPaymentSuspensionBegan = DomainEvent<
  'NonPaymentSuspensionBegan',
  OfStep & { actId: string; suspendedOn: string; clauseRef?: string }
>;
export type ServiceSuspendedForNonPayment = DomainEvent<
  'ServiceSuspendedForNonPayment',
  OfStatement & {
    actId: string;
    /** Perhaps earlier, for another statement. */
    suspendedOn: string;
    /** The day on which this statement got so far. */
    steppedOn: string;
  }
>;
export type NonPaymentTerminationBegan = DomainEvent<
  'NonPaymentTerminationBegan',
  OfStep & { actId: string; terminatedOn: string }
>;
export type TerminatedForNonPayment = DomainEvent<
  'TerminatedForNonPayment',
  OfStatement & { actId: string; terminatedOn: string }
>;
export type NonPaymentCured = DomainEvent<
  'NonPaymentCured',
  OfAccount & {
    /** Those that were overdue. */
    statementIds: string[];
    curedOn: string;
    /** Act by which service that was suspended for them is resumed. */
    resumeActId?: string;
  }
>;
export type ServiceResumedAfterPayment = DomainEvent<
  'ServiceResumedAfterPayment',
  OfAccount & { actId: string; resumedOn: string }
>;
export const NON_PAYMENT_ACTS = ['suspend', 'resume', 'terminate'] as const;
export type NonPaymentActKind = (typeof NON_PAYMENT_ACTS)[number];
export type NonPaymentActRefused = DomainEvent<
  'NonPaymentActRefused',
  OfAccount & {
    actId: string;
    act: NonPaymentActKind;
    /** Code of the rule by which the contract refused; see problems.md. */
    code: string;
    detail: string;
  }
>;

export type LadderEvent =
  | StatementOverdue
  | NonPaymentNoticed
  | NonPaymentSuspensionBegan
  | ServiceSuspendedForNonPayment
  | NonPaymentTerminationBegan
  | TerminatedForNonPayment
  | NonPaymentCured
  | ServiceResumedAfterPayment
  | NonPaymentActRefused;

/** Those that change what is owed, or what is held as credit. */
export type PostingEvent =
  | StatementEntered
  | PaymentReceived
  | PaymentApplied
  | PaymentReversed
  | StatementCreditApplied
  | CreditNoteIssued
  | LateFeeCharged
  | WriteOffApproved
  | DepositApplied
  | ReceivableReleased;

export type AccountEvent =
  | AccountOpened
  | PostingEvent
  | CreditNoteBegan
  | DisputeRaised
  | DisputeResolved
  | WriteOffProposed
  | DepositDrawBegan
  | DepositDrawFailed
  | LateFeeNoteIssued
  | LadderEvent;

export const accountEvents: EventCatalogue<AccountEvent> = {
  AccountOpened: 'The account of a contract was opened, with its first statement or payment.',
  StatementEntered: 'A statement was issued, and what it comes to is owed.',
  PaymentReceived: 'A payment of the customer came in.',
  PaymentApplied: 'A payment, or a part of it, went to what one statement asks for.',
  PaymentReversed: 'A payment bounced; what it had paid is open again.',
  StatementCreditApplied: 'What one statement had to give back went to what another one asks for.',
  CreditNoteBegan: 'A credit note was decided on; it gets its number next.',
  CreditNoteIssued: 'A credit note was issued under its number: less is owed.',
  DisputeRaised: 'The customer disputed an amount of a statement; it is not collected meanwhile.',
  DisputeResolved: 'A dispute was upheld, which is credited, or rejected.',
  LateFeeCharged: 'A late fee was charged for days on which an amount was overdue.',
  LateFeeNoteIssued: 'A late fee that was charged has its number, under which it is sent.',
  WriteOffProposed: 'Somebody proposed to give an amount up.',
  WriteOffApproved: 'Another one approved: the amount is given up.',
  DepositDrawBegan:
    'A part of a deposit is to be kept for a statement; the contract is asked next.',
  DepositApplied: 'A part of a deposit was kept for a statement.',
  DepositDrawFailed: 'The contract refused to have a part of its deposit kept.',
  ReceivableReleased:
    'The claim to what a statement asks for was released in a settlement; it is not collected.',
  StatementOverdue: 'The day on which a statement was due passed, and an amount is unpaid.',
  NonPaymentNoticed: 'The customer was told what follows if a statement stays unpaid.',
  NonPaymentSuspensionBegan:
    'Service is to be suspended for a statement that stayed unpaid; the contract is asked next.',
  ServiceSuspendedForNonPayment: 'Service is suspended for a statement that stayed unpaid.',
  NonPaymentTerminationBegan:
    'The contract is to be ended for a statement that stayed unpaid; the contract is asked next.',
  TerminatedForNonPayment: 'The contract ended for a statement that stayed unpaid.',
  NonPaymentCured: 'Nothing that is undisputed is overdue any more.',
  ServiceResumedAfterPayment: 'Service that was suspended for non-payment was taken up again.',
  NonPaymentActRefused: 'The contract refused to be suspended, resumed or ended for non-payment.',
};
