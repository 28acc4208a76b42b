import { DomainError } from '@hostledger/eventsourcing';
import type { OwnedKind } from '@hostledger/http';
import type { Kysely } from 'kysely';
import { accountUnknown } from '../domain/account-refusals.js';
import type { AccountRow } from './accounts/projection.js';
import { issued, type StatementTables } from './statements/load.js';

/** What was issued is whose it was addressed to, whoever has the contract by now. */
export const ownStatement: OwnedKind = {
  param: 'statementId',
  customersOf: async (db, id) => {
    const tables = db as unknown as Kysely<StatementTables>;
    const papers = issued(tables).where('statement_id', '=', id);
    return (await papers.execute()).map(({ customer_id }) => customer_id);
  },
  unknown: (statementId) =>
    new DomainError('notFound', 'statement/unknown', 'There is no such statement', { statementId }),
};

/** Each customer to whom a statement of it was addressed has a part in the account of a contract. */
export const ownAccount: OwnedKind = {
  param: 'contractId',
  customersOf: async (db, id) => {
    const tables = db as unknown as Kysely<{ billing_accounts: AccountRow }>;
    const accounts = tables.selectFrom('billing_accounts').select(['customer_id', 'state']);
    const rows = await accounts.where('contract_id', '=', id).execute();
    return rows.flatMap(({ customer_id, state }) => [
      customer_id,
      ...state.statements.map(({ customerId }) => customerId),
    ]);
  },
  unknown: accountUnknown,
};
