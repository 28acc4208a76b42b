import type { DomainCommand } from '@hostledger/eventsourcing';
import type { LadderTerms, LateFeeTerms } from './account-events.js';
import type { LadderStep } from './account-state.js';
import type { Billed } from './billed.js';
import type { PeriodStatementKind, Total } from './statement.js';

/** Whose contract it is on the day of the act; the first act opens the account. */
interface Holder {
  readonly contractId: string;
  readonly customerId: string;
  /** IANA name; that of the contract. */
  readonly timeZone: string;
}

/** What a closed period asks for. Entering the same statement again in the same words changes nothing. */
export interface StatementEntry extends Holder {
  readonly statementId: string;
  readonly number: string;
  readonly kind: PeriodStatementKind;
  /** YYYY-MM */
  readonly month: string;
  readonly issuedOn: string;
  readonly dueOn?: string;
  readonly totals: readonly Total[];
  readonly ladder?: LadderTerms;
  readonly lateFee?: LateFeeTerms;
  readonly clauseRef?: string;
}

export interface Payment extends Holder {
  readonly paymentId: string;
  readonly currency: string;
  readonly amount: string;
  readonly receivedOn: string;
  readonly reference: string;
  readonly statementIds?: readonly string[];
}

interface OfCharge {
  readonly statementId: string;
  readonly currency: string;
  readonly amount: string;
}
export interface CreditNote extends OfCharge {
  readonly creditNoteId: string;
  readonly line?: number;
  /** Of the statement, where it is for one; then for no line. */
  readonly lateFeeId?: string;
  readonly reason: string;
}
export interface Dispute extends OfCharge {
  readonly disputeId: string;
  readonly line?: number;
  /** Of the statement, where it is about one; then about no line. */
  readonly lateFeeId?: string;
  readonly reason: string;
  /** The day of the act where nothing is said. */
  readonly raisedOn?: string;
}
export interface Resolution {
  readonly disputeId: string;
  readonly outcome: 'upheld' | 'rejected';
  /** All that was disputed where nothing is said. */
  readonly upheldAmount?: string;
  /** The day of the act where nothing is said. */
  readonly resolvedOn?: string;
  readonly reason: string;
  /** Of the credit note that it comes to where it is upheld. */
  readonly creditNoteId: string;
}
export interface WriteOff extends OfCharge {
  readonly writeOffId: string;
  /** Of the statement, where it is of one. */
  readonly lateFeeId?: string;
  readonly reason: string;
  readonly proposedBy: string;
}
export interface DepositDraw extends OfCharge {
  readonly drawId: string;
  readonly depositId: string;
  /** The day of the act where nothing is said. */
  readonly drawnOn?: string;
  readonly reference: string;
}
export interface ReceivableRelease {
  readonly settlementId: string;
  readonly leg: number;
  readonly statementIds: readonly string[];
  readonly releasedOn: string;
}

/** What the months say of the statement that something is to be given back of. */
interface OfMonths {
  readonly billed: Billed;
}

export type AccountCommand =
  | DomainCommand<'EnterStatement', StatementEntry>
  | DomainCommand<'ReceivePayment', Payment>
  | DomainCommand<'ReversePayment', { paymentId: string; reversedOn: string; cause: string }>
  | DomainCommand<'BeginCreditNote', CreditNote & OfMonths>
  | DomainCommand<'IssueCreditNote', { creditNoteId: string; number: string }>
  | DomainCommand<'RaiseDispute', Dispute & OfMonths>
  | DomainCommand<'ResolveDispute', Resolution & OfMonths>
  /** Of every statement, for days up to that one. */
  | DomainCommand<'ChargeLateFees', { throughOn: string }>
  | DomainCommand<'IssueLateFeeNote', { lateFeeId: string; number: string }>
  | DomainCommand<'ProposeWriteOff', WriteOff>
  | DomainCommand<'ApproveWriteOff', { writeOffId: string; approvedBy: string }>
  | DomainCommand<'BeginDepositDraw', DepositDraw>
  /** The contract has drawn it; true whatever the account thought of it before. */
  | DomainCommand<'ApplyDepositDraw', { drawId: string }>
  | DomainCommand<'FailDepositDraw', { drawId: string; code: string; detail: string }>
  /** The settlement has released the claim to these. */
  | DomainCommand<'ReleaseReceivables', ReceivableRelease>
  | DomainCommand<'ClimbLadder', { statementId: string; step: LadderStep }>
  /** What the contract answered to an act that was begun. */
  | DomainCommand<
      'ConfirmNonPaymentAct',
      {
        actId: string;
        /** Whose contract it is now. */
        customerId: string;
        /** Of service that was suspended for another statement already. */
        suspendedOn?: string;
      }
    >
  | DomainCommand<
      'RefuseNonPaymentAct',
      { actId: string; customerId: string; code: string; detail: string }
    >;

export type CommandData<Type extends AccountCommand['type']> = Extract<
  AccountCommand,
  { type: Type }
>['data'];
