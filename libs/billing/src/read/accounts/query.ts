import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { sql, type Kysely } from 'kysely';
import type { ContractRow, DepositRow } from '@hostledger/contracts';
import { streamName } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  flagOf,
  InScope,
  IsDay,
  IsTrueOrFalse,
  keysetPage,
  MayBeAbsent,
  OwnObject,
  OwnRows,
  ownRows,
  Page,
  ReadAt,
  readReply,
  readTimeline,
  requestClock,
  sees,
  Timeline,
  type PageOf,
  type ReadOptions,
  type Scope,
} from '@hostledger/http';
import { dayIn } from '@hostledger/quantities';
import { accountUnknown } from '../../domain/account-refusals.js';
import { accountAggregate } from '../../domain/account.js';
import { AccountParams } from '../../http/account-forms.js';
import { ownAccount } from '../own.js';
import { ownPart, toldToCustomers } from './own.js';
import type { AccountEntryRow, AccountRow } from './projection.js';
import {
  AccountEntryList,
  accountSummary,
  accountView,
  BillingAccountList,
  BillingAccountView,
  entryView,
  type RunningEntryRow,
} from './views.js';

interface Tables {
  billing_accounts: AccountRow;
  billing_account_entries: AccountEntryRow;
  contract_deposits: DepositRow;
  contracts: Pick<ContractRow, 'contract_id' | 'customer_id'>;
}

export class BillingAccountsPage extends Page {
  /** Accounts whose customer it is, or on which statements were sent to it before the contract passed on. */
  @MayBeAbsent()
  @IsUUID()
  customerId?: string;

  /** Whether something undisputed was due before today, by UTC. */
  @IsTrueOrFalse()
  overdue?: 'true' | 'false';

  /** Whether a dispute is open. */
  @IsTrueOrFalse()
  disputed?: 'true' | 'false';

  /** Whether service is suspended for non-payment. */
  @IsTrueOrFalse()
  suspended?: 'true' | 'false';
}

export class AccountDayQuery {
  /**
   * The day that ageing is told of: what was issued, paid and credited until its end. Today where the contract is, if it is left out.
   * @example 2024-03-31
   */
  @MayBeAbsent()
  @IsDay()
  on?: string;
}

/** Some statement on the account was sent to that customer. */
const wasSentTo = (customerId: string) =>
  sql<boolean>`state -> 'statements' @> ${JSON.stringify([{ customerId }])}::jsonb`;

@ApiTags('billing')
@Controller('billing/accounts')
export class BillingAccountsController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly log: EventStore,
  ) {}

  @ApiOperation({ summary: 'List accounts with what is owed' })
  @Get()
  @AnyRole()
  @OwnRows()
  @ApiOkResponse({ type: BillingAccountList })
  async list(
    @Query() { customerId, overdue, disputed, suspended, ...page }: BillingAccountsPage,
    @ReadAt() at: ReadOptions,
    @InScope() scope: Scope,
  ) {
    const flags = { disputed: flagOf(disputed), suspended: flagOf(suspended) };
    // Somebody of a customer does not find out by this who an account was of before.
    const filters = scope.customers ? { ...flags, customer_id: customerId } : flags;
    const today = requestClock.now().slice(0, 10);
    const { position, value } = await this.readModels.read<Tables, PageOf<AccountRow>>(at, (db) => {
      const every = ownRows(db.selectFrom('billing_accounts').selectAll(), filters, scope);
      const all =
        customerId === undefined
          ? every
          : every.where((are) =>
              are.or([are('customer_id', '=', customerId), wasSentTo(customerId)]),
            );
      const wanted = flagOf(overdue);
      if (wanted === undefined) return keysetPage(all, page, ['contract_id']);
      const late = all.where('unpaid_due_on', wanted ? '<' : '>=', today);
      return keysetPage(late, page, ['contract_id']);
    });
    return readReply(position, {
      ...value,
      items: value.items.map(({ state }) => accountSummary(ownPart(state, scope))),
    });
  }

  @ApiOperation({ summary: 'Get the account of a contract: balance, ageing, and what is open' })
  @Get(':contractId')
  @AnyRole()
  @OwnObject(ownAccount, { without: ['writeOffs', 'releasedBySettlement'] })
  @ApiOkResponse({ type: BillingAccountView })
  async get(
    @Param() { contractId }: AccountParams,
    @Query() { on }: AccountDayQuery,
    @ReadAt() at: ReadOptions,
    @InScope() scope: Scope,
  ) {
    const { position, value } = await this.readModels.read<
      Tables,
      { row: AccountRow | undefined; holder: string | undefined; deposits: readonly DepositRow[] }
    >(at, async (db) => ({
      holder: await holderOf(db, contractId),
      row: await db
        .selectFrom('billing_accounts')
        .selectAll()
        .where('contract_id', '=', contractId)
        .executeTakeFirst(),
      deposits: await db
        .selectFrom('contract_deposits')
        .selectAll()
        .where('contract_id', '=', contractId)
        .orderBy('deposit_id')
        .execute(),
    }));
    const { row, holder } = value;
    if (!row) throw accountUnknown();
    // They passed on with the contract.
    const isHeld = !scope.customers || (holder !== undefined && sees(scope, holder));
    const deposits = isHeld ? value.deposits : [];
    const day = on ?? dayIn(row.state.timeZone, requestClock.now());
    const headers = { etag: `"${row.revision}"` };
    return readReply(position, accountView(ownPart(row.state, scope), day, deposits), headers);
  }

  @ApiOperation({
    summary: 'The ledger of an account: what each event changed, and the balance after it',
  })
  @Get(':contractId/entries')
  @AnyRole()
  @OwnObject(ownAccount, { without: ['postings'] })
  @ApiOkResponse({ type: AccountEntryList })
  async entries(
    @Param() { contractId }: AccountParams,
    @Query() page: Page,
    @ReadAt() at: ReadOptions,
    @InScope() scope: Scope,
  ) {
    const { position, value } = await this.readModels.read<Tables, PageOf<RunningEntryRow>>(
      at,
      async (db) => {
        const own = await ownStatements(db, contractId, scope);
        const running = (column: 'receivable' | 'unapplied_credit') =>
          sql<string>`(sum(${sql.ref(column)}) over (partition by currency order by revision))::text`;
        const all = db
          .selectFrom('billing_account_entries')
          .selectAll()
          .select([
            running('receivable').as('running_balance'),
            running('unapplied_credit').as('running_credit'),
          ])
          .where('contract_id', '=', contractId)
          .$if(own !== undefined, (entries) =>
            entries.where(sql<boolean>`statement_id = any(${[...(own ?? [])]}::text[])`),
          )
          .as('entries');
        return keysetPage(db.selectFrom(all).selectAll(), page, ['revision', 'entry_id']);
      },
    );
    return readReply(position, { ...value, items: value.items.map(entryView) });
  }

  @ApiOperation({ summary: "An account's events, with who did what and why" })
  @Get(':contractId/timeline')
  @AnyRole()
  @OwnObject(ownAccount)
  @ApiOkResponse({ type: Timeline })
  async timeline(
    @Param() { contractId }: AccountParams,
    @Query() page: Page,
    @InScope() scope: Scope,
  ) {
    const stream = streamName(accountAggregate, contractId);
    const read = await readTimeline(this.log, stream, page, { ...toldToCustomers, scope });
    if (!read) throw accountUnknown();
    return readReply(read.position, read.timeline);
  }
}

/** Whose the contract is by now. */
const holderOf = async (db: Kysely<Tables>, contractId: string): Promise<string | undefined> => {
  const contracts = db.selectFrom('contracts').select('customer_id');
  const contract = await contracts.where('contract_id', '=', contractId).executeTakeFirst();
  return contract?.customer_id;
};

/** Those that the ledger is to be of; `undefined` where it is all of it. */
const ownStatements = async (
  db: Kysely<Tables>,
  contractId: string,
  scope: Scope,
): Promise<readonly string[] | undefined> => {
  if (!scope.customers) return undefined;
  const accounts = db.selectFrom('billing_accounts').select('state');
  const account = await accounts.where('contract_id', '=', contractId).executeTakeFirst();
  if (!account) return [];
  const own = ownPart(account.state, scope);
  return own === account.state ? undefined : own.statements.map(({ statementId }) => statementId);
};

export const accountsQuery = { controllers: [BillingAccountsController], providers: [] };
