import { DomainError } from '@hostledger/eventsourcing';
import { amountOf, amountText, isPayable, placesOf } from '@hostledger/quantities';
import { hasEnded, stateOf, type KnownSettlement, type Leg } from './settlement-state.js';

export const settlementUnknown = (): DomainError =>
  new DomainError('notFound', 'settlement/unknown', 'There is no such settlement');

/**
 * An act is recorded once it was done: it counts at once, whatever day it names.
 * @param pointer the field that named the day, where a body did.
 */
export const mustHaveCome = (day: string, today: string, pointer?: string): void => {
  if (day <= today) return;
  throw new DomainError(
    'conflict',
    'settlement/act-in-future',
    `It is ${today} where the settlement is, and the act says ${day}`,
    { today, day },
    pointer,
  );
};

/**
 * @param notBefore the day that has to come first, and what happened on it.
 * @param pointer the field that named the other day, where a body did.
 */
export const mustNotPrecede = (
  day: string,
  notBefore: { readonly day: string; readonly what: string },
  pointer?: string,
): void => {
  if (day >= notBefore.day) return;
  throw new DomainError(
    'conflict',
    'settlement/act-too-early',
    `${notBefore.what} on ${notBefore.day}, after ${day}`,
    { day, notBefore: notBefore.day },
    pointer,
  );
};

/** More than nothing, and no finer than the currency can be paid in. */
export const mustBeAmount = (amount: string, currency: string, pointer: string): void => {
  if (!isPayable(amount, currency)) {
    const places = placesOf(currency);
    throw new DomainError(
      'invalid',
      'settlement/money-too-fine',
      `${currency} has ${places} decimal places, fewer than ${amount} has`,
      { amount, currency, places },
      pointer,
    );
  }
  if (amountOf(amount) > 0n) return;
  throw new DomainError(
    'invalid',
    'settlement/nothing',
    'An amount of nothing settles nothing',
    { amount },
    pointer,
  );
};

/** The same amount in the same words, so that what is told again is known again. */
export const plainAmount = (amount: string): string => amountText(amountOf(amount));

/** What is done under a settlement is done once a court has approved it, and before it is closed. */
export function mustBeApproved(
  settlement: KnownSettlement,
): asserts settlement is KnownSettlement & Required<Pick<KnownSettlement, 'approval'>> {
  if (settlement.status === 'approved') return;
  const { status } = settlement;
  if (status === 'proposed') {
    throw new DomainError(
      'conflict',
      'settlement/not-approved',
      'No court has approved the settlement',
    );
  }
  throw new DomainError('conflict', 'settlement/ended', `The settlement is ${status}`, {
    settlementStatus: status,
  });
}

export const legOf = ({ legs }: KnownSettlement, number: number): Leg => {
  const leg = legs.find((candidate) => candidate.leg === number);
  if (leg) return leg;
  throw new DomainError(
    'notFound',
    'settlement/leg-unknown',
    `The settlement has ${legs.length} legs`,
    { leg: number },
  );
};

export const mustBeOpen = (leg: Leg): void => {
  if (!hasEnded(leg)) return;
  const state = stateOf(leg);
  throw new DomainError('conflict', 'settlement/leg-ended', `Leg ${leg.leg} is ${state}`, {
    leg: leg.leg,
    state,
  });
};
