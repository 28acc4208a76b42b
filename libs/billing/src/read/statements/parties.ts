import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { Kysely } from 'kysely';
import type { ContractRow, CustomerRow } from '@hostledger/contracts';
import type { Statement } from '../../domain/statement.js';

// Between whom a paper is: the log tells of the customer and the contract, the configuration of the host.

/** The host, as a paper is headed. */
export class Issuer {
  constructor(
    readonly name: string,
    /** A line each. */
    readonly address: readonly string[],
  ) {}
}

/** Where nobody said who it is. */
export const NEUTRAL = new Issuer('Hosting company', []);

/** Makes the issuer of the configuration injectable, everywhere. */
@Global()
@Module({})
export class IssuerModule {
  static with({ name, address }: Pick<Issuer, 'name' | 'address'>): DynamicModule {
    const providers = [{ provide: Issuer, useValue: new Issuer(name, address) }];
    return { module: IssuerModule, providers, exports: providers };
  }
}

export interface PartyTables {
  contracts: ContractRow;
  customers: CustomerRow;
}

/** What a paper says of the two sides; nothing of it changes once a statement was issued. */
export interface Parties {
  readonly issuer: Issuer;
  readonly customer: Pick<CustomerRow, 'customer_id' | 'name' | 'legal_name' | 'country'>;
  readonly contract: Pick<
    ContractRow,
    'contract_id' | 'reference' | 'title' | 'time_zone' | 'currency'
  >;
  /** Numbers of the statements that lines adjust, by their ids. */
  readonly numbers?: ReadonlyMap<string, string>;
}

export const partiesOf = async (
  db: Kysely<PartyTables>,
  { contractId, customerId }: Pick<Statement, 'contractId' | 'customerId'>,
  issuer: Issuer,
): Promise<Parties> => {
  const customer = await db
    .selectFrom('customers')
    .select(['customer_id', 'name', 'legal_name', 'country'])
    .where('customer_id', '=', customerId)
    .executeTakeFirstOrThrow();
  const contract = await db
    .selectFrom('contracts')
    .select(['contract_id', 'reference', 'title', 'time_zone', 'currency'])
    .where('contract_id', '=', contractId)
    .executeTakeFirstOrThrow();
  return { issuer, customer, contract };
};
