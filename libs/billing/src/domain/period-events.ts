import type { PaymentTerms } from '@hostledger/contracts';
import type { DomainEvent, EventCatalogue } from '@hostledger/eventsourcing';
import type { Window } from './inputs.js';
import type { Shortcoming } from './line.js';
import type { AdjustmentLine } from './standing.js';
import type { PeriodStatementKind, StatementLine, Total } from './statement.js';

// What can be recorded of a month of a contract. Months are YYYY-MM and days YYYY-MM-DD of the
// contract's time zone; positions are those of the log, in digits.

/** The month that an event is about. */
interface OfMonth {
  contractId: string;
  /** YYYY-MM */
  month: string;
}

/** Agreements on a closed month. */
export interface AgreementsPinned {
  /** YYYY-MM */
  readonly month: string;
  /** In the order they were made in. */
  readonly adjustmentIds: readonly string[];
}

export type PeriodCloseBegan = DomainEvent<
  'PeriodCloseBegan',
  OfMonth & {
    /** Each attempt has its own. */
    closeId: string;
    /** Of the statement that the month is closed with; the same in every attempt. */
    statementId: string;
    /** Whose contract it is at the end of the month. */
    customerId: string;
    timeZone: string;
    currency: string;
    /** Facts up to this position count, whenever the close is computed. */
    position: string;
    /** The day that the statement is dated with. */
    issuedOn: string;
    /** Of the contract. Late facts of the months since, which are closed, are adjusted. */
    firstMonth: string;
    /**
     * Version of the formula by which the month is computed, now and whenever it is computed anew. Absent of
     * closes that began before it was recorded: their lines tell it, see `formulaOf`.
     */
    formula?: number;
    /**
     * Agreements on earlier months that this close takes up, and no others; months without any are left
     * out. Absent of closes that began before it was recorded: they take what they find.
     */
    agreed?: readonly AgreementsPinned[];
    begunBy: string;
  }
>;

export type PeriodCloseRefused = DomainEvent<
  'PeriodCloseRefused',
  OfMonth & {
    closeId: string;
    statementId: string;
    /** See problems.md. */
    code: string;
    detail: string;
    /** The first of them, at most 100. */
    shortcomings: readonly Shortcoming[];
    shortcomingCount: number;
  }
>;

export type PeriodLinesRecorded = DomainEvent<
  'PeriodLinesRecorded',
  OfMonth & {
    closeId: string;
    statementId: string;
    /** From 1. */
    chunk: number;
    /** How many there are in all; `PeriodClosed` follows the last one. */
    chunks: number;
    /** Of the statement: those of the month, then what adjusts earlier months. */
    lines: readonly StatementLine[];
  }
>;

/** A version of the terms that was in force in the month. */
export interface TermsPinned extends Window {
  readonly version: number;
  /** Of the event that says what the version is. */
  readonly eventId: string;
}

export type PeriodClosed = DomainEvent<
  'PeriodClosed',
  OfMonth & {
    closeId: string;
    statementId: string;
    customerId: string;
    timeZone: string;
    currency: string;
    position: string;
    /** That of `PeriodCloseBegan`. */
    formula?: number;
    terms: readonly TermsPinned[];
    /** SHA-256 (hex) over the canonical form of what the month was computed from. */
    inputsDigest: string;
    /** SHA-256 (hex) over the canonical form of the lines. */
    linesDigest: string;
    lineCount: number;
    totals: readonly Total[];
    issuedOn: string;
    /** Of the terms last in force by the end of the month, where they say so. */
    payment?: PaymentTerms;
    /** Earlier months that lines of the statement adjust. */
    adjustedMonths: readonly string[];
  }
>;

export type StatementIssued = DomainEvent<
  'StatementIssued',
  OfMonth & {
    statementId: string;
    /** Without gaps in its series: `<year>-<six digits>`. */
    number: string;
    kind: PeriodStatementKind;
    customerId: string;
    issuedOn: string;
    /** Where the terms say within how many days, and something is to be paid. */
    dueOn?: string;
    lineCount: number;
    totals: readonly Total[];
    payment?: PaymentTerms;
  }
>;

export type AdjustmentPosted = DomainEvent<
  'AdjustmentPosted',
  OfMonth & {
    /** The close that takes the adjustments up, and the statement they are on. */
    into: { month: string; closeId: string; statementId: string };
    /** The month was computed anew as of this position. */
    position: string;
    /** Of that computation; absent where nothing was recorded that could change it. */
    inputsDigest?: string;
    chunk: number;
    chunks: number;
    /** None where the month comes to what stands, computed anew. */
    lines: readonly AdjustmentLine[];
    /** Agreements that are taken up. */
    agreed: readonly string[];
  }
>;

export type AdjustmentAgreed = DomainEvent<
  'AdjustmentAgreed',
  OfMonth & {
    adjustmentId: string;
    /** Number of the line on the statement of the month. */
    line: number;
    /** Decimal, in the currency of the line; below zero for a credit. */
    amount: string;
    currency: string;
    reason: string;
    clauseRef?: string;
    agreedBy: string;
  }
>;

/** A line of the statement that a restatement comes to. */
export type RestatedLine = AdjustmentLine & StatementLine;

export type RestatementLinesRecorded = DomainEvent<
  'RestatementLinesRecorded',
  OfMonth & {
    restatementId: string;
    statementId: string;
    chunk: number;
    /** How many follow `RestatementProposed`. */
    chunks: number;
    /** What the new result changes of what stands. */
    lines: readonly RestatedLine[];
  }
>;

export type RestatementProposed = DomainEvent<
  'RestatementProposed',
  OfMonth & {
    restatementId: string;
    /** Of the statement that tells the differences, once it is approved. */
    statementId: string;
    customerId: string;
    /** The month was computed anew as of this position. */
    position: string;
    inputsDigest: string;
    /** Of the lines of the new result. */
    resultDigest: string;
    /** Of the lines that tell the differences. */
    linesDigest: string;
    lineCount: number;
    /** Of the differences. */
    totals: readonly Total[];
    reason: string;
    proposedBy: string;
  }
>;

export type RestatementApproved = DomainEvent<
  'RestatementApproved',
  OfMonth & {
    restatementId: string;
    statementId: string;
    customerId: string;
    issuedOn: string;
    approvedBy: string;
  }
>;

export type RestatementRejected = DomainEvent<
  'RestatementRejected',
  OfMonth & {
    restatementId: string;
    statementId: string;
    rejectedBy: string;
    reason: string;
  }
>;

export type PeriodEvent =
  | PeriodCloseBegan
  | PeriodCloseRefused
  | PeriodLinesRecorded
  | PeriodClosed
  | StatementIssued
  | AdjustmentPosted
  | AdjustmentAgreed
  | RestatementLinesRecorded
  | RestatementProposed
  | RestatementApproved
  | RestatementRejected;

export const periodEvents: EventCatalogue<PeriodEvent> = {
  PeriodCloseBegan: 'A month of a contract is to be closed by all that is recorded up to here.',
  PeriodCloseRefused: 'The month cannot be closed as it is; it can be tried again.',
  PeriodLinesRecorded: 'Lines that a month is closed with.',
  PeriodClosed: 'A month was closed; from then on later facts adjust it and change nothing of it.',
  StatementIssued: 'A statement got its number and went to the customer.',
  AdjustmentPosted:
    'What later facts, or agreements, change of a closed month, if anything, is on a later statement.',
  AdjustmentAgreed: 'Somebody agreed to charge or credit a line of a closed month otherwise.',
  RestatementLinesRecorded: 'What a restatement would change, line by line.',
  RestatementProposed: 'A closed month was computed anew, to be put in place of what stands.',
  RestatementApproved: 'Somebody else agreed: from then on the new result stands.',
  RestatementRejected: 'The new result does not stand; the old one does.',
};
