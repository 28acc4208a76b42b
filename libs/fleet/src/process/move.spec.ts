import {
  AggregateStore,
  CommandIdReused,
  DomainError,
  RevisionMismatch,
} from '@hostledger/eventsourcing';
import { InMemoryStreams, type FaultPoint } from '@hostledger/testing';
import type { SlotPlace } from '../domain/miner.js';
import { RESERVATION_MS } from './move-racks.js';
import { moveMiners, type MoveKind } from './move.js';
import type { Outcome } from './outcome.js';
import {
  at,
  contextOf,
  disagreementsIn,
  finishDueMoves,
  placeOf,
  serialOf,
  setUpFloor,
  slot,
  violationsIn,
} from './moves.fixture.js';

let streams: InMemoryStreams;
let store: AggregateStore;

beforeEach(async () => {
  streams = new InMemoryStreams();
  store = new AggregateStore(streams);
  await setUpFloor(store, { A1: 8, B1: 8, C1: 2 }, 10);
});

type Target = readonly [number, SlotPlace];

const move = (
  kind: MoveKind,
  targets: readonly Target[],
  { name = `a ${kind}`, by = store, now = at } = {},
): Promise<readonly Outcome[]> =>
  moveMiners(
    by,
    kind,
    targets.map(([number, to]) => ({
      serial: serialOf(number),
      to,
      context: contextOf(`${name} ${number}`),
    })),
    { context: contextOf(name), now },
  );

const told = (outcome: Outcome): string => {
  if (outcome.status === 'done') return outcome.unchanged ? 'there already' : 'moved';
  return outcome.refusal instanceof DomainError ? outcome.refusal.code : outcome.refusal.name;
};

const sinceSetUp = async <T>(act: () => Promise<T>): Promise<string[]> => {
  const before = streams.log.length;
  await act();
  return streams.log.slice(before).map(({ stream, type }) => `${stream} ${type}`);
};

const firstThree: Target[] = [
  [1, slot('A1', 1)],
  [2, slot('A1', 2)],
  [3, slot('B1', 1)],
];

afterEach(() => expect(violationsIn(streams.log)).toEqual([]));

describe('moving miners', () => {
  it('reserves, moves and occupies, with one append per rack and kind', async () => {
    const appends = streams.appendCount();
    expect((await move('installation', firstThree)).map(told)).toEqual(['moved', 'moved', 'moved']);
    expect(streams.appendCount() - appends).toBe(2 + 3 + 2);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('vacates what is left after the miner has moved', async () => {
    await move('installation', [[1, slot('A1', 1)]]);
    const steps = await sinceSetUp(() => move('relocation', [[1, slot('B1', 5)]]));
    expect(steps).toEqual([
      'rack-DENTON.B1 SlotReserved',
      'miner-MINER0001 MinerRelocated',
      'rack-DENTON.B1 SlotOccupied',
      'rack-DENTON.A1 SlotVacated',
    ]);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('names for each line why it is refused, and makes the others', async () => {
    await move('installation', [[9, slot('A1', 8)]]);
    const outcomes = await move(
      'installation',
      [
        [1, slot('A1', 1)],
        [2, slot('A1', 1)],
        [3, slot('A1', 9)],
        [4, slot('Z9', 1)],
        [99, slot('A1', 2)],
        [9, slot('A1', 3)],
        [9, slot('A1', 8)],
        [5, slot('C1', 1)],
        [6, slot('C1', 2)],
        [7, slot('C1', 3)],
      ],
      { name: 'bulk' },
    );
    expect(outcomes.map(told)).toEqual([
      'moved',
      'rack/slot-taken',
      'rack/slot-unknown',
      'rack/unknown',
      'miner/unknown',
      'miner/already-installed',
      'there already',
      'moved',
      'moved',
      'rack/power-exceeded',
    ]);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('changes nothing when it is asked again, and finds the first outcome', async () => {
    const [first] = await move('installation', [[1, slot('A1', 1)]]);
    const again = await sinceSetUp(async () => {
      for (const by of [store, new AggregateStore(streams)]) {
        const [repeated] = await move('installation', [[1, slot('A1', 1)]], { by });
        expect(repeated).toMatchObject({ unchanged: true, revision: 1n });
      }
    });
    expect(first).toMatchObject({ unchanged: false, revision: 1n });
    expect(again).toEqual([]);
  });

  it('does not move a miner back when an old request is repeated', async () => {
    await move('installation', [[1, slot('A1', 1)]]);
    await move('relocation', [[1, slot('B1', 1)]]);
    const [repeated] = await move('installation', [[1, slot('A1', 1)]]);
    expect(repeated).toMatchObject({ status: 'done', unchanged: true, revision: 1n });
    expect(await placeOf(store, serialOf(1))).toEqual(slot('B1', 1));
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('knows that a miner stands there even if another process put it there', async () => {
    await move('installation', [[1, slot('A1', 1)]], { by: new AggregateStore(streams) });
    const [outcome] = await move('installation', [[1, slot('A1', 1)]], { name: 'mine' });
    expect(told(outcome!)).toBe('there already');
  });

  it('refuses a stale If-Match before it reserves anything', async () => {
    const context = contextOf('single', { expectedRevision: 7n });
    const order = { serial: serialOf(1), to: slot('A1', 1), context };
    const steps = await sinceSetUp(async () => {
      const [outcome] = await moveMiners(store, 'installation', [order], { context, now: at });
      expect(outcome).toMatchObject({ refusal: expect.any(RevisionMismatch) as object });
    });
    expect(steps).toEqual([]);
  });

  it('reserves nothing for a command id that is known with another body', async () => {
    const order = (number: number, requestHash: string) => {
      const context = contextOf('single', { requestHash });
      const orders = [{ serial: serialOf(1), to: slot('A1', number), context }];
      return moveMiners(store, number === 1 ? 'installation' : 'relocation', orders, {
        context,
        now: at,
      });
    };
    await order(1, 'one body');
    const { length } = streams.log;
    const [outcome] = await order(2, 'another body');
    expect(outcome).toMatchObject({ refusal: expect.any(CommandIdReused) as object });
    expect(streams.log).toHaveLength(length);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });
});

describe('a death between any two steps', () => {
  const points: FaultPoint[] = ['before', 'after'];
  const relocation: Target[] = [
    [1, slot('B1', 7)],
    [2, slot('A1', 3)],
    [3, slot('C1', 1)],
    [4, slot('C1', 2)],
  ];
  const prepare = (): Promise<unknown> =>
    move('installation', [...firstThree, [4, slot('B1', 2)]], { name: 'before' });
  const allMoved = ['moved', 'there already'];

  /** Runs the relocation until it dies at the n-th append; false once n is past its end. */
  const diesAt = async (append: number, point: FaultPoint): Promise<boolean> => {
    streams = new InMemoryStreams();
    store = new AggregateStore(streams);
    await setUpFloor(store, { A1: 8, B1: 8, C1: 2 }, 4);
    await prepare();
    streams.failFrom(append, point);
    const died = await move('relocation', relocation).then(
      () => false,
      () => true,
    );
    streams.heal();
    store = new AggregateStore(streams);
    return died;
  };

  it.each(points)('is made good by running again (%s the append)', async (point) => {
    for (let append = 1; await diesAt(append, point); append += 1) {
      const outcomes = await move('relocation', relocation);
      expect(allMoved).toEqual(expect.arrayContaining(outcomes.map(told)));
      expect(violationsIn(streams.log)).toEqual([]);
      expect(disagreementsIn(streams.log)).toEqual([]);
      expect(new Set(streams.log.map(({ id }) => id)).size).toBe(streams.log.length);
    }
  });

  it.each(points)('is finished or ended by the process (%s the append)', async (point) => {
    for (let append = 1; await diesAt(append, point); append += 1) {
      await finishDueMoves(store, streams.log);
      expect(violationsIn(streams.log)).toEqual([]);
      expect(disagreementsIn(streams.log)).toEqual([]);
      const outcomes = await move('relocation', relocation);
      expect(allMoved).toEqual(expect.arrayContaining(outcomes.map(told)));
      expect(disagreementsIn(streams.log)).toEqual([]);
    }
  });

  it.each(points)('of the process itself is made good by it (%s the append)', async (point) => {
    for (let append = 1; await diesAt(append, 'after'); append += 1) {
      for (let step = 1, died = true; died; step += 1) {
        streams.failFrom(step, point);
        died = await finishDueMoves(new AggregateStore(streams), streams.log).then(
          () => false,
          () => true,
        );
        streams.heal();
      }
      expect(violationsIn(streams.log)).toEqual([]);
      expect(disagreementsIn(streams.log)).toEqual([]);
    }
  });
});

describe('a reservation that runs out', () => {
  const expiry = new Date(Date.parse(at) + RESERVATION_MS).toISOString();
  const before = new Date(Date.parse(expiry) - 1).toISOString();

  /** A writer that has its reservation and is held up on its way to the miner. */
  const heldUp = async () => {
    const release = streams.stallNext('miner-MINER0001');
    const appends = streams.appendCount();
    const outcomes = move('installation', [[1, slot('A1', 1)]]);
    for (let turn = 0; streams.appendCount() < appends + 2; turn += 1) {
      if (turn === 1_000) throw new Error('The writer never got to the miner');
      await Promise.resolve();
    }
    return { release, outcomes };
  };
  const finishBy = (now: string) => finishDueMoves(new AggregateStore(streams), streams.log, now);

  it('is left alone before', async () => {
    const { release, outcomes } = await heldUp();
    expect(await sinceSetUp(() => finishBy(before))).toEqual([]);
    release();
    expect((await outcomes).map(told)).toEqual(['moved']);
  });

  it('fences the writer that stalled past it: its move fails and the slot is free', async () => {
    const { release, outcomes } = await heldUp();
    expect(await sinceSetUp(() => finishBy(expiry))).toEqual([
      'miner-MINER0001 RelocationAbandoned',
      'rack-DENTON.A1 ReservationExpired',
    ]);
    const [other] = await move('installation', [[2, slot('A1', 1)]], { name: 'other' });
    expect(told(other!)).toBe('moved');
    release();
    expect((await outcomes).map(told)).toEqual(['rack/slot-taken']);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('lets the stalled writer try once more under a new reservation', async () => {
    const { release, outcomes } = await heldUp();
    await finishBy(expiry);
    release();
    expect((await outcomes).map(told)).toEqual(['moved']);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('yields to a move that was made before it was fenced, though its list is behind', async () => {
    await move('installation', [[1, slot('A1', 1)]]);
    streams.failFrom(2, 'after');
    await expect(move('relocation', [[1, slot('B1', 1)]])).rejects.toThrow();
    streams.heal();
    const behind = streams.log.slice(0, -1);
    expect(streams.log.at(-1)).toMatchObject({ type: 'MinerRelocated' });
    await finishDueMoves(new AggregateStore(streams), behind);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });
});

describe('moves at the same time', () => {
  it('of one miner: it ends in one place and no slot is lost', async () => {
    await move('installation', [[1, slot('A1', 1)]]);
    const places = [slot('B1', 1), slot('B1', 2), slot('A1', 5)];
    await Promise.allSettled(
      places.map((to, i) =>
        move('relocation', [[1, to]], { name: `rival ${i}`, by: new AggregateStore(streams) }),
      ),
    );
    await finishDueMoves(new AggregateStore(streams), streams.log);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('of one miner out of storage: one is made, the others are refused', async () => {
    const outcomes = await Promise.all(
      [slot('A1', 1), slot('B1', 1)].map((to, i) =>
        move('installation', [[1, to]], { name: `rival ${i}`, by: new AggregateStore(streams) }),
      ),
    );
    expect(outcomes.flat().map(told).sort()).toEqual(['miner/already-installed', 'moved']);
    const ends = streams.log.map(({ type }) => type).filter((type) => /Abandon|Release/.test(type));
    expect(ends).toEqual(['RelocationAbandoned', 'ReservationReleased']);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('into a nearly full rack: as many as its power carries', async () => {
    const outcomes = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map((number) =>
        move('installation', [[number, slot('C1', number)]], { name: `rival ${number}` }),
      ),
    );
    const codes = outcomes.flat().map(told);
    expect(codes.filter((code) => code === 'moved')).toHaveLength(2);
    expect(codes.filter((code) => code === 'rack/power-exceeded')).toHaveLength(6);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });
});
