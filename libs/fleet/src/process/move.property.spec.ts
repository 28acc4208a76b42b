import fc from 'fast-check';
import { Home, turnsOf } from '@hostledger/testing';
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

const WITHIN_MS = 120_000;
const MINERS = 4;

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

type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
const lastAppend = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 12 }));

it(
  'no interleaving of movers, deaths and time-outs breaks a rule of the floor',
  async () => {
    const acts = fc.array(act, { minLength: 4, maxLength: 8 });
    const deaths = fc.array(lastAppend, { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), acts, deaths, (...told) =>
        Home.during((home) => interleave(home, ...told)),
      ),
      { numRuns: 40, interruptAfterTimeLimit: WITHIN_MS / 3, markInterruptAsFailure: false },
    );
  },
  WITHIN_MS,
);

const interleave = async (
  home: Home,
  scheduler: fc.Scheduler,
  acts: readonly Act[],
  deaths: readonly number[],
): Promise<void> => {
  const sound = home.process();
  await setUpFloor(sound, { A1: 2, B1: 3 }, MINERS);
  const before = { context: contextOf('before'), now: at };
  await moveMiners(sound, 'installation', installedBefore, before);
  const turn = turnsOf(scheduler);
  const processes = deaths.map((death) => home.process(death, turn));

  const running = acts.flatMap(({ kind, by, targets }, index) =>
    by.map(async (number) => {
      const store = processes[number]!;
      if (kind === 'finish') return finishDueMoves(store, await home.log());
      const orders = targets.map(({ number: miner, rack, slot: n }) => ({
        serial: serialOf(miner),
        to: slot(rack, n),
        context: contextOf(`act ${index} ${miner}`),
      }));
      return moveMiners(store, kind, orders, { context: contextOf(`act ${index}`), now: at });
    }),
  );
  await scheduler.waitFor(Promise.allSettled(running));
  expect(violationsIn(await home.log())).toEqual([]);

  await finishDueMoves(home.process(), await home.log());
  const log = await home.log();
  expect([...violationsIn(log), ...disagreementsIn(log)]).toEqual([]);
};
