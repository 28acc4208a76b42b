import type { AggregateStore } from '@hostledger/eventsourcing';
import { creditRefusal, customerAggregate } from '../domain/customer.js';

/**
 * Asked before something new is begun for a customer. Another stream decides that, so what is begun
 * at the same moment may still be.
 * @throws DomainError `customer/credit-stop`, `customer/succeeded`.
 */
export const mustBeInCredit = async (store: AggregateStore, customerId: string): Promise<void> => {
  const { state } = await store.load(customerAggregate, customerId, { fresh: true });
  const refusal = creditRefusal(state);
  if (refusal) throw refusal;
};
