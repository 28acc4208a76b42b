import { AggregateStore } from '@hostledger/eventsourcing';
import { InMemoryStreams, type FaultPoint } from '@hostledger/testing';
import { movesIn } from '../domain/relocation-moves.js';
import type { MovesAborted } from '../domain/relocation.js';
import { actOnMiners, type Wish } from './miner-acts.js';
import { moveMiners } from './move.js';
import {
  at,
  contextOf,
  disagreementsIn,
  finishDueMoves,
  itemsIn,
  openFacility,
  openMovesIn,
  serialOf,
  setUpFloor,
  slot,
  violationsIn,
} from './moves.fixture.js';
import { awaitedMachines, awaitedMachinesProcess, type AwaitedMachine } from './relocation-gone.js';
import {
  approve,
  callOff,
  carryOutDue,
  openRelocationsIn,
  propose,
  relocationOf,
  report,
  setUpRackAtPecos,
} from './relocation.fixture.js';

// Machines of an approved plan that will never come: retired, lost on the road, or at a vendor.

let streams: InMemoryStreams;
let store: AggregateStore;
let id: string;

/** Miner 1 stands in a slot, 2 and 3 in storage; slots at the other facility are held for them. */
const begin = async (): Promise<void> => {
  streams = new InMemoryStreams();
  store = new AggregateStore(streams);
  await setUpFloor(store, { A1: 8 }, 3);
  await setUpRackAtPecos(store, 'P1', 3);
  await openFacility(store, 'DENTON');
  const order = { serial: serialOf(1), to: slot('A1', 1), context: contextOf('before 1') };
  await moveMiners(store, 'installation', [order], { context: contextOf('before'), now: at });
  const to = { facility: 'PECOS', rack: 'P1' };
  id = await propose(
    store,
    [1, 2, 3].map((number) => ({ serial: serialOf(number), ...to, slot: number })),
  );
  await approve(store, id);
  await carry();
};

const carry = (): Promise<void> => carryOutDue(store, streams, streams.log);
const lines = (...numbers: number[]) => numbers.map((number) => ({ serial: serialOf(number) }));
const depart = (...numbers: number[]) =>
  report(store, streams, 'departure', id, lines(...numbers), `departure of ${numbers.join()}`);
const arrive = (...numbers: number[]) =>
  report(store, streams, 'arrival', id, lines(...numbers), `arrival of ${numbers.join()}`);
const act = async (wish: Wish): Promise<void> => {
  const order = { wish, context: contextOf(JSON.stringify(wish)) };
  expect(await actOnMiners(store, [order])).toMatchObject([{ status: 'done' }]);
};
const retire = (number: number, cause: 'lost' | 'sold') =>
  act({ type: 'RetireMiner', data: { serial: serialOf(number), cause } });
const sendToVendor = async (number: number): Promise<void> => {
  const about = { serial: serialOf(number), repairId: `repair ${number}` };
  await act({ type: 'OpenRepair', data: { ...about, fault: 'fan' } });
  await act({ type: 'SendToVendor', data: { ...about, vendor: 'Bitmain Care' } });
};
const states = async () => {
  const relocation = await relocationOf(store, id);
  const all = ['reserved', 'departed', 'diverted', 'completed', 'aborted'] as const;
  return Object.fromEntries(
    all
      .map((state) => [state, movesIn(relocation, 0, state)] as const)
      .filter(([, numbers]) => numbers.length > 0),
  );
};
const aborts = () =>
  streams.log
    .filter(({ type }) => type === 'MovesAborted')
    .flatMap(({ data }) => (data as MovesAborted['data']).moves)
    .map(({ move, code, storedIn }) => ({ move, code, storedIn }));
const awaited = () => itemsIn<AwaitedMachine>(awaitedMachines, streams.log);
/** Whatever is due at the time of the spec. */
const look = async (by = store): Promise<void> => {
  const due = awaited().filter(({ due_at }) => due_at <= at);
  for (const item of due) {
    const signal = new AbortController().signal;
    await awaitedMachinesProcess(by, streams).perform(item, { at, signal });
  }
};
/** By number, of the slots held at the other facility. */
const held = () =>
  openMovesIn(streams.log)
    .filter(({ facility, occupied }) => facility === 'PECOS' && !occupied)
    .map((move) => move.slot);

beforeEach(begin);
afterEach(() => expect(violationsIn(streams.log)).toEqual([]));

describe('a machine that is lost on the road', () => {
  it('ends its move, and the plan can complete', async () => {
    await depart(1, 2);
    await retire(1, 'lost');
    expect(await arrive(1)).toEqual({ 1: 'miner/lost' });
    await carry();
    expect(await states()).toEqual({ reserved: [3], departed: [2], aborted: [1] });
    expect(aborts()).toEqual([{ move: 1, code: 'miner/lost', storedIn: undefined }]);
    expect(held()).toEqual([2, 3]);

    // Also one whose slot was given up before it was lost.
    await callOff(store, id);
    await carry();
    expect(await states()).toEqual({ diverted: [2], aborted: [1, 3] });
    await retire(2, 'lost');
    await carry();
    expect(await relocationOf(store, id)).toMatchObject({ status: 'completed', aborted: 3 });
    expect(openRelocationsIn(streams.log)).toEqual([]);
    expect(awaited()).toEqual([]);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('leaves its slot also where a death kept that from being recorded', async () => {
    streams.failFrom(2, 'before');
    await expect(depart(1)).rejects.toThrow();
    streams.heal();
    store = new AggregateStore(streams);
    expect(streams.log.at(-1)).toMatchObject({ type: 'MinerDeparted' });
    await retire(1, 'lost');
    await carry();
    expect(await states()).toEqual({ reserved: [2, 3], aborted: [1] });
    expect(streams.events('rack-DENTON.A1').at(-1)).toMatchObject({ type: 'SlotVacated' });
    expect(held()).toEqual([2, 3]);
  });
});

describe('a machine that is gone before it left', () => {
  it('gives its slot back and ends its move as soon as it is retired', async () => {
    expect(awaited().map(({ due_at }) => due_at > at)).toEqual([true, true, true]);
    await retire(2, 'sold');
    await look();
    expect(aborts()).toEqual([{ move: 2, code: 'miner/retired', storedIn: undefined }]);
    expect(held()).toEqual([1, 3]);
    expect(awaited().map(({ item_id }) => item_id)).toEqual([serialOf(1), serialOf(3)]);
  });

  it('or sent to a vendor, and cannot leave under the plan when it is back', async () => {
    await sendToVendor(3);
    await look();
    expect(aborts()).toMatchObject([{ move: 3, code: 'miner/at-vendor' }]);
    expect(held()).toEqual([1, 2]);
    const about = { serial: serialOf(3), repairId: 'repair 3' };
    await act({ type: 'ReturnFromVendor', data: { ...about, facility: 'DENTON' } });
    expect(await depart(3)).toEqual({ 1: 'relocation/not-reserved' });
  });

  it('keeps its slot if it is back before anybody looked', async () => {
    await sendToVendor(3);
    const about = { serial: serialOf(3), repairId: 'repair 3' };
    await act({ type: 'ReturnFromVendor', data: { ...about, facility: 'DENTON' } });
    await look();
    expect(held()).toEqual([1, 2, 3]);
    expect(awaited().every(({ due_at }) => due_at > at)).toBe(true);
  });

  it('ends its move as well when somebody reports its departure first', async () => {
    await retire(2, 'sold');
    expect(await depart(2)).toEqual({ 1: 'miner/retired' });
    expect(aborts()).toMatchObject([{ move: 2, code: 'miner/retired' }]);
    expect(held()).toEqual([1, 3]);
    await look();
    expect(aborts()).toHaveLength(1);
  });

  it.each<FaultPoint>(['before', 'after'])(
    'is ended by who comes after a death between any two steps (%s)',
    async (point) => {
      for (let append = 1, died = true; died; append += 1) {
        await begin();
        await retire(2, 'sold');
        streams.failFrom(append, point);
        died = await look(new AggregateStore(streams)).then(
          () => false,
          () => true,
        );
        streams.heal();
        store = new AggregateStore(streams);
        await look();
        expect(await states()).toEqual({ reserved: [1, 3], aborted: [2] });
        expect(held()).toEqual([1, 3]);
        expect(awaited()).toHaveLength(2);
        await finishDueMoves(store, streams.log, at);
      }
    },
  );
});
