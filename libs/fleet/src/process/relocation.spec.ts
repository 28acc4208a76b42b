import { AggregateStore } from '@hostledger/eventsourcing';
import { InMemoryStreams, type FaultPoint } from '@hostledger/testing';
import type { SlotPlace } from '../domain/miner.js';
import type { MovesAborted } from '../domain/relocation.js';
import { moveMiners } from './move.js';
import {
  at,
  contextOf,
  disagreementsIn,
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
} from './relocation.fixture.js';

let streams: InMemoryStreams;
let store: AggregateStore;

const begin = async (): Promise<void> => {
  streams = new InMemoryStreams();
  store = new AggregateStore(streams);
  await setUpFloor(store, { A1: 4, B1: 8, C1: 2 }, 5);
  const orders = [1, 2, 3].map((number) => ({
    serial: serialOf(number),
    to: slot('A1', number),
    context: contextOf(`before ${number}`),
  }));
  await moveMiners(store, 'installation', orders, { context: contextOf('before'), now: at });
};

beforeEach(begin);
afterEach(() => expect(violationsIn(streams.log)).toEqual([]));

const moves = (...targets: readonly (readonly [number, SlotPlace])[]) =>
  targets.map(([number, { facility, rack, slot: n }]) => ({
    serial: serialOf(number),
    facility,
    rack,
    slot: n,
  }));

const abortsIn = (log = streams.log): Record<number, string> =>
  Object.fromEntries(
    log
      .filter(({ type }) => type === 'MovesAborted')
      .flatMap(({ data }) => (data as MovesAborted['data']).moves)
      .map(({ move, code }) => [move, code]),
  );

const carriedOut = async (relocationId: string) => {
  await approve(store, relocationId);
  await carryOutDue(store, streams, streams.log);
  const { status, completed, aborted } = await relocationOf(store, relocationId);
  return { status, completed, aborted };
};

describe('a plan within a facility', () => {
  it('moves nothing before it is approved', async () => {
    await propose(store, moves([1, slot('B1', 1)]));
    const { length } = streams.log;
    await carryOutDue(store, streams, streams.log);
    expect(streams.log).toHaveLength(length);
  });

  it('is carried out once it is approved, in the name of who approved it', async () => {
    const id = await propose(store, moves([1, slot('B1', 1)], [4, slot('B1', 2)]));
    expect(await carriedOut(id)).toEqual({ status: 'completed', completed: 2, aborted: 0 });
    expect(await placeOf(store, serialOf(1))).toEqual(slot('B1', 1));
    expect(await placeOf(store, serialOf(4))).toEqual(slot('B1', 2));
    const moved = streams.log.findLast(({ type }) => type === 'MinerRelocated');
    expect(moved).toMatchObject({ metadata: { actor: { subject: 'bob' } } });
    expect(disagreementsIn(streams.log)).toEqual([]);
    expect(openRelocationsIn(streams.log)).toEqual([]);
  });

  it('names for each move that is not made the rule that refused it', async () => {
    const id = await propose(
      store,
      moves(
        [1, slot('C1', 1)],
        [2, slot('C1', 2)],
        [3, slot('C1', 3)],
        [4, slot('Z9', 1)],
        [5, slot('A1', 9)],
        [99, slot('B1', 1)],
      ),
    );
    expect(await carriedOut(id)).toEqual({ status: 'completed', completed: 2, aborted: 4 });
    expect(abortsIn()).toEqual({
      3: 'rack/power-exceeded',
      4: 'rack/unknown',
      5: 'rack/slot-unknown',
      6: 'miner/unknown',
    });
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('lets machines take the slots that others of the plan leave, one after another', async () => {
    const id = await propose(
      store,
      moves([3, slot('A1', 2)], [2, slot('A1', 1)], [1, slot('B1', 1)], [5, slot('A1', 3)]),
    );
    expect(await carriedOut(id)).toEqual({ status: 'completed', completed: 4, aborted: 0 });
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('does not swap machines that only leave for each other', async () => {
    const id = await propose(store, moves([1, slot('A1', 2)], [2, slot('A1', 1)]));
    expect(await carriedOut(id)).toEqual({ status: 'completed', completed: 0, aborted: 2 });
    expect(abortsIn()).toEqual({ 1: 'rack/slot-taken', 2: 'rack/slot-taken' });
  });

  it('counts a machine that stands there already as moved', async () => {
    const id = await propose(store, moves([1, slot('A1', 1)]));
    expect(await carriedOut(id)).toEqual({ status: 'completed', completed: 1, aborted: 0 });
  });

  it('moves nothing any more once it is called off', async () => {
    const id = await propose(store, moves([1, slot('B1', 1)], [2, slot('B1', 2)]));
    await approve(store, id);
    await callOff(store, id);
    await carryOutDue(store, streams, streams.log);
    expect(await relocationOf(store, id)).toMatchObject({ status: 'completed', aborted: 2 });
    expect(abortsIn()).toEqual({ 1: 'relocation/cancelled', 2: 'relocation/cancelled' });
    expect(await placeOf(store, serialOf(1))).toEqual(slot('A1', 1));
  });
});

describe('a death between any two steps', () => {
  const points: FaultPoint[] = ['before', 'after'];
  const plan = () =>
    propose(
      store,
      moves([3, slot('A1', 2)], [2, slot('B1', 1)], [4, slot('C1', 1)], [1, slot('Z9', 1)]),
    );

  /** Carries the plan out until it dies at the n-th append; false once n is past its end. */
  const diesAt = async (append: number, point: FaultPoint): Promise<string | false> => {
    await begin();
    const id = await plan();
    await approve(store, id);
    streams.failFrom(append, point);
    const died = await carryOutDue(store, streams, streams.log).then(
      () => false,
      () => true,
    );
    streams.heal();
    store = new AggregateStore(streams);
    return died && id;
  };

  it.each(points)(
    'of the process is made good by the next owner (%s the append)',
    async (point) => {
      let deaths = 0;
      for (let append = 1; ; append += 1, deaths += 1) {
        const id = await diesAt(append, point);
        if (id === false) break;
        const later = new Date(Date.parse(at) + append * 1_000).toISOString();
        await carryOutDue(store, streams, streams.log, later);
        expect(await relocationOf(store, id)).toMatchObject({
          status: 'completed',
          completed: 3,
          aborted: 1,
        });
        expect(violationsIn(streams.log)).toEqual([]);
        expect(disagreementsIn(streams.log)).toEqual([]);
      }
      expect(deaths).toBeGreaterThan(10);
    },
  );

  it.each(points)(
    'leaves nothing behind when it is called off then (%s the append)',
    async (point) => {
      for (let append = 1; ; append += 1) {
        const id = await diesAt(append, point);
        if (id === false) break;
        if ((await relocationOf(store, id)).status === 'completed') continue;
        await callOff(store, id);
        await carryOutDue(store, streams, streams.log);
        expect(await relocationOf(store, id)).toMatchObject({ status: 'completed' });
        expect(violationsIn(streams.log)).toEqual([]);
        expect(disagreementsIn(streams.log)).toEqual([]);
      }
    },
  );

  it.each(points)(
    'while it is planned is made good by asking again (%s the append)',
    async (point) => {
      for (let append = 1; append <= 2; append += 1) {
        await begin();
        streams.failFrom(append, point);
        await expect(plan()).rejects.toThrow();
        streams.heal();
        store = new AggregateStore(streams);
        expect(await carriedOut(await plan())).toMatchObject({ status: 'completed', completed: 3 });
      }
    },
  );
});
