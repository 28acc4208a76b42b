import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ContractRow, CustomerRow } from '@hostledger/contracts';
import { unvaluedLegs, type SupplyAgreementRow, type UnvaluedLeg } from '@hostledger/deals';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  cursorOf,
  cursorValues,
  equalTo,
  MayRefuse,
  ReadAt,
  readReply,
  requestClock,
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
  accrualPlan,
  isBehind,
  mustHaveBegun,
  type AccruedMonth,
  type BilledMonth,
  type PendingMonth,
  type Place,
  type SeenMonth,
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
/** A month of a small contract takes less than a tenth of a second. */
const MONTHS_A_PAGE = 24;

/** How far a page came: through a contract, or in it as far as a place. */
interface Reached {
  readonly contractId: string;
  readonly place?: Place;
}

/** Sites and prices are the same for many contracts; what is told is as of one position. */
const readOnce = (log: InputTools['log']): InputTools['log'] => {
  const streams = new Map<string, ReturnType<InputTools['log']['readStream']>>();
  return {
    head: () => log.head(),
    readStream: (stream, from) => {
      const key = `${from} ${stream}`;
      const read = streams.get(key) ?? log.readStream(stream, from);
      streams.set(key, read);
      return read;
    },
  };
};

const LIST = 'billing accruals';

const cursorAfter = ({ contractId, place }: Reached): string =>
  cursorOf(LIST, [contractId, place?.part ?? '', place?.month ?? '']);

/** @throws ProblemError `request/cursor-invalid`. */
const reachedBy = (cursor: string): Reached => {
  const [contractId = '', part, month = ''] = cursorValues(cursor, LIST, 3);
  return part === 'open' || part === 'billed'
    ? { contractId, place: { part, month } }
    : { contractId };
};

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
      'with those statements this is all that was earned. Legs have a face only, which is in no total. ' +
      'A page ends after so many contracts (`limit`) or so many months that were looked at (`months`), also ' +
      'in the middle of a contract, which then goes on (`continues`) on the page of `nextCursor`: pages add up.',
  })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: AccrualsView })
  @MayRefuse(
    'billing/not-come',
    'contract/unknown',
    'customer/unknown',
    'period/formula-unknown',
    'request/cursor-invalid',
  )
  async list(@Query() query: AccrualsQuery, @ReadAt() at: ReadOptions) {
    const { on } = query;
    mustHaveBegun(on, requestClock.now());
    const reached = query.cursor === undefined ? undefined : reachedBy(query.cursor);
    const readLines: ReadLines = async (query) => (await this.readModels.read(at, query)).value;
    const { position, value } = await this.readModels.read<Tables, Found>(at, (db) =>
      found(db, query, reached, readLines),
    );
    const tools = { ...this.tools, log: readOnce(this.tools.log) };
    const items: AccruedContractView[] = [];
    let last: Reached | undefined;
    let left = query.months ?? MONTHS_A_PAGE;
    for (const row of value.contracts) {
      if (left === 0) break;
      const { contract_id: contractId, customer_id: customerId, reference } = row;
      const inputs = await contractInputs(tools, contractId, position.toString());
      const plan = await accrualPlan(inputs, on, value.billed.get(contractId) ?? []);
      const after = reached?.contractId === contractId ? reached.place : undefined;
      const places = plan.places.filter((place) => !after || isBehind(place, after));
      const seen: SeenMonth[] = [];
      for (const place of places.slice(0, left)) seen.push(await plan.see(place));
      left -= seen.length;
      const place = seen.length < places.length ? places[seen.length - 1] : undefined;
      last = { contractId, ...(place && { place }) };
      const months = seen.flatMap(({ accrued }) => accrued ?? []);
      const pending = seen.flatMap(({ pending }) => pending ?? []).reverse();
      items.push({
        ...{ contractId, customerId, reference },
        months: months.map(monthView),
        adjustments: pending.map(pendingView),
        totals: totalsOf([...months, ...pending].flatMap((month) => month.totals)),
        ...(place && { continues: true as const }),
      });
    }
    const isLast = items.length === value.contracts.length && !value.hasMore && !last?.place;
    const nextCursor = isLast || !last ? undefined : cursorAfter(last);
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
  readonly contracts: readonly ContractRow[];
  /** There are contracts behind them. */
  readonly hasMore: boolean;
  /** By contract: months on statements issued by the day. */
  readonly billed: ReadonlyMap<string, readonly BilledMonth[]>;
  readonly legs: readonly UnvaluedLeg[];
}

const found = async (
  db: Kysely<Tables>,
  query: AccrualsQuery,
  reached: Reached | undefined,
  readLines: ReadLines,
): Promise<Found> => {
  const { on, contractId, customerId, limit = CONTRACTS_A_PAGE } = query;
  await mustKnowParties(db, query);
  const filters = { contract_id: contractId, customer_id: customerId };
  const executed = db.selectFrom('contracts').selectAll().where('status', '=', 'executed');
  const wanted = equalTo(executed, filters)
    .orderBy('contract_id')
    .limit(limit + 1);
  const rows = await (
    reached ? wanted.where('contract_id', reached.place ? '>=' : '>', reached.contractId) : wanted
  ).execute();
  const contracts = rows.slice(0, limit);
  const ids = contracts.map(({ contract_id }) => contract_id);
  const billed = await billedMonths(db, ids, on, readLines);
  const legs = reached ? [] : await legsOn(db, query);
  return { contracts, hasMore: rows.length > limit, billed, legs };
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
