import fc from 'fast-check';
import { contractAggregate } from '@hostledger/contracts';
import { AggregateStore, TooMuchContention, type RecordedEvent } from '@hostledger/eventsourcing';
import { InMemoryStreams, rowsOf } from '@hostledger/testing';
import { minerAggregate, type Miner, type MinerEvent } from '../domain/miner.js';
import { fleetMixDays, type MixDayRow } from '../read/mix/days.js';
import { fleetRackDays, type RackDayRow } from '../read/mix/racks.js';
import { contractId, setUpContract } from './delivery.fixture.js';
import { actOnMiners, type Wish } from './miner-acts.js';
import { moveMiners } from './move.js';
import { at, contextOf, serialOf, setUpFloor, slot, violationsIn } from './moves.fixture.js';
import { changePowerProfiles } from './power-profile.js';

// Three machines in two racks, switched, moved and throttled by three processes at once: some acts
// are recorded when they happen, some later, and some wait in an upload while others go ahead.

const MINERS = 3;
const PROCESSES = 3;
const HOUR_MS = 3_600_000;

const act = fc.record({
  number: fc.integer({ min: 1, max: MINERS }),
  by: fc.nat({ max: PROCESSES - 1 }),
  /** Hours before now that it happened, or that it was asked for where it is not dated. */
  hoursAgo: fc.oneof(fc.constant(0), fc.nat({ max: 60 })),
  isBackdated: fc.boolean(),
  what: fc.oneof(
    fc.constantFrom('on' as const, 'off' as const),
    fc.record({ watts: fc.constantFrom(2_000, 3_247) }),
    fc.record({ rack: fc.constantFrom('A1', 'B1'), slot: fc.integer({ min: 1, max: 4 }) }),
  ),
});
const round = fc.record({
  hoursLater: fc.nat({ max: 30 }),
  acts: fc.array(act, { minLength: 1, maxLength: 4 }),
});
type Round = typeof round extends fc.Arbitrary<infer T> ? T : never;

const seen = new Map<string, number>();

it('Dated acts among others leave the history of every machine in order, and days told right', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 6 }), async (rounds) => {
      const { log, told } = await play(rounds);
      const ofMiners = log.filter(({ stream }) => stream.startsWith('miner-'));
      expect(disorderIn(ofMiners)).toEqual([]);
      const notAsTold = ofMiners.filter(({ metadata: { commandId, occurredAt } }) => {
        return occurredAt !== (told.get(commandId) ?? occurredAt);
      });
      expect(notAsTold).toEqual([]);
      expect(violationsIn(log)).toEqual([]);
      const rows = dayRowsOf(ofMiners);
      const days = daysOf(ofMiners);
      expect(days.map((day) => asDaysTell(rows, day))).toEqual(
        days.map((day) => asMachinesTell(ofMiners, day)),
      );
      for (const { type, metadata } of ofMiners) {
        if (told.has(metadata.commandId)) seen.set(type, (seen.get(type) ?? 0) + 1);
      }
    }),
    { numRuns: 40 },
  );
  // Dated acts are not all refused; of which kinds some are accepted is chance.
  expect([...seen.values()].reduce((all, some) => all + some, 0)).toBeGreaterThan(20);
});

/** @returns the dates that acts were told with, by command id, beside the log. */
const play = async (rounds: readonly Round[]) => {
  const streams = new InMemoryStreams();
  const processes = Array.from({ length: PROCESSES }, () => new AggregateStore(streams));
  const [first] = processes;
  await setUpContract(first!);
  const activate = { type: 'ActivateContract', data: { activatedOn: '2023-10-01' }, at } as const;
  await first!.handle(contractAggregate, contractId, activate, contextOf('activate'));
  await setUpFloor(first!, { A1: 4, B1: 4 }, MINERS, contractId);
  const orders = Array.from({ length: MINERS }, (_, index) => ({
    serial: serialOf(index + 1),
    to: slot('A1', index + 1),
    context: contextOf(`before ${index}`),
  }));
  await moveMiners(first!, 'installation', orders, { context: contextOf('before'), now: at });

  const told = new Map<string, string>();
  let now = Date.parse(at);
  for (const [number, { hoursLater, acts }] of rounds.entries()) {
    now += hoursLater * HOUR_MS;
    const performed = acts.map(async ({ by, hoursAgo, isBackdated, what, ...of }, index) => {
      const serial = serialOf(of.number);
      const instant = new Date(now - hoursAgo * HOUR_MS).toISOString();
      const isMove = typeof what === 'object' && 'rack' in what;
      const isDated = isBackdated && !isMove;
      const asked = isDated || isMove ? new Date(now).toISOString() : instant;
      const context = contextOf(`act ${number}/${index}`, { at: asked });
      const occurredAt = isDated ? instant : undefined;
      if (occurredAt !== undefined) told.set(context.commandId, occurredAt);
      const store = processes[by]!;
      if (typeof what === 'string') {
        const wish: Wish =
          what === 'on'
            ? { type: 'EnergizeMiner', data: { serial } }
            : { type: 'DeenergizeMiner', data: { serial, cause: 'fault' } };
        return actOnMiners(store, [{ wish, context, occurredAt }]);
      }
      if ('rack' in what) {
        const move = { serial, to: slot(what.rack, what.slot), context };
        return moveMiners(store, 'relocation', [move], { context, now: asked });
      }
      const target = { profile: 'p', hashrateGhs: what.watts * 46, powerWatts: what.watts };
      const outcomes = await changePowerProfiles(store, [
        { serial, ...target, context, occurredAt },
      ]);
      // What the rack granted is dated after what came in between, never refused.
      const last = streams.log.findLast(({ metadata }) => metadata.commandId === context.commandId);
      if (last && occurredAt !== undefined && last.metadata.occurredAt > occurredAt) {
        told.delete(context.commandId);
      }
      return outcomes;
    });
    for (const outcome of await Promise.allSettled(performed)) {
      if (outcome.status === 'rejected' && !(outcome.reason instanceof TooMuchContention)) {
        throw outcome.reason;
      }
    }
  }
  return { log: streams.log, told };
};

/** Machines whose events, or whose switchings on and off, are not in the order of their times. */
const disorderIn = (events: readonly RecordedEvent[]): string[] =>
  [...Map.groupBy(events, ({ stream }) => stream)].flatMap(([stream, own]) => {
    const times = own.map(({ metadata }) => metadata.occurredAt);
    const isOrdered = times.every((time, index) => index === 0 || times[index - 1]! <= time);
    const switched = own.flatMap(({ type }) =>
      type === 'MinerEnergized' ? ['on'] : type === 'MinerDeenergized' ? ['off'] : [],
    );
    const isAlternating = switched.every((way, index) => way === (index % 2 ? 'off' : 'on'));
    return isOrdered && isAlternating ? [] : [`${stream} ${times.join(' ')} ${switched.join(' ')}`];
  });

const dayOf = ({ metadata }: RecordedEvent): string => metadata.occurredAt.slice(0, 10);

const daysOf = (events: readonly RecordedEvent[]): string[] => [...new Set(events.map(dayOf))];

interface Power {
  units: number;
  energizedUnits: number;
  energizedWatts: bigint;
}
type PowerByPlace = Record<string, Power>;

const add = (sums: PowerByPlace, place: string, part: Power): void => {
  const sum = sums[place] ?? { units: 0, energizedUnits: 0, energizedWatts: 0n };
  const units = sum.units + part.units;
  const energizedUnits = sum.energizedUnits + part.energizedUnits;
  const energizedWatts = sum.energizedWatts + part.energizedWatts;
  if (units === 0 && energizedUnits === 0 && energizedWatts === 0n) delete sums[place];
  else sums[place] = { units, energizedUnits, energizedWatts };
};

type DayRow = (MixDayRow | RackDayRow) & { readonly place: string };

const dayRowsOf = (events: readonly RecordedEvent[]): DayRow[] => [
  ...rowsOf<MixDayRow>(fleetMixDays, events).map((row) => ({ ...row, place: 'all' })),
  ...rowsOf<RackDayRow>(fleetRackDays, events).map((row) => ({ ...row, place: row.rack })),
];

/** The fleet and its racks as a day ended, by the read models of days. */
const asDaysTell = (rows: readonly DayRow[], day: string): PowerByPlace => {
  const sums: PowerByPlace = {};
  for (const row of rows.filter((one) => one.day <= day)) {
    const { units, energized_units: energizedUnits, energized_watts: energizedWatts } = row;
    add(sums, row.place, { units, energizedUnits, energizedWatts });
  }
  return sums;
};

/** The same by the machines, each as what had happened to it by then made it. */
const asMachinesTell = (events: readonly RecordedEvent[], day: string): PowerByPlace => {
  const sums: PowerByPlace = {};
  const until = events.filter((event) => dayOf(event) <= day);
  for (const own of Map.groupBy(until, ({ stream }) => stream).values()) {
    const miner = own.reduce<Miner>(
      (state, event) => minerAggregate.evolve(state, event as unknown as MinerEvent),
      minerAggregate.initialState,
    );
    if (miner.status !== 'installed') throw new Error('It never leaves the racks');
    const watts = miner.energized ? miner.powerWatts : 0;
    const energizedUnits = miner.energized ? 1 : 0;
    const part = { units: 1, energizedUnits, energizedWatts: BigInt(watts) };
    add(sums, 'all', part);
    add(sums, miner.place.rack, part);
  }
  return sums;
};
