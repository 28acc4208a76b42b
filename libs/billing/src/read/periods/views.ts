import { ApiProperty } from '@nestjs/swagger';
import { ROUNDING_MODES, type RoundingMode } from '@hostledger/quantities';
import { nothing, sumOf, totalsOf } from '../../domain/amounts.js';
import type { ComputedMonth } from '../../domain/computed-month.js';
import type { Shortcoming } from '../../domain/line.js';
import type { StatementLine } from '../../domain/statement.js';
import {
  PERIOD_STATUSES,
  type PeriodRow,
  type PeriodStatus,
  type StatementLineRow,
  type StatementRow,
} from './projection.js';

export class PartOfPeriodView {
  /** First instant. */
  from: string;
  /** First instant after it. */
  until: string;
}

export class LineRoundingView {
  @ApiProperty({ enum: ROUNDING_MODES })
  mode: RoundingMode;
  /** Decimal places. */
  scale: number;
}

export class LineAdjustsView {
  /** @example 2024-03 */
  month: string;
  /** Of the closed month. */
  statementId: string;
  /** Number of the original; absent where there was none with that key. */
  line?: number;
  /** `lateFact`: something was recorded later. `agreed`: somebody agreed on it. */
  @ApiProperty({ enum: ['lateFact', 'agreed'] })
  cause: 'lateFact' | 'agreed';
  reason?: string;
  /**
   * What stood until then.
   * @example "181.18"
   */
  before: string;
}

export class LineView {
  /**
   * The same for the same thing in every computation of a month.
   * @example nameplateKwh/DENTON/v1
   */
  key: string;
  /**
   * What it charges or credits; `credit` on a credit note for a whole statement, `lateFee` on a late fee note.
   * @example nameplateKwh
   */
  component: string;
  description: string;
  /** @example DENTON */
  facility?: string;
  /** Absent on a credit note for a whole statement. */
  termsVersion?: number;
  /** @example "4.2" */
  clauseRef?: string;
  /** The part of the period that it is for. */
  window: PartOfPeriodView;
  /** @example "2415.768" */
  quantity: string;
  /** @example kWh */
  unit: string;
  /**
   * For one unit; of a share in percent.
   * @example "0.075"
   */
  rate: string;
  /**
   * Before it was rounded.
   * @example "1811826/10000"
   */
  exactAmount: string;
  rounding: LineRoundingView;
  /** @example "181.18" */
  amount: string;
  /** @example USD */
  currency: string;
  /** Some of what it counts is estimated. */
  estimated?: true;
}

export class StatementLineView extends LineView {
  /** From 1. */
  number: number;
  /** The amount is then the difference to what stood; quantity and rate are those of the new result. */
  adjusts?: LineAdjustsView;
}

export class BillingTotalView {
  /** @example USD */
  currency: string;
  /** @example "231.18" */
  amount: string;
}

export class ShortcomingView {
  /** @example meter-gap */
  code: string;
  detail: string;
  facility?: string;
  meterId?: string;
  window?: PartOfPeriodView;
}

export class RefusedCloseView {
  /** @example period/discrepancies-open */
  code: string;
  detail: string;
  /** The first of them. */
  shortcomings: ShortcomingView[];
  shortcomingCount: number;
}

export class TermsPinnedView extends PartOfPeriodView {
  version: number;
  /** Of the event that says what the version is. */
  eventId: string;
}

export class PeriodView {
  contractId: string;
  /** @example 2024-03 */
  month: string;
  /** Whose contract it is at the end of the month. */
  customerId: string;
  /** `refused`: it can be tried again. `closed`: the statement has no number yet. */
  @ApiProperty({ enum: PERIOD_STATUSES })
  status: PeriodStatus;
  statementId: string;
  /** Log position up to which facts count. */
  position: string;
  beganAt: string;
  begunBy: string;
  closedAt?: string;
  /** Of the statement. */
  totals?: BillingTotalView[];
  /** Why the last attempt to close it came to nothing. */
  refused?: RefusedCloseView;
}

export class PeriodList {
  items: PeriodView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

/** As it was closed, for ever. */
export class ClosedPeriodView {
  terms: TermsPinnedView[];
  /** SHA-256 (hex) over the canonical form of what it was computed from. */
  inputsDigest: string;
  /** SHA-256 (hex) over the canonical form of the lines of the statement. */
  linesDigest: string;
  lineCount: number;
  /** Earlier months that the statement adjusts. */
  adjustedMonths: string[];
  /** Of the month itself. */
  lines: StatementLineView[];
}

/** What a later statement changed of the month. */
export class PeriodAdjustmentView {
  statementId: string;
  /** Of the statement. */
  month: string;
  lines: StatementLineView[];
}

export class AgreementView {
  adjustmentId: string;
  line: number;
  amount: string;
  currency: string;
  reason: string;
  clauseRef?: string;
  agreedBy: string;
  agreedAt: string;
  /** The statement that took it up; absent until one does. */
  statementId?: string;
}

export class RestatementView {
  restatementId: string;
  @ApiProperty({ enum: ['proposed', 'approved', 'rejected'] })
  status: 'proposed' | 'approved' | 'rejected';
  /** Of the statement that tells the differences, once it is approved. */
  statementId: string;
  position: string;
  inputsDigest: string;
  /** Of the lines of the new result. */
  resultDigest: string;
  /** Of the differences. */
  totals: BillingTotalView[];
  reason: string;
  proposedBy: string;
  proposedAt: string;
  decidedBy?: string;
  decidedAt?: string;
  rejectedFor?: string;
  /** What the new result changes of what stood when it was proposed. */
  lines: StatementLineView[];
}

/** What stands of one thing that is charged or credited. */
export class StandingView {
  key: string;
  currency: string;
  /** As closed. */
  original: string;
  /** By later facts, on later statements. */
  adjusted: string;
  /** By restatements that were approved. */
  restated: string;
  stands: string;
}

/** Computed now by the functions that a close uses, and kept nowhere. */
export class DraftView {
  /** Log position up to which facts count. */
  position: string;
  inputsDigest: string;
  lines: LineView[];
  totals: BillingTotalView[];
  /** What stands in the way of a close. */
  shortcomings: ShortcomingView[];
}

export class PeriodDetails {
  contractId: string;
  /** @example 2024-03 */
  month: string;
  customerId: string;
  /** `open`: no close was begun. */
  @ApiProperty({ enum: ['open', ...PERIOD_STATUSES] })
  status: PeriodStatus | 'open';
  statementId?: string;
  /** Of the statement, once it is issued. */
  statementNumber?: string;
  /** Pinned by the close. */
  position?: string;
  closedAt?: string;
  refused?: RefusedCloseView;
  closed?: ClosedPeriodView;
  totals?: BillingTotalView[];
  adjustments?: PeriodAdjustmentView[];
  agreements?: AgreementView[];
  restatements?: RestatementView[];
  /** Original, adjustments and restatements by key; agreements are apart. */
  stands?: StandingView[];
  /** Of a month that is not closed, or at the position that was asked for. */
  draft?: DraftView;
}

export const periodView = (row: PeriodRow): PeriodView => ({
  contractId: row.contract_id,
  month: row.month,
  customerId: row.customer_id,
  status: row.status,
  statementId: row.statement_id,
  position: row.position,
  beganAt: row.began_at,
  begunBy: row.begun_by,
  ...(row.closed_at !== null && { closedAt: row.closed_at }),
  ...(row.closed && { totals: [...row.closed.totals] }),
  ...(row.refused && { refused: refusedView(row.refused) }),
});

const refusedView = ({
  code,
  detail,
  shortcomings,
  shortcomingCount,
}: NonNullable<PeriodRow['refused']>): RefusedCloseView => ({
  ...{ code, detail, shortcomingCount },
  shortcomings: shortcomings.map(shortcomingView),
});

const shortcomingView = (one: Shortcoming): ShortcomingView => ({ ...one });

export const draftView = ({
  inputs,
  inputsDigest,
  lines,
  shortcomings,
}: ComputedMonth): DraftView => ({
  position: inputs.position,
  inputsDigest,
  lines: [...lines],
  totals: totalsOf(lines),
  shortcomings: shortcomings.map(shortcomingView),
});

/** A closed month with all that came beside it. */
export interface FoundPeriod {
  readonly row: PeriodRow;
  readonly statement: StatementRow | undefined;
  /** Of its statement. */
  readonly own: readonly StatementLine[];
  /** That adjust or restate it, of all statements. */
  readonly later: readonly StatementLineRow[];
}

export const periodDetails = ({ row, statement, own, later }: FoundPeriod): PeriodDetails => {
  const { contractId, month, customerId, status, statementId, position, ...more } = periodView(row);
  const { closedAt, totals, refused } = more;
  const base = {
    ...{ contractId, month, customerId, status, statementId, position },
    ...(closedAt !== undefined && { closedAt }),
    ...(refused && { refused }),
  };
  if (!row.closed) return base;
  const { terms, inputsDigest, linesDigest, lineCount, adjustedMonths } = row.closed;
  const number = statement?.number;
  const lines = own.filter(({ adjusts }) => !adjusts);
  const restated = new Set(row.restatements.map((one) => one.statementId));
  const adjusting = later.filter((one) => !restated.has(one.statement_id));
  const linesIn = (id: string): StatementLineView[] =>
    later.filter((one) => one.statement_id === id).map(({ line }) => line);
  return {
    ...base,
    ...(number !== undefined && number !== null && { statementNumber: number }),
    closed: {
      ...{ terms: [...terms], inputsDigest, linesDigest, lineCount, lines },
      adjustedMonths: [...adjustedMonths],
    },
    ...(totals && { totals }),
    adjustments: [...Map.groupBy(adjusting, (one) => one.statement_id)].map(([id, those]) => ({
      statementId: id,
      month: those[0]!.month,
      lines: those.map(({ line }) => line),
    })),
    agreements: row.agreements.map((one) => ({ ...one })),
    restatements: row.restatements.map(({ totals: differences, ...one }) => ({
      ...restatementView(one),
      totals: [...differences],
      lines: linesIn(one.statementId),
    })),
    stands: standsOf(row, lines, later),
  };
};

const restatementView = ({
  linesDigest: _,
  lineCount: __,
  ...one
}: Omit<PeriodRow['restatements'][number], 'totals'>) => one;

const standsOf = (
  { restatements }: PeriodRow,
  lines: readonly StatementLine[],
  later: readonly StatementLineRow[],
): StandingView[] => {
  const approved = new Set(
    restatements.filter((one) => one.status === 'approved').map((one) => one.statementId),
  );
  const proposals = new Set(restatements.map((one) => one.statementId));
  const stands = new Map<string, StandingView>();
  const add = (line: StatementLine, part: 'original' | 'adjusted' | 'restated'): void => {
    const { key, currency, amount, rounding } = line;
    const zero = nothing(rounding.scale);
    const fresh = { original: zero, adjusted: zero, restated: zero, stands: zero };
    const before = stands.get(`${currency} ${key}`) ?? { key, currency, ...fresh };
    const after = { ...before, [part]: sumOf(before[part], amount) };
    stands.set(`${currency} ${key}`, { ...after, stands: sumOf(before.stands, amount) });
  };
  for (const line of lines) add(line, 'original');
  for (const { statement_id, line } of later) {
    if (line.adjusts?.cause === 'agreed') continue;
    if (approved.has(statement_id)) add(line, 'restated');
    else if (!proposals.has(statement_id)) add(line, 'adjusted');
  }
  return [...stands.values()];
};
