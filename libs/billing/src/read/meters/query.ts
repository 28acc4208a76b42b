import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsUUID } from 'class-validator';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  equalTo,
  flagOf,
  IsDay,
  IsDayOrInstant,
  IsTrueOrFalse,
  keysetPage,
  MayBeAbsent,
  MayRefuse,
  Page,
  ReadAt,
  type PageOf,
  type ReadOptions,
  readReply,
  recordedView,
  RecordedView,
} from '@hostledger/http';
import { toldIn } from '../../domain/meter-amounts.js';
import { METER_KINDS, meterUnknown, unitOf, type MeterKind } from '../../domain/meter.js';
import { IsSiteCode, MeterParams } from '../../http/meter-forms.js';
import '../../http/meter-problems.js';
import { readingsKnownAt, type MeterTables, type StandingReading } from './facts.js';
import type { MeterRow, ProgrammeReceiptRow, Told } from './projection.js';

export class MetersFilter extends Page {
  /** Of this contract. */
  @MayBeAbsent()
  @IsUUID()
  contractId?: string;

  /** @example DENTON */
  @MayBeAbsent()
  @IsSiteCode()
  facility?: string;

  @MayBeAbsent()
  @IsIn(METER_KINDS)
  kind?: MeterKind;
}

export class MeterView {
  /** @example DENTON-A-07 */
  meterId: string;
  contractId: string;
  /** @example DENTON */
  facility: string;
  kind: MeterKind;
  /** In which its events tell what it read. */
  unit: 'Wh' | 'satoshi';
  /** @example 2024-06-01T05:00:00.000Z */
  startsAt: string;
  /** Absent while it measures. */
  endsAt?: string;
  /** Why it measures no more. */
  retiredBecause?: string;
  /** End of the last reading there is; absent before the first. Earlier months may lack some. */
  readUntil?: string;
  /**
   * Of the contract; readings are kept by its months.
   * @example America/Chicago
   */
  timeZone: string;
  /** @example ION8650-1907A412 */
  reference: string;
  /** Who registered it. */
  registeredBy: string;
  /** The registration. */
  recorded: RecordedView;
}

export class MeterList {
  items: MeterView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class ReadingsFilter extends Page {
  /**
   * Only readings that begin then or later; a day is one of UTC.
   * @example 2024-06-01T05:00:00Z
   */
  @MayBeAbsent()
  @IsDayOrInstant()
  from?: string;

  /**
   * Only readings that begin before.
   * @example 2024-07-01T05:00:00Z
   */
  @MayBeAbsent()
  @IsDayOrInstant()
  until?: string;

  /** Also readings that were corrected; left out without it. */
  @IsTrueOrFalse()
  withCorrected?: 'true' | 'false';
}

export class ReadingView {
  from: string;
  until: string;
  /**
   * Of a meter of energy.
   * @example "1234.567"
   */
  energyKwh?: string;
  /**
   * Of a meter of proceeds.
   * @example "625000000"
   */
  satoshi?: string;
  /** What a meter of energy counts up to, as it stood at the end. */
  registerKwh?: string;
  /** What a meter of proceeds counts up to, as it stood at the end. */
  registerSatoshi?: string;
  quality: 'measured' | 'estimated';
  /** How it was estimated. */
  estimatedBy?: string;
  /** A later correction holds in its place. */
  corrected?: true;
  /** It came by a correction, for this reason. */
  correctionCause?: string;
  /** SHA-256 of the file it came in. */
  digest?: string;
  /** That took the file in. */
  operationId?: string;
  /** Of the file. */
  line?: number;
  statedBy: string;
  /** The event that says so. */
  recorded: RecordedView;
}

export class ReadingList {
  items: ReadingView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class ProgrammeReceiptsFilter extends Page {
  /** @example DENTON */
  @MayBeAbsent()
  @IsSiteCode()
  facility?: string;

  /** What was paid for this curtailment. */
  @MayBeAbsent()
  @IsUUID()
  curtailmentId?: string;

  /**
   * Received on this day or later.
   * @example 2024-08-01
   */
  @MayBeAbsent()
  @IsDay()
  from?: string;

  /**
   * Received before this day.
   * @example 2024-09-01
   */
  @MayBeAbsent()
  @IsDay()
  until?: string;
}

export class ProgrammeReceiptView {
  receiptId: string;
  /** @example DENTON */
  facility: string;
  curtailmentId: string;
  /** @example "184250.00" */
  amount: string;
  /** @example USD */
  currency: string;
  /** @example 2024-08-15 */
  receivedOn: string;
  /** @example ERS-2024-06-SETTLEMENT-0193 */
  reference: string;
  /** It counts no more. */
  reversed?: true;
  reversedBecause?: string;
  statedBy: string;
  /** The recording. */
  recorded: RecordedView;
}

export class ProgrammeReceiptList {
  items: ProgrammeReceiptView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

@ApiTags('billing')
@Controller('meters')
@AnyRole()
export class MetersQueryController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List meters' })
  @Get()
  @ApiOkResponse({ type: MeterList })
  async list(@Query() filter: MetersFilter, @ReadAt() at: ReadOptions) {
    const { contractId, facility, kind, ...page } = filter;
    const { position, value } = await this.readModels.read<MeterTables, PageOf<MeterRow>>(
      at,
      (db) => {
        const all = db.selectFrom('billing_meters').selectAll();
        const wanted = equalTo(all, { contract_id: contractId, facility, kind });
        return keysetPage(wanted, page, ['meter_id']);
      },
    );
    return readReply(position, { ...value, items: value.items.map(meterView) });
  }

  @ApiOperation({ summary: 'Get a meter' })
  @Get(':meterId')
  @ApiOkResponse({ type: MeterView })
  @MayRefuse('meter/unknown')
  async get(@Param() { meterId }: MeterParams, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<MeterTables, MeterRow | undefined>(
      at,
      (db) =>
        db
          .selectFrom('billing_meters')
          .selectAll()
          .where('meter_id', '=', meterId)
          .executeTakeFirst(),
    );
    if (!value) throw meterUnknown(meterId);
    return readReply(position, meterView(value));
  }

  @ApiOperation({ summary: 'List the readings of a meter, in the order of time' })
  @Get(':meterId/readings')
  @ApiOkResponse({ type: ReadingList })
  @MayRefuse('meter/unknown')
  async readings(
    @Param() { meterId }: MeterParams,
    @Query() { from, until, withCorrected, ...page }: ReadingsFilter,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<
      MeterTables,
      PageOf<StandingReading> | undefined
    >(at, async (db) => {
      const meter = db.selectFrom('billing_meters').select('meter_id');
      if (!(await meter.where('meter_id', '=', meterId).executeTakeFirst())) return undefined;
      let readings = readingsKnownAt(db, { meterId });
      if (!flagOf(withCorrected)) readings = readings.where('corrected', '=', false);
      if (from !== undefined) readings = readings.where('from_at', '>=', instantOf(from));
      if (until !== undefined) readings = readings.where('from_at', '<', instantOf(until));
      return keysetPage(readings, page, ['from_at', 'position', 'ordinal']);
    });
    if (!value) throw meterUnknown(meterId);
    return readReply(position, { ...value, items: value.items.map(readingView) });
  }
}

const instantOf = (moment: string): string =>
  moment.includes('T') ? moment : `${moment}T00:00:00.000Z`;

@ApiTags('billing')
@Controller('billing/programme-receipts')
@AnyRole()
export class ProgrammeReceiptsQueryController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List what programmes paid for curtailments, by day' })
  @Get()
  @ApiOkResponse({ type: ProgrammeReceiptList })
  async list(@Query() filter: ProgrammeReceiptsFilter, @ReadAt() at: ReadOptions) {
    const { facility, curtailmentId, from, until, ...page } = filter;
    const { position, value } = await this.readModels.read<
      MeterTables,
      PageOf<ProgrammeReceiptRow>
    >(at, (db) => {
      let wanted = equalTo(db.selectFrom('billing_programme_receipts').selectAll(), {
        facility,
        curtailment_id: curtailmentId,
      });
      if (from !== undefined) wanted = wanted.where('received_on', '>=', from);
      if (until !== undefined) wanted = wanted.where('received_on', '<', until);
      return keysetPage(wanted, page, ['received_on', 'receipt_id']);
    });
    return readReply(position, { ...value, items: value.items.map(receiptView) });
  }
}

const recordedOf = ({ event_id, revision, position, recorded_at }: Told): RecordedView =>
  recordedView({ id: event_id, revision: BigInt(revision), position, recordedAt: recorded_at });

const meterView = (row: MeterRow): MeterView => ({
  meterId: row.meter_id,
  contractId: row.contract_id,
  facility: row.facility,
  kind: row.kind as MeterKind,
  unit: unitOf(row.kind as MeterKind),
  startsAt: row.starts_at,
  ...(row.ends_at !== null && { endsAt: row.ends_at, retiredBecause: row.retired_because! }),
  ...(row.read_until !== null && { readUntil: row.read_until }),
  timeZone: row.time_zone,
  reference: row.reference,
  registeredBy: row.stated_by,
  recorded: recordedOf(row),
});

const readingView = (row: StandingReading): ReadingView => ({
  from: row.from_at,
  until: row.until_at,
  ...toldIn(row.kind as MeterKind, { amount: row.amount, register: row.register ?? undefined }),
  quality: row.estimated_by === null ? 'measured' : 'estimated',
  ...(row.estimated_by !== null && { estimatedBy: row.estimated_by }),
  ...(row.corrected && { corrected: true as const }),
  ...(row.cause !== null && { correctionCause: row.cause }),
  ...(row.digest !== null && { digest: row.digest }),
  ...(row.operation_id !== null && { operationId: row.operation_id }),
  ...(row.line !== null && { line: row.line }),
  statedBy: row.stated_by,
  recorded: recordedOf(row),
});

const receiptView = (row: ProgrammeReceiptRow): ProgrammeReceiptView => ({
  receiptId: row.receipt_id,
  facility: row.facility,
  curtailmentId: row.curtailment_id,
  amount: row.amount,
  currency: row.currency,
  receivedOn: row.received_on,
  reference: row.reference,
  ...(row.reversed_position !== null && {
    reversed: true as const,
    reversedBecause: row.reversed_because!,
  }),
  statedBy: row.stated_by,
  recorded: recordedOf(row),
});

export const metersQuery = {
  controllers: [MetersQueryController, ProgrammeReceiptsQueryController],
  providers: [],
};
