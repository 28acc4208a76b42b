import { recorded, rowsOf } from '@hostledger/testing';
import type { MeterEvent } from '../../domain/meter.js';
import type { MeterMonthEvent } from '../../domain/meter-month.js';
import type { ProgrammeReceiptEvent } from '../../domain/programme-receipts.js';
import {
  metersTable,
  programmeReceiptsTable,
  readingsTable,
  type MeterRow,
  type ProgrammeReceiptRow,
  type ReadingRow,
} from './projection.js';

const meter = { meterId: 'A-07', contractId: 'contract-1', facility: 'DENTON' };

describe('the meters', () => {
  const events: MeterEvent[] = [
    {
      type: 'MeterRegistered',
      data: {
        ...meter,
        kind: 'energy',
        unit: 'Wh',
        startsAt: '2024-06-01T05:00:00.000Z',
        timeZone: 'America/Chicago',
        reference: 'ION8650',
      },
    },
    {
      type: 'MeterRetired',
      data: { ...meter, endsAt: '2024-06-20T05:00:00.000Z', cause: 'Replaced' },
    },
  ];
  const log = recorded('meter-A-07', events);
  const row: MeterRow = {
    event_id: log[0]!.id,
    stream: 'meter-A-07',
    revision: 0,
    position: 100n,
    recorded_at: '2024-06-01T00:00:00.000Z',
    stated_by: 'ada',
    meter_id: 'A-07',
    contract_id: 'contract-1',
    facility: 'DENTON',
    kind: 'energy',
    starts_at: '2024-06-01T05:00:00.000Z',
    time_zone: 'America/Chicago',
    reference: 'ION8650',
    ends_at: null,
    retired_position: null,
    retired_because: null,
    read_until: null,
  };

  it('are a row each, which tells since when their end is known', () => {
    expect(rowsOf<MeterRow>(metersTable, log.slice(0, 1))).toEqual([row]);
    expect(rowsOf<MeterRow>(metersTable, log)).toEqual([
      {
        ...row,
        ends_at: '2024-06-20T05:00:00.000Z',
        retired_position: 200n,
        retired_because: 'Replaced',
      },
    ]);
  });

  it('tell until when they were read, in whatever order months come', () => {
    const read = (month: string, from: string, until: string): MeterMonthEvent => ({
      type: 'UsageAccepted',
      data: {
        ...{ ...meter, kind: 'energy', month, digest: 'd', operationId: 'o' },
        readings: [{ from, until, amount: '1' }],
      },
    });
    const told = [
      read('2024-07', '2024-07-01T05:00:00.000Z', '2024-07-02T05:00:00.000Z'),
      read('2024-06', '2024-06-01T05:00:00.000Z', '2024-06-02T05:00:00.000Z'),
    ];
    const rows = rowsOf<MeterRow>(metersTable, recorded('meter-A-07', [events[0]!, ...told]));
    expect(rows).toEqual([{ ...row, read_until: '2024-07-02T05:00:00.000Z' }]);
  });
});

describe('the readings', () => {
  const about = { ...meter, kind: 'energy' as const, month: '2024-06' };
  const upload = { digest: 'a'.repeat(64), operationId: 'operation-1' };
  const [first, second, third] = [1, 2, 3].map((day) => `2024-06-0${day}T05:00:00.000Z`);
  const events: MeterMonthEvent[] = [
    {
      type: 'UsageAccepted',
      data: {
        ...about,
        ...upload,
        readings: [
          { from: first!, until: second!, amount: '500', register: '1500', line: 2 },
          { from: second!, until: third!, amount: '700' },
        ],
      },
    },
    {
      type: 'UsageEstimated',
      data: {
        ...about,
        ...upload,
        method: 'nameplate',
        readings: [{ from: third!, until: '2024-06-04T05:00:00.000Z', amount: '600', line: 3 }],
      },
    },
    {
      type: 'UsageCorrected',
      data: {
        ...about,
        from: first!,
        until: third!,
        readings: [{ from: first!, until: third!, amount: '1250', estimatedBy: 'week before' }],
        cause: 'Read again',
      },
    },
  ];
  const log = recorded('meterMonth-A-07.2024-06', events);

  it('are a row each, also those that are corrected', () => {
    const row: ReadingRow = {
      event_id: log[0]!.id,
      stream: 'meterMonth-A-07.2024-06',
      revision: 0,
      position: 100n,
      recorded_at: '2024-06-01T00:00:00.000Z',
      stated_by: 'ada',
      ordinal: 0,
      meter_id: 'A-07',
      contract_id: 'contract-1',
      facility: 'DENTON',
      kind: 'energy',
      month: '2024-06',
      from_at: first!,
      until_at: second!,
      amount: '500',
      register: '1500',
      estimated_by: null,
      digest: 'a'.repeat(64),
      operation_id: 'operation-1',
      line: 2,
      corrects_from: null,
      corrects_until: null,
      cause: null,
    };
    const rows = rowsOf<ReadingRow>(readingsTable, log);
    expect(rows[0]).toEqual(row);
    expect(rows.slice(1)).toMatchObject([
      { position: 100n, ordinal: 1, amount: '700', register: null, line: null },
      { position: 200n, ordinal: 0, amount: '600', estimated_by: 'nameplate', line: 3 },
      {
        ...{ position: 300n, ordinal: 0, amount: '1250', estimated_by: 'week before' },
        ...{ corrects_from: first, corrects_until: third, cause: 'Read again' },
        ...{ digest: null, operation_id: null },
      },
    ]);
  });
});

describe('what programmes paid', () => {
  const receipt = {
    ...{ receiptId: 'receipt-1', facility: 'DENTON', month: '2024-08' },
    curtailmentId: 'curtailment-1',
  };
  const paid = {
    ...{ amount: '184250.00', currency: 'USD' },
    ...{ receivedOn: '2024-08-15', reference: 'ERS-0193' },
  };
  const events: ProgrammeReceiptEvent[] = [
    { type: 'ProgrammeReceiptRecorded', data: { ...receipt, ...paid } },
    { type: 'ProgrammeReceiptReversed', data: { ...receipt, cause: 'Taken back' } },
  ];

  it('is a row each, which tells since when it counts no more', () => {
    const log = recorded('programmeReceipts-DENTON.curtailment-1', events);
    const row = {
      receipt_id: 'receipt-1',
      facility: 'DENTON',
      curtailment_id: 'curtailment-1',
      amount: '184250.00',
      currency: 'USD',
      received_on: '2024-08-15',
      reference: 'ERS-0193',
      position: 100n,
      reversed_position: null,
      reversed_because: null,
    };
    expect(rowsOf<ProgrammeReceiptRow>(programmeReceiptsTable, log.slice(0, 1))).toMatchObject([
      row,
    ]);
    expect(rowsOf<ProgrammeReceiptRow>(programmeReceiptsTable, log)).toMatchObject([
      { ...row, reversed_position: 200n, reversed_because: 'Taken back' },
    ]);
  });
});
