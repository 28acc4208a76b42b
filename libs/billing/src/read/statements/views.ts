import { ApiProperty } from '@nestjs/swagger';
import { STATEMENT_KINDS, type Statement, type StatementKind } from '../../domain/statement.js';
import { BillingTotalView, LineView, StatementLineView } from '../periods/views.js';

/** What a credit note gives back of. */
export class CreditsView {
  statementId: string;
  /** @example 2024-000009 */
  number: string;
  /** Of the statement, where it is for one. */
  line?: number;
  /** The late fee on the statement, where it is for one. */
  lateFeeId?: string;
  /** @example 2024-000012 */
  lateFeeNumber?: string;
  reason: string;
}

/** Days in one month on which the same was overdue. */
export class LateStretchView {
  fromOn: string;
  throughOn: string;
  days: number;
  daysInMonth: number;
  /**
   * And not disputed.
   * @example "1000.00"
   */
  overdue: string;
}

/** What a late fee note charges for. */
export class LateFeeForView {
  /** The statement that was overdue. */
  statementId: string;
  /** @example 2024-000009 */
  number: string;
  /** The last day on which it would have been paid in time. */
  dueOn: string;
  /** The first day that the fee is for. */
  fromOn: string;
  /** The last one. */
  throughOn: string;
  /** @example "1.5" */
  percentPerMonth: string;
  /** The fee is the sum of overdue × percent × days ÷ days in the month, rounded once. */
  stretches: LateStretchView[];
}

export class StatementHeadView {
  statementId: string;
  /** @example 2024-000017 */
  number: string;
  /**
   * `statement`: of a closed month, with adjustments of earlier ones. `restatement`: the difference
   * that an approved restatement makes. `creditNote`: what is given back beside them. `lateFeeNote`: what
   * is charged beside them, for what was overdue.
   */
  @ApiProperty({ enum: STATEMENT_KINDS })
  kind: StatementKind;
  contractId: string;
  customerId: string;
  /**
   * Of a credit note that of what it is for, of a late fee note that of the last day it is for.
   * @example 2024-03
   */
  month: string;
  /** @example 2024-04-02 */
  issuedOn: string;
  /** Absent where the terms name no day, or nothing is to be paid. */
  dueOn?: string;
  totals: BillingTotalView[];
  /** Of a credit note. */
  credits?: CreditsView;
  /** Of a late fee note. */
  lateFee?: LateFeeForView;
  /** Log position up to which facts counted; of a credit or late fee note its own. */
  position: string;
  /** SHA-256 (hex) over the canonical form of the inputs. Absent on a credit note, which was decided on, and on a late fee note, whose `lateFee` says all. */
  inputsDigest?: string;
  /** SHA-256 (hex) over the canonical form of the lines. Absent on credit notes and late fee notes. */
  linesDigest?: string;
}

export class BillingStatementView extends StatementHeadView {
  lines: StatementLineView[];
}

export class StatementList {
  items: StatementHeadView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class SourceEventView {
  eventId: string;
  /**
   * Not told to customers.
   * @example miner-S19JXP0001
   */
  stream?: string;
  revision: number;
  /** In the log. */
  position: string;
}

export class ExplainedClauseView {
  /** @example "4.2" */
  ref: string;
  title: string;
  text: string;
}

export class ExplainedTermsView {
  version: number;
  /** The version was in force from then on, in the month. */
  from: string;
  until: string;
  /** The event that says what the version is. */
  source: SourceEventView;
}

/** How a credit note came about, and that no more is given back than was charged. */
export class ExplainedCreditView {
  statementId: string;
  /** @example 2024-000009 */
  number: string;
  /** Of the statement, where it is for one. */
  line?: number;
  /** The late fee on the statement, where it is for one. */
  lateFeeId?: string;
  /** @example 2024-000012 */
  lateFeeNumber?: string;
  /** Of whoever agreed. */
  reason: string;
  /** Subject who recorded the dispute that it was upheld of; else who issued it. Not told to customers. */
  askedBy?: string;
  askedAt: string;
  /** Of the dispute. */
  askedReason?: string;
  disputeId?: string;
  /** Subject who upheld the dispute, or issued it. Not told to customers. */
  agreedBy?: string;
  agreedAt: string;
  /**
   * By the line or the late fee; else by the statement, with late fees and without what was given up.
   * @example "950.00"
   */
  charged: string;
  /** Of it, what other statements gave back when it was agreed: later facts, agreements, restatements. */
  givenBack: string;
  /** By credit notes before this one. */
  credited: string;
  /** What was disputed then, and is not upheld by this one. */
  disputed: string;
  /** By this one. */
  amount: string;
  /** What could be given back after it; not below zero. */
  left: string;
  currency: string;
}

export class LineExplanation {
  statementId: string;
  line: StatementLineView;
  /**
   * Computed anew at the position of the statement. Absent where the new result has no such line, or
   * the line was agreed on.
   */
  recomputed?: LineView;
  /** Whether what it is computed to now is what the statement says. */
  agrees: boolean;
  /** `agreed`: somebody decided on it, and nothing is computed. */
  @ApiProperty({ enum: ['computed', 'agreed'] })
  basis: 'computed' | 'agreed';
  /**
   * Of the new result: the formula with its numbers, in the order of the computation; or who agreed on
   * the line, and why, which customers are not told.
   * @example ["32.47 kWh × 0.075 = 2.435250"]
   */
  steps: string[];
  terms?: ExplainedTermsView;
  clause?: ExplainedClauseView;
  /** Of a credit note. */
  credit?: ExplainedCreditView;
  /** Of the month that the line is about, as it was computed. Absent where the line was agreed on, or is a late fee. */
  inputsDigest?: string;
  /**
   * The version of the formula that the month was closed by, and is computed by for ever. Absent where nothing is
   * computed, and of a late fee.
   * @example 2
   */
  formula?: number;
  position: string;
  sourceCount: number;
  /** Every event that the line depends on, in the order of the log; page by page. */
  sources: SourceEventView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export const headView = ({
  totals,
  lateFee,
  ...head
}: Omit<Statement, 'lines'>): StatementHeadView => ({
  ...head,
  ...(lateFee && { lateFee: { ...lateFee, stretches: [...lateFee.stretches] } }),
  totals: [...totals],
});

export const statementView = ({ lines, ...head }: Statement): BillingStatementView => ({
  ...headView(head),
  lines: [...lines],
});
