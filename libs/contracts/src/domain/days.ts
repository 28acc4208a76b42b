import { DomainError } from '@hostledger/eventsourcing';

/** A formatter is costly to make; there are some 600 zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const made =
    formats.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
  formats.set(timeZone, made);
  return made;
};

/** The day that an instant falls on in a time zone, YYYY-MM-DD. */
export const dayIn = (timeZone: string, instant: string): string =>
  formatOf(timeZone).format(new Date(instant));

/** An act is recorded once it was done: it counts at once, whatever day it names. */
export const mustHaveCome = (day: string, today: string, field: string): void => {
  if (day <= today) return;
  throw new DomainError(
    'conflict',
    'contract/act-in-future',
    `It is ${today} where the contract is, and the act says ${day}`,
    { today, day },
    `/${field}`,
  );
};
