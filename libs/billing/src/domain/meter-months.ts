import { dayIn, startOf } from '@hostledger/quantities';
import type { Window } from './inputs.js';

// Months of a time zone, YYYY-MM.

export const monthOf = (timeZone: string, instant: string): string =>
  dayIn(timeZone, instant).slice(0, 7);

/** The month so many months later, or earlier below 0. */
export const monthAfter = (month: string, months: number): string => {
  const count = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 + months;
  const year = String(Math.floor(count / 12)).padStart(4, '0');
  return `${year}-${String((count % 12) + 1).padStart(2, '0')}`;
};

/** From its first instant until that of the next. */
export const monthWindow = (timeZone: string, month: string): Window => ({
  from: startOf(timeZone, `${month}-01`),
  until: startOf(timeZone, `${monthAfter(month, 1)}-01`),
});
