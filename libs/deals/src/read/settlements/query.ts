import { Controller, Get, Param, Query } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
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
  equalTo,
  keysetPage,
  MayBeAbsent,
  Page,
  type PageOf,
  ReadAt,
  type ReadOptions,
  readReply,
  readTimeline,
  requestClock,
  Timeline,
} from '@hostledger/http';
import { FACILITY_CODE } from '@hostledger/sites';
import { settlementUnknown } from '../../domain/settlement-rules.js';
import { SETTLEMENT_STATUSES, type KnownSettlement } from '../../domain/settlement-state.js';
import { settlementAggregate } from '../../domain/settlement.js';
import { SettlementParams } from '../../http/settlement-forms.js';
import {
  CASE_STATES,
  CLEARANCE_STATUSES,
  type CaseRow,
  type CaseState,
  type ClearanceRow,
} from '../clearances/projection.js';
import { readAsOf } from './as-of.js';
import type { SettlementRow } from './projection.js';
import {
  SettlementAsOfView,
  SettlementView,
  settlementView,
  SettlementWithLegs,
  settlementWithLegs,
} from './views.js';

interface Tables {
  settlements: SettlementRow;
  site_clearances: ClearanceRow;
  relocation_cases: CaseRow;
}

export class SettlementsPage extends Page {
  @MayBeAbsent()
  @IsIn(SETTLEMENT_STATUSES)
  status?: KnownSettlement['status'];

  /**
   * Only the settlements of this number.
   * @example CEL-CORZ-2023
   */
  @MayBeAbsent()
  @Length(1, 100)
  reference?: string;

  /**
   * Only those with this party, as it was named.
   * @example Celsius Network LLC
   */
  @MayBeAbsent()
  @Length(1, 200)
  counterparty?: string;

  /** Only those with this customer. */
  @MayBeAbsent()
  @IsUUID()
  customerId?: string;
}

export class CasesPage extends Page {
  @MayBeAbsent()
  @IsIn(CASE_STATES)
  state?: CaseState;

  /**
   * Only those at this site.
   * @example CEDARVALE
   */
  @MayBeAbsent()
  @Matches(FACILITY_CODE, { message: '$property is the code of a facility' })
  facility?: string;
}

export class SettlementList {
  items: SettlementView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

/** How many machines have to leave a site, and how many did. */
export class CaseCounts {
  open: number;
  moved: number;
  retired: number;
}

export class ClearanceView {
  /** @example CEDARVALE */
  facility: string;
  /**
   * `beginning`: nobody has looked at the site yet. `cleared`: no machine was left. `calledOff`: the
   * site is kept, or given away under another settlement, and the cases come to nothing.
   */
  @ApiProperty({ enum: CLEARANCE_STATUSES })
  status: ClearanceRow['status'];
  beganAt: string;
  endedAt?: string;
  cases: CaseCounts;
}

export class SettlementDetails extends SettlementWithLegs {
  /** Of the sites that are given away, once a court has approved that. */
  clearances: ClearanceView[];
}

export class CaseView {
  serial: string;
  customerId: string;
  /** @example CEDARVALE */
  facility: string;
  /** Open while the machine is at the site, on its way to it, or at a vendor from it. */
  @ApiProperty({ enum: CASE_STATES })
  state: CaseState;
  openedAt: string;
  /** Of one that moved, where it went. */
  toFacility?: string;
  endedAt?: string;
}

export class CaseList {
  items: CaseView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

@ApiTags('deals')
@Controller('settlements')
@AnyRole()
export class SettlementsQueries {
  constructor(
    private readonly readModels: ReadModels,
    private readonly log: EventStore,
  ) {}

  @ApiOperation({ summary: 'List the settlements, the last proposed first' })
  @Get()
  @ApiOkResponse({ type: SettlementList })
  async list(
    @Query() { status, reference, counterparty, customerId, ...page }: SettlementsPage,
    @ReadAt() at: ReadOptions,
  ) {
    const filters = { reference, customer_id: customerId, counterparty, status };
    const { position, value } = await this.readModels.read<Tables, PageOf<SettlementRow>>(
      at,
      (db) => {
        const all = db.selectFrom('settlements').selectAll();
        return keysetPage(equalTo(all, filters, 'desc'), page, ['position'], 'desc');
      },
    );
    const items = value.items.map(({ settlement }) => settlementView(settlement));
    return readReply(position, { ...value, items });
  }

  @ApiOperation({
    summary: 'Get a settlement: its legs, its price in cash and with claims, what is left of it',
    description:
      'With `asOf` or `knownAt`: what was true on a day, by what had been recorded, answered from ' +
      'the settlement’s own events.',
  })
  @Get(':settlementId')
  @ApiExtraModels(SettlementDetails, SettlementAsOfView)
  @ApiOkResponse({
    schema: {
      oneOf: [
        { $ref: getSchemaPath(SettlementDetails) },
        { $ref: getSchemaPath(SettlementAsOfView) },
      ],
    },
  })
  async get(
    @Param() { settlementId }: SettlementParams,
    @Query() moment: AsOfQuery,
    @ReadAt() at: ReadOptions,
  ) {
    if (moment.asOf !== undefined || moment.knownAt !== undefined) {
      const { position, view } = await readAsOf(this.log, settlementId, moment, requestClock.now());
      return readReply(position, view);
    }
    const { position, value } = await this.readModels.read<Tables, Found | undefined>(at, (db) =>
      find(db, settlementId),
    );
    if (!value) throw settlementUnknown();
    const { row, clearances } = value;
    const body: SettlementDetails = { ...settlementWithLegs(row.settlement), clearances };
    return readReply(position, body, { etag: `"${row.revision}"` });
  }

  @ApiOperation({ summary: 'List the machines that have to leave the sites that are given away' })
  @Get(':settlementId/relocation-cases')
  @ApiOkResponse({ type: CaseList })
  async cases(
    @Param() { settlementId }: SettlementParams,
    @Query() { state, facility, ...page }: CasesPage,
    @ReadAt() at: ReadOptions,
  ) {
    const filters = { settlement_id: settlementId, state, facility };
    const { position, value } = await this.readModels.read<Tables, PageOf<CaseRow> | undefined>(
      at,
      async (db) => {
        if (!(await rowOf(db, settlementId))) return undefined;
        const all = equalTo(db.selectFrom('relocation_cases').selectAll(), filters);
        return keysetPage(all, page, ['facility', 'serial']);
      },
    );
    if (!value) throw settlementUnknown();
    return readReply(position, { ...value, items: value.items.map(caseView) });
  }

  @ApiOperation({ summary: 'Everything that happened in a settlement, as it was recorded' })
  @Get(':settlementId/timeline')
  @ApiOkResponse({ type: Timeline })
  async timeline(@Param() { settlementId }: SettlementParams, @Query() page: Page) {
    const stream = streamName(settlementAggregate, settlementId);
    const read = await readTimeline(this.log, stream, page);
    if (!read) throw settlementUnknown();
    return readReply(read.position, read.timeline);
  }
}

interface Found {
  readonly row: SettlementRow;
  readonly clearances: ClearanceView[];
}

const rowOf = (db: Kysely<Tables>, settlementId: string): Promise<SettlementRow | undefined> =>
  db
    .selectFrom('settlements')
    .selectAll()
    .where('settlement_id', '=', settlementId)
    .executeTakeFirst();

const find = async (db: Kysely<Tables>, settlementId: string): Promise<Found | undefined> => {
  const row = await rowOf(db, settlementId);
  if (!row) return undefined;
  const own = db
    .selectFrom('site_clearances')
    .selectAll()
    .where('settlement_id', '=', settlementId);
  const clearances = await own.orderBy('facility').execute();
  const counts = await db
    .selectFrom('relocation_cases')
    .select((eb) => ['facility', 'state', eb.fn.countAll<string>().as('count')])
    .where('settlement_id', '=', settlementId)
    .groupBy(['facility', 'state'])
    .execute();
  const countOf = (facility: string, state: CaseState): number =>
    Number(counts.find((each) => each.facility === facility && each.state === state)?.count ?? 0);
  return {
    row,
    clearances: clearances.map(({ facility, status, began_at, ended_at }) => ({
      facility,
      status,
      beganAt: began_at,
      ...(ended_at !== null && { endedAt: ended_at }),
      cases: {
        open: countOf(facility, 'open'),
        moved: countOf(facility, 'moved'),
        retired: countOf(facility, 'retired'),
      },
    })),
  };
};

const caseView = (row: CaseRow): CaseView => ({
  serial: row.serial,
  customerId: row.customer_id,
  facility: row.facility,
  state: row.state,
  openedAt: row.opened_at,
  ...(row.to_facility !== null && { toFacility: row.to_facility }),
  ...(row.ended_at !== null && { endedAt: row.ended_at }),
});

export const settlementsQuery = { controllers: [SettlementsQueries], providers: [] };
