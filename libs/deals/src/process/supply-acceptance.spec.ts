import {
  AggregateStore,
  deriveId,
  hashOf,
  RevisionMismatch,
  type CommandContext,
} from '@hostledger/eventsourcing';
import { deliveryAggregate } from '@hostledger/fleet';
import { InMemoryStreams, rowsOf, type FaultPoint } from '@hostledger/testing';
import { supplyAggregate } from '../domain/supply-agreement.js';
import { hashrateFigures } from '../domain/supply-figures.js';
import { agree, AT as at } from '../domain/supply.fixture.js';
import {
  attributeDelivery,
  attributedDeliveries,
  supplyAcceptancesProcess,
  type AttributedDelivery,
} from './supply-acceptance.js';

const agreementId = 'agreement';
const deliveryId = 'delivery';

const contextFor = (key: string): CommandContext => ({
  commandId: deriveId(key),
  requestHash: hashOf(key),
  actor: { subject: 'ada', role: 'commercial' },
  correlationId: 'correlation-1',
  causationId: 'request-1',
  at,
});

let streams: InMemoryStreams;
let store: AggregateStore;

beforeEach(async () => {
  streams = new InMemoryStreams();
  store = new AggregateStore(streams);
  await store.handle(supplyAggregate, agreementId, agree(), contextFor('agree'));
  await register();
});

/** A delivery of ten machines, one of which did not come. */
const register = async (): Promise<void> => {
  const counts = { received: 9, missing: 1, refused: 0 };
  const machines = { model: 'S19JXP-151', units: 9, hashrateGhs: 1_359_000 };
  const byModel = [{ ...machines, nameplateWatts: 29_223 }];
  const manifest = {
    deliveryId,
    operationId: 'operation',
    contractId: 'contract',
    customerId: 'customer',
    facility: 'DENTON',
    reference: 'B-1',
    lineCount: 10,
    refusedAtUpload: 0,
    digest: 'd'.repeat(64),
  };
  const one = { model: 'S19JXP-151', units: 1, hashrateGhs: 151_000, nameplateWatts: 3_247 };
  const missing = { line: 10, kind: 'missing', detail: 'Not at the dock', machine: one } as const;
  const lines = { deliveryId, chunk: 0, byModel, ...counts, discrepancies: [missing] };
  const change = (command: Parameters<typeof deliveryAggregate.decide>[0]) =>
    store.handle(deliveryAggregate, deliveryId, command, contextFor(command.type));
  await change({ type: 'RegisterManifest', data: manifest, at });
  await change({ type: 'RecordLines', data: lines, at });
};

const reconcile = () => {
  const command = { type: 'ReconcileDelivery', data: { deliveryId }, at } as const;
  return store.handle(deliveryAggregate, deliveryId, command, contextFor('reconcile'));
};

/** The supplier credits the machine that did not come. */
const credit = () => {
  const wish = { discrepancyId: '10-missing', resolution: 'credited', reason: 'Agreed' } as const;
  const data = { deliveryId, resolvedBy: 'ada', wishes: [wish] };
  const command = { type: 'BeginResolutions', data, at } as const;
  return store.handle(deliveryAggregate, deliveryId, command, contextFor('credit'));
};

const attribute = (key = 'attribute', to = agreementId, acceptedOn?: string) =>
  attributeDelivery(store, to, { deliveryId, ...(acceptedOn && { acceptedOn }) }, contextFor(key));

const items = (): AttributedDelivery[] => rowsOf(attributedDeliveries, streams.log);
const isDue = ({ due_at }: AttributedDelivery): boolean => due_at < '9999';

/** What the worker does, as often as something is due. */
const work = async (): Promise<void> => {
  const process = supplyAcceptancesProcess(store);
  for (const item of items().filter(isDue)) {
    await process.perform(item, { at, signal: new AbortController().signal });
  }
};

const figures = async () => {
  const { state } = await store.load(supplyAggregate, agreementId, { fresh: true });
  if (state.status === 'unknown') throw new Error('Nothing was agreed');
  return hashrateFigures(state).total;
};

it('A reconciled delivery counts at once', async () => {
  await reconcile();
  await attribute();
  expect(await figures()).toMatchObject({ accepted: 1_359_000, outstanding: 4_075_641_000 });
  expect(items().filter(isDue)).toEqual([]);
});

it('A delivery that is not reconciled counts when it is', async () => {
  await attribute();
  expect(await figures()).toMatchObject({ accepted: 0 });
  expect(items().filter(isDue)).toEqual([]);
  await reconcile();
  expect(items().filter(isDue)).toHaveLength(1);
  await work();
  expect(await figures()).toMatchObject({ accepted: 1_359_000 });
  expect(items().filter(isDue)).toEqual([]);
});

it('Its amendments are followed', async () => {
  await reconcile();
  await attribute();
  await credit();
  expect(items().filter(isDue)).toHaveLength(1);
  await work();
  expect(await figures()).toMatchObject({ accepted: 1_359_000, waived: 151_000 });
  expect(items().filter(isDue)).toEqual([]);
});

it('It counts towards one agreement only, and asking twice is not an error', async () => {
  await store.handle(
    supplyAggregate,
    'other',
    agree({ agreementId: 'other' }),
    contextFor('agree other'),
  );
  await attribute();
  await attribute('attribute again');
  await expect(attribute('attribute elsewhere', 'other')).rejects.toMatchObject({
    code: 'delivery/attributed',
  });
  await expect(attribute('nowhere', 'nothing')).rejects.toMatchObject({ code: 'supply/unknown' });
});

it.each(
  [1, 2, 3, 4].flatMap((append) => [[append, 'before'] as const, [append, 'after'] as const]),
)(
  'Whoever dies at append %i (%s), it is counted once',
  async (append: number, point: FaultPoint) => {
    await reconcile();
    streams.failFrom(append, point);
    await attribute().catch(() => undefined);
    streams.heal();
    store = new AggregateStore(streams);
    await work();
    await attribute();
    await work();
    expect(await figures()).toMatchObject({ accepted: 1_359_000 });
    const counted = streams.events(`supplyAgreement-${agreementId}`);
    expect(counted.filter(({ type }) => type === 'HashrateAccepted')).toHaveLength(1);
  },
);

it('It counts from the day that is stated; an amendment from its own', async () => {
  await reconcile();
  await attribute('attribute', agreementId, '2023-12-31');
  await credit();
  await work();
  const counted = streams.events(`supplyAgreement-${agreementId}`).slice(-2);
  expect(counted).toMatchObject([
    { data: { acceptedOn: '2023-12-31', amendment: 0, waivedHashrateGhs: 0 } },
    { data: { acceptedOn: '2024-02-01', amendment: 1, waivedHashrateGhs: 151_000 } },
  ]);
});

it.each([
  ['2024-02-02', 'supply/act-in-future'],
  ['2023-09-04', 'supply/before-agreement'],
])('It is not accepted on %s', async (day, code) => {
  await expect(attribute('attribute', agreementId, day)).rejects.toMatchObject({ code });
});

it('Its amendment counts from its own day, also for who does not know that it counted before', async () => {
  await reconcile();
  const worker = new AggregateStore(streams);
  await worker.load(supplyAggregate, agreementId);
  await attribute('attribute', agreementId, '2023-12-31');
  await credit();
  const process = supplyAcceptancesProcess(worker);
  const [item] = items().filter(isDue);
  await process.perform(item!, { at, signal: new AbortController().signal });
  expect(streams.events(`supplyAgreement-${agreementId}`).at(-1)).toMatchObject({
    data: { amendment: 1, acceptedOn: '2024-02-01' },
  });
});

it('If-Match guards the agreement', async () => {
  await reconcile();
  const { revision } = await store.load(supplyAggregate, agreementId);
  const by = (expectedRevision: bigint, key: string) =>
    attributeDelivery(store, agreementId, { deliveryId }, { ...contextFor(key), expectedRevision });
  await expect(by(revision + 1n, 'stale')).rejects.toThrow(RevisionMismatch);
  expect(await by(revision, 'fresh')).toMatchObject({ revision: revision + 1n });
});

it('It does not count from another day for being asked again', async () => {
  await attribute('attribute', agreementId, '2023-12-31');
  await expect(attribute('again', agreementId, '2024-01-15')).rejects.toMatchObject({
    code: 'delivery/attributed-otherwise',
  });
  await attribute('again without', agreementId);
});
