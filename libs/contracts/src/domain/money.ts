/** Decimal places that amounts of money are held with; no currency has more. */
const PLACES = 4;

/** A non-negative amount of money as text, exact, in units of its currency. */
export const MONEY = /^\d{1,15}(\.\d{1,4})?$/;

/** The amount in ten-thousandths. @param text as {@link MONEY}. */
export const amountOf = (text: string): bigint => {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(PLACES, '0'));
};

/** The amount as text again, with two places, or more where they say something. */
export const amountText = (amount: bigint): string => {
  const digits = amount.toString().padStart(PLACES + 1, '0');
  const whole = digits.slice(0, -PLACES);
  const fraction = digits.slice(-PLACES).replace(/0{1,2}$/, '');
  return `${whole}.${fraction}`;
};
