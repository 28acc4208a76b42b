import Fraction from 'fraction.js';

/** An exact rational number. What is computed with it is rounded once, by {@link rounded}. */
export type Exact = InstanceType<typeof Fraction>;

/** @param value a decimal as text, or a whole number. */
export const exact = (value: string | number | bigint): Exact => new Fraction(value);

export const EXACT_ZERO: Exact = new Fraction(0);

/**
 * - `halfUp`: to the nearest, ties away from zero.
 * - `halfEven`: to the nearest, ties to the even neighbour.
 * - `down`: towards zero. `up`: away from zero.
 */
export const ROUNDING_MODES = ['halfUp', 'halfEven', 'down', 'up'] as const;
export type RoundingMode = (typeof ROUNDING_MODES)[number];

/**
 * The number as a decimal with exactly so many places.
 * @param scale decimal places, 0 or more.
 */
export const rounded = (value: Exact, scale: number, mode: RoundingMode = 'halfUp'): string => {
  const numerator = value.n * 10n ** BigInt(scale);
  const quotient = numerator / value.d;
  const rest = numerator % value.d;
  const digits = (quotient + BigInt(roundsUp(quotient, rest, value.d, mode))).toString();
  const sign = value.s < 0n && /[1-9]/.test(digits) ? '-' : '';
  if (scale === 0) return sign + digits;
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
};

const roundsUp = (quotient: bigint, rest: bigint, divisor: bigint, mode: RoundingMode): boolean => {
  if (rest === 0n) return false;
  switch (mode) {
    case 'down':
      return false;
    case 'up':
      return true;
    case 'halfUp':
      return rest * 2n >= divisor;
    case 'halfEven':
      return rest * 2n === divisor ? quotient % 2n === 1n : rest * 2n > divisor;
  }
};
