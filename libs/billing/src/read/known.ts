import type { Kysely } from 'kysely';
import type { ContractRow, CustomerRow } from '@hostledger/contracts';
import { DomainError } from '@hostledger/eventsourcing';
import { sees, type Scope } from '@hostledger/http';
import type { FacilityRow } from '@hostledger/sites';

// What answers are asked for by. Nothing is a wrong answer where there is no such thing.

interface PartyTables {
  contracts: Pick<ContractRow, 'contract_id'>;
  customers: Pick<CustomerRow, 'customer_id'>;
}

export interface FacilityTables {
  facilities: Pick<FacilityRow, 'facility'>;
}

/** @throws DomainError `contract/unknown`, `customer/unknown`, also of what is not in scope. */
export const mustKnowParties = async <Tables extends PartyTables>(
  tables: Kysely<Tables>,
  { contractId, customerId }: { readonly contractId?: string; readonly customerId?: string },
  scope: Scope = {},
): Promise<void> => {
  const db = tables as unknown as Kysely<{
    contracts: Pick<ContractRow, 'contract_id' | 'customer_id'>;
    customers: PartyTables['customers'];
  }>;
  if (contractId !== undefined) {
    const contracts = db.selectFrom('contracts').select('customer_id');
    const contract = await contracts.where('contract_id', '=', contractId).executeTakeFirst();
    if (!contract || !sees(scope, contract.customer_id)) {
      const message = `There is no contract ${contractId}`;
      throw new DomainError('notFound', 'contract/unknown', message, { contractId }, '/contractId');
    }
  }
  if (customerId !== undefined) {
    const customers = db.selectFrom('customers').select('customer_id');
    const customer = await customers.where('customer_id', '=', customerId).executeTakeFirst();
    if (!customer || !sees(scope, customerId)) {
      const message = `There is no customer ${customerId}`;
      throw new DomainError('notFound', 'customer/unknown', message, { customerId }, '/customerId');
    }
  }
};

/** @throws DomainError `facility/unknown`. */
export const mustKnowFacility = async <Tables extends FacilityTables>(
  tables: Kysely<Tables>,
  { facility }: { readonly facility?: string },
): Promise<void> => {
  if (facility === undefined) return;
  const db = tables as unknown as Kysely<FacilityTables>;
  const facilities = db.selectFrom('facilities').select('facility');
  const found = await facilities.where('facility', '=', facility).executeTakeFirst();
  if (!found) {
    const message = `There is no facility ${facility}`;
    throw new DomainError('notFound', 'facility/unknown', message, { facility }, '/facility');
  }
};
