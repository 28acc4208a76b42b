import { Controller, Get, Param, Query } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { IsIn, IsUUID, Length, Matches } from 'class-validator';
import type { Kysely } from 'kysely';
import { streamName } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  AsOfQuery,
  type HttpReply,
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
  readTimeline,
  requestClock,
  type Scope,
  sees,
  Timeline,
} from '@hostledger/http';
import { dayIn } from '@hostledger/quantities';
import { FACILITY_CODE } from '@hostledger/sites';
import { contractAggregate } from '../../domain/hosting-contract.js';
import { contractUnknown } from '../../domain/standing.js';
import { STAGES, type Stage } from '../../domain/lifecycle.js';
import { ContractParams } from '../../http/forms.js';
import { ownContract } from '../own.js';
import { ContractAsOfView, readAsOf } from './as-of.js';
import type { ContractRow } from './contracts-table.js';
import { toldToCustomers } from './told.js';
import type { AllocationRow, OrderRow, DepositRow } from './orders-tables.js';
import type { ConsentRow, ContractDeliveryRow, TermsRow } from './papers-tables.js';
import {
  AllocationView,
  allocationView,
  consentView,
  ContractDeliveryView,
  ContractDetails,
  ContractView,
  contractView,
  deliveryView,
  depositView,
  DepositView,
  OrderView,
  orderView,
  RelocationConsentView,
  TermsView,
  termsView,
} from './views.js';

interface Tables {
  contracts: ContractRow;
  contract_terms: TermsRow;
  contract_orders: OrderRow;
  contract_allocations: AllocationRow;
  contract_deliveries: ContractDeliveryRow;
  contract_deposits: DepositRow;
  contract_relocation_consents: ConsentRow;
}

export class ContractsPage extends Page {
  /** Only the contracts of this customer. */
  @MayBeAbsent()
  @IsUUID()
  customerId?: string;

  /** Only executed contracts in this stage of their life. */
  @MayBeAbsent()
  @IsIn(STAGES)
  stage?: Stage;

  /**
   * Only the contracts of this number.
   * @example HA-2023-09
   */
  @MayBeAbsent()
  @Length(1, 100)
  reference?: string;
}

export class AllocationsPage extends Page {
  /**
   * Only those at this facility.
   * @example DENTON
   */
  @MayBeAbsent()
  @Matches(FACILITY_CODE, { message: '$property is the code of a facility' })
  facility?: string;

  /** Only those of this order. */
  @MayBeAbsent()
  @IsUUID()
  orderId?: string;
}

class ListOf {
  /** Absent on the last page. */
  nextCursor?: string;
}
export class ContractList extends ListOf {
  items: ContractView[];
}
export class TermsList extends ListOf {
  items: TermsView[];
}
export class OrderList extends ListOf {
  items: OrderView[];
}
export class AllocationList extends ListOf {
  items: AllocationView[];
}
export class DepositList {
  items: DepositView[];
  /** Absent on the last page. */
  nextCursor?: string;
}
export class RelocationConsentList extends ListOf {
  items: RelocationConsentView[];
}

export class ContractDeliveryList extends ListOf {
  items: ContractDeliveryView[];
}

@ApiTags('contracts')
@Controller('contracts')
export class ContractsController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly log: EventStore,
  ) {}

  @ApiOperation({ summary: 'List the contracts with what they hold' })
  @Get()
  @AnyRole()
  @OwnRows()
  @ApiOkResponse({ type: ContractList })
  async list(
    @Query() { reference, customerId, stage, ...page }: ContractsPage,
    @ReadAt() at: ReadOptions,
    @InScope() scope: Scope,
  ) {
    const filters = { reference, customer_id: customerId, stage };
    const { position, value } = await this.readModels.read<Tables, PageOf<ContractRow>>(
      at,
      (db) => {
        const all = ownRows(db.selectFrom('contracts').selectAll(), filters, scope);
        const seen = scope.customers ? all.where('status', '=', 'executed') : all;
        return keysetPage(seen, page, ['contract_id']);
      },
    );
    const views = value.items.map((row) => contractView(row, todayOf(row)));
    return readReply(position, { ...value, items: views });
  }

  @ApiOperation({
    summary: 'Get a contract and what it holds: ordered, allocated, delivered',
    description:
      'With `asOf` or `knownAt`: what was true on a day, by what had been recorded, answered from ' +
      'the contract’s own events.',
  })
  @Get(':contractId')
  @AnyRole()
  @OwnObject(ownContract)
  @ApiExtraModels(ContractDetails, ContractAsOfView)
  @ApiOkResponse({
    schema: {
      oneOf: [{ $ref: getSchemaPath(ContractDetails) }, { $ref: getSchemaPath(ContractAsOfView) }],
    },
  })
  async get(
    @Param() { contractId }: ContractParams,
    @Query() moment: AsOfQuery,
    @ReadAt() at: ReadOptions,
    @InScope() scope: Scope,
  ) {
    if (moment.asOf !== undefined || moment.knownAt !== undefined) {
      const { position, view } = await readAsOf(this.log, contractId, moment, requestClock.now());
      // What it was before it was signed, or while it was another's, is not the customer's to see.
      const isSeen = sees(scope, view.customerId) && (!scope.customers || view.stage !== 'drafted');
      if (!isSeen) throw contractUnknown();
      return readReply(position, view);
    }
    return this.present(contractId, at);
  }

  private async present(contractId: string, at: ReadOptions) {
    interface Found {
      row: ContractRow;
      orders: OrderRow[];
    }
    const { position, value } = await this.readModels.read<Tables, Found | undefined>(
      at,
      async (db) => {
        const contracts = db.selectFrom('contracts').selectAll();
        const row = await contracts.where('contract_id', '=', contractId).executeTakeFirst();
        if (!row) return undefined;
        const orders = db.selectFrom('contract_orders').selectAll();
        const own = orders.where('contract_id', '=', contractId);
        return { row, orders: await own.orderBy('placed_at').orderBy('order_id').execute() };
      },
    );
    if (!value) throw contractUnknown();
    const { row, orders } = value;
    const today = todayOf(row);
    const body: ContractDetails = {
      ...contractView(row, today),
      orders: orders.map((order) => orderView(order, today)),
    };
    return readReply(position, body, { etag: `"${row.revision}"` });
  }

  @ApiOperation({ summary: "List the versions of a contract's terms" })
  @Get(':contractId/terms')
  @AnyRole()
  @OwnObject(ownContract, { without: ['correctionCause'] })
  @ApiOkResponse({ type: TermsList })
  terms(@Param() { contractId }: ContractParams, @Query() page: Page, @ReadAt() at: ReadOptions) {
    return this.listOf(contractId, at, termsView, (db) =>
      keysetPage(
        db.selectFrom('contract_terms').selectAll().where('contract_id', '=', contractId),
        page,
        ['version'],
      ),
    );
  }

  @ApiOperation({ summary: "List a contract's orders, in the order they were placed" })
  @Get(':contractId/orders')
  @AnyRole()
  @OwnObject(ownContract)
  @ApiOkResponse({ type: OrderList })
  orders(@Param() { contractId }: ContractParams, @Query() page: Page, @ReadAt() at: ReadOptions) {
    return this.listOf(contractId, at, orderView, (db) =>
      keysetPage(
        db.selectFrom('contract_orders').selectAll().where('contract_id', '=', contractId),
        page,
        ['placed_at', 'order_id'],
      ),
    );
  }

  @ApiOperation({ summary: "List a contract's allocations" })
  @Get(':contractId/allocations')
  @AnyRole()
  @OwnObject(ownContract)
  @ApiOkResponse({ type: AllocationList })
  allocations(
    @Param() { contractId }: ContractParams,
    @Query() { facility, orderId, ...page }: AllocationsPage,
    @ReadAt() at: ReadOptions,
  ) {
    return this.listOf(contractId, at, allocationView, (db) => {
      let own = db
        .selectFrom('contract_allocations')
        .selectAll()
        .where('contract_id', '=', contractId);
      if (facility !== undefined) own = own.where('facility', '=', facility);
      if (orderId !== undefined) own = own.where('order_id', '=', orderId);
      return keysetPage(own, page, ['allocation_id']);
    });
  }

  @ApiOperation({ summary: 'List the deliveries that were reconciled under a contract' })
  @Get(':contractId/deliveries')
  @AnyRole()
  @OwnObject(ownContract)
  @ApiOkResponse({ type: ContractDeliveryList })
  deliveries(
    @Param() { contractId }: ContractParams,
    @Query() page: Page,
    @ReadAt() at: ReadOptions,
  ) {
    return this.listOf(contractId, at, deliveryView, (db) =>
      keysetPage(
        db.selectFrom('contract_deliveries').selectAll().where('contract_id', '=', contractId),
        page,
        ['delivery_id'],
      ),
    );
  }

  @ApiOperation({ summary: 'List the deposits of a contract with what is left of each' })
  @Get(':contractId/deposits')
  @AnyRole()
  @OwnObject(ownContract)
  @ApiOkResponse({ type: DepositList })
  deposits(
    @Param() { contractId }: ContractParams,
    @Query() page: Page,
    @ReadAt() at: ReadOptions,
  ) {
    return this.listOf(contractId, at, depositView, (db) =>
      keysetPage(
        db.selectFrom('contract_deposits').selectAll().where('contract_id', '=', contractId),
        page,
        ['deposit_id'],
      ),
    );
  }

  @ApiOperation({ summary: 'List what the customer consented to of moving machines elsewhere' })
  @Get(':contractId/relocation-consents')
  @AnyRole()
  @OwnObject(ownContract)
  @ApiOkResponse({ type: RelocationConsentList })
  relocationConsents(
    @Param() { contractId }: ContractParams,
    @Query() page: Page,
    @ReadAt() at: ReadOptions,
  ) {
    return this.listOf(contractId, at, consentView, (db) =>
      keysetPage(
        db
          .selectFrom('contract_relocation_consents')
          .selectAll()
          .where('contract_id', '=', contractId),
        page,
        ['consent_id'],
      ),
    );
  }

  @ApiOperation({ summary: 'Everything that happened to a contract: what, when, by whom, why' })
  @Get(':contractId/timeline')
  @AnyRole()
  @OwnObject(ownContract)
  @ApiOkResponse({ type: Timeline })
  async timeline(
    @Param() { contractId }: ContractParams,
    @Query() page: Page,
    @InScope() scope: Scope,
  ) {
    const stream = streamName(contractAggregate, contractId);
    const found = await readTimeline(this.log, stream, page, { ...toldToCustomers, scope });
    if (!found) throw contractUnknown();
    return readReply(found.position, found.timeline);
  }

  /** One page of what belongs to a contract; an unknown contract is not an empty list. */
  private async listOf<Row, View>(
    contractId: string,
    at: ReadOptions,
    view: (row: Row, today: string) => View,
    query: (db: Kysely<Tables>) => Promise<PageOf<Row>>,
  ): Promise<HttpReply<PageOf<View>>> {
    interface Found {
      contract: Pick<ContractRow, 'time_zone'>;
      page: PageOf<Row>;
    }
    const { position, value } = await this.readModels.read<Tables, Found | undefined>(
      at,
      async (db) => {
        const contracts = db.selectFrom('contracts').select('time_zone');
        const contract = await contracts.where('contract_id', '=', contractId).executeTakeFirst();
        return contract && { contract, page: await query(db) };
      },
    );
    if (!value) throw contractUnknown();
    const today = todayOf(value.contract);
    const items = value.page.items.map((row) => view(row, today));
    return readReply(position, { ...value.page, items });
  }
}

/** Where a contract is, the day it is now. */
const todayOf = ({ time_zone }: Pick<ContractRow, 'time_zone'>): string =>
  dayIn(time_zone, requestClock.now());

export const contractsQuery = { controllers: [ContractsController], providers: [] };
