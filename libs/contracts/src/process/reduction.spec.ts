import { AggregateStore } from '@hostledger/eventsourcing';
import { facilityAggregate } from '@hostledger/sites';
import { rowsOf, type InMemoryStreams } from '@hostledger/testing';
import { allocation, at, contextFor, deathsAt, ready } from './allocation.fixture.js';
import { allocate } from './allocation.js';
import { pendingReductions, reduceAllocation, reductionsProcess } from './reduction.js';

const reduction = (effectiveOn = '2024-06-01', units = 20, powerWatts = 200) => ({
  contractId: 'contract-1',
  allocationId: 'allocation-1',
  reductionId: `reduction of ${units}`,
  units,
  powerWatts,
  effectiveOn,
  cause: 'given back',
});

/** 60 units and 600 W are allocated. */
const allocated = async (): Promise<InMemoryStreams> => {
  const streams = await ready();
  await allocate(new AggregateStore(streams), allocation(1), contextFor('allocate'));
  return streams;
};

const reduce = (streams: InMemoryStreams, of = reduction()) =>
  reduceAllocation(new AggregateStore(streams), of, contextFor(of.reductionId));

type Item = Parameters<ReturnType<typeof reductionsProcess>['perform']>[0];
const open = (streams: InMemoryStreams) => rowsOf<Item>(pendingReductions, streams.log);

/** What the worker does: perform every item that the log leaves open. */
const finish = async (streams: InMemoryStreams): Promise<void> => {
  const process = reductionsProcess(new AggregateStore(streams));
  for (const item of open(streams)) {
    await process.perform(item, { at, signal: new AbortController().signal });
  }
};

const held = async (streams: InMemoryStreams): Promise<unknown> => {
  const { state } = await new AggregateStore(streams).load(facilityAggregate, 'DENTON');
  return state.status === 'open' && state.commitments.get('allocation-1');
};
const typesOf = (streams: InMemoryStreams, from: number) =>
  streams.log.slice(from).map(({ type }) => type);

describe('reducing an allocation', () => {
  it('says so on the contract, then gives the capacity back at the facility', async () => {
    const streams = await allocated();
    const before = streams.log.length;
    await reduce(streams);
    expect(typesOf(streams, before)).toEqual(['AllocationReduced', 'CapacityReleased']);
    expect(streams.log.at(-1)!.data).toEqual({
      facility: 'DENTON',
      allocationId: 'allocation-1',
      units: 20,
      powerWatts: 200,
      cause: 'given back',
      reductionId: 'reduction of 20',
    });
    expect(await held(streams)).toEqual({ units: 40, powerWatts: 400 });
    expect(open(streams)).toEqual([]);
  });

  it('waits for the day it takes effect, in every time zone', async () => {
    const streams = await allocated();
    await reduce(streams, reduction('2024-07-01'));
    expect(await held(streams)).toEqual({ units: 60, powerWatts: 600 });
    expect(open(streams)).toMatchObject([{ due_at: '2024-07-01T12:00:00.000Z' }]);
    await finish(streams);
    expect(await held(streams)).toEqual({ units: 40, powerWatts: 400 });
    expect(open(streams)).toEqual([]);
  });

  it('gives each part back once, whoever asks how often', async () => {
    const streams = await allocated();
    await reduce(streams);
    await reduce(streams);
    await reduce(streams, reduction('2024-06-01', 10, 100));
    expect(await held(streams)).toEqual({ units: 30, powerWatts: 300 });
  });

  it('refused, leaves no trace', async () => {
    const streams = await allocated();
    const before = streams.log.length;
    await expect(reduce(streams, reduction('2024-06-01', 61, 600))).rejects.toMatchObject({
      code: 'contract/reduction-exceeds-allocation',
    });
    expect(streams.log).toHaveLength(before);
  });
});

it.each(deathsAt(1, 2))(
  'A reduction whose process dies at append %i, %s it, is made once',
  async (append, point) => {
    const streams = await allocated();
    const before = streams.log.length;
    streams.failFrom(append, point);
    await expect(reduce(streams)).rejects.toThrow();
    streams.heal();
    const intended = typesOf(streams, before).includes('AllocationReduced');

    await finish(streams);
    expect(open(streams)).toEqual([]);
    const made = ['AllocationReduced', 'CapacityReleased'];
    expect(typesOf(streams, before)).toEqual(intended ? made : []);

    await reduce(streams);
    expect(typesOf(streams, before)).toEqual(made);
    expect(await held(streams)).toEqual({ units: 40, powerWatts: 400 });
  },
);
