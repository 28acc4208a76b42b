import { DomainError } from '@hostledger/eventsourcing';
import { placesOf } from '@hostledger/quantities';

// Amounts of an account: of money, or of bitcoin to the satoshi. Exact, and below zero for a credit.

/** Decimal places that amounts are computed with: a satoshi's. */
const PLACES = 8;
const BITCOIN = 'BTC';

/** A positive amount as text, exact, in units of its currency. */
export const ACCOUNT_MONEY = /^\d{1,15}(\.\d{1,8})?$/;
const SIGNED = /^-?\d{1,15}(\.\d{1,8})?$/;

/** The amount in hundred-millionths. @param text a decimal with at most eight places. */
export const unitsOf = (text: string): bigint => {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const units = BigInt(whole + fraction.padEnd(PLACES, '0'));
  return text.startsWith('-') ? -units : units;
};

/** Asking for them is slow, and there are some 180 currencies. */
const places = new Map([[BITCOIN, PLACES]]);

/** @param currency ISO 4217, or BTC. */
export const placesOfCurrency = (currency: string): number => {
  const found = places.get(currency) ?? placesOf(currency);
  places.set(currency, found);
  return found;
};

/** The amount as text again, with the places of its currency. */
export const unitsText = (units: bigint, currency: string): string => {
  const scale = placesOfCurrency(currency);
  const digits = (units < 0n ? -units : units).toString().padStart(PLACES + 1, '0');
  const whole = digits.slice(0, -PLACES);
  const fraction = digits.slice(-PLACES).slice(0, scale);
  return `${units < 0n ? '-' : ''}${whole}${scale > 0 ? `.${fraction}` : ''}`;
};

export const least = (one: bigint, ...others: readonly bigint[]): bigint =>
  others.reduce((found, other) => (other < found ? other : found), one);

export const atLeastZero = (units: bigint): bigint => (units > 0n ? units : 0n);

/**
 * The same amount in the one form that events have.
 * @throws DomainError `account/money-too-fine` for what cannot be paid in the currency.
 */
export const plainAmount = (amount: string, currency: string, pointer: string): string => {
  const scale = placesOfCurrency(currency);
  const units = SIGNED.test(amount) ? unitsOf(amount) : undefined;
  if (units !== undefined && units % 10n ** BigInt(PLACES - scale) === 0n) {
    return unitsText(units, currency);
  }
  throw new DomainError(
    'invalid',
    'account/money-too-fine',
    `${currency} has ${scale} decimal places, and ${amount} cannot be paid in it`,
    { amount, currency, places: scale },
    pointer,
  );
};

/**
 * As {@link plainAmount}, of more than nothing.
 * @throws DomainError `account/money-too-fine`, `account/nothing`.
 */
export const paidAmount = (
  amount: string,
  currency: string,
  pointer = '/amount',
): { readonly text: string; readonly units: bigint } => {
  const text = plainAmount(amount, currency, pointer);
  const units = unitsOf(text);
  if (units > 0n) return { text, units };
  const message = 'An amount of nothing changes no account';
  throw new DomainError('invalid', 'account/nothing', message, { amount }, pointer);
};
