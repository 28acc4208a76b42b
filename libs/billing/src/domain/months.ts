import { startOf } from '@hostledger/quantities';
import type { Window } from './inputs.js';

// Months YYYY-MM of a time zone.

/** The month so many months later; earlier for a number below zero. */
export const monthAfter = (month: string, months = 1): string => {
  const [year = 0, number = 1] = month.split('-').map(Number);
  const count = year * 12 + number - 1 + months;
  const [after, place] = [Math.floor(count / 12), (count % 12) + 1];
  return `${String(after).padStart(4, '0')}-${String(place).padStart(2, '0')}`;
};

/** Days are few and asked for again and again, and where one begins is costly to find. */
const starts = new Map<string, string>();

/** The first instant of a day in a time zone, ISO 8601 UTC. */
export const startOfDay = (timeZone: string, day: string): string => {
  const key = `${timeZone} ${day}`;
  const start = starts.get(key) ?? startOf(timeZone, day);
  starts.set(key, start);
  return start;
};

/** From the first instant of its first day until that of the next month. */
export const windowOf = (timeZone: string, month: string): Window => ({
  from: startOfDay(timeZone, `${month}-01`),
  until: startOfDay(timeZone, `${monthAfter(month)}-01`),
});

/** The part of a window that lies in another; undefined where they do not meet. */
export const within = (window: Window, bounds: Window): Window | undefined => {
  const from = window.from > bounds.from ? window.from : bounds.from;
  const until = window.until < bounds.until ? window.until : bounds.until;
  return from < until ? { from, until } : undefined;
};
