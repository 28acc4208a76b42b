import fc from 'fast-check';
import { mapLimited, type AggregateStore, type RecordedEvent } from '@hostledger/eventsourcing';
import { rackAggregate, rackId, type Rack } from '@hostledger/sites';
import { minerAggregate } from '../domain/miner.js';
import { movesIn } from '../domain/relocation-moves.js';
import { Home, turnsOf } from '@hostledger/testing';
import { benchSwap, benchSwapsProcess, openSwaps } from './bench-swap.js';
import { actOnMiners, type Wish } from './miner-acts.js';
import { moveMiners } from './move.js';
import {
  at,
  contextOf,
  disagreementsIn,
  FAR_FUTURE,
  finishDueMoves,
  itemsIn,
  openFacility,
  NAMEPLATE_WATTS,
  serialOf,
  setUpFloor,
  slot,
  violationsIn,
} from './moves.fixture.js';
import { changePowerProfiles, openGrants, powerProfilesProcess } from './power-profile.js';
import { awaitedMachines, awaitedMachinesProcess } from './relocation-gone.js';
import { reservationOf } from './relocation-plan.js';
import {
  approve,
  callOff,
  carryOutDue,
  propose,
  relocationOf,
  report,
  setUpRackAtPecos,
} from './relocation.fixture.js';

// The real kernel on the embedded node. A failure prints the seed and the smallest sequence.

/** Longer than any of these takes on a busy machine. */
const WITHIN_MS = 120_000;
const RACK_SLOTS = 500;

const commission = async (store: AggregateStore, rack: string, carries: number): Promise<void> => {
  const powerLimitWatts = carries * NAMEPLATE_WATTS;
  const data = { facility: 'DENTON', rack, slotCount: RACK_SLOTS, powerLimitWatts };
  const command = { type: 'CommissionRack', data, at } as const;
  await store.handle(rackAggregate, rackId('DENTON', rack), command, contextOf(rack));
};

const install = async (store: AggregateStore, numbers: readonly number[], rack: string) => {
  await mapLimited(numbers, 64, async (line) => {
    const data = {
      serial: serialOf(line),
      model: 'S19JXP-151',
      contractId: 'contract-1',
      customerId: 'customer-1',
      deliveryId: 'delivery-1',
      line,
      facility: 'DENTON',
      condition: 'ok',
    } as const;
    const command = { type: 'ReceiveMiner', data, at } as const;
    await store.handle(minerAggregate, data.serial, command, contextOf(data.serial));
  });
  const orders = numbers.map((number, index) => ({
    serial: serialOf(number),
    to: slot(rack, index + 1),
    context: contextOf(`install ${number}`),
  }));
  const run = { context: contextOf(`install into ${rack}`), now: at };
  const outcomes = await moveMiners(store, 'installation', orders, run);
  expect(outcomes.filter(({ status }) => status === 'refused')).toEqual([]);
};

/** The node stamps events with the clock, by which the to-do list goes. */
const later = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const rackState = async (
  store: AggregateStore,
  rack: string,
): Promise<Extract<Rack, { status: 'commissioned' }>> => {
  const { state } = await store.load(rackAggregate, rackId('DENTON', rack), { fresh: true });
  if (state.status === 'unknown') throw new Error(`No rack ${rack}`);
  return state;
};

const holds = ({
  slots,
}: {
  readonly slots: readonly ({ readonly status: string } | undefined)[];
}) => {
  const count = (status: string) => slots.filter((hold) => hold?.status === status).length;
  return { occupied: count('occupied'), reserved: count('reserved') };
};

describe('1,000 concurrent relocations into one nearly full rack', () => {
  const STANDING = 13;
  const FREE = 7;

  let home: Home;
  beforeEach(async () => (home = await Home.open()));
  afterEach(() => home.close());

  const fill = async (): Promise<void> => {
    const store = home.process();
    await commission(store, 'FULL', STANDING + FREE);
    await commission(store, 'A', RACK_SLOTS);
    await commission(store, 'B', RACK_SLOTS);
    await install(store, range(1, STANDING), 'FULL');
    await install(store, range(1_001, 1_500), 'A');
    await install(store, range(1_501, 2_000), 'B');
  };
  /** Every one of them wants one of ten free slots; power is there for seven. */
  const targetOf = (index: number) => slot('FULL', STANDING + 1 + (index % 10));

  const planOf = async (store: AggregateStore, first: number): Promise<string> => {
    const moves = range(0, 9).map((index) => {
      const { facility, rack, slot: n } = targetOf(index);
      return { serial: serialOf(first + index), facility, rack, slot: n };
    });
    const id = await propose(store, moves, `plan ${first}`);
    await approve(store, id, later(0));
    return id;
  };

  it(
    'alone and by plans: never over its limit, and no reservation is left after its time',
    async () => {
      await fill();
      const plans = await mapLimited(range(0, 49), 8, (n) =>
        planOf(home.process(), 1_501 + n * 10),
      );
      const approved = await home.log();
      // Of each kind of process one dies on the way; what it had reserved has to come back.
      const movers = [home.process(), home.process(), home.process(5), home.process(2)];
      const alone = range(1_001, 1_500).map(async (number) => {
        const context = contextOf(`relocate ${number}`);
        const order = { serial: serialOf(number), to: targetOf(number), context };
        const mover = movers[number % movers.length]!;
        return moveMiners(mover, 'relocation', [order], { context, now: at });
      });
      const owners = [home.process(), home.process(9)];
      const planned = owners.map((owner) => carryOutDue(owner, home.events, approved, later(1)));
      await Promise.allSettled([...alone, ...planned]);
      expect(violationsIn(await home.log())).toEqual([]);

      await finishDueMoves(home.process(), await home.log(), FAR_FUTURE);
      await carryOutDue(home.process(), home.events, await home.log(), later(2));
      await finishDueMoves(home.process(), await home.log(), FAR_FUTURE);
      const log = await home.log();
      expect(violationsIn(log)).toEqual([]);
      expect(disagreementsIn(log)).toEqual([]);
      expect(holds(await rackState(home.process(), 'FULL')).reserved).toBe(0);
      const states = await mapLimited(plans, 16, (id) => relocationOf(home.process(), id));
      expect(states.map(({ status }) => status)).toEqual(plans.map(() => 'completed'));

      // What came back too late for all of them can be had by those who ask now.
      const last = home.process();
      for (const number of range(1_001, 1_100)) {
        const context = contextOf(`once more ${number}`);
        const order = { serial: serialOf(number), to: targetOf(number), context };
        await moveMiners(last, 'relocation', [order], { context, now: at });
      }
      const full = await rackState(home.process(), 'FULL');
      expect(holds(full)).toEqual({ occupied: STANDING + FREE, reserved: 0 });
      expect(full.powerWattsInUse).toBe(full.powerLimitWatts);
    },
    WITHIN_MS,
  );
});

const MINERS = 5;

/** What may come between a machine and its departure or its arrival. */
const lifeOf = (serial: string): fc.Arbitrary<Wish> => {
  const repair = { serial, repairId: `repair-${serial}` };
  return fc.constantFrom<Wish[]>(
    { type: 'OpenRepair', data: { ...repair, fault: 'fan' } },
    { type: 'SendToVendor', data: { ...repair, vendor: 'Bitmain Care' } },
    { type: 'ReturnFromVendor', data: { ...repair, facility: 'DENTON' } },
    { type: 'CloseRepair', data: { ...repair, outcome: 'repaired' } },
    { type: 'RetireMiner', data: { serial, cause: 'sold' } },
    { type: 'RetireMiner', data: { serial, cause: 'lost' } },
  );
};

const target = fc.record({
  number: fc.integer({ min: 1, max: MINERS }),
  rack: fc.constantFrom('A1', 'B1', 'P1'),
  slot: fc.integer({ min: 1, max: 4 }),
});
const targets = fc.uniqueArray(target, { minLength: 1, maxLength: 3, selector: (t) => t.number });
/** Two processes at one time are one that does not know yet that it lost its lock. */
const by = fc.uniqueArray(fc.nat({ max: 1 }), { minLength: 1, maxLength: 2 });
const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('carryOut' as const), by }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('move' as const), targets }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom('departure' as const, 'arrival' as const),
      plan: fc.nat(1),
      by,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('profile' as const),
      number: fc.integer({ min: 1, max: MINERS }),
      watts: fc.constantFrom(2_400, NAMEPLATE_WATTS),
      by: fc.nat(1),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('life' as const),
      wish: fc.integer({ min: 1, max: MINERS }).chain((n) => lifeOf(serialOf(n))),
      by: fc.nat(1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('swap' as const),
      number: fc.integer({ min: 1, max: MINERS }),
      spare: fc.integer({ min: 1, max: MINERS }),
      by: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('callOff' as const), plan: fc.nat(1) }) },
  // Whatever is held is found overdue, however young it is.
  { weight: 1, arbitrary: fc.record({ type: fc.constant('expire' as const), by }) },
);
const death = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 15 }));

it(
  'no sequence of plans, moves, deaths and time-outs breaks a rule of the floor',
  async () => {
    const planned = fc.array(targets, { minLength: 1, maxLength: 2 });
    // What is in one list happens at the same time.
    const atOnce = fc.array(act, { minLength: 1, maxLength: 4 });
    const sequence = fc.array(atOnce, { minLength: 1, maxLength: 4 });
    const deaths = fc.tuple(death, death);
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), planned, sequence, deaths, (...told) =>
        Home.during((home) => runSequence(home, ...told)),
      ),
      { numRuns: 15, interruptAfterTimeLimit: WITHIN_MS / 2, markInterruptAsFailure: false },
    );
  },
  WITHIN_MS,
);

type Target = typeof target extends fc.Arbitrary<infer T> ? T : never;
type Act = typeof act extends fc.Arbitrary<infer A> ? A : never;

const runSequence = async (
  home: Home,
  scheduler: fc.Scheduler,
  planned: readonly (readonly Target[])[],
  sequence: readonly (readonly Act[])[],
  dying: readonly number[],
): Promise<void> => {
  const sound = home.process();
  await setUpFloor(sound, { A1: 3, B1: 3 }, MINERS);
  await setUpRackAtPecos(sound, 'P1', 2);
  await openFacility(sound, 'DENTON');
  await moveMiners(
    sound,
    'installation',
    [1, 2].map((number) => ({
      serial: serialOf(number),
      to: slot('A1', number),
      context: contextOf(`before ${number}`),
    })),
    { context: contextOf('before'), now: at },
  );
  const turn = turnsOf(scheduler);
  const workers = dying.map((lastAppend) => home.process(lastAppend, turn));
  const operator = home.process(Infinity, turn);
  const plans = await mapLimited(planned, 1, async (wanted, index) => {
    const moves = wanted.map(({ number, ...to }) => ({
      serial: serialOf(number),
      facility: facilityOf(to.rack),
      ...to,
    }));
    const id = await propose(sound, moves, `plan ${index}`);
    await approve(sound, id, later(0));
    return id;
  });
  const perform = async (what: Act, index: number): Promise<void> => {
    switch (what.type) {
      case 'move': {
        const orders = what.targets.map(({ number, rack, slot: n }) => ({
          serial: serialOf(number),
          to: { ...slot(rack, n), facility: facilityOf(rack) },
          context: contextOf(`act ${index} ${number}`),
        }));
        await moveMiners(operator, 'relocation', orders, {
          context: contextOf(`act ${index}`),
          now: at,
        });
        return;
      }
      case 'profile': {
        const { number, watts: powerWatts } = what;
        const profile = { profile: `p${powerWatts}`, hashrateGhs: powerWatts * 46, powerWatts };
        const context = contextOf(`act ${index}`);
        await changePowerProfiles(workers[what.by]!, [
          { serial: serialOf(number), ...profile, context },
        ]);
        return;
      }
      case 'life':
        await actOnMiners(workers[what.by]!, [
          { wish: what.wish, context: contextOf(`act ${index}`) },
        ]);
        return;
      case 'swap': {
        const [serial, spareSerial] = [serialOf(what.number), serialOf(what.spare)];
        const order = { serial, spareSerial, context: contextOf(`act ${index}`) };
        await benchSwap(workers[what.by]!, order);
        return;
      }
      case 'departure':
      case 'arrival': {
        const { type, plan } = what;
        const [id, moves] = [plans[plan], planned[plan]];
        if (id === undefined || !moves) return;
        const lines = moves.map(({ number }) => ({ serial: serialOf(number) }));
        await Promise.allSettled(
          what.by.map((number) =>
            report(workers[number]!, home.events, type, id, lines, `act ${index}`),
          ),
        );
        return;
      }
      case 'callOff': {
        const id = plans[what.plan];
        return id === undefined ? undefined : callOff(operator, id);
      }
      case 'carryOut':
      case 'expire': {
        const log = await turn('read all', () => home.log());
        const now = what.type === 'expire' ? FAR_FUTURE_OF_PLANS : later(1);
        await Promise.allSettled(
          what.by.map(async (number) => {
            const worker = workers[number]!;
            if (what.type === 'expire') await finishDueMoves(worker, log, now);
            await carryOutDue(worker, home.events, log, now);
          }),
        );
      }
    }
  };
  const acts = sequence.flat();
  for (const atOnce of sequence) {
    const performed = atOnce.map((what) => perform(what, acts.indexOf(what)));
    await scheduler.waitFor(Promise.allSettled(performed));
    expect(violationsIn(await home.log())).toEqual([]);
  }

  // The operations that died are performed again, and what is on the road arrives.
  for (const now of [later(2), FAR_FUTURE_OF_PLANS]) {
    await repeatReports(home, plans, planned, acts);
    await carryOutDue(home.process(), home.events, await home.log(), now);
    await finishDueMoves(home.process(), await home.log(), FAR_FUTURE_OF_PLANS);
    await runProcesses(home);
  }
  await repeatReports(home, plans, planned, [...acts, ...plans.map(arrivalOf)]);
  const log = await home.log();
  expect(violationsIn(log)).toEqual([]);
  expect(disagreementsIn(log)).toEqual([]);
  expect(await untruthsIn(home, plans, log)).toEqual([]);
  expect([openSwaps, openGrants, awaitedMachines].flatMap((list) => itemsIn(list, log))).toEqual(
    [],
  );
};

/** As the other processes do with what deaths left. */
const runProcesses = async (home: Home): Promise<void> => {
  const store = home.process();
  const lists = [
    [openSwaps, benchSwapsProcess(store)],
    [openGrants, powerProfilesProcess(store)],
    [awaitedMachines, awaitedMachinesProcess(store, home.events)],
  ] as const;
  for (const [list, worker] of lists) {
    for (const item of itemsIn<never>(list, await home.log())) {
      await worker.perform(item, { at: FAR_FUTURE, signal: new AbortController().signal });
    }
  }
  await finishDueMoves(store, await home.log(), FAR_FUTURE_OF_PLANS);
};

const facilityOf = (rack: string): string => (rack === 'P1' ? 'PECOS' : 'DENTON');

const arrivalOf = (_: string, plan: number): Act => ({ type: 'arrival', plan, by: [0] });

/** As the process of operations does until they are done; each under the name it had. */
const repeatReports = async (
  home: Home,
  plans: readonly string[],
  planned: readonly (readonly Target[])[],
  acts: readonly Act[],
): Promise<void> => {
  for (const [index, what] of acts.entries()) {
    if (what.type !== 'departure' && what.type !== 'arrival') continue;
    const [id, moves] = [plans[what.plan], planned[what.plan]];
    if (id === undefined || !moves) continue;
    const lines = moves.map(({ number }) => ({ serial: serialOf(number) }));
    await report(home.process(), home.events, what.type, id, lines, `act ${index}`);
  }
};

const FAR_FUTURE_OF_PLANS = '2099-01-01T00:00:00.000Z';

/** What plans tell and the machines do not. */
const untruthsIn = async (
  home: Home,
  plans: readonly string[],
  log: readonly RecordedEvent[],
): Promise<string[]> => {
  const moved = new Set(
    log
      .filter(({ type }) => type === 'MinerInstalled' || type === 'MinerRelocated')
      .map(({ data }) => (data as { reservationId: string }).reservationId),
  );
  const untruths: string[] = [];
  for (const id of plans) {
    const relocation = await relocationOf(home.process(), id);
    if (relocation.status !== 'completed') untruths.push(`${id} is ${relocation.status}`);
    for (const move of movesIn(relocation, 0, 'aborted')) {
      if (moved.has(reservationOf(id, { move }))) untruths.push(`${id} ${move} was made`);
    }
  }
  return untruths;
};
