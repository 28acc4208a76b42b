import { partiesOfRoom } from '@hostledger/feed';
import type { ContractEvent } from './domain/contract-events.js';
import type { CustomerEvent } from './domain/customer.js';
import { contractAggregate } from './domain/hosting-contract.js';

/** A contract is of the customer it was drafted with, from `PartyAssigned` on of the other one. */
export const contractsParties = partiesOfRoom<ContractEvent | CustomerEvent>({
  kept: [contractAggregate.category],
  rules: {
    ContractDrafted: {
      sets: ({ stream, data }) => [
        { stream, contract: data.contractId, customer: data.customerId },
      ],
    },
    PartyAssigned: {
      names: ({ data }) => ({ customers: [data.toCustomerId, data.fromCustomerId] }),
      sets: ({ stream, data }) => [{ stream, customer: data.toCustomerId }],
    },
    CustomerSucceeded: {
      names: ({ data }) => ({ customers: [data.customerId, data.successorId] }),
    },
  },
});
