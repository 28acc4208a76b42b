import type { Projection } from '@hostledger/eventsourcing';
import { contracts } from './contracts-table.js';
import { contractAllocations, contractDeposits, contractOrders } from './orders-tables.js';
import { contractConsents, contractDeliveries, contractTerms } from './papers-tables.js';

export const contractsProjection: Projection = {
  name: 'contracts',
  version: 10,
  tables: [
    contracts,
    contractTerms,
    contractOrders,
    contractAllocations,
    contractDeposits,
    contractDeliveries,
    contractConsents,
  ],
};
