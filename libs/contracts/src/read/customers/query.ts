import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  keysetPage,
  Page,
  ReadAt,
  readReply,
  type PageOf,
  type ReadOptions,
} from '@hostledger/http';
import { customerUnknown } from '../../domain/customer.js';
import type { CustomerRow } from './projection.js';

interface Tables {
  customers: CustomerRow;
}

export class CustomerParams {
  @IsUUID()
  customerId: string;
}

export class CustomerView {
  customerId: string;
  /** @example Bitmain */
  name: string;
  /** @example Bitmain Technologies Delaware Limited */
  legalName: string;
  /** @example US */
  country: string;
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
  @ApiOkResponse({ type: CustomerList })
  async list(@Query() page: Page, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, PageOf<CustomerRow>>(at, (db) =>
      keysetPage(db.selectFrom('customers').selectAll(), page, ['name', 'customer_id']),
    );
    return readReply(position, { ...value, items: value.items.map(customerView) });
  }

  @ApiOperation({ summary: 'Get a customer' })
  @Get(':customerId')
  @AnyRole()
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
  registeredAt: row.registered_at,
});

export const customersQuery = { controllers: [CustomersController], providers: [] };
