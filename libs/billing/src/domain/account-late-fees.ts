import { deriveId } from '@hostledger/eventsourcing';
import { exact, EXACT_ZERO, rounded, type Exact } from '@hostledger/quantities';
import type { AccountEvent, LateStretch } from './account-events.js';
import { dayLater } from './account-ladder.js';
import { atLeastZero, placesOfCurrency, unitsOf, unitsText } from './account-money.js';
import type { AccountStatement, Charge, KnownAccount } from './account-state.js';

// Late fees: a percent per month of what was billed, is overdue and is not disputed, by the day.
// Fees bear no fees. A month counts by its own days, so a whole month costs the whole percent.

/** What was billed and is overdue at the end of a day, without what is disputed on it. */
const overdueOn = (
  { disputes }: KnownAccount,
  { statementId }: AccountStatement,
  { currency, amount, changes }: Charge,
  day: string,
): bigint => {
  const less = changes
    .filter(({ on }) => on <= day)
    .reduce((sum, change) => sum + unitsOf(change.amount), 0n);
  const disputed = disputes
    .filter((dispute) => dispute.statementId === statementId && dispute.currency === currency)
    .filter(({ raisedOn, resolvedOn = '9999' }) => raisedOn <= day && day < resolvedOn)
    .reduce((sum, dispute) => sum + unitsOf(dispute.amount), 0n);
  return atLeastZero(unitsOf(amount) - less - disputed);
};

const daysInMonth = (day: string): number =>
  new Date(Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)), 0)).getUTCDate();

/** Days of one month on which the same was overdue, together; without days on which nothing was. */
const stretchesOf = (
  overdue: (day: string) => bigint,
  currency: string,
  fromOn: string,
  throughOn: string,
): readonly LateStretch[] => {
  const stretches: LateStretch[] = [];
  for (let day = fromOn; day <= throughOn; day = dayLater(day, 1)) {
    const amount = unitsText(overdue(day), currency);
    const last = stretches.at(-1);
    if (last?.overdue === amount && last.throughOn.slice(0, 7) === day.slice(0, 7)) {
      stretches.splice(-1, 1, { ...last, throughOn: day, days: last.days + 1 });
    } else {
      const month = daysInMonth(day);
      stretches.push({ fromOn: day, throughOn: day, days: 1, daysInMonth: month, overdue: amount });
    }
  }
  return stretches.filter((stretch) => unitsOf(stretch.overdue) > 0n);
};

/** The fee exactly: the sum of overdue × percent × days ÷ days in the month. */
export const lateFeeOf = (percentPerMonth: string, stretches: readonly LateStretch[]): Exact =>
  stretches.reduce(
    (sum, { overdue, days, daysInMonth: month }) =>
      sum.add(exact(overdue).mul(exact(percentPerMonth)).mul(days).div(100).div(month)),
    EXACT_ZERO,
  );

/**
 * Fees of every statement up to a day, from the day after it was due or after the last fee. None
 * where it was paid within the days of grace.
 */
export const lateFees = (
  account: KnownAccount,
  throughOn: string,
  today: string,
): readonly AccountEvent[] =>
  account.statements.flatMap((statement) =>
    statement.charges.flatMap((charge) => lateFee(account, statement, charge, throughOn, today)),
  );

const lateFee = (
  account: KnownAccount,
  statement: AccountStatement,
  charge: Charge,
  throughOn: string,
  today: string,
): readonly AccountEvent[] => {
  const { statementId, dueOn, lateFee: terms, released, clauseRef } = statement;
  if (dueOn === undefined || !terms || released) return [];
  const overdue = (day: string): bigint => overdueOn(account, statement, charge, day);
  const graceEnds = dayLater(dueOn, terms.graceDays);
  if (throughOn <= graceEnds || overdue(graceEnds) === 0n) return [];
  const { currency, lateFeesThrough = dueOn } = charge;
  const fromOn = dayLater(lateFeesThrough, 1);
  const stretches = stretchesOf(overdue, currency, fromOn, throughOn);
  const fee = lateFeeOf(terms.percentPerMonth, stretches);
  const scale = placesOfCurrency(currency);
  const amount = rounded(fee, scale, 'halfUp');
  if (unitsOf(amount) === 0n) return [];
  const { contractId, customerId } = account;
  return [
    {
      type: 'LateFeeCharged',
      data: {
        ...{ contractId, customerId, statementId, currency, amount },
        lateFeeId: deriveId('lateFee', statementId, currency, fromOn, throughOn),
        ...{ fromOn, throughOn, chargedOn: today },
        percentPerMonth: terms.percentPerMonth,
        ...(clauseRef !== undefined && { clauseRef }),
        stretches: [...stretches],
        exactAmount: fee.toFraction(),
        rounding: { mode: 'halfUp', scale },
      },
    },
  ];
};
