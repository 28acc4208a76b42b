import { partiesOfRoom } from '@hostledger/feed';
import { deliveryAggregate, type DeliveryEvent } from './domain/delivery.js';
import { minerAggregate, type MinerEvent } from './domain/miner.js';
import type { RelocationEvent } from './domain/relocation.js';

/**
 * A machine is of the contract it was delivered or last assigned under, also while it is assigned to
 * none, and of its owner. A delivery is of its contract. A relocation is nobody's in particular: what
 * it does to a machine is told by the events of the machine.
 */
export const fleetParties = partiesOfRoom<MinerEvent | DeliveryEvent | RelocationEvent>({
  kept: [minerAggregate.category, deliveryAggregate.category],
  rules: {
    ManifestRegistered: {
      sets: ({ stream, data }) => [
        { stream, contract: data.contractId, customer: data.customerId },
      ],
    },
    MinerReceived: {
      sets: ({ stream, data }) => [
        { stream, contract: data.contractId, customer: data.customerId },
      ],
    },
    MinerAssigned: {
      names: ({ data }) => ({
        contracts: data.energized ? [data.contractId, data.energized.fromContractId] : [],
      }),
      sets: ({ stream, data }) => [{ stream, contract: data.contractId }],
    },
    BenchSwapEnded: {
      names: ({ data }) => ({ contracts: data.freed ? [data.freed.contractId] : [] }),
    },
    TitleTransferred: {
      names: ({ data }) => ({ customers: [data.toCustomerId, data.fromCustomerId] }),
      sets: ({ stream, data }) => [{ stream, customer: data.toCustomerId }],
    },
  },
});
