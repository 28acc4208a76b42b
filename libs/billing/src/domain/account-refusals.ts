import { DomainError } from '@hostledger/eventsourcing';
import { unitsText } from './account-money.js';
import type { Account, AccountStatement, Charge, KnownAccount } from './account-state.js';

export const accountUnknown = (): DomainError =>
  new DomainError('notFound', 'account/unknown', 'The contract has no account yet');

export const mustBeOpened = (account: Account): KnownAccount => {
  if (account.status === 'unknown') throw accountUnknown();
  return account;
};

export const refused = (
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  pointer?: string,
): DomainError => new DomainError('conflict', code, message, details, pointer);

/** An act is recorded once it was done. */
export const mustHaveCome = (day: string, today: string, field: string): void => {
  if (day <= today) return;
  const message = `It is ${today} where the contract is, and the act says ${day}`;
  throw refused('account/act-in-future', message, { today, day }, `/${field}`);
};

/** @param notBefore the day that has to come first, and what happened on it. */
export const mustNotPrecede = (
  day: string,
  notBefore: { readonly day: string; readonly what: string },
  field: string,
): void => {
  if (day >= notBefore.day) return;
  const message = `${notBefore.what} on ${notBefore.day}, after ${day}`;
  const details = { day, notBefore: notBefore.day };
  throw refused('account/act-too-early', message, details, `/${field}`);
};

export const statementOf = (
  { statements }: KnownAccount,
  statementId: string,
  pointer = '/statementId',
): AccountStatement => {
  const found = statements.find((statement) => statement.statementId === statementId);
  if (found) return found;
  const message = 'The account has no such statement';
  throw new DomainError('notFound', 'account/statement-unknown', message, { statementId }, pointer);
};

export const chargeOf = ({ charges, number }: AccountStatement, currency: string): Charge => {
  const found = charges.find((charge) => charge.currency === currency);
  if (found) return found;
  throw refused(
    'account/currency-foreign',
    `Statement ${number} asks for nothing in ${currency}`,
    { currency },
    '/currency',
  );
};

/** A claim that was released in a settlement is not collected again. */
export const mustBeHeld = ({ released, number }: AccountStatement, pointer?: string): void => {
  if (!released) return;
  throw refused(
    'account/receivable-released',
    `The claim to statement ${number} was released on ${released.releasedOn}`,
    { ...released },
    pointer,
  );
};

/** @param limit what is left for it, in hundred-millionths. */
export const mustNotExceed = (
  units: bigint,
  limit: bigint,
  currency: string,
  code: string,
  what: string,
  pointer = '/amount',
): void => {
  if (units <= limit) return;
  const most = unitsText(limit > 0n ? limit : 0n, currency);
  const message = `${what} is ${most} ${currency}`;
  throw refused(code, message, { most, currency }, pointer);
};

export const recordedOtherwise = (id: string): DomainError =>
  refused('account/recorded-otherwise', 'That is recorded already, with other facts', { id });
