import {
  AggregateStore,
  CommandIdReused,
  DomainError,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { operationsProcess, type BulkKind } from '@hostledger/operations';
import { facilityAggregate } from '@hostledger/sites';
import { InMemoryStreams, rowsOf, type FaultPoint } from '@hostledger/testing';
import { deliveryAggregate } from '../domain/delivery.js';
import { contractId, setUpContract } from './delivery.fixture.js';
import {
  deliveryKind,
  reconcileDelivery,
  startDelivery,
  type ManifestLine,
  type StartedDelivery,
} from './delivery.js';
import { at, contextOf, FAR_FUTURE } from './moves.fixture.js';
import {
  deliveryReportsProcess,
  unreportedDeliveries,
  type UnreportedDelivery,
} from './report-delivery.js';

let streams: InMemoryStreams;
let store: AggregateStore;

beforeEach(() => setUp());

const setUp = async (): Promise<void> => {
  streams = new InMemoryStreams();
  store = new AggregateStore(streams);
  await setUpContract(store);
};

const unit = (number: number, more: Partial<ManifestLine> = {}): ManifestLine => ({
  serial: `HKYDD${String(number).padStart(5, '0')}`,
  model: 'S19JXP-151',
  condition: 'ok',
  ...more,
});

const units = (from: number, count: number): ManifestLine[] =>
  Array.from({ length: count }, (_, index) => unit(from + index));

const refusedLine = { line: 99, code: 'model/unknown', message: 'There is no miner model S99' };

const upload = (
  lines: readonly ManifestLine[],
  { name = 'first', by = store, more = {} } = {},
): Promise<StartedDelivery> => {
  const numbered = lines.map((value, index) => ({ line: index + 2, value }));
  const manifest = { contractId, facility: 'DENTON', reference: name, digest: name };
  return startDelivery(
    by,
    { ...manifest, lines: numbered, rejected: [refusedLine] },
    contextOf(name, more),
  );
};

/** The owner of the operations, in a process of its own. */
const receive = async ({ operationId }: StartedDelivery): Promise<void> => {
  const worker = new AggregateStore(streams);
  const kinds = [deliveryKind(worker) as unknown as BulkKind];
  await operationsProcess(worker, streams, kinds).perform(
    { item_id: operationId, due_at: at, cause_id: 'e', correlation_id: 'c', kind: 'delivery' },
    { at, signal: new AbortController().signal },
  );
};

const reconcile = (deliveryId: string) =>
  reconcileDelivery(new AggregateStore(streams), deliveryId, contextOf(`reconcile ${deliveryId}`));

const dataOf = (type: string): object[] =>
  streams.log.filter((event) => event.type === type).map(({ data }) => data);

describe('a delivery', () => {
  it('receives every line on its own stream and reports what came to the contract', async () => {
    const delivery = await upload([...units(1, 700), unit(701, { model: 'S21-200' })]);
    await receive(delivery);
    const { report } = await reconcile(delivery.deliveryId);
    const { deliveryId } = delivery;
    const byModel = [
      {
        model: 'S19JXP-151',
        units: 700,
        hashrateGhs: 700 * 151_000,
        nameplateWatts: 700 * 3_247,
      },
      { model: 'S21-200', units: 1, hashrateGhs: 200_000, nameplateWatts: 3_500 },
    ];
    const counts = { lines: 702, received: 701, missing: 0, refused: 1 };
    expect(report).toMatchObject({ ...counts, byModel });
    expect(dataOf('MinerReceived')).toHaveLength(701);
    expect(dataOf('MinersDelivered')).toEqual([
      expect.objectContaining({ deliveryId, contractId, ...counts, byModel, reconciledAt: at }),
    ]);
  });

  it('counts what is missing, damaged and refused, and says why', async () => {
    const other = await upload(units(1, 2), { name: 'other' });
    await receive(other);
    const delivery = await upload([
      unit(1),
      unit(10, { condition: 'missing' }),
      unit(11, { condition: 'damaged', mac: '02:00:00:00:00:0B' }),
      unit(12),
    ]);
    await receive(delivery);
    expect((await reconcile(delivery.deliveryId)).report).toMatchObject({
      lines: 5,
      received: 2,
      missing: 1,
      refused: 2,
    });
    const raised = dataOf('DiscrepancyRaised').filter(
      (data) => (data as { deliveryId: string }).deliveryId === delivery.deliveryId,
    );
    expect(raised).toEqual([
      expect.objectContaining({ line: 2, kind: 'duplicateSerial', serial: 'HKYDD00001' }),
      expect.objectContaining({ line: 3, kind: 'missing', serial: 'HKYDD00010' }),
      expect.objectContaining({ line: 4, kind: 'damaged', serial: 'HKYDD00011' }),
      expect.objectContaining({ line: 99, kind: 'unknownModel' }),
    ]);
    expect(dataOf('OperationCompleted').at(-1)).toMatchObject({ done: 3 });
    expect(dataOf('MinerReceived').at(1)).toMatchObject({ deliveryId: other.deliveryId, line: 3 });
  });

  it('brings nothing more to a facility that is disposed of meanwhile', async () => {
    const delivery = await upload(units(1, 700));
    streams.failFrom(200, 'after');
    await expect(receive(delivery)).rejects.toThrow();
    streams.heal();
    const deed = { to: 'Somebody', disposedOn: '2023-10-02', documentDigest: 'd'.repeat(64) };
    await store.handle(
      facilityAggregate,
      'DENTON',
      { type: 'BeginDisposal', data: { disposalId: 'disposal-1', ...deed }, at },
      contextOf('disposal'),
    );
    const before = dataOf('MinerReceived').length;
    expect(before).toBeGreaterThan(0);
    await receive(delivery);
    expect(dataOf('MinerReceived')).toHaveLength(before);
    const { report } = await reconcile(delivery.deliveryId);
    expect(report).toMatchObject({ received: before, missing: 700 - before, refused: 1 });
  });

  it('is not reconciled before every line is accounted for', async () => {
    const delivery = await upload(units(1, 3));
    await expect(reconcile(delivery.deliveryId)).rejects.toMatchObject({
      code: 'delivery/still-receiving',
    });
  });

  it('is the same delivery when the upload is sent again, and refuses another body', async () => {
    const first = await upload(units(1, 3));
    const again = await upload(units(1, 3), { by: new AggregateStore(streams) });
    expect(again).toEqual({ ...first, replayed: true });
    await receive(first);
    await reconcile(first.deliveryId);
    const later = await upload(units(1, 3), { by: new AggregateStore(streams) });
    expect(later).toEqual({ ...first, replayed: true });
    await expect(upload(units(1, 4), { more: { requestHash: 'another' } })).rejects.toThrow(
      CommandIdReused,
    );
    expect(dataOf('ManifestRegistered')).toHaveLength(1);
  });

  it('leaves no trace where contract or facility do not allow it', async () => {
    const before = streams.log.length;
    const refused = (more: object) =>
      startDelivery(
        store,
        {
          contractId,
          facility: 'DENTON',
          reference: 'r',
          digest: 'd',
          lines: [],
          rejected: [],
          ...more,
        },
        contextOf('refused'),
      ).catch((error: unknown) => (error instanceof DomainError ? error.code : error));
    expect(await refused({ facility: 'NOWHERE' })).toBe('facility/unknown');
    expect(await refused({ contractId: 'nobody' })).toBe('contract/unknown');
    expect(streams.log).toHaveLength(before);
  });
});

describe('two deliveries of the same serials at the same time', () => {
  it('receive each miner once, and together account for every line', async () => {
    const deliveries = [
      await upload(units(1, 40), { name: 'one' }),
      await upload(units(1, 40), { name: 'two' }),
    ];
    await Promise.all(deliveries.map(receive));
    const reports = await Promise.all(deliveries.map(({ deliveryId }) => reconcile(deliveryId)));
    expect(dataOf('MinerReceived')).toHaveLength(40);
    expect(reports.reduce((sum, { report }) => sum + report.received, 0)).toBe(40);
    expect(reports.reduce((sum, { report }) => sum + report.refused, 0)).toBe(40 + 2);
  });
});

describe('a death between any two steps of a delivery', () => {
  const finish = async (): Promise<void> => {
    const delivery = await upload(units(1, 5), { by: new AggregateStore(streams) });
    await receive(delivery);
    await reconcile(delivery.deliveryId);
  };
  const reportWhatIsLeft = async (log: readonly RecordedEvent[]): Promise<void> => {
    const reports = deliveryReportsProcess(new AggregateStore(streams));
    for (const item of rowsOf<UnreportedDelivery>(unreportedDeliveries, log)) {
      await reports.perform(item, { at: FAR_FUTURE, signal: new AbortController().signal });
    }
  };
  const diesAt = async (append: number, point: FaultPoint): Promise<boolean> => {
    await setUp();
    streams.failFrom(append, point);
    const died = await finish().then(
      () => false,
      () => true,
    );
    streams.heal();
    return died;
  };

  it.each<FaultPoint>(['before', 'after'])('is made good (%s the append)', async (point) => {
    let deaths = 0;
    for (let append = 1; await diesAt(append, point); append += 1) {
      deaths += 1;
      await reportWhatIsLeft(streams.log);
      await finish();
      expect(rowsOf(unreportedDeliveries, streams.log)).toEqual([]);
      expect(dataOf('MinerReceived')).toHaveLength(5);
      expect(dataOf('ManifestRegistered')).toHaveLength(1);
      expect(dataOf('LinesReceived')).toHaveLength(1);
      expect(dataOf('DiscrepancyRaised')).toHaveLength(1);
      expect(dataOf('MinersDelivered')).toHaveLength(1);
      expect(new Set(streams.log.map(({ id }) => id)).size).toBe(streams.log.length);
    }
    expect(deaths).toBeGreaterThanOrEqual(12);
  });

  it('between reconciling and reporting is made good by the process alone', async () => {
    const delivery = await upload(units(1, 2));
    await receive(delivery);
    streams.failFrom(2, 'before');
    await expect(reconcile(delivery.deliveryId)).rejects.toThrow();
    streams.heal();
    expect(dataOf('MinersDelivered')).toHaveLength(0);
    await reportWhatIsLeft(streams.log);
    expect(dataOf('MinersDelivered')).toHaveLength(1);
    const { state } = await store.load(deliveryAggregate, delivery.deliveryId, { fresh: true });
    expect(state.status).toBe('reconciled');
  });
});
