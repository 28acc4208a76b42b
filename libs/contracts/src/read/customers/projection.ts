import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { CustomerEvent } from '../../domain/customer.js';

export interface CustomerRow {
  readonly customer_id: string;
  readonly name: string;
  readonly legal_name: string;
  readonly country: string;
  readonly registered_at: string;
  readonly revision: bigint;
}

export const customers = tableFold<CustomerRow, CustomerEvent>({
  table: {
    name: 'customers',
    columns: {
      customer_id: 'text',
      name: 'text',
      legal_name: 'text',
      country: 'text',
      registered_at: 'timestamptz',
      revision: 'bigint',
    },
    key: ['customer_id'],
    indexes: [['name', 'customer_id']],
  },
  keys: { CustomerRegistered: ({ data }) => [{ customer_id: data.customerId }] },
  evolve: (_row, { data, metadata, revision }) => ({
    customer_id: data.customerId,
    name: data.name,
    legal_name: data.legalName,
    country: data.country,
    registered_at: metadata.occurredAt,
    revision,
  }),
});

export const customersProjection: Projection = {
  name: 'customers',
  version: 1,
  tables: [customers],
};
