import fc from 'fast-check';
import { DomainError } from '@hostledger/eventsourcing';
import { specOf } from '@hostledger/testing';
import {
  addTotals,
  deliveryAggregate,
  type Delivery,
  type DeliveryCommand,
  type DeliveryEvent,
  type Discrepancy,
} from './delivery.js';
import type { Outcome } from './discrepancy-resolution.js';

const { given } = specOf(deliveryAggregate);

const at = '2023-10-02T08:00:00Z';
const deliveryId = 'delivery-1';
const manifest = {
  deliveryId,
  operationId: 'operation-1',
  contractId: 'contract-1',
  customerId: 'customer-1',
  facility: 'DENTON',
  reference: 'BATCH-1',
  lineCount: 10,
  refusedAtUpload: 1,
  digest: 'd'.repeat(64),
};
const registered: DeliveryEvent = { type: 'ManifestRegistered', data: manifest };
const s19 = (units: number) => ({
  model: 'S19JXP-151',
  units,
  hashrateGhs: units * 151_000,
  nameplateWatts: units * 3_247,
});
const counted = (chunk: number, received: number, missing = 0, refused = 0) => ({
  deliveryId,
  chunk,
  received,
  missing,
  refused,
  byModel: received > 0 ? [s19(received)] : [],
});
const lines = (...count: Parameters<typeof counted>): DeliveryEvent => ({
  type: 'LinesReceived',
  data: counted(...count),
});
const record = (
  count: ReturnType<typeof counted>,
  discrepancies: readonly Discrepancy[] = [],
): DeliveryCommand => ({ type: 'RecordLines', data: { ...count, discrepancies }, at });
const reconcile: DeliveryCommand = { type: 'ReconcileDelivery', data: { deliveryId }, at };
const reconciled: DeliveryEvent = {
  type: 'DeliveryReconciled',
  data: {
    deliveryId,
    contractId: 'contract-1',
    customerId: 'customer-1',
    facility: 'DENTON',
    reference: 'BATCH-1',
    lines: 10,
    received: 7,
    missing: 1,
    refused: 2,
    hashrateGhs: 7 * 151_000,
    byModel: [s19(7)],
    accepted: 7,
    returned: 0,
    extra: 0,
    acceptedByModel: [s19(7)],
    extraByModel: [],
    waivedHashrateGhs: 0,
    reconciledAt: at,
  },
};

describe('a delivery', () => {
  it('begins with its manifest, once', () => {
    given().when({ type: 'RegisterManifest', data: manifest, at }).then(registered);
    given(registered, lines(0, 5))
      .when({ type: 'RegisterManifest', data: manifest, at })
      .thenNothing();
  });

  it('counts the lines of a chunk with what is wrong about them', () => {
    const missing: Discrepancy = {
      line: 4,
      kind: 'missing',
      serial: 'HKYDD1',
      detail: 'Not there',
    };
    given(registered)
      .when(record(counted(0, 4, 1), [missing]))
      .then(lines(0, 4, 1), { type: 'DiscrepancyRaised', data: { deliveryId, ...missing } });
  });

  it('counts a chunk once', () => {
    given(registered, lines(0, 5))
      .when(record(counted(0, 5)))
      .thenNothing();
  });

  it('refuses more lines than the manifest has', () => {
    given(registered, lines(0, 5))
      .when(record(counted(1, 6)))
      .thenRejects('delivery/too-many-lines');
  });

  it('is reconciled when every line is accounted for', () => {
    given(registered, lines(1, 3, 1), lines(0, 4, 0, 2))
      .when(reconcile)
      .then(reconciled);
  });

  it('is not reconciled before, and once', () => {
    given(registered, lines(0, 9)).when(reconcile).thenRejects('delivery/still-receiving');
    given(registered, lines(0, 7, 1, 2), reconciled)
      .when(reconcile)
      .thenNothing();
  });

  it('must exist', () => {
    given()
      .when(record(counted(0, 1)))
      .thenRejects('delivery/unknown');
    given().when(reconcile).thenRejects('delivery/unknown');
  });
});

describe('a machine with two disputes that is sent back for both', () => {
  const machine = s19(1);
  const dispute = (kind: 'damaged' | 'wrongModel'): Discrepancy => ({
    line: 3,
    kind,
    serial: 'HKYDD3',
    detail: 'Seen at the dock',
    machine,
  });
  const raised = (['damaged', 'wrongModel'] as const).map((kind): DeliveryEvent => ({
    type: 'DiscrepancyRaised',
    data: { deliveryId, ...dispute(kind) },
  }));
  const about = {
    ...{ deliveryId, contractId: 'contract-1', customerId: 'customer-1', facility: 'DENTON' },
    ...{ line: 3, serial: 'HKYDD3', model: 'S19JXP-151' },
  };
  const by = (kind: string, resolvedBy: string) => ({
    discrepancyId: `3-${kind}`,
    resolution: 'returned' as const,
    resolvedBy,
    reason: 'Agreed',
  });
  const began = (kind: string, resolvedBy: string): DeliveryEvent => ({
    type: 'ResolutionBegan',
    data: { ...about, ...by(kind, resolvedBy) },
  });
  const underWay = [
    ...[registered, lines(0, 7, 1, 2), ...raised],
    ...[began('damaged', 'ana'), began('wrongModel', 'bob')],
  ];
  const finish = (outcome: Partial<Outcome>): DeliveryCommand => ({
    type: 'FinishResolutions',
    data: {
      deliveryId,
      outcomes: [{ serial: 'HKYDD3', discrepancyId: '3-damaged', ...outcome } as Outcome],
    },
    at,
  });
  const resolved = (kind: 'damaged' | 'wrongModel', resolvedBy: string): DeliveryEvent => ({
    type: 'DiscrepancyResolved',
    data: { deliveryId, line: 3, kind, serial: 'HKYDD3', ...by(kind, resolvedBy) },
  });
  const recounted: DeliveryEvent = {
    type: 'DeliveryRecounted',
    data: {
      ...{ deliveryId, contractId: 'contract-1', received: 6, missing: 1, refused: 3 },
      ...{ accepted: 0, returned: 1, extra: 0, waivedHashrateGhs: 0 },
      ...{ byModel: [s19(6)], acceptedByModel: [], extraByModel: [] },
    },
  };
  const settled = [resolved('damaged', 'ana'), resolved('wrongModel', 'bob'), recounted];

  it('leaves once, and takes both along', () => {
    given(...underWay)
      .when(finish({ machine }))
      .then(...settled);
  });

  it('does not dispute what has left when the other try fails', () => {
    given(...underWay, ...settled)
      .when(finish({ discrepancyId: '3-wrongModel', code: 'miner/unknown', detail: 'Unknown' }))
      .thenNothing();
  });

  it('is the one the discrepancy is about', () => {
    const wish = { discrepancyId: '3-damaged', resolution: 'returned', reason: 'Agreed' } as const;
    const data = { deliveryId, resolvedBy: 'ana', wishes: [{ ...wish, serial: 'HKYDD9' }] };
    given(registered, lines(0, 7, 1, 2), ...raised)
      .when({ type: 'BeginResolutions', data, at })
      .thenNothing();
  });
});

it('credits what the line announced, though another model came in its place at first', () => {
  const announced = { model: 'S21-200', units: 1, hashrateGhs: 200_000, nameplateWatts: 3_500 };
  const found = { model: 'T21-190', units: 1, hashrateGhs: 190_000, nameplateWatts: 3_610 };
  const line = 3;
  const by = { resolvedBy: 'ana', reason: 'Agreed' };
  const raised = (discrepancy: Omit<Discrepancy, 'line' | 'detail'>): DeliveryEvent => ({
    type: 'DiscrepancyRaised',
    data: { deliveryId, line, detail: 'Seen at the dock', ...discrepancy },
  });
  const replaced: DeliveryEvent = {
    type: 'DiscrepancyResolved',
    data: {
      ...{ deliveryId, line, kind: 'duplicateSerial', serial: 'HKYDD3', ...by },
      ...{ discrepancyId: '3-duplicateSerial', resolution: 'corrected', machine: s19(1) },
    },
  };
  const credit = { discrepancyId: '3-wrongModel', resolution: 'credited' as const, ...by };
  const about = { deliveryId, line, kind: 'wrongModel' as const, serial: 'HKYDD3' };
  const began: DeliveryEvent = {
    type: 'ResolutionBegan',
    data: {
      ...{ ...about, ...credit, contractId: 'contract-1', customerId: 'customer-1' },
      ...{ facility: 'DENTON', model: 'T21-190' },
    },
  };
  const outcome = { discrepancyId: '3-wrongModel', serial: 'HKYDD3', machine: found };
  given(
    ...[registered, lines(0, 7, 1, 2)],
    ...[raised({ kind: 'duplicateSerial', machine: announced }), replaced],
    ...[raised({ kind: 'wrongModel', machine: s19(1), found, serial: 'HKYDD3' }), began],
  )
    .when({ type: 'FinishResolutions', data: { deliveryId, outcomes: [outcome] }, at })
    .then(
      { type: 'DiscrepancyResolved', data: { ...about, ...credit, waivedHashrateGhs: 10_000 } },
      {
        type: 'DeliveryRecounted',
        data: {
          ...{ deliveryId, contractId: 'contract-1', received: 8, missing: 1, refused: 1 },
          ...{ accepted: 1, returned: 0, extra: 0, waivedHashrateGhs: 10_000 },
          ...{ byModel: [s19(7), found], acceptedByModel: [found], extraByModel: [] },
        },
      },
    );
});

it('totals of models do not depend on their order', () => {
  const other = { model: 'S21-200', units: 1, hashrateGhs: 200_000, nameplateWatts: 3_500 };
  expect(addTotals([other], [s19(1)], [s19(2)])).toEqual([s19(3), other]);
  expect(addTotals([s19(2), other], [s19(1)])).toEqual(addTotals([s19(1)], [other, s19(2)]));
});

it('received + missing + refused come to the lines, in whatever order chunks are counted', () => {
  const count = fc.nat({ max: 6 });
  const chunk = fc.tuple(fc.nat({ max: 3 }), count, count, count);
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 12 }), (chunks) => {
      let delivery: Delivery = deliveryAggregate.evolve({ status: 'unknown' }, registered);
      const attempt = (command: DeliveryCommand): readonly DeliveryEvent[] => {
        try {
          const events = deliveryAggregate.decide(command, delivery);
          delivery = events.reduce(deliveryAggregate.evolve, delivery);
          return events;
        } catch (error) {
          if (error instanceof DomainError) return [];
          throw error;
        }
      };
      const counts = chunks.flatMap((next) => attempt(record(counted(...next)))).map(countsOf);
      expect(new Set(counts.map(({ chunk: number }) => number)).size).toBe(counts.length);
      const total = counts.reduce((sum, part) => sum + part.lines, 0);
      expect(total).toBeLessThanOrEqual(manifest.lineCount);
      const [report] = attempt(reconcile);
      expect(report?.type === 'DeliveryReconciled').toBe(total === manifest.lineCount);
      if (report?.type !== 'DeliveryReconciled') return;
      const { received, missing, refused, byModel } = report.data;
      expect(received + missing + refused).toBe(manifest.lineCount);
      expect(byModel.reduce((sum, { units }) => sum + units, 0)).toBe(received);
    }),
  );
});

const countsOf = (event: DeliveryEvent): { chunk: number; lines: number } => {
  if (event.type !== 'LinesReceived') throw new Error(`Unexpected ${event.type}`);
  const { chunk, received, missing, refused } = event.data;
  return { chunk, lines: received + missing + refused };
};
