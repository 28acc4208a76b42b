import { sql, type Kysely, type SelectQueryBuilder } from 'kysely';
import type {
  MeterFact,
  ProgrammeReceipt,
  ReadingFact,
  Source,
  Window,
} from '../../domain/inputs.js';
import type { MeterRow, ProgrammeReceiptRow, ReadingRow, Told } from './projection.js';

// What was known of meters, readings and receipts when the log ended at a position.

export interface MeterTables {
  billing_meters: MeterRow;
  billing_readings: ReadingRow;
  billing_programme_receipts: ProgrammeReceiptRow;
}

/** A reading with whether a correction replaced it, by what was known. */
export interface StandingReading extends ReadingRow {
  readonly corrected: boolean;
}

type ReadingQuery = SelectQueryBuilder<{ told: StandingReading }, 'told', StandingReading>;

/**
 * The readings that were recorded at or before a position, each with whether it had been corrected
 * by then.
 * @param position of the log; all that is recorded without one.
 */
export const readingsKnownAt = (
  db: Kysely<MeterTables>,
  wanted: { readonly meterId?: string; readonly contractId?: string },
  position?: bigint,
): ReadingQuery => {
  const knownBy = (alias: 'reading' | 'later') =>
    position === undefined
      ? sql<boolean>`true`
      : sql<boolean>`${sql.ref(`${alias}.position`)} <= ${position}`;
  let readings = db
    .selectFrom('billing_readings as reading')
    .selectAll('reading')
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom('billing_readings as later')
            .select('later.position')
            .whereRef('later.meter_id', '=', 'reading.meter_id')
            .whereRef('later.month', '=', 'reading.month')
            .whereRef('later.corrects_from', '<=', 'reading.from_at')
            .whereRef('later.corrects_until', '>=', 'reading.until_at')
            .whereRef('later.position', '>', 'reading.position')
            .where('later.ordinal', '=', 0)
            .where(knownBy('later')),
        )
        .as('corrected'),
    )
    .where(knownBy('reading'));
  const { meterId, contractId } = wanted;
  if (meterId !== undefined) readings = readings.where('reading.meter_id', '=', meterId);
  if (contractId !== undefined) readings = readings.where('reading.contract_id', '=', contractId);
  return db.selectFrom(readings.as('told')).selectAll() as unknown as ReadingQuery;
};

/**
 * The meters of a contract that measure within the period, and their readings that hold, as they were
 * known at a position. By meter; readings in the order of time.
 * @param period a month of the contract's zone; every reading lies within one.
 */
export const meterFactsOf = async (
  db: Kysely<MeterTables>,
  contractId: string,
  period: Window,
  position: bigint,
): Promise<{ readonly meters: MeterFact[]; readonly readings: ReadingFact[] }> => {
  const meters = await db
    .selectFrom('billing_meters')
    .selectAll()
    .where('contract_id', '=', contractId)
    .where('position', '<=', position)
    .where('starts_at', '<', period.until)
    .orderBy('meter_id')
    .execute();
  const readings = await readingsKnownAt(db, { contractId }, position)
    .where('from_at', '>=', period.from)
    .where('from_at', '<', period.until)
    .where(sql<boolean>`not corrected`)
    .orderBy('meter_id')
    .orderBy('from_at')
    .execute();
  return {
    meters: meters.flatMap((row) => meterFact(row, period, position)),
    readings: readings.map(readingFact),
  };
};

const meterFact = (row: MeterRow, period: Window, position: bigint): MeterFact[] => {
  const { retired_position, ends_at, starts_at } = row;
  const isRetired = retired_position !== null && retired_position <= position;
  const from = starts_at > period.from ? starts_at : period.from;
  const until = isRetired && ends_at! < period.until ? ends_at! : period.until;
  if (from >= until) return [];
  return [
    {
      meterId: row.meter_id,
      facility: row.facility,
      kind: row.kind as MeterFact['kind'],
      window: { from, until },
      source: sourceOf(row),
    },
  ];
};

const readingFact = (row: ReadingRow): ReadingFact => ({
  meterId: row.meter_id,
  facility: row.facility,
  kind: row.kind as ReadingFact['kind'],
  from: row.from_at,
  until: row.until_at,
  amount: row.amount,
  quality: row.estimated_by === null ? 'measured' : 'estimated',
  source: sourceOf(row),
});

const sourceOf = ({ event_id, stream, revision, position }: Told): Source => ({
  eventId: event_id,
  stream,
  revision,
  position: position.toString(),
});

/**
 * Receipts of these facilities on days from one until before another, as they were known at a
 * position; in the order of days.
 */
export const receiptsOf = async (
  db: Kysely<MeterTables>,
  facilities: readonly string[],
  days: Window,
  position: bigint,
): Promise<ProgrammeReceipt[]> => {
  if (facilities.length === 0) return [];
  const rows = await db
    .selectFrom('billing_programme_receipts')
    .selectAll()
    .where('facility', 'in', facilities)
    .where('received_on', '>=', days.from)
    .where('received_on', '<', days.until)
    .where('position', '<=', position)
    .where((eb) =>
      eb.or([eb('reversed_position', 'is', null), eb('reversed_position', '>', position)]),
    )
    .orderBy('received_on')
    .orderBy('position')
    .execute();
  return rows.map((row) => ({
    receiptId: row.receipt_id,
    curtailmentId: row.curtailment_id,
    facility: row.facility,
    amount: row.amount,
    currency: row.currency,
    receivedOn: row.received_on,
    source: sourceOf(row),
  }));
};

export interface Lateness {
  /** What began before this instant, or was received before this day. */
  readonly until: string;
  /** Recorded after this position of the log, */
  readonly after: bigint;
  /** and at or before this one. */
  readonly position: bigint;
}

/** Whether readings, corrections, or meters of a contract came late for a time that was closed. */
export const lateReadingsExist = async (
  db: Kysely<MeterTables>,
  contractId: string,
  { until, after, position }: Lateness,
): Promise<boolean> => {
  const reading = await db
    .selectFrom('billing_readings')
    .select('position')
    .where('contract_id', '=', contractId)
    .where('position', '>', after)
    .where('position', '<=', position)
    .where('from_at', '<', until)
    .limit(1)
    .executeTakeFirst();
  if (reading) return true;
  const meter = await db
    .selectFrom('billing_meters')
    .select('meter_id')
    .where('contract_id', '=', contractId)
    .where((eb) =>
      eb.or([
        eb.and([
          eb('position', '>', after),
          eb('position', '<=', position),
          eb('starts_at', '<', until),
        ]),
        eb.and([
          eb('retired_position', '>', after),
          eb('retired_position', '<=', position),
          eb('ends_at', '<', until),
        ]),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return meter !== undefined;
};

/** Whether receipts of these facilities, or reversals, came late. @param lateness `until` is a day. */
export const lateReceiptsExist = async (
  db: Kysely<MeterTables>,
  facilities: readonly string[],
  { until, after, position }: Lateness,
): Promise<boolean> => {
  if (facilities.length === 0) return false;
  const receipt = await db
    .selectFrom('billing_programme_receipts')
    .select('receipt_id')
    .where('facility', 'in', facilities)
    .where('received_on', '<', until)
    .where((eb) =>
      eb.or([
        eb.and([eb('position', '>', after), eb('position', '<=', position)]),
        eb.and([eb('reversed_position', '>', after), eb('reversed_position', '<=', position)]),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return receipt !== undefined;
};
