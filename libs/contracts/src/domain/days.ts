import { DomainError } from '@hostledger/eventsourcing';

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
