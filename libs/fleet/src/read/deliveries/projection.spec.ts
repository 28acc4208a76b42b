import { recorded, rowsOf } from '@hostledger/testing';
import type { DeliveryEvent } from '../../domain/delivery.js';
import { discrepancies, type DiscrepancyRow } from './discrepancies.js';
import { deliveries, type DeliveryRow } from './projection.js';

describe('the deliveries', () => {
  const s19 = (units: number) => ({
    model: 'S19JXP-151',
    units,
    hashrateGhs: units * 151_000,
    nameplateWatts: units * 3_247,
  });
  const deliveryId = 'delivery-1';
  const lines = (
    chunk: number,
    count: number,
    missing: number,
    refused: number,
  ): DeliveryEvent => ({
    type: 'LinesReceived',
    data: { deliveryId, chunk, received: count, missing, refused, byModel: [s19(count)] },
  });
  const log = recorded('delivery-delivery-1', [
    {
      type: 'ManifestRegistered',
      data: {
        deliveryId,
        operationId: 'operation-1',
        contractId: 'contract-1',
        customerId: 'customer-1',
        facility: 'DENTON',
        reference: 'BATCH-1',
        lineCount: 8,
        refusedAtUpload: 1,
        digest: 'd',
      },
    },
    lines(0, 3, 1, 0),
    {
      type: 'DiscrepancyRaised',
      data: { deliveryId, line: 4, kind: 'missing', serial: 'M4', detail: 'Not there' },
    },
    lines(1, 3, 0, 1),
    { type: 'DiscrepancyRaised', data: { deliveryId, line: 9, kind: 'malformed', detail: 'No' } },
    {
      type: 'DeliveryReconciled',
      data: {
        deliveryId,
        contractId: 'contract-1',
        customerId: 'customer-1',
        facility: 'DENTON',
        reference: 'BATCH-1',
        lines: 8,
        received: 6,
        missing: 1,
        refused: 1,
        hashrateGhs: 6 * 151_000,
        byModel: [s19(6)],
        reconciledAt: '2024-06-02T00:00:00.000Z',
      },
    },
  ] satisfies DeliveryEvent[]);

  it('add up as their chunks are counted', () => {
    expect(rowsOf<DeliveryRow>(deliveries, log.slice(0, 5))).toEqual([
      expect.objectContaining({
        status: 'receiving',
        line_count: 8,
        received: 6,
        missing: 1,
        refused: 1,
        discrepancies: 2,
        by_model: [s19(6)],
        registered_by: 'ada',
        reconciled_at: null,
        revision: 4,
      }),
    ]);
  });

  it('are closed when they are reconciled', () => {
    expect(rowsOf<DeliveryRow>(deliveries, log)).toEqual([
      expect.objectContaining({
        status: 'reconciled',
        reconciled_at: '2024-06-02T00:00:00.000Z',
        revision: 5,
      }),
    ]);
  });

  it('list every discrepancy, with a serial number where there was one', () => {
    expect(rowsOf<DiscrepancyRow>(discrepancies, log)).toEqual([
      expect.objectContaining({
        discrepancy_id: '4-missing',
        line: 4,
        serial: 'M4',
        status: 'open',
      }),
      expect.objectContaining({ discrepancy_id: '9-malformed', serial: null, detail: 'No' }),
    ]);
  });
});
