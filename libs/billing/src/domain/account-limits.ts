import { DomainError } from '@hostledger/eventsourcing';
import { chargedOf, claimsOn } from './account-figures.js';
import { least, unitsOf } from './account-money.js';
import { chargeOf, refused, statementOf } from './account-refusals.js';
import type { Charge, KnownAccount } from './account-state.js';
import type { Billed, OfBilled } from './billed.js';

// How much may be given back of a statement, and of a line of it.

type Of = OfBilled & { readonly billed: Billed };

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
 * No more is given back than was charged, whoever gives it back: what other statements give back
 * counts, what is about to be credited, and what is disputed.
 * @param exceptOf a dispute, for whoever resolves it.
 */
export const creditLimit = (
  account: KnownAccount,
  { statementId, currency, line, billed }: Of,
  exceptOf?: string,
): bigint => {
  const claims = claimsOn(account, statementId, exceptOf).filter((claim) => {
    return claim.currency === currency;
  });
  const sum = (some: typeof claims) => some.reduce((all, { amount }) => all + unitsOf(amount), 0n);
  const charge = chargeOf(statementOf(account, statementId), currency);
  const ofStatement = chargedOf(charge) - sum(claims) - unitsOf(billed.givenBack);
  if (line === undefined || billed.line?.left === undefined) return ofStatement;
  const ofLine = claims.filter((claim) => claim.line === line);
  return least(ofStatement, unitsOf(billed.line.left) - sum(ofLine));
};
