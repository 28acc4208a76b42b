import { AggregateStore } from '@hostledger/eventsourcing';
import { InMemoryStreams, type FaultPoint } from '@hostledger/testing';
import { movesIn, type MoveState } from '../domain/relocation-moves.js';
import type { MovesAborted } from '../domain/relocation.js';
import { moveMiners } from './move.js';
import {
  at,
  contextOf,
  disagreementsIn,
  finishDueMoves,
  openFacility,
  openMovesIn,
  placeOf,
  serialOf,
  setUpFloor,
  slot,
  violationsIn,
} from './moves.fixture.js';
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

// Moves between facilities: held, on the road, arrived, and every way that may end otherwise.

let streams: InMemoryStreams;
let store: AggregateStore;
let id: string;

const moves = [1, 2, 4].map((number) => ({
  serial: serialOf(number),
  facility: 'PECOS',
  rack: 'P1',
  slot: number,
}));
const pecos = (number: number) => ({ kind: 'slot', facility: 'PECOS', rack: 'P1', slot: number });
const stored = { kind: 'storage', facility: 'PECOS' };
const lines = (...numbers: number[]) => numbers.map((number) => ({ serial: serialOf(number) }));

/** Miners 1 and 2 stand in slots, 4 in storage; slots at the other facility are held for them. */
const begin = async (): Promise<void> => {
  streams = new InMemoryStreams();
  store = new AggregateStore(streams);
  await setUpFloor(store, { A1: 8 }, 4);
  await setUpRackAtPecos(store, 'P1', 3);
  await openFacility(store, 'DALTON');
  const orders = [1, 2, 3].map((number) => ({
    serial: serialOf(number),
    to: slot('A1', number),
    context: contextOf(`before ${number}`),
  }));
  await moveMiners(store, 'installation', orders, { context: contextOf('before'), now: at });
  id = await propose(store, moves);
  await approve(store, id);
  await carry();
};

const carry = (now?: string): Promise<void> => carryOutDue(store, streams, streams.log, now);
const depart = (...numbers: number[]) =>
  report(store, streams, 'departure', id, lines(...numbers), `departure of ${numbers.join()}`);
const arrive = (...numbers: number[]) =>
  report(store, streams, 'arrival', id, lines(...numbers), `arrival of ${numbers.join()}`);
const states = async (): Promise<Partial<Record<MoveState, number[]>>> => {
  const relocation = await relocationOf(store, id);
  const all = ['planned', 'reserved', 'departed', 'diverted', 'completed', 'aborted'] as const;
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
const heldUntil = async (): Promise<string> => (await relocationOf(store, id)).heldUntil!;

beforeEach(begin);
afterEach(() => expect(violationsIn(streams.log)).toEqual([]));

describe('between facilities', () => {
  it('slots are held and nothing moves until it is reported', async () => {
    expect(await states()).toEqual({ reserved: [1, 2, 3] });
    expect(await placeOf(store, serialOf(1))).toEqual(slot('A1', 1));
    expect(openRelocationsIn(streams.log)).toMatchObject([{ due_at: await heldUntil() }]);
    expect(openMovesIn(streams.log)).toHaveLength(3);
  });

  it('a machine leaves its slot, is on the road, and stands in its new one', async () => {
    expect(await depart(1, 4)).toEqual({});
    expect(await states()).toEqual({ reserved: [2], departed: [1, 3] });
    expect(await placeOf(store, serialOf(1))).toMatchObject({ kind: 'transit', to: 'PECOS' });
    expect(streams.events('rack-DENTON.A1').at(-1)).toMatchObject({ type: 'SlotVacated' });
    expect(await depart(1, 4)).toEqual({});

    expect(await arrive(1, 4)).toEqual({});
    expect(await states()).toEqual({ reserved: [2], completed: [1, 3] });
    expect(await placeOf(store, serialOf(1))).toEqual(pecos(1));
    await depart(2);
    await arrive(2);
    expect(await relocationOf(store, id)).toMatchObject({ status: 'completed', completed: 3 });
    expect(disagreementsIn(streams.log)).toEqual([]);
    expect(openRelocationsIn(streams.log)).toEqual([]);
  });

  it('lines are refused that the plan does not know, or not at that point', async () => {
    expect(await depart(3)).toEqual({ 1: 'relocation/miner-not-planned' });
    expect(await arrive(1)).toEqual({ 1: 'relocation/not-departed' });
    await callOff(store, id);
    await carry();
    expect(await depart(1)).toEqual({ 1: 'relocation/not-reserved' });
  });

  it('a machine that arrives elsewhere stays in storage there, and its slot is free', async () => {
    await depart(1);
    const elsewhere = [{ serial: serialOf(1), facility: 'DALTON' }];
    expect(await report(store, streams, 'arrival', id, elsewhere)).toEqual({});
    expect(await placeOf(store, serialOf(1))).toEqual({ kind: 'storage', facility: 'DALTON' });
    expect(aborts()).toEqual([
      { move: 1, code: 'relocation/arrived-elsewhere', storedIn: 'DALTON' },
    ]);
    expect(openMovesIn(streams.log)).toHaveLength(2);
  });
});

describe('a plan that is called off', () => {
  it('gives back the slots of machines that have not left, and stores those on the road', async () => {
    await depart(1);
    await callOff(store, id);
    await carry();
    expect(await states()).toEqual({ diverted: [1], aborted: [2, 3] });
    expect(openMovesIn(streams.log)).toEqual([]);
    expect(await placeOf(store, serialOf(2))).toEqual(slot('A1', 2));

    expect(await arrive(1)).toEqual({});
    expect(await placeOf(store, serialOf(1))).toEqual(stored);
    expect(aborts()).toContainEqual({ move: 1, code: 'relocation/cancelled', storedIn: 'PECOS' });
    expect(await relocationOf(store, id)).toMatchObject({ status: 'completed', aborted: 3 });
    expect(disagreementsIn(streams.log)).toEqual([]);
  });
});

describe('slots that are held for too long', () => {
  it('are given back, whether the machine has left or not', async () => {
    await depart(1);
    await carry(await heldUntil());
    expect(await states()).toEqual({ diverted: [1], aborted: [2, 3] });
    expect(openMovesIn(streams.log)).toEqual([]);
    expect(await depart(2)).toEqual({ 1: 'relocation/not-reserved' });
    await arrive(1);
    expect(aborts()).toContainEqual({
      move: 1,
      code: 'relocation/reservation-expired',
      storedIn: 'PECOS',
    });
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('are given back by the process of moves as well, and then nothing leaves', async () => {
    await finishDueMoves(store, streams.log, await heldUntil());
    expect(openMovesIn(streams.log)).toEqual([]);
    expect(await depart(1)).toEqual({ 1: 'miner/relocation-abandoned' });
    await carry(await heldUntil());
    expect(await states()).toEqual({ aborted: [1, 2, 3] });
  });

  it('are not given back under a machine that left at that very moment', async () => {
    const release = streams.stallNext('miner-MINER0001');
    const appends = streams.appendCount();
    const departing = depart(1);
    for (let turn = 0; streams.appendCount() === appends; turn += 1) {
      if (turn === 1_000) throw new Error('The departure never got to the miner');
      await Promise.resolve();
    }
    const rival = new AggregateStore(streams);
    await carryOutDue(rival, streams, streams.log, await heldUntil());
    release();
    expect(await departing).toEqual({ 1: 'miner/relocation-abandoned' });
    expect(await placeOf(store, serialOf(1))).toEqual(slot('A1', 1));
    expect(disagreementsIn(streams.log)).toEqual([]);
  });
});

describe('a death between any two steps', () => {
  const points: FaultPoint[] = ['before', 'after'];
  const cases = points.flatMap((point) =>
    (['departure', 'arrival'] as const).map((what) => [what, point] as const),
  );

  /** False once the n-th append is past the end of the report. */
  const diesAt = async (
    what: 'departure' | 'arrival',
    append: number,
    point: FaultPoint,
  ): Promise<boolean> => {
    await begin();
    if (what === 'arrival') await depart(1, 2, 4);
    streams.failFrom(append, point);
    const died = await (what === 'departure' ? depart(1, 2, 4) : arrive(1, 2, 4)).then(
      () => false,
      () => true,
    );
    streams.heal();
    store = new AggregateStore(streams);
    return died;
  };

  it.each(cases)('of a report of %s is made good by running it again (%s)', async (what, point) => {
    for (let append = 1; await diesAt(what, append, point); append += 1) {
      if (what === 'departure') expect(await depart(1, 2, 4)).toEqual({});
      expect(await arrive(1, 2, 4)).toEqual({});
      expect(await relocationOf(store, id)).toMatchObject({ status: 'completed', completed: 3 });
      expect(violationsIn(streams.log)).toEqual([]);
      expect(disagreementsIn(streams.log)).toEqual([]);
    }
  });

  it.each(cases)('of a report of %s, called off then, leaves nothing (%s)', async (what, point) => {
    for (let append = 1; await diesAt(what, append, point); append += 1) {
      if ((await relocationOf(store, id)).status === 'completed') continue;
      await callOff(store, id);
      await carry();
      expect(openMovesIn(streams.log)).toEqual([]);
      if (what === 'departure') await depart(1, 2, 4);
      await arrive(1, 2, 4);
      expect(await relocationOf(store, id)).toMatchObject({ status: 'completed' });
      expect(violationsIn(streams.log)).toEqual([]);
      expect(disagreementsIn(streams.log)).toEqual([]);
    }
  });
});
