import { deriveId, DomainError } from '@hostledger/eventsourcing';
import { exact, EXACT_ZERO, rounded, type Exact } from '@hostledger/quantities';
import type { CommandData } from './account-commands.js';
import type { AccountEvent, LateStretch } from './account-events.js';
import { dayLater } from './account-ladder.js';
import { atLeastZero, placesOfCurrency, unitsOf, unitsText } from './account-money.js';
import { recordedOtherwise } from './account-refusals.js';
import type { AccountDispute, AccountStatement, Charge, KnownAccount } from './account-state.js';

// Late fees: a percent per month of what was billed, is overdue and is not disputed, by the day.
// Fees bear no fees. A month counts by its own days, so a whole month costs the whole percent.

/** What was billed and is overdue at the end of a day, without what is disputed on it. */
const overdueOn = (
  account: KnownAccount,
  statement: AccountStatement,
  charge: Charge,
  day: string,
): bigint =>
  atLeastZero(
    unitsOf(charge.amount) -
      changedBy(charge, day) -
      disputesOf(account, statement, charge).reduce(
        (sum, dispute) => sum + disputedOn(account, dispute, day),
        0n,
      ),
  );

/**
 * What was neither paid nor given back within the days of grace, by what is known now: a payment that
 * bounced later paid nothing, and a dispute excuses what it is still about, or what was upheld of it.
 */
const leftAfterGrace = (
  account: KnownAccount,
  statement: AccountStatement,
  charge: Charge,
  graceEnds: string,
): bigint => {
  const bounced = account.payments
    .filter(({ currency, reversedOn }) => {
      return currency === charge.currency && reversedOn !== undefined && reversedOn > graceEnds;
    })
    .flatMap(({ applied }) => applied)
    .filter(({ statementId, on }) => statementId === statement.statementId && on <= graceEnds);
  const excused = disputesOf(account, statement, charge).filter(
    ({ status, raisedOn }) => status !== 'rejected' && raisedOn <= graceEnds,
  );
  return (
    unitsOf(charge.amount) -
    changedBy(charge, graceEnds) +
    bounced.reduce((sum, { amount }) => sum + unitsOf(amount), 0n) -
    excused.reduce(
      (sum, dispute) =>
        sum +
        (dispute.status === 'open'
          ? unitsOf(dispute.amount)
          : waiting(account, dispute, graceEnds)),
      0n,
    )
  );
};

const changedBy = ({ changes }: Charge, day: string): bigint =>
  changes.filter(({ on }) => on <= day).reduce((sum, { amount }) => sum + unitsOf(amount), 0n);

/** Without those of late fees, which bear none. */
const disputesOf = (
  { disputes }: KnownAccount,
  { statementId }: AccountStatement,
  { currency }: Charge,
): readonly AccountDispute[] =>
  disputes.filter((each) => {
    const isOfBilled = each.lateFeeId === undefined;
    return isOfBilled && each.statementId === statementId && each.currency === currency;
  });

const disputedOn = (account: KnownAccount, dispute: AccountDispute, day: string): bigint => {
  const { raisedOn, resolvedOn = '9999', amount } = dispute;
  if (day < raisedOn) return 0n;
  return day < resolvedOn ? unitsOf(amount) : waiting(account, dispute, day);
};

/** What was upheld while its credit note does not count: that may be dated later. */
const waiting = (
  { creditNotes }: KnownAccount,
  { disputeId, upheldAmount = '0' }: AccountDispute,
  day: string,
): bigint => {
  const note = creditNotes.find((each) => each.disputeId === disputeId);
  const isCredited = note?.number !== undefined && note.issuedOn <= day;
  return isCredited ? 0n : unitsOf(upheldAmount);
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
  const isLate = leftAfterGrace(account, statement, charge, graceEnds) > 0n;
  if (throughOn <= graceEnds || !isLate) return [];
  const { currency, lateFeesThrough = dueOn, lateFeesCarried: carried = '0' } = charge;
  const fromOn = dayLater(lateFeesThrough, 1);
  const stretches = stretchesOf(overdue, currency, fromOn, throughOn);
  // Nothing is owed for days on which nothing was overdue, whatever rounding gave or took before.
  if (stretches.length === 0) return [];
  const fee = lateFeeOf(terms.percentPerMonth, stretches);
  const scale = placesOfCurrency(currency);
  const amount = rounded(fee.add(exact(carried)), scale, 'halfUp');
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
        ...(carried !== '0' && { carried }),
        rounding: { mode: 'halfUp', scale },
      },
    },
  ];
};

/**
 * The number under which a fee is sent. It changes nothing that is owed: the fee was charged before.
 * @throws DomainError `account/late-fee-unknown`, `account/recorded-otherwise`.
 */
export const issueLateFeeNote = (
  { lateFeeId, number }: CommandData<'IssueLateFeeNote'>,
  { contractId, customerId, lateFees: fees }: KnownAccount,
): readonly AccountEvent[] => {
  const fee = fees.find((each) => each.lateFeeId === lateFeeId);
  if (!fee) {
    const message = 'The account has charged no such late fee';
    throw new DomainError('notFound', 'account/late-fee-unknown', message, { lateFeeId });
  }
  if (fee.number !== undefined) {
    if (fee.number === number) return [];
    throw recordedOtherwise(lateFeeId);
  }
  const { statementId, currency, amount, chargedOn: issuedOn } = fee;
  const of = { contractId, customerId, statementId, lateFeeId };
  return [{ type: 'LateFeeNoteIssued', data: { ...of, currency, amount, number, issuedOn } }];
};
