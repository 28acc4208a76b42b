import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { CreditStanding, CustomerEvent } from '../../domain/customer.js';

export interface CustomerRow {
  readonly customer_id: string;
  readonly name: string;
  readonly legal_name: string;
  readonly country: string;
  readonly standing: CreditStanding;
  /** Why it changed last. */
  readonly standing_cause: string | null;
  readonly successor_id: string | null;
  readonly succeeded_on: string | null;
  readonly registered_at: string;
  readonly revision: bigint;
}

const ofCustomer = ({ data }: { data: { customerId: string } }) => [
  { customer_id: data.customerId },
];

export const customers = tableFold<CustomerRow, CustomerEvent>({
  table: {
    name: 'customers',
    columns: {
      customer_id: 'text',
      name: 'text',
      legal_name: 'text',
      country: 'text',
      standing: 'text',
      standing_cause: 'text',
      successor_id: 'text',
      succeeded_on: 'date',
      registered_at: 'timestamptz',
      revision: 'bigint',
    },
    key: ['customer_id'],
    nullable: ['standing_cause', 'successor_id', 'succeeded_on'],
    indexes: [
      ['name', 'customer_id'],
      ['standing', 'name', 'customer_id'],
    ],
  },
  keys: {
    CustomerRegistered: ofCustomer,
    CreditStandingChanged: ofCustomer,
    CustomerSucceeded: ofCustomer,
  },
  evolve: (row, { type, data, metadata, revision }) => {
    switch (type) {
      case 'CustomerRegistered':
        return {
          customer_id: data.customerId,
          name: data.name,
          legal_name: data.legalName,
          country: data.country,
          standing: 'good',
          standing_cause: null,
          successor_id: null,
          succeeded_on: null,
          registered_at: metadata.occurredAt,
          revision,
        };
      case 'CreditStandingChanged':
        return row && { ...row, standing: data.standing, standing_cause: data.cause, revision };
      case 'CustomerSucceeded': {
        const { successorId: successor_id, effectiveOn: succeeded_on } = data;
        return row && { ...row, successor_id, succeeded_on, revision };
      }
    }
  },
});

export const customersProjection: Projection = {
  name: 'customers',
  version: 2,
  tables: [customers],
};
