import type { Component, Line } from './line.js';

// What a customer is sent.

/**
 * - `statement`: of a closed month, with adjustments of earlier ones.
 * - `restatement`: the difference that an approved restatement of one month makes.
 * - `creditNote`: what is given back beside them.
 */
export const STATEMENT_KINDS = ['statement', 'restatement', 'creditNote'] as const;
export type StatementKind = (typeof STATEMENT_KINDS)[number];

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
  readonly reason: string;
}

/** A line as papers have it. */
export type PaperLine = Omit<StatementLine, 'component' | 'termsVersion'> & {
  /**
   * `credit`: of a credit note for a whole statement; `nothing`: that a statement has no lines. No
   * version of the terms is behind these.
   */
  readonly component: Component | 'credit' | 'nothing';
  readonly termsVersion?: number;
};

export interface Total {
  /** ISO 4217, or BTC. */
  readonly currency: string;
  readonly amount: string;
}

/** A statement, a restatement, or a credit note. */
export interface Statement {
  readonly statementId: string;
  /** Without gaps in its series: `<series>-<six digits>`, e.g. `2024-000017`. */
  readonly number: string;
  readonly kind: StatementKind;
  readonly contractId: string;
  readonly customerId: string;
  /** YYYY-MM; of a credit note that of the statement. */
  readonly month: string;
  readonly issuedOn: string;
  readonly dueOn?: string;
  /** Of a credit note. */
  readonly credits?: Credits;
  readonly lines: readonly PaperLine[];
  readonly totals: readonly Total[];
  /** Log position up to which facts counted, in digits; of a credit note its own. */
  readonly position: string;
  /**
   * SHA-256 (hex) over the canonical form of the inputs, and of the lines. A credit note has none: it
   * was decided on, not computed.
   */
  readonly inputsDigest?: string;
  readonly linesDigest?: string;
}
