import { atLeastZero, unitsOf, unitsText } from './account-money.js';
import type { AccountStatement, Charge, KnownAccount } from './account-state.js';
import type { Total } from './statement.js';

// What an account comes to. Every figure is computed from the same sums, in hundred-millionths.

/** Unpaid, whatever is disputed of it; below zero where a statement has something to give back. */
export const openOf = (charge: Charge): bigint =>
  unitsOf(charge.amount) +
  unitsOf(charge.lateFees) -
  unitsOf(charge.credited) -
  unitsOf(charge.paid) -
  unitsOf(charge.drawn) -
  unitsOf(charge.writtenOff) -
  unitsOf(charge.released) -
  unitsOf(charge.moved);

/** What was billed and is unpaid, without late fees: what comes in fills it before them. */
export const billedOpenOf = ({ amount, changes }: Charge): bigint =>
  changes.reduce((left, change) => left - unitsOf(change.amount), unitsOf(amount));

/** As {@link openOf}, at the end of a day. */
export const openOn = ({ amount, changes, feesCharged }: Charge, day: string): bigint => {
  const until = (all: Charge['changes']): bigint =>
    all.filter(({ on }) => on <= day).reduce((sum, each) => sum + unitsOf(each.amount), 0n);
  return unitsOf(amount) + until(feesCharged) - until(changes);
};

interface Place {
  readonly statementId: string;
  readonly currency: string;
}
interface Amount extends Place {
  readonly amount: string;
}

const sumAt = (amounts: readonly Amount[], place: Place): bigint =>
  amounts
    .filter(
      ({ statementId, currency }) =>
        statementId === place.statementId && currency === place.currency,
    )
    .reduce((sum, { amount }) => sum + unitsOf(amount), 0n);

/** Of disputes that nobody has resolved. */
export const disputedOf = ({ disputes }: KnownAccount, place: Place): bigint =>
  sumAt(
    disputes.filter(({ status }) => status === 'open'),
    place,
  );

/** What is on its way: credit notes without a number yet, and draws that the contract has not made. */
export const pendingOf = ({ creditNotes, draws }: KnownAccount, place: Place): bigint =>
  sumAt(
    creditNotes.filter(({ number }) => number === undefined),
    place,
  ) +
  sumAt(
    draws.filter(({ status }) => status === 'began'),
    place,
  );

/** What the host may ask for: unpaid, undisputed, and not about to be credited or drawn. */
export const collectibleOf = (
  account: KnownAccount,
  { statementId, released }: AccountStatement,
  charge: Charge,
): bigint => {
  if (released) return 0n;
  const place = { statementId, currency: charge.currency };
  return atLeastZero(openOf(charge) - disputedOf(account, place) - pendingOf(account, place));
};

/** What is collectible of a statement, without the currencies of which nothing is. */
export const collectibleTotals = (
  account: KnownAccount,
  statement: AccountStatement,
): readonly Total[] =>
  statement.charges.flatMap((charge) => {
    const units = collectibleOf(account, statement, charge);
    const { currency } = charge;
    return units > 0n ? [{ currency, amount: unitsText(units, currency) }] : [];
  });

export const isCollectible = (account: KnownAccount, statement: AccountStatement): boolean =>
  statement.charges.some((charge) => collectibleOf(account, statement, charge) > 0n);

/** Of what was billed something is unpaid and undisputed: only that is pursued, late fees are not. */
export const isPursued = (account: KnownAccount, statement: AccountStatement): boolean => {
  const { statementId, released } = statement;
  if (released) return false;
  const isOfBilled = ({ lateFeeId }: { readonly lateFeeId?: string }) => lateFeeId === undefined;
  const disputes = account.disputes.filter(isOfBilled);
  const creditNotes = account.creditNotes.filter(isOfBilled);
  const ofBilled = { ...account, disputes, creditNotes };
  return statement.charges.some((charge) => {
    const place = { statementId, currency: charge.currency };
    return billedOpenOf(charge) > disputedOf(ofBilled, place) + pendingOf(ofBilled, place);
  });
};

/**
 * What was charged and not given up: so much may be credited of it in all, whether credits name a late
 * fee, a line or neither.
 */
export const chargedOf = (charge: Charge): bigint =>
  unitsOf(charge.amount) +
  unitsOf(charge.lateFees) -
  unitsOf(charge.writtenOff) -
  unitsOf(charge.released);

/** What of a statement was credited, is about to be, or is argued about. */
export interface Claim {
  /** Of the line that is named; absent for what is of the statement. */
  readonly line?: number;
  /** Of the late fee that is named. */
  readonly lateFeeId?: string;
  readonly currency: string;
  readonly amount: string;
}

/** @param exceptOf a dispute, for whoever resolves it. */
export const claimsOn = (
  { creditNotes, disputes }: KnownAccount,
  statementId: string,
  exceptOf?: string,
): readonly Claim[] =>
  [
    ...creditNotes,
    ...disputes.filter(({ status, disputeId }) => status === 'open' && disputeId !== exceptOf),
  ]
    .filter((each) => each.statementId === statementId)
    .map(({ line, lateFeeId, currency, amount }) => ({
      ...(line !== undefined && { line }),
      ...(lateFeeId !== undefined && { lateFeeId }),
      ...{ currency, amount },
    }));

export interface Balance {
  readonly currency: string;
  /** Owed: statements and late fees, without what was credited, applied, drawn or given up. */
  readonly balance: string;
  /** Received and applied to nothing. */
  readonly unappliedCredit: string;
  readonly disputed: string;
}

/** One for each currency that the account has seen, in their order. */
export const balancesOf = (account: KnownAccount): readonly Balance[] => {
  const { statements, payments, disputes } = account;
  const currencies = new Set([
    ...statements.flatMap(({ charges }) => charges.map(({ currency }) => currency)),
    ...payments.map(({ currency }) => currency),
  ]);
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, each) => all + each, 0n);
  return [...currencies].sort().map((currency) => {
    const of = <Each extends { readonly currency: string }>(all: readonly Each[]) =>
      all.filter((each) => each.currency === currency);
    const charges = statements.flatMap((statement) => of(statement.charges));
    const open = of(disputes).filter(({ status }) => status === 'open');
    return {
      currency,
      balance: unitsText(sum(charges.map(openOf)), currency),
      unappliedCredit: unitsText(
        sum(of(payments).map(({ unapplied }) => unitsOf(unapplied))),
        currency,
      ),
      disputed: unitsText(sum(open.map(({ amount }) => unitsOf(amount))), currency),
    };
  });
};

/**
 * The balances that each customer has to answer for, in the order of their first statements. Credit that
 * is applied to nothing is the contract's, and of none of them.
 */
export const owedByCustomer = (
  account: KnownAccount,
): readonly { readonly customerId: string; readonly owed: readonly Balance[] }[] =>
  [...Map.groupBy(account.statements, ({ customerId }) => customerId)].map(
    ([customerId, statements]) => {
      const ids = new Set(statements.map(({ statementId }) => statementId));
      const disputes = account.disputes.filter(({ statementId }) => ids.has(statementId));
      return { customerId, owed: balancesOf({ ...account, statements, disputes, payments: [] }) };
    },
  );

/** Oldest due first; what is never due comes last. */
export const byDue = (one: AccountStatement, other: AccountStatement): number => {
  const [a, b] = [one.dueOn ?? '9999', other.dueOn ?? '9999'];
  if (a !== b) return a < b ? -1 : 1;
  return one.number < other.number ? -1 : 1;
};
