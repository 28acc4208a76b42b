import { AggregateStore, deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { InMemoryStreams, rowsOf, type FaultPoint } from '@hostledger/testing';
import { facilityAggregate, type RackPlan } from '../domain/facility.js';
import { rackAggregate, rackId } from '../domain/rack.js';
import {
  beginDisposal,
  disposalsProcess,
  FacilityCensus,
  mustBeInOperation,
  openDisposals,
  SETTLED_AFTER_MS,
  type Census,
  type OpenDisposal,
} from './disposal.js';
import { commissionRacks } from './rack-commissioning.js';

const facility = 'CEDARVALE';
const at = '2024-06-01T00:00:00.000Z';
const contextFor = (key: string): CommandContext => ({
  commandId: deriveId(key),
  requestHash: key,
  actor: { subject: 'ada', role: 'commercial' },
  correlationId: 'correlation-1',
  causationId: 'request-1',
  at,
});
const plans: RackPlan[] = ['A', 'B'].map((rack) => ({ rack, slotCount: 2, powerLimitWatts: 10 }));
const deed = {
  disposalId: 'disposal-1',
  to: 'Somebody',
  disposedOn: '2024-06-01',
  documentDigest: 'd'.repeat(64),
};

/** Tells what it is told to, and remembers how recent the answers had to be. */
class ToldCensus extends FacilityCensus {
  readonly asked: bigint[] = [];
  constructor(readonly answer: Census = { machines: 0, openDeliveries: 0 }) {
    super();
  }
  count(_facility: string, atLeast: bigint): Promise<Census> {
    this.asked.push(atLeast);
    return Promise.resolve(this.answer);
  }
}
const nobody = new ToldCensus();

let streams: InMemoryStreams;
let store: AggregateStore;

beforeEach(async () => {
  streams = new InMemoryStreams();
  store = new AggregateStore(streams);
  const data = { facility, name: 'Cedarvale', timeZone: 'America/Chicago', powerEnvelopeWatts: 30 };
  const open = { type: 'OpenFacility', data, at } as const;
  await store.handle(facilityAggregate, facility, open, contextFor('open'));
  await commissionRacks(store, facility, plans, contextFor('racks'));
});

const begin = (census: FacilityCensus = nobody) =>
  beginDisposal(store, census, facility, deed, contextFor('disposal'));
const open = () => rowsOf<OpenDisposal>(openDisposals, streams.log);
const decide = async (census: FacilityCensus = nobody): Promise<void> => {
  for (const item of open()) {
    const process = disposalsProcess(new AggregateStore(streams), census);
    await process.perform(item, { at, signal: new AbortController().signal });
  }
};
const told = (stream: string): string[] => streams.events(stream).map(({ type }) => type);
const onFacility = () => told(`facility-${facility}`).slice(2);
const onRacks = () => plans.map(({ rack }) => told(`rack-${facility}.${rack}`).slice(1));
const reserve = (rack: string) => {
  const reservation = { reservationId: 'r1', slot: 1, serial: 'MINER0001', powerWatts: 1 };
  const data = { reservations: [reservation], expiresAt: '2024-06-01T00:05:00.000Z' };
  const command = { type: 'ReserveSlots', data, at } as const;
  return store.handle(rackAggregate, rackId(facility, rack), command, contextFor(`hold ${rack}`));
};

it('A facility where machines are is not fenced at all', async () => {
  const census = new ToldCensus({ machines: 3, openDeliveries: 0 });
  await expect(begin(census)).rejects.toMatchObject({
    code: 'facility/not-empty',
    details: { machines: 3 },
  });
  const receiving = new ToldCensus({ machines: 0, openDeliveries: 1 });
  await expect(begin(receiving)).rejects.toMatchObject({ code: 'facility/not-empty' });
  expect(onFacility()).toEqual([]);
});

it('A fenced facility is looked at after all that began before has ended', async () => {
  await begin();
  const [item] = open();
  const fence = streams.log.find(({ type }) => type === 'DisposalBegan')!;
  expect(Date.parse(item!.due_at) - Date.parse(fence.recordedAt)).toBe(SETTLED_AFTER_MS);
  const census = new ToldCensus();
  await decide(census);
  const closed = streams.log.filter(({ type }) => type === 'RackClosed');
  expect(census.asked).toEqual([closed.at(-1)!.position]);
  expect(onFacility()).toEqual(['DisposalBegan', 'FacilityDisposed']);
  expect(onRacks()).toEqual([['RackClosed'], ['RackClosed']]);
  await expect(reserve('A')).rejects.toMatchObject({ code: 'rack/closed' });
  await expect(mustBeInOperation(store, facility)).rejects.toMatchObject({
    code: 'facility/disposed',
  });
});

it('Asked again under its key it answers as before, also when machines came', async () => {
  await begin();
  const again = await begin(new ToldCensus({ machines: 1, openDeliveries: 0 }));
  expect(again.replayed).toBe(true);
  expect(onFacility()).toEqual(['DisposalBegan']);
});

it('A machine that came through the fence is seen, and all is as before', async () => {
  await begin();
  await decide(new ToldCensus({ machines: 1, openDeliveries: 0 }));
  expect(streams.events(`facility-${facility}`).at(-1)).toEqual({
    type: 'DisposalAbandoned',
    data: {
      facility,
      disposalId: 'disposal-1',
      reason: '1 machines are there or on their way',
      machines: 1,
    },
  });
  expect(onRacks()).toEqual([
    ['RackClosed', 'RackReopened'],
    ['RackClosed', 'RackReopened'],
  ]);
  await expect(mustBeInOperation(store, facility)).resolves.toBeUndefined();
  await reserve('A');
});

it('A slot that is held is in the way', async () => {
  await begin();
  await reserve('B');
  await decide();
  expect(onFacility()).toEqual(['DisposalBegan', 'DisposalAbandoned']);
  expect(onRacks()).toEqual([['RackClosed', 'RackReopened'], ['SlotReserved']]);
});

const points: FaultPoint[] = ['before', 'after'];

describe.each([
  ['is disposed of', nobody, ['DisposalBegan', 'FacilityDisposed'], 3],
  [
    'is let be',
    new ToldCensus({ machines: 1, openDeliveries: 0 }),
    ['DisposalBegan', 'DisposalAbandoned'],
    5,
  ],
] as const)('A facility %s once', (_, census, outcome, appends) => {
  const deaths = Array.from({ length: appends }, (__, n) => n + 1).flatMap((append) =>
    points.map((point) => [append, point] as const),
  );

  it.each(deaths)('whoever dies at append %i, %s it', async (append, point) => {
    await begin();
    streams.failFrom(append, point);
    await expect(decide(census)).rejects.toThrow();
    streams.heal();
    await decide(census);
    expect(onFacility()).toEqual(outcome);
    expect(open()).toEqual([]);
    const last = outcome[1] === 'FacilityDisposed' ? 'RackClosed' : 'RackReopened';
    expect(onRacks().map((events) => events.at(-1))).toEqual([last, last]);
  });
});
