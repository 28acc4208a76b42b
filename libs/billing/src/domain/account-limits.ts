import { DomainError } from '@hostledger/eventsourcing';
import { chargedOf, claimsOn } from './account-figures.js';
import { least, unitsOf } from './account-money.js';
import { chargeOf, refused, statementOf } from './account-refusals.js';
import type { Charge, KnownAccount } from './account-state.js';
import type { Billed, OfBilled } from './billed.js';

// How much may be given back of a statement, and of a line of it.

type Of = OfBilled & { readonly billed: Billed; readonly lateFeeId?: string };

/** @throws DomainError `statement/line-unknown`, `account/currency-foreign`. */
export const mustHaveLine = (
  { statementId, line, billed }: Of,
  { currency }: Pick<Charge, 'currency'>,
): void => {
  if (line === undefined) return;
  if (!billed.line) {
    const message = `The statement has no line ${line}`;
    const details = { statementId, line };
    throw new DomainError('notFound', 'statement/line-unknown', message, details, '/line');
  }
  if (billed.line.currency === currency) return;
  const message = `Line ${line} is in ${billed.line.currency}`;
  throw refused('account/currency-foreign', message, { currency }, '/currency');
};

/**
 * A late fee is named, by who credits, disputes or gives it up, once it was sent, and instead of a line.
 * @throws DomainError `account/late-fee-unknown`, `account/credit-unclear`, `account/statement-busy`,
 * `account/currency-foreign`.
 */
export const mustHaveLateFee = (
  account: KnownAccount,
  { statementId, currency, line, lateFeeId }: OfBilled & Pick<Of, 'lateFeeId'>,
): void => {
  if (lateFeeId === undefined) return;
  const pointer = '/lateFeeId';
  if (line !== undefined) {
    const message = 'What is given back, or disputed, is of a line or of a late fee';
    throw new DomainError('invalid', 'account/credit-unclear', message, { line }, pointer);
  }
  const fee = account.lateFees.find((each) => each.lateFeeId === lateFeeId);
  if (fee?.statementId !== statementId) {
    const message = 'The account has charged no such late fee on the statement';
    const details = { statementId, lateFeeId };
    throw new DomainError('notFound', 'account/late-fee-unknown', message, details, pointer);
  }
  if (fee.currency !== currency) {
    const message = `The late fee is in ${fee.currency}`;
    throw refused('account/currency-foreign', message, { currency }, '/currency');
  }
  if (fee.number !== undefined) return;
  const message = 'The late fee has no number yet; it gets it within a minute';
  throw refused('account/statement-busy', message, { lateFeeId }, pointer);
};

/**
 * What is left of a late fee by what names it: neither credited, nor about to be, nor disputed, nor given up.
 * @param exceptOf a dispute, for whoever resolves it.
 */
export const feeLeftOf = (account: KnownAccount, lateFeeId: string, exceptOf?: string): bigint => {
  const fee = account.lateFees.find((each) => each.lateFeeId === lateFeeId);
  if (!fee) return 0n;
  const taken = [
    ...claimsOn(account, fee.statementId, exceptOf),
    ...account.writeOffs.filter(({ approvedOn }) => approvedOn !== undefined),
  ].filter((each) => each.lateFeeId === lateFeeId);
  return taken.reduce((left, { amount }) => left - unitsOf(amount), unitsOf(fee.amount));
};

/**
 * No more is given back than was charged, whoever gives it back: what other statements give back
 * counts, what is about to be credited, and what is disputed. What names a late fee is bound by the
 * fee, and what names a line by that; all of it together, with what names neither, by what was billed
 * and the fees.
 * @param exceptOf a dispute, for whoever resolves it.
 */
export const creditLimit = (
  account: KnownAccount,
  { statementId, currency, line, lateFeeId, billed }: Of,
  exceptOf?: string,
): bigint => {
  const claims = claimsOn(account, statementId, exceptOf).filter((claim) => {
    return claim.currency === currency;
  });
  const sum = (some: typeof claims) => some.reduce((all, { amount }) => all + unitsOf(amount), 0n);
  const charge = chargeOf(statementOf(account, statementId), currency);
  const ofStatement = chargedOf(charge) - sum(claims) - unitsOf(billed.givenBack);
  if (lateFeeId !== undefined) {
    return least(ofStatement, feeLeftOf(account, lateFeeId, exceptOf));
  }
  if (line === undefined || billed.line?.left === undefined) return ofStatement;
  const ofLine = claims.filter((claim) => claim.line === line);
  return least(ofStatement, unitsOf(billed.line.left) - sum(ofLine));
};
