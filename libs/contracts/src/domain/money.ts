import { DomainError } from '@hostledger/eventsourcing';
import { isPayable, placesOf } from '@hostledger/quantities';

/** @throws DomainError `contract/money-too-fine` for what cannot be paid in the currency. */
export const mustBePayable = (amount: string, currency: string, pointer: string): void => {
  if (isPayable(amount, currency)) return;
  const places = placesOf(currency);
  throw new DomainError(
    'invalid',
    'contract/money-too-fine',
    `${currency} has ${places} decimal places, fewer than ${amount} has`,
    { amount, currency, places },
    pointer,
  );
};
