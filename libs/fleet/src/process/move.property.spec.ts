import fc from 'fast-check';
import { AggregateStore, StoreUnavailable, type StreamAccess } from '@hostledger/eventsourcing';
import { InMemoryStreams } from '@hostledger/testing';
import { moveMiners } from './move.js';
import {
  at,
  contextOf,
  disagreementsIn,
  finishDueMoves,
  serialOf,
  setUpFloor,
  slot,
  violationsIn,
} from './moves.fixture.js';

const MINERS = 4;

/** One process: its own cache of states, and perhaps its death at one of its appends. */
const process = (streams: InMemoryStreams, turn: () => Promise<void>, lastAppend: number) => {
  let appends = 0;
  const access: StreamAccess = {
    append: async (...append) => {
      await turn();
      appends += 1;
      if (appends > lastAppend) throw new StoreUnavailable('The process died here');
      const reply = await streams.append(...append);
      await turn();
      return reply;
    },
    readStream: async (...read) => {
      await turn();
      return streams.readStream(...read);
    },
  };
  return new AggregateStore(access);
};

const installedBefore = [1, 2].map((number) => ({
  serial: serialOf(number),
  to: slot('A1', number),
  context: contextOf(`before ${number}`),
}));

const target = fc.record({
  number: fc.integer({ min: 1, max: MINERS }),
  rack: fc.constantFrom('A1', 'B1'),
  slot: fc.integer({ min: 1, max: 3 }),
});

const act = fc.oneof(
  {
    weight: 4,
    // Two of them at once are a process that does not know yet that it lost its lock.
    arbitrary: fc.record({
      kind: fc.constantFrom('installation' as const, 'relocation' as const),
      by: fc.uniqueArray(fc.nat({ max: 2 }), { minLength: 1, maxLength: 2 }),
      targets: fc.uniqueArray(target, { minLength: 1, maxLength: 3, selector: (t) => t.number }),
    }),
  },
  // The owner of the to-do list finds every reservation overdue, however young it is.
  { weight: 1, arbitrary: fc.constant({ kind: 'finish' as const, by: [3], targets: [] }) },
);

const lastAppend = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 12 }));

it('no interleaving of movers, deaths and time-outs breaks a rule of the floor', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(act, { minLength: 4, maxLength: 8 }),
      fc.array(lastAppend, { minLength: 4, maxLength: 4 }),
      async (scheduler, acts, deaths) => {
        const streams = new InMemoryStreams();
        await setUpFloor(new AggregateStore(streams), { A1: 2, B1: 3 }, MINERS);
        await moveMiners(new AggregateStore(streams), 'installation', installedBefore, {
          context: contextOf('before'),
          now: at,
        });
        const turn = () => scheduler.schedule(Promise.resolve());
        const processes = deaths.map((death) => process(streams, turn, death));

        const running = acts.flatMap(({ kind, by, targets }, index) =>
          by.map(async (number) => {
            const store = processes[number]!;
            if (kind === 'finish') return finishDueMoves(store, streams.log);
            const orders = targets.map(({ number: miner, rack, slot: n }) => ({
              serial: serialOf(miner),
              to: slot(rack, n),
              context: contextOf(`act ${index} ${miner}`),
            }));
            return moveMiners(store, kind, orders, { context: contextOf(`act ${index}`), now: at });
          }),
        );
        await scheduler.waitFor(Promise.allSettled(running));
        expect(violationsIn(streams.log)).toEqual([]);

        await finishDueMoves(new AggregateStore(streams), streams.log);
        expect(violationsIn(streams.log)).toEqual([]);
        expect(disagreementsIn(streams.log)).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});
