import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, Length } from 'class-validator';
import { sql } from 'kysely';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  InScope,
  keysetPage,
  MayBeAbsent,
  OwnObject,
  OwnRows,
  ownRows,
  Page,
  type PageOf,
  ReadAt,
  type ReadOptions,
  readReply,
  type Scope,
} from '@hostledger/http';
import { CREDIT_STANDINGS, customerUnknown, type CreditStanding } from '../../domain/customer.js';
import { CustomerParams } from '../../http/forms.js';
import { ownCustomer } from '../own.js';
import type { CustomerRow } from './projection.js';

interface Tables {
  customers: CustomerRow;
}

export class CustomersFilter extends Page {
  @MayBeAbsent()
  @IsIn(CREDIT_STANDINGS)
  standing?: CreditStanding;

  /**
   * What the name begins with.
   * @example Bit
   */
  @MayBeAbsent()
  @Length(1, 200)
  name?: string;
}

export class CustomerView {
  customerId: string;
  /** @example Bitmain */
  name: string;
  /** @example Bitmain Technologies Delaware Limited */
  legalName: string;
  /** @example US */
  country: string;
  /** With `stop` nothing new is begun for it. */
  standing: CreditStanding;
  /** Why it changed last. */
  standingCause?: string;
  /** The customer that took its place. */
  successorId?: string;
  /** @example 2024-06-01 */
  succeededOn?: string;
  registeredAt: string;
}

export class CustomerList {
  items: CustomerView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

@ApiTags('customers')
@Controller('customers')
export class CustomersController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List the customers by name' })
  @Get()
  @AnyRole()
  @OwnRows({ without: ['standingCause'] })
  @ApiOkResponse({ type: CustomerList })
  async list(
    @Query() { standing, name, ...page }: CustomersFilter,
    @ReadAt() at: ReadOptions,
    @InScope() scope: Scope,
  ) {
    const { position, value } = await this.readModels.read<Tables, PageOf<CustomerRow>>(
      at,
      (db) => {
        let query = ownRows(db.selectFrom('customers').selectAll(), { standing }, scope);
        if (name !== undefined) query = query.where(sql<boolean>`starts_with(name, ${name})`);
        return keysetPage(query, page, ['name', 'customer_id']);
      },
    );
    return readReply(position, { ...value, items: value.items.map(customerView) });
  }

  @ApiOperation({ summary: 'Get a customer' })
  @Get(':customerId')
  @AnyRole()
  @OwnObject(ownCustomer, { without: ['standingCause'] })
  @ApiOkResponse({ type: CustomerView })
  async get(@Param() { customerId }: CustomerParams, @ReadAt() at: ReadOptions) {
    const { position, value: row } = await this.readModels.read<Tables, CustomerRow | undefined>(
      at,
      (db) =>
        db
          .selectFrom('customers')
          .selectAll()
          .where('customer_id', '=', customerId)
          .executeTakeFirst(),
    );
    if (!row) throw customerUnknown(customerId);
    return readReply(position, customerView(row), { etag: `"${row.revision}"` });
  }
}

const customerView = (row: CustomerRow): CustomerView => ({
  customerId: row.customer_id,
  name: row.name,
  legalName: row.legal_name,
  country: row.country,
  standing: row.standing,
  ...(row.standing_cause === null ? {} : { standingCause: row.standing_cause }),
  ...(row.successor_id === null ? {} : { successorId: row.successor_id }),
  ...(row.succeeded_on === null ? {} : { succeededOn: row.succeeded_on }),
  registeredAt: row.registered_at,
});

export const customersQuery = { controllers: [CustomersController], providers: [] };
