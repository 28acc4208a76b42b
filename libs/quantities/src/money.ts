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

/** Whether the amount can be paid in the currency: it has no more decimal places. */
export const isPayable = (amount: string, currency: string): boolean =>
  amountOf(amount) % 10n ** BigInt(Math.max(PLACES - placesOf(currency), 0)) === 0n;

/** The amount as text again, with two places, or more where they say something. */
export const amountText = (amount: bigint): string => {
  const sign = amount < 0n ? '-' : '';
  const digits = (amount < 0n ? -amount : amount).toString().padStart(PLACES + 1, '0');
  const whole = digits.slice(0, -PLACES);
  const fraction = digits.slice(-PLACES).replace(/0{1,2}$/, '');
  return `${sign}${whole}.${fraction}`;
};
