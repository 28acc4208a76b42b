import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ContractRow, CustomerRow } from '@hostledger/contracts';
import { unvaluedLegs, type SupplyAgreementRow, type UnvaluedLeg } from '@hostledger/deals';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  equalTo,
  keysetPage,
  MayRefuse,
  ReadAt,
  readReply,
  requestClock,
  type PageOf,
  type ReadOptions,
} from '@hostledger/http';
import type { Kysely } from 'kysely';
import { totalsOf } from '../../domain/amounts.js';
import type { Shortcoming } from '../../domain/line.js';
import { AccrualsQuery } from '../../http/paper-forms.js';
import '../../http/paper-problems.js';
import { factReads } from '../inputs/fact-reads.js';
import { contractInputs } from '../inputs/inputs.js';
import type { InputTools } from '../inputs/ports.js';
import { mustKnowParties } from '../known.js';
import type { StatementTables } from '../statements/load.js';
import {
  accrued,
  mustHaveBegun,
  type AccruedMonth,
  type BilledMonth,
  type PendingMonth,
} from './accrued.js';
import { billedMonths, type ReadLines } from './billed.js';
import {
  AccrualsView,
  type AccrualShortcomingView,
  type AccruedContractView,
  type AccruedMonthView,
  type PendingMonthView,
} from './views.js';

interface Tables extends StatementTables {
  contracts: ContractRow;
  customers: CustomerRow;
  supply_agreements: SupplyAgreementRow;
}

/** Each is computed, a large one for some seconds. */
const CONTRACTS_A_PAGE = 20;

@ApiTags('billing')
@Controller('billing/accruals')
export class AccrualsController {
  private readonly tools: InputTools;

  constructor(
    private readonly readModels: ReadModels,
    log: EventStore,
  ) {
    this.tools = { readModels, log, facts: factReads };
  }

  @ApiOperation({
    summary: 'What is earned and on no statement by a day, and legs that nobody had valued',
    description:
      'For every contract the months that no statement issued by the day is of, computed as their close ' +
      'would be, up to the end of the day and by what is recorded now. Of the months on statements, what ' +
      'the next close would adjust: what was recorded late, and what was agreed on by the day. Together ' +
      'with those statements this is all that was earned. Legs have a face only, which is in no total.',
  })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: AccrualsView })
  @MayRefuse('billing/not-come', 'contract/unknown', 'customer/unknown')
  async list(@Query() query: AccrualsQuery, @ReadAt() at: ReadOptions) {
    const { on } = query;
    mustHaveBegun(on, requestClock.now());
    const readLines: ReadLines = async (query) => (await this.readModels.read(at, query)).value;
    const { position, value } = await this.readModels.read<Tables, Found>(at, (db) =>
      found(db, query, readLines),
    );
    const items: AccruedContractView[] = [];
    for (const row of value.contracts.items) {
      const { contract_id: contractId, customer_id: customerId, reference } = row;
      const inputs = await contractInputs(this.tools, contractId, position.toString());
      const { months, pending } = await accrued(inputs, on, value.billed.get(contractId) ?? []);
      items.push({
        ...{ contractId, customerId, reference },
        months: months.map(monthView),
        adjustments: pending.map(pendingView),
        totals: totalsOf([...months, ...pending].flatMap((month) => month.totals)),
      });
    }
    const { nextCursor } = value.contracts;
    return readReply(position, {
      on,
      items,
      totals: totalsOf(items.flatMap(({ totals }) => totals)),
      unvaluedLegs: value.legs,
      ...(nextCursor !== undefined && { nextCursor }),
    });
  }
}

const monthView = ({ month, throughOn, totals, shortcomings }: AccruedMonth): AccruedMonthView => ({
  ...{ month, throughOn, totals: [...totals] },
  shortcomings: shortcomings.map(withoutWindow),
});

const pendingView = ({ month, lines, totals, shortcomings }: PendingMonth): PendingMonthView => ({
  ...{ month, lines: [...lines], totals: [...totals] },
  shortcomings: shortcomings.map(withoutWindow),
});

const withoutWindow = ({ window: _, ...shortcoming }: Shortcoming): AccrualShortcomingView =>
  shortcoming;

interface Found {
  readonly contracts: PageOf<ContractRow>;
  /** By contract: months on statements issued by the day. */
  readonly billed: ReadonlyMap<string, readonly BilledMonth[]>;
  readonly legs: readonly UnvaluedLeg[];
}

const found = async (
  db: Kysely<Tables>,
  query: AccrualsQuery,
  readLines: ReadLines,
): Promise<Found> => {
  const { on, contractId, customerId, cursor, limit = CONTRACTS_A_PAGE } = query;
  await mustKnowParties(db, query);
  const filters = { contract_id: contractId, customer_id: customerId };
  const executed = db.selectFrom('contracts').selectAll().where('status', '=', 'executed');
  const page = { limit, ...(cursor !== undefined && { cursor }) };
  const contracts = await keysetPage(equalTo(executed, filters), page, ['contract_id']);
  const ids = contracts.items.map(({ contract_id }) => contract_id);
  const legs = cursor === undefined ? await legsOn(db, query) : [];
  return { contracts, billed: await billedMonths(db, ids, on, readLines), legs };
};

/** Of agreements that hosting contracts were signed with, where one contract or customer is asked for. */
const legsOn = async (
  db: Kysely<Tables>,
  { on, contractId, customerId }: AccrualsQuery,
): Promise<UnvaluedLeg[]> => {
  const agreements = await db
    .selectFrom('supply_agreements')
    .select('state')
    .where('agreed_on', '<=', on)
    .orderBy('agreed_on')
    .orderBy('agreement_id')
    .execute();
  const states = agreements.map(({ state }) => state);
  if (contractId === undefined && customerId === undefined) {
    return states.flatMap((state) => unvaluedLegs(state, on));
  }
  const filters = { contract_id: contractId, customer_id: customerId };
  const all = db.selectFrom('contracts').select(['contract_id', 'customer_id']);
  const contracts = await equalTo(all, filters).execute();
  const wanted = new Set(contracts.map(({ contract_id }) => contract_id));
  return states
    .filter(({ hostingContracts }) => hostingContracts.some((id) => wanted.has(id)))
    .flatMap((state) => unvaluedLegs(state, on));
};

export const accrualsQuery = { controllers: [AccrualsController], providers: [] };
