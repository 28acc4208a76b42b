import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import type { MeterEvent } from '../../domain/meter.js';
import {
  readingsOf,
  type MeterMonthEvent,
  type UsageAccepted,
  type UsageEstimated,
} from '../../domain/meter-month.js';
import type { ProgrammeReceiptEvent } from '../../domain/programme-receipts.js';

/** The event that says what a row says. */
export interface Told {
  readonly event_id: string;
  readonly stream: string;
  /** In its stream. */
  readonly revision: number;
  readonly position: bigint;
  readonly recorded_at: string;
  readonly stated_by: string;
}

const TOLD = {
  event_id: 'text',
  stream: 'text',
  revision: 'integer',
  position: 'bigint',
  recorded_at: 'timestamptz',
  stated_by: 'text',
} as const;

const toldBy = (event: Recorded<MeterEvent | MeterMonthEvent | ProgrammeReceiptEvent>): Told => ({
  event_id: event.id,
  stream: event.stream,
  revision: Number(event.revision),
  position: event.position,
  recorded_at: event.recordedAt,
  stated_by: event.metadata.actor.subject,
});

/** Meters, told by their registration. */
export interface MeterRow extends Told {
  readonly meter_id: string;
  readonly contract_id: string;
  readonly facility: string;
  readonly kind: string;
  readonly starts_at: string;
  readonly time_zone: string;
  readonly reference: string;
  /** It is not to be read from here on, as is known from `retired_position` on. */
  readonly ends_at: string | null;
  readonly retired_position: bigint | null;
  readonly retired_because: string | null;
  /** End of the last reading there is; earlier months may lack some. */
  readonly read_until: string | null;
}

const ofMeter = ({ data }: { readonly data: { readonly meterId: string } }) => [
  { meter_id: data.meterId },
];

export const metersTable = tableFold<MeterRow, MeterEvent | UsageAccepted | UsageEstimated>({
  table: {
    name: 'billing_meters',
    columns: {
      ...TOLD,
      meter_id: 'text',
      contract_id: 'text',
      facility: 'text',
      kind: 'text',
      starts_at: 'timestamptz',
      time_zone: 'text',
      reference: 'text',
      ends_at: 'timestamptz',
      retired_position: 'bigint',
      retired_because: 'text',
      read_until: 'timestamptz',
    },
    key: ['meter_id'],
    nullable: ['ends_at', 'retired_position', 'retired_because', 'read_until'],
    indexes: [
      ['contract_id', 'meter_id'],
      ['facility', 'meter_id'],
    ],
  },
  keys: {
    MeterRegistered: ofMeter,
    MeterRetired: ofMeter,
    UsageAccepted: ofMeter,
    UsageEstimated: ofMeter,
  },
  evolve: (row, event) => {
    if (event.type === 'UsageAccepted' || event.type === 'UsageEstimated') {
      const { until } = event.data.readings.at(-1)!;
      const known = row?.read_until ?? '';
      return row && until > known ? { ...row, read_until: until } : row;
    }
    if (event.type === 'MeterRetired') {
      const { endsAt, cause } = event.data;
      const retired = { retired_position: event.position, retired_because: cause };
      return row && { ...row, ends_at: endsAt, ...retired };
    }
    const { meterId, contractId, facility, kind, startsAt, timeZone, reference } = event.data;
    return {
      ...toldBy(event),
      meter_id: meterId,
      contract_id: contractId,
      facility,
      kind,
      starts_at: startsAt,
      time_zone: timeZone,
      reference,
      ends_at: null,
      retired_position: null,
      retired_because: null,
      read_until: null,
    };
  },
});

/**
 * Every reading there ever was. One holds until a correction of a later position covers it: corrections
 * begin and end with readings that held, so one covers a reading whole or not at all.
 */
export interface ReadingRow extends Told {
  /** Among those of its event. */
  readonly ordinal: number;
  readonly meter_id: string;
  readonly contract_id: string;
  readonly facility: string;
  readonly kind: string;
  /** YYYY-MM, of the zone of the meter. */
  readonly month: string;
  readonly from_at: string;
  readonly until_at: string;
  /** Whole Wh or satoshi, in digits. */
  readonly amount: string;
  readonly register: string | null;
  /** How it was estimated; null where it was measured. */
  readonly estimated_by: string | null;
  /** SHA-256 (hex) of the file it came in, and the operation that took it in; null of a correction. */
  readonly digest: string | null;
  readonly operation_id: string | null;
  readonly line: number | null;
  /** Of a correction: what it replaced, and why. */
  readonly corrects_from: string | null;
  readonly corrects_until: string | null;
  readonly cause: string | null;
}

const eachReading = (event: Recorded<MeterMonthEvent>): Partial<ReadingRow>[] =>
  event.data.readings.map((_, ordinal) => ({ position: event.position, ordinal }));

export const readingsTable = tableFold<ReadingRow, MeterMonthEvent>({
  table: {
    name: 'billing_readings',
    columns: {
      ...TOLD,
      ordinal: 'integer',
      meter_id: 'text',
      contract_id: 'text',
      facility: 'text',
      kind: 'text',
      month: 'text',
      from_at: 'timestamptz',
      until_at: 'timestamptz',
      amount: 'text',
      register: 'text',
      estimated_by: 'text',
      digest: 'text',
      operation_id: 'text',
      line: 'integer',
      corrects_from: 'timestamptz',
      corrects_until: 'timestamptz',
      cause: 'text',
    },
    key: ['position', 'ordinal'],
    nullable: [
      ...(['register', 'estimated_by', 'digest', 'operation_id', 'line'] as const),
      ...(['corrects_from', 'corrects_until', 'cause'] as const),
    ],
    indexes: [
      ['meter_id', 'from_at', 'position', 'ordinal'],
      ['meter_id', 'month', 'corrects_from'],
      ['contract_id', 'from_at'],
      ['contract_id', 'position'],
    ],
    insertOnly: true,
  },
  keys: { UsageAccepted: eachReading, UsageEstimated: eachReading, UsageCorrected: eachReading },
  evolve: (_, event, { ordinal }) => {
    const { meterId, contractId, facility, kind, month } = event.data;
    const { from, until, amount, register, estimatedBy } = readingsOf(event)[ordinal!]!;
    return {
      ...toldBy(event),
      ordinal: ordinal!,
      meter_id: meterId,
      contract_id: contractId,
      facility,
      kind,
      month,
      from_at: from,
      until_at: until,
      amount,
      register: register ?? null,
      estimated_by: estimatedBy ?? null,
      line: event.data.readings[ordinal!]!.line ?? null,
      ...originOf(event),
    };
  },
});

const originOf = (event: Recorded<MeterMonthEvent>) =>
  event.type === 'UsageCorrected'
    ? {
        digest: null,
        operation_id: null,
        corrects_from: event.data.from,
        corrects_until: event.data.until,
        cause: event.data.cause,
      }
    : {
        digest: event.data.digest,
        operation_id: event.data.operationId,
        corrects_from: null,
        corrects_until: null,
        cause: null,
      };

/** Receipts, told by their recording. */
export interface ProgrammeReceiptRow extends Told {
  readonly receipt_id: string;
  readonly facility: string;
  readonly curtailment_id: string;
  readonly amount: string;
  readonly currency: string;
  readonly received_on: string;
  readonly reference: string;
  /** It counts no more, as is known from this position on. */
  readonly reversed_position: bigint | null;
  readonly reversed_because: string | null;
}

export const programmeReceiptsTable = tableFold<ProgrammeReceiptRow, ProgrammeReceiptEvent>({
  table: {
    name: 'billing_programme_receipts',
    columns: {
      ...TOLD,
      receipt_id: 'text',
      facility: 'text',
      curtailment_id: 'text',
      amount: 'text',
      currency: 'text',
      received_on: 'date',
      reference: 'text',
      reversed_position: 'bigint',
      reversed_because: 'text',
    },
    key: ['receipt_id'],
    nullable: ['reversed_position', 'reversed_because'],
    indexes: [
      ['facility', 'received_on', 'receipt_id'],
      ['received_on', 'receipt_id'],
    ],
  },
  keys: {
    ProgrammeReceiptRecorded: ({ data }) => [{ receipt_id: data.receiptId }],
    ProgrammeReceiptReversed: ({ data }) => [{ receipt_id: data.receiptId }],
  },
  evolve: (row, event) => {
    if (event.type === 'ProgrammeReceiptReversed') {
      const { cause } = event.data;
      return row && { ...row, reversed_position: event.position, reversed_because: cause };
    }
    const { receiptId, facility, curtailmentId, amount, currency, receivedOn, reference } =
      event.data;
    return {
      ...toldBy(event),
      receipt_id: receiptId,
      facility,
      curtailment_id: curtailmentId,
      amount,
      currency,
      received_on: receivedOn,
      reference,
      reversed_position: null,
      reversed_because: null,
    };
  },
});

export const metersProjection: Projection = {
  name: 'billing_meters',
  version: 1,
  tables: [metersTable, readingsTable, programmeReceiptsTable],
};
