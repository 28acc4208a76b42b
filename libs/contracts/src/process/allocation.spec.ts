import {
  AggregateStore,
  CommandIdReused,
  DomainError,
  RevisionMismatch,
} from '@hostledger/eventsourcing';
import { problemCatalogue } from '@hostledger/http';
import { type InMemoryStreams, rowsOf, type FaultPoint } from '@hostledger/testing';
import type { AllocationAbandoned } from '../domain/contract-events.js';
import { contractAggregate, type ContractCommand } from '../domain/hosting-contract.js';
import { allocation, at, contextFor, deathsAt, ready } from './allocation.fixture.js';
import { allocate, allocationsProcess, pendingAllocations, type Allocation } from './allocation.js';

/** What the worker does: perform every item that the log leaves open. */
const finish = async (streams: InMemoryStreams): Promise<void> => {
  const process = allocationsProcess(new AggregateStore(streams));
  type Item = Parameters<typeof process.perform>[0];
  for (const item of rowsOf<Item>(pendingAllocations, streams.log)) {
    await process.perform(item, { at, signal: new AbortController().signal });
  }
};

const SET_UP = { contract: 4, facility: 1 };
const outcome = (streams: InMemoryStreams, facility = 'DENTON'): string[] =>
  [
    ...streams.events(`facility-${facility}`).slice(SET_UP.facility),
    ...streams.events('hostingContract-contract-1').slice(SET_UP.contract),
  ].map(({ type }) => type);

describe('allocating capacity', () => {
  it('holds it on the facility, then allocates on the contract', async () => {
    const streams = await ready();
    const { state } = await allocate(new AggregateStore(streams), allocation(1), contextFor('a'));
    expect(state).toMatchObject({ status: 'executed' });
    const { contractId, ...rest } = allocation(1);
    const whole = { contractId, customerId: 'customer-1', ...rest };
    expect(streams.events('facility-DENTON').at(-1)).toEqual({
      type: 'CapacityCommitted',
      data: whole,
    });
    expect(streams.events('hostingContract-contract-1').at(-1)).toEqual({
      type: 'CustomerAllocated',
      data: whole,
    });
    expect(rowsOf(pendingAllocations, streams.log)).toEqual([]);
    expect(new Set(streams.log.map(({ id }) => id)).size).toBe(streams.log.length);
  });

  it.each<[string, Partial<Allocation>]>([
    ['contract/order-exceeded', { units: 101 }],
    ['contract/order-unknown', { orderId: 'order-9' }],
    ['contract/no-terms-in-force', { effectiveOn: '2023-12-31' }],
    ['contract/unknown', { contractId: 'contract-9' }],
    ['facility/unknown', { facility: 'NOWHERE' }],
  ])('refused by %s, it leaves no trace', async (code, change) => {
    const streams = await ready();
    const before = streams.log.length;
    const refused = allocate(new AggregateStore(streams), allocation(1, change), contextFor('a'));
    await expect(refused).rejects.toMatchObject({ code });
    expect(streams.log).toHaveLength(before);
  });

  it('honours If-Match before anything is held', async () => {
    const streams = await ready();
    const stale = { ...contextFor('a'), expectedRevision: 2n };
    const refused = allocate(new AggregateStore(streams), allocation(1), stale);
    await expect(refused).rejects.toThrow(RevisionMismatch);
    expect(outcome(streams)).toEqual([]);
    const current = { ...contextFor('a'), expectedRevision: 3n };
    const { revision } = await allocate(new AggregateStore(streams), allocation(1), current);
    expect(revision).toBe(4n);
  });

  it('asked again under its key, changes nothing and answers as before', async () => {
    const streams = await ready();
    const first = await allocate(new AggregateStore(streams), allocation(1), contextFor('a'));
    const before = streams.log.length;
    const again = await allocate(new AggregateStore(streams), allocation(1), contextFor('a'));
    expect(again).toMatchObject({ revision: first.revision, replayed: true });
    expect(streams.log).toHaveLength(before);
  });

  it('refuses a key that comes back naming another facility, even half done', async () => {
    for (const append of [2, 3]) {
      const streams = await ready();
      streams.failFrom(append + 1, 'before');
      const begun = allocate(new AggregateStore(streams), allocation(1), contextFor('a', 'DENTON'));
      await begun.catch(() => undefined);
      streams.heal();
      const other = allocate(
        new AggregateStore(streams),
        allocation(1, { facility: 'MARBLE' }),
        contextFor('a', 'MARBLE'),
      );
      await expect(other).rejects.toThrow(CommandIdReused);
      await finish(streams);
      expect(outcome(streams)).toEqual(['CapacityCommitted', 'CustomerAllocated']);
      expect(streams.events('facility-MARBLE')).toHaveLength(SET_UP.facility);
    }
  });
});

describe('an allocation whose process dies', () => {
  it.each(deathsAt(1, 2, 3))('at append %i, %s it, is made once', async (append, point) => {
    const streams = await ready();
    streams.failFrom(append, point);
    const begun = allocate(new AggregateStore(streams), allocation(1), contextFor('a'));
    await expect(begun).rejects.toThrow();
    streams.heal();
    const intended = outcome(streams).includes('CapacityCommitted');

    await finish(streams);
    const made = ['CapacityCommitted', 'CustomerAllocated'];
    expect(outcome(streams)).toEqual(intended ? made : []);
    expect(rowsOf(pendingAllocations, streams.log)).toEqual([]);

    await allocate(new AggregateStore(streams), allocation(1), contextFor('a'));
    await finish(streams);
    expect(outcome(streams)).toEqual(made);
  });
});

/** Waits until so many appends were begun from now on; the last of them may be stalled. */
const countingAppends = (streams: InMemoryStreams) => {
  const before = streams.appendCount();
  return async (appends: number): Promise<void> => {
    for (let turn = 0; streams.appendCount() < before + appends; turn += 1) {
      if (turn > 1_000) throw new Error(`${appends} appends were expected`);
      await Promise.resolve();
    }
  };
};

/** Two that fit one by one: the second takes the order while the first is committing capacity. */
const overtaken = async (streams: InMemoryStreams, fault?: readonly [number, FaultPoint]) => {
  const appended = countingAppends(streams);
  const goOn = streams.stallNext('facility-DENTON');
  const slow = allocate(new AggregateStore(streams), allocation(1), contextFor('slow'));
  const ended = slow.then(
    () => undefined,
    (error: unknown) => error,
  );
  await appended(2);
  await allocate(
    new AggregateStore(streams),
    allocation(2, { facility: 'MARBLE' }),
    contextFor('quick'),
  );
  if (fault) streams.failFrom(...fault);
  goOn();
  return ended;
};

describe('an allocation that the contract refuses after its capacity is held', () => {
  const givenUp = [
    'CapacityCommitted',
    'CapacityReleased',
    'CustomerAllocated',
    'AllocationAbandoned',
  ];

  it('is given up for good before the capacity is free again', async () => {
    const streams = await ready();
    const refusal = await overtaken(streams);
    expect(refusal).toMatchObject({ code: 'contract/order-exceeded' });
    expect(outcome(streams)).toEqual(givenUp);
    const order = streams.log.map(({ type }) => type);
    expect(order.indexOf('AllocationAbandoned')).toBeLessThan(order.indexOf('CapacityReleased'));
    expect(rowsOf(pendingAllocations, streams.log)).toEqual([]);
  });

  it('says so by a code of the catalogue, also where If-Match no longer holds', async () => {
    const streams = await ready();
    const appended = countingAppends(streams);
    const goOn = streams.stallNext('facility-DENTON');
    const guarded = { ...contextFor('slow'), expectedRevision: 3n };
    const slow = allocate(new AggregateStore(streams), allocation(1), guarded);
    await appended(2);
    const other = allocation(2, { facility: 'MARBLE', units: 1, powerWatts: 1 });
    await allocate(new AggregateStore(streams), other, contextFor('quick'));
    goOn();
    await expect(slow).rejects.toThrow(RevisionMismatch);
    const { type, data } = streams.events('hostingContract-contract-1').at(-1)!;
    expect(type).toBe('AllocationAbandoned');
    const { code } = data as AllocationAbandoned['data'];
    expect(code).toBe('request/revision-mismatch');
    expect(problemCatalogue().has(code)).toBe(true);
  });

  it.each(deathsAt(1, 2))('at its last appends, death %i, %s it, too', async (append, point) => {
    const streams = await ready();
    await overtaken(streams, [append, point]);
    streams.heal();
    await finish(streams);
    expect(outcome(streams)).toEqual(givenUp);
    expect(rowsOf(pendingAllocations, streams.log)).toEqual([]);

    const again = allocate(new AggregateStore(streams), allocation(1), contextFor('slow'));
    await expect(again).rejects.toBeInstanceOf(DomainError);
    expect(outcome(streams)).toEqual(givenUp);
  });
});

describe('the worker and whoever began', () => {
  it('may finish the same allocation at once: it is made once, with its capacity', async () => {
    const streams = await ready();
    const appended = countingAppends(streams);
    const goOn = streams.stallNext('hostingContract-contract-1');
    const slow = allocate(new AggregateStore(streams), allocation(1), contextFor('a'));
    await appended(3);
    await finish(streams);
    goOn();
    await expect(slow).resolves.toBeDefined();
    expect(outcome(streams)).toEqual(['CapacityCommitted', 'CustomerAllocated']);
  });

  it('never make an allocation whose capacity was given back', async () => {
    const streams = await ready();
    const appended = countingAppends(streams);
    const goOn = streams.stallNext('hostingContract-contract-1');
    const slow = allocate(new AggregateStore(streams), allocation(1), contextFor('slow'));
    await appended(3);
    const quick = allocation(2, { facility: 'MARBLE' });
    await allocate(new AggregateStore(streams), quick, contextFor('quick'));
    await finish(streams);
    goOn();
    await expect(slow).rejects.toMatchObject({ code: 'contract/allocation-abandoned' });
    expect(outcome(streams)).toEqual([
      'CapacityCommitted',
      'CapacityReleased',
      'CustomerAllocated',
      'AllocationAbandoned',
    ]);
  });

  it('agree when one is refused for a stale If-Match and the other is not guarded', async () => {
    const streams = await ready();
    const appended = countingAppends(streams);
    const commitNow = streams.stallNext('facility-DENTON');
    const guarded = { ...contextFor('a'), expectedRevision: 3n };
    const slow = allocate(new AggregateStore(streams), allocation(1), guarded);
    await appended(2);
    const { contractId } = allocation(1);
    const data = {
      orderId: 'order-2',
      reference: 'SO-2',
      units: 1,
      powerWatts: 1,
      startsOn: '2024-01-01',
    };
    const meanwhile: ContractCommand = { type: 'PlaceOrder', data, at };
    await new AggregateStore(streams).handle(
      contractAggregate,
      contractId,
      meanwhile,
      contextFor('order 2'),
    );
    commitNow();
    await appended(4);
    const giveUpNow = streams.stallNext('hostingContract-contract-1');
    await appended(5);
    await finish(streams);
    giveUpNow();
    await expect(slow).resolves.toMatchObject({ revision: 5n });
    expect(outcome(streams)).toEqual([
      'CapacityCommitted',
      'ServiceOrderPlaced',
      'CustomerAllocated',
    ]);
  });
});
