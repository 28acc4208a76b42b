import { totalsOf } from './amounts.js';
import type { BilledContract } from './contract-inputs.js';
import type { BillingInputs } from './inputs.js';
import type { Line, Shortcoming } from './line.js';
import { monthAfter } from './months.js';
import { agreedLine, keyOfAgreement } from './period-changes.js';
import type { AdjustmentAgreed } from './period-events.js';
import { later } from './period-state.js';
import { computePeriod } from './rating/index.js';
import { adjustedBy, differencesOf, standingOf, type AdjustmentLine } from './standing.js';
import type { StatementLine, Total } from './statement.js';
import { shared } from './rating/windows.js';

// What was earned by a day and is on no statement yet.

/**
 * The inputs of a month as if it had ended with a day: no terms are in force after it, so nothing
 * is rated that comes later, while parts of a month are still parts of the whole month.
 *
 * A reading that goes beyond the day is left out, since nobody knows how much of it came before; the
 * gap is told as a shortcoming, or estimated where the terms say so. A machine that counts for a
 * whole month however short counts for the whole month.
 * @param day YYYY-MM-DD; it counts.
 * @param until the instant at which the day ends in the zone of the contract.
 */
export const throughDay = (inputs: BillingInputs, day: string, until: string): BillingInputs => {
  if (until >= inputs.period.until) return inputs;
  const bounds = { from: '', until };
  const cut = <T extends { readonly from: string; readonly until: string }>(items: readonly T[]) =>
    items.flatMap((item) => {
      const part = shared(item, bounds);
      return part ? [{ ...item, ...part }] : [];
    });
  return {
    ...inputs,
    terms: cut(inputs.terms),
    allocations: cut(inputs.allocations),
    powerRates: cut(inputs.powerRates),
    prices: cut(inputs.prices),
    curtailments: inputs.curtailments.filter(({ startsAt }) => startsAt < until),
    receipts: inputs.receipts.filter(({ receivedOn }) => receivedOn <= day),
    meters: inputs.meters.flatMap((meter) => {
      const window = shared(meter.window, bounds);
      return window ? [{ ...meter, window }] : [];
    }),
    readings: inputs.readings.filter((reading) => reading.until <= until),
  };
};

/** What a month comes to by the end of a day. */
export interface Earned {
  readonly lines: readonly Line[];
  readonly totals: readonly Total[];
  /** What is missing; the lines are without it. */
  readonly shortcomings: readonly Shortcoming[];
}

/**
 * @param day YYYY-MM-DD; it counts.
 * @param until the instant at which the day ends in the zone of the contract.
 */
export const earnedBy = (inputs: BillingInputs, day: string, until: string): Earned => {
  const { rated, shortcomings } = computePeriod(throughDay(inputs, day, until));
  const lines = rated.map(({ line }) => line);
  return {
    lines,
    totals: totalsOf(lines),
    // That no terms are in force after the day is our doing.
    shortcomings: shortcomings.filter(({ window }) => !window || window.from < until),
  };
};

// Which months are on statements, and what they have of them

/**
 * Months from the first one of a contract to that of the day that are on no statement.
 * @param paidIn months in which programmes paid: one after the end of the contract is earned in, too.
 */
export const unbilledMonths = (
  { firstMonth, endedOn }: Pick<BilledContract, 'firstMonth' | 'endedOn'>,
  on: string,
  billed: ReadonlySet<string>,
  paidIn: readonly string[] = [],
): string[] => {
  if (firstMonth === undefined) return [];
  const last = (endedOn !== undefined && endedOn < on ? endedOn : on).slice(0, 7);
  const months: string[] = [];
  for (let month = firstMonth; month <= last; month = monthAfter(month)) months.push(month);
  const after = paidIn.filter((month) => last < month && month <= on.slice(0, 7));
  return [...months, ...after].filter((month) => !billed.has(month));
};

/** A statement of a month that was closed, or of a restatement that was approved. */
export interface Billing {
  readonly statementId: string;
  readonly kind: 'statement' | 'restatement';
  /** YYYY-MM that was closed, or restated. */
  readonly month: string;
  /** Absent while it has no date. */
  readonly issuedOn?: string;
  /** Log position up to which facts count, in digits. */
  readonly position: string;
}

/** Those that were issued by a day, in their order. @param on YYYY-MM-DD. */
export const issuedBy = <B extends Billing>(billings: readonly B[], on: string): B[] =>
  billings.filter(({ issuedOn }) => issuedOn !== undefined && issuedOn <= on);

/**
 * The log position at which what statements issued by a day have of a closed month is what it comes
 * to: each close looks at all earlier months, and each restatement at its own.
 * @param billings of the contract.
 * @returns digits; undefined where a restatement that later closes have built on came after the day.
 */
export const billedAt = (
  month: string,
  billings: readonly Billing[],
  on: string,
): string | undefined => {
  const about = billings.filter((one) =>
    one.kind === 'statement' ? one.month >= month : one.month === month,
  );
  const issued = issuedBy(about, on);
  const isIssued = new Set(issued.map(({ statementId }) => statementId));
  const isAhead = ({ kind, statementId }: Billing) =>
    kind === 'restatement' && !isIssued.has(statementId);
  return about.some(isAhead)
    ? undefined
    : issued.reduce((latest, { position }) => later(latest, position), '0');
};

/** What statements issued by a day have of a closed month. */
export interface Billed {
  /** YYYY-MM. */
  readonly month: string;
  /** Of the statement that it was closed with. */
  readonly statementId: string;
  /** All lines of that statement. */
  readonly lines: readonly StatementLine[];
  /** Lines that adjust or restate the month, in the order they were issued in. */
  readonly later: readonly StatementLine[];
  /** Agreed on by the day; what is on one of these statements is not looked at. */
  readonly agreed: readonly AdjustmentAgreed['data'][];
}

/**
 * What of a closed month is on no statement: what facts that were recorded late change of what is, key
 * by key, and what was agreed on and not taken up. So would the next close have it on its statement.
 * With what the statements have, that is the month computed anew, and all that was agreed on.
 * @param earned the month computed anew; undefined where nothing can have changed it.
 */
export const pendingOf = (
  { month, statementId, lines, later: since, agreed }: Billed,
  earned: Pick<Earned, 'lines'> | undefined,
): AdjustmentLine[] => {
  const closed = { month, statementId };
  const late = since.flatMap(({ number: _, adjusts, ...line }): AdjustmentLine[] =>
    adjusts?.cause === 'lateFact' ? [{ ...line, adjusts }] : [],
  );
  const stands = adjustedBy(standingOf(lines), late);
  const isBilled = new Set(since.map(({ key }) => key));
  const open = agreed.filter((one) => !isBilled.has(keyOfAgreement(one)));
  return [
    ...(earned ? differencesOf(stands, earned.lines, closed) : []),
    ...open.map((one) => agreedLine(one, { closed, lines, stands })),
  ];
};
