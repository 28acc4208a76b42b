import { sql } from 'kysely';
import { ownedRow, type OwnedKind } from '@hostledger/http';
import { customerUnknown } from '../domain/customer.js';
import { contractUnknown } from '../domain/standing.js';

/** A customer is its own. */
export const ownCustomer: OwnedKind = ownedRow({
  param: 'customerId',
  table: 'customers',
  key: 'customer_id',
  unknown: customerUnknown,
});

/**
 * A contract is its customer's from the day it is signed; until then it is negotiated on. After an assignment
 * it is the other one's with all that it holds.
 */
export const ownContract: OwnedKind = {
  param: 'contractId',
  customersOf: async (db, id) => {
    const { rows } = await sql<{ customer_id: string }>`
      select customer_id from contracts where contract_id = ${id} and status = 'executed'
    `.execute(db);
    return rows.map(({ customer_id }) => customer_id);
  },
  unknown: contractUnknown,
};
