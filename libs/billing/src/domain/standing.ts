import { isNothing, negative, nothing, sumOf } from './amounts.js';
import type { Line } from './line.js';
import type { Adjusts, StatementLine } from './statement.js';

// What stands of a closed month: its lines with all that adjusted and restated them since.

/** A line that changes an earlier one; its amount is the difference. */
export interface AdjustmentLine extends Line {
  readonly adjusts: Adjusts;
}

export interface Standing {
  /** As it was computed last; what it comes to is told by {@link amount}. */
  readonly line: Line;
  readonly amount: string;
  /** Number of the original on the statement of the month. */
  readonly original?: number;
}

/** By what lines are about, see {@link subjectOf}. */
export type Stands = ReadonlyMap<string, Standing>;

/** A key in another currency is another thing: amounts of two currencies make no difference. */
export const subjectOf = ({ key, currency }: Pick<Line, 'key' | 'currency'>): string =>
  `${currency} ${key}`;

/** A closed month as it was closed; what adjusts other months is none of it. */
export const standingOf = (lines: readonly StatementLine[]): Stands => {
  const own = lines.filter(({ adjusts }) => !adjusts);
  return new Map(
    own.map(({ number, adjusts: _, ...line }) => [
      subjectOf(line),
      { line, amount: line.amount, original: number },
    ]),
  );
};

/** The same after differences were posted. */
export const adjustedBy = (stands: Stands, lines: readonly AdjustmentLine[]): Stands => {
  const after = new Map(stands);
  for (const { adjusts, ...line } of lines) {
    const before = after.get(subjectOf(line));
    const amount = before ? sumOf(before.amount, line.amount) : line.amount;
    const original = adjusts.line === undefined ? {} : { original: adjusts.line };
    after.set(subjectOf(line), { line, amount, ...original });
  }
  return after;
};

/**
 * What a recomputation of a month changes of what stands: a line for each amount that is another one,
 * so that what stands afterwards is the recomputation, key by key.
 * @param closed the month, and the statement that it was closed with.
 */
export const differencesOf = (
  stands: Stands,
  computed: readonly Line[],
  closed: { readonly month: string; readonly statementId: string },
): AdjustmentLine[] => {
  const lines = new Map(computed.map((line) => [subjectOf(line), line]));
  if (lines.size < computed.length) throw new Error(`Two lines of ${closed.month} have one key`);
  const gone = [...stands]
    .filter(([subject]) => !lines.has(subject))
    .map(([, { line }]): Line => ({
      ...line,
      quantity: '0',
      exactAmount: '0/1',
      amount: nothing(line.rounding.scale),
    }));
  return [...computed, ...gone].flatMap((line) => {
    const before = stands.get(subjectOf(line));
    const stood = before?.amount ?? nothing(line.rounding.scale);
    const amount = sumOf(line.amount, negative(stood));
    if (isNothing(amount)) return [];
    const original = before?.original === undefined ? {} : { line: before.original };
    const adjusts: Adjusts = { ...closed, ...original, cause: 'lateFact', before: stood };
    return [{ ...line, amount, adjusts }];
  });
};
