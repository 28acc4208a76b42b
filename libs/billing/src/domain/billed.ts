import { atLeastZero, least, unitsOf, unitsText } from './account-money.js';
import type { BillingPeriod } from './period-state.js';
import { subjectOf } from './standing.js';
import type { StatementLine } from './statement.js';

// What a statement charges by now. Later facts, agreements and restatements give back on other
// statements, so what they give back cannot be credited on this one again.

/** What the books of its month say of a statement, for whoever would give back some of it. */
export interface Billed {
  /** The line that is named, if the statement has it. */
  readonly line?: {
    readonly currency: string;
    /** What it charges by now, decimal; absent where the line itself gives something back. */
    readonly left?: string;
  };
  /** What other statements give back of its lines, or will, in the currency that was asked for. */
  readonly givenBack: string;
}

/** Of a statement that charges what it was issued with. */
export const NOTHING_GIVEN_BACK: Billed = { givenBack: '0' };

export interface OfBilled {
  readonly statementId: string;
  readonly currency: string;
  readonly line?: number;
}

/** The lines of a statement of a month: of its close, or of a restatement. */
export const linesOf = (
  { closed, lines, restatements }: BillingPeriod,
  statementId: string,
): readonly StatementLine[] => {
  if (closed?.statementId === statementId) return lines;
  const restated = [...restatements.values()].find(
    ({ proposed }) => proposed.statementId === statementId,
  );
  return restated?.lines ?? [];
};

/** Months whose books say what a statement charges by now: its own, and those that its lines adjust. */
export const monthsOf = (month: string, lines: readonly StatementLine[]): readonly string[] => [
  ...new Set([month, ...lines.flatMap(({ adjusts }) => adjusts?.month ?? [])]),
];

/**
 * @param lines of the statement.
 * @param months the one that it is of, and every one that its lines adjust.
 */
export const billedOn = (
  { currency, line: number }: Pick<OfBilled, 'currency' | 'line'>,
  month: string,
  lines: readonly StatementLine[],
  months: ReadonlyMap<string, BillingPeriod>,
): Billed => {
  const changes = new Map([...months].map(([of, period]) => [of, changesIn(period)]));
  const left = (line: StatementLine): bigint => {
    const changed = changes.get(line.adjusts?.month ?? month);
    return changed ? leftOf(line, changed) : unitsOf(line.amount);
  };
  const givenBack = lines
    .filter((line) => line.currency === currency)
    .reduce((sum, line) => sum + unitsOf(line.amount) - left(line), 0n);
  const line = number === undefined ? undefined : lines[number - 1];
  return {
    ...(line && {
      line: {
        currency: line.currency,
        ...(unitsOf(line.amount) >= 0n && { left: unitsText(left(line), line.currency) }),
      },
    }),
    givenBack: unitsText(givenBack, currency),
  };
};

interface Changes {
  /** What was given back since, by what lines are about; charges beside it do not make it less. */
  readonly givenBack: ReadonlyMap<string, bigint>;
  /** What all that is about the same comes to, over all statements. */
  readonly comesTo: (line: StatementLine) => bigint;
}

const changesIn = (period: BillingPeriod): Changes => {
  const late = [...period.posted.values()].flat().filter(({ adjusts: { cause } }) => {
    return cause === 'lateFact';
  });
  const restated = [...period.restatements.values()].flatMap(({ status, lines }) =>
    status === 'approved' ? lines : [],
  );
  const computed = [...late, ...restated].map((line) => [subjectOf(line), line.amount] as const);
  const agreed = [...period.agreements.values()].map(
    ({ agreed: { line, amount } }) => [subjectOf(period.lines[line - 1]!), amount] as const,
  );
  const givenBack = new Map<string, bigint>();
  for (const [subject, amount] of [...computed, ...agreed]) {
    const back = atLeastZero(-unitsOf(amount));
    givenBack.set(subject, (givenBack.get(subject) ?? 0n) + back);
  }
  const byAgreement = new Map<string, bigint>();
  for (const [subject, amount] of agreed) {
    byAgreement.set(subject, (byAgreement.get(subject) ?? 0n) + unitsOf(amount));
  }
  return {
    givenBack,
    comesTo: ({ adjusts, ...line }) => {
      const original = adjusts?.cause === 'agreed' ? period.lines[adjusts.line! - 1] : undefined;
      const subject = subjectOf(original ?? line);
      const stands = unitsOf(period.stands.get(subject)?.amount ?? '0');
      return stands + (byAgreement.get(subject) ?? 0n);
    },
  };
};

/** An adjustment charges no more than all that is about the same comes to. */
const leftOf = (line: StatementLine, { givenBack, comesTo }: Changes): bigint => {
  const amount = unitsOf(line.amount);
  if (line.adjusts) return amount < 0n ? amount : least(amount, atLeastZero(comesTo(line)));
  const left = amount - (givenBack.get(subjectOf(line)) ?? 0n);
  return amount < 0n ? left : atLeastZero(left);
};
