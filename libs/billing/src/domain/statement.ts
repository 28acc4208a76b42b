import type { LateStretch } from './account-events.js';
import type { Component, Line } from './line.js';

// What a customer is sent.

/**
 * - `statement`: of a closed month, with adjustments of earlier ones.
 * - `restatement`: the difference that an approved restatement of one month makes.
 * - `creditNote`: what is given back beside them.
 * - `lateFeeNote`: what is charged beside them, for what was overdue.
 */
export const STATEMENT_KINDS = ['statement', 'restatement', 'creditNote', 'lateFeeNote'] as const;
export type StatementKind = (typeof STATEMENT_KINDS)[number];
/** Of a month: what its close or a restatement comes to. */
export type PeriodStatementKind = Exclude<StatementKind, 'creditNote' | 'lateFeeNote'>;

/** Which line of which earlier statement a line changes, and why. */
export interface Adjusts {
  /** YYYY-MM of the closed period. */
  readonly month: string;
  readonly statementId: string;
  /** Of the original; absent where there was none with that key. */
  readonly line?: number;
  /** A later fact changed what it comes to, or somebody agreed on it. */
  readonly cause: 'lateFact' | 'agreed';
  /** In words, where it was agreed. */
  readonly reason?: string;
  /** What stood until now, in the currency of the line: original and adjustments so far. */
  readonly before: string;
}

export interface StatementLine extends Line {
  /** From 1. */
  readonly number: number;
  /** The line's amount is then the difference; quantity and rate are those of the new result. */
  readonly adjusts?: Adjusts;
}

/** What a credit note gives back of. */
export interface Credits {
  readonly statementId: string;
  readonly number: string;
  /** Of the statement, where it is for one. */
  readonly line?: number;
  /** The late fee on the statement, where it is for one, and the number of its note. */
  readonly lateFeeId?: string;
  readonly lateFeeNumber?: string;
  readonly reason: string;
}

/** What a late fee note charges for: days on which a statement was overdue. */
export interface LateFeeFor {
  readonly statementId: string;
  readonly number: string;
  /** The last day on which it would have been paid in time. */
  readonly dueOn: string;
  /** The first and the last day that the fee is for. */
  readonly fromOn: string;
  readonly throughOn: string;
  readonly percentPerMonth: string;
  /** Days on which the same was overdue, in their order. */
  readonly stretches: readonly LateStretch[];
}

/** A line as papers have it. */
export type PaperLine = Omit<StatementLine, 'component' | 'termsVersion'> & {
  /**
   * `credit`: of a credit note for a whole statement; `nothing`: that a statement has no lines. No
   * version of the terms is behind these. `lateFee`: of a late fee note, by the terms of its statement.
   */
  readonly component: Component | 'credit' | 'lateFee' | 'nothing';
  readonly termsVersion?: number;
};

export interface Total {
  /** ISO 4217, or BTC. */
  readonly currency: string;
  readonly amount: string;
}

/** A statement, a restatement, a credit note, or a late fee note. */
export interface Statement {
  readonly statementId: string;
  /** Without gaps in its series: `<series>-<six digits>`, e.g. `2024-000017`. */
  readonly number: string;
  readonly kind: StatementKind;
  readonly contractId: string;
  readonly customerId: string;
  /** YYYY-MM; of a credit note that of what it is for, of a late fee note that of its last day. */
  readonly month: string;
  readonly issuedOn: string;
  readonly dueOn?: string;
  /** Of a credit note. */
  readonly credits?: Credits;
  /** Of a late fee note. */
  readonly lateFee?: LateFeeFor;
  readonly lines: readonly PaperLine[];
  readonly totals: readonly Total[];
  /** Log position up to which facts counted, in digits; of a credit or late fee note its own. */
  readonly position: string;
  /**
   * SHA-256 (hex) over the canonical form of the inputs, and of the lines. A credit note has none: it
   * was decided on, not computed. Nor has a late fee note, whose event says all that it is computed from.
   */
  readonly inputsDigest?: string;
  readonly linesDigest?: string;
}
