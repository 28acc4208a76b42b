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
  reason: string;
}

export class StatementHeadView {
  statementId: string;
  /** @example 2024-000017 */
  number: string;
  /**
   * `statement`: of a closed month, with adjustments of earlier ones. `restatement`: the difference
   * that an approved restatement makes. `creditNote`: what is given back beside them.
   */
  @ApiProperty({ enum: STATEMENT_KINDS })
  kind: StatementKind;
  contractId: string;
  customerId: string;
  /**
   * Of a credit note that of the statement.
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
  /** Log position up to which facts counted; of a credit note its own. */
  position: string;
  /** SHA-256 (hex) over the canonical form of the inputs. Absent on a credit note, which was decided on. */
  inputsDigest?: string;
  /** SHA-256 (hex) over the canonical form of the lines. Absent on a credit note. */
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
  /** @example miner-S19JXP0001 */
  stream: string;
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
  /**
   * Of the new result: the formula with its numbers, in the order of the computation; or who agreed on
   * the line, and why.
   * @example ["32.47 kWh × 0.075 = 2.435250"]
   */
  steps: string[];
  terms?: ExplainedTermsView;
  clause?: ExplainedClauseView;
  /** Of the month that the line is about, as it was computed. Absent where the line was agreed on. */
  inputsDigest?: string;
  position: string;
  sourceCount: number;
  /** Every event that the line depends on, in the order of the log; page by page. */
  sources: SourceEventView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export const headView = ({ totals, ...head }: Omit<Statement, 'lines'>): StatementHeadView => ({
  ...head,
  totals: [...totals],
});

export const statementView = ({ lines, ...head }: Statement): BillingStatementView => ({
  ...headView(head),
  lines: [...lines],
});
