import { DomainError } from '@hostledger/eventsourcing';

/** Decimal places that amounts of money are held with; no currency has more. */
const PLACES = 4;

/** A non-negative amount of money as text, exact, in units of its currency. */
export const MONEY = /^\d{1,15}(\.\d{1,4})?$/;

/** The amount in ten-thousandths. @param text as {@link MONEY}. */
export const amountOf = (text: string): bigint => {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(PLACES, '0'));
};

/**
 * Decimal places that a currency has: 2 for USD, none for JPY, 3 for KWD.
 * @param currency ISO 4217.
 */
export const placesOf = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
    .maximumFractionDigits ?? PLACES;

/** @throws DomainError `contract/money-too-fine` for what cannot be paid in the currency. */
export const mustBePayable = (amount: string, currency: string, pointer: string): void => {
  const places = placesOf(currency);
  if (amountOf(amount) % 10n ** BigInt(Math.max(PLACES - places, 0)) === 0n) return;
  throw new DomainError(
    'invalid',
    'contract/money-too-fine',
    `${currency} has ${places} decimal places, fewer than ${amount} has`,
    { amount, currency, places },
    pointer,
  );
};

/** The amount as text again, with two places, or more where they say something. */
export const amountText = (amount: bigint): string => {
  const digits = amount.toString().padStart(PLACES + 1, '0');
  const whole = digits.slice(0, -PLACES);
  const fraction = digits.slice(-PLACES).replace(/0{1,2}$/, '');
  return `${whole}.${fraction}`;
};
