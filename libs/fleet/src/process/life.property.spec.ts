import fc from 'fast-check';
import {
  contractAggregate,
  customerAggregate,
  type AssignmentReleased,
  type ContractCommand,
  type CustomerCommand,
  type LifecycleEvent,
  type MachinesAssigned,
} from '@hostledger/contracts';
import {
  deriveId,
  type AggregateStore,
  type Recorded,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { rackAggregate, rackId } from '@hostledger/sites';
import type { LifeEvent } from '../domain/miner-life.js';
import { minerAggregate } from '../domain/miner.js';
import { assignmentKind } from './assign.js';
import { benchSwap, benchSwapsProcess, openSwaps } from './bench-swap.js';
import { countLeaversProcess, openLeavers } from './count-leavers.js';
import { contractId, setUpContract } from './delivery.fixture.js';
import { Home, turnsOf } from '@hostledger/testing';
import { actOnMiners, type Wish } from './miner-acts.js';
import { moveMiners } from './move.js';
import {
  at,
  contextOf,
  disagreementsIn,
  finishDueMoves,
  itemsIn,
  serialOf,
  setUpFloor,
  slot,
  violationsIn,
} from './moves.fixture.js';
import { changePowerProfiles, openGrants, powerProfilesProcess } from './power-profile.js';
import { uninstallMiners } from './uninstall.js';

// Whatever happens to machines, by several processes at once of which some die: on the real kernel
// and the embedded node. A failure prints the seed and the smallest sequence.

const WITHIN_MS = 120_000;
const MINERS = 5;
const ALLOCATED = 3;
const WATTS = 3_247;
const allocationId = deriveId('allocation');
const documentDigest = 'd'.repeat(64);
const sale = { effectiveOn: '2023-10-01', documentDigest };
const FAR_FUTURE = '2099-01-01T00:00:00.000Z';

const repairOf = (n: number) => ({ serial: serialOf(n), repairId: `repair-${serialOf(n)}` });
const number = fc.integer({ min: 1, max: MINERS });
const by = fc.nat({ max: 2 });
const place = fc.record({
  rack: fc.constantFrom('A1', 'B1'),
  slot: fc.integer({ min: 1, max: 3 }),
});
const wish = (serial: string): fc.Arbitrary<Wish> =>
  fc.constantFrom<Wish[]>(
    { type: 'EnergizeMiner', data: { serial } },
    { type: 'EnergizeMiner', data: { serial } },
    { type: 'EnergizeMiner', data: { serial, override: { approvedBy: 'bob', reason: 'burn-in' } } },
    { type: 'DeenergizeMiner', data: { serial, cause: 'fault' } },
    { type: 'OpenRepair', data: { serial, repairId: `repair-${serial}`, fault: 'fan' } },
    { type: 'CloseRepair', data: { serial, repairId: `repair-${serial}`, outcome: 'repaired' } },
    { type: 'UnassignMiner', data: { serial, cause: 'request' } },
    { type: 'RetireMiner', data: { serial, cause: 'sold' } },
  );
/** The last machine is under repair in storage from the beginning, so that it may be sent away. */
const sentAway = fc.constantFrom<Wish[]>(
  { type: 'SendToVendor', data: { ...repairOf(MINERS), vendor: 'Bitmain Care' } },
  { type: 'ReturnFromVendor', data: { ...repairOf(MINERS), facility: 'DENTON' } },
);
const sold = fc
  .tuple(number, fc.constantFrom('customer-1', 'customer-2'))
  .map(([n, toCustomerId]): Wish => ({
    type: 'TransferTitle',
    data: { serial: serialOf(n), toCustomerId, ...sale },
  }));
const act = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('wish' as const),
      wish: fc.oneof(sentAway, sold),
      by,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('installation' as const, 'relocation' as const),
      number,
      place,
      by,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('wish' as const),
      wish: number.chain((n) => wish(serialOf(n))),
      by,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('uninstallation' as const), number, by }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('profile' as const),
      number,
      watts: fc.constantFrom(2_000, WATTS, 4_500),
      by,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('swap' as const), number, spare: number, by }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('assignment' as const),
      numbers: fc.uniqueArray(number, { minLength: 1, maxLength: 4 }),
      by,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('derating' as const),
      rack: fc.constantFrom('A1', 'B1'),
      watts: fc.constantFrom(1_000, 5_000, 3 * WATTS),
      by,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('processes' as const), by }) },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
/** What is in one list happens at the same time; service is suspended or resumed in between. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.array(act, { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom('SuspendService' as const, 'ResumeService' as const) },
);
const death = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 15 }));

const seen = new Set<string>();

it(
  'no life of machines breaks a rule, whoever acts at once and dies',
  async () => {
    const steps = fc.array(step, { minLength: 2, maxLength: 6 });
    let lives = 0;
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, fc.tuple(death, death, death), (...told) => {
        lives += 1;
        return Home.during((home) => live(home, ...told));
      }),
      { numRuns: 30, interruptAfterTimeLimit: WITHIN_MS / 3, markInterruptAsFailure: false },
    );
    // The acts are not all refused; on a machine too slow for many lives that shows elsewhere.
    if (lives < 30) return;
    const outcomes = ['MinerSentToVendor', 'TitleTransferred'];
    expect([...seen]).toEqual(expect.arrayContaining(outcomes));
  },
  WITHIN_MS,
);

const live = async (
  home: Home,
  scheduler: fc.Scheduler,
  steps: readonly (readonly Act[] | 'SuspendService' | 'ResumeService')[],
  deaths: readonly number[],
): Promise<void> => {
  const sound = home.process();
  await begin(sound, home);
  const turn = turnsOf(scheduler);
  const workers = deaths.map((lastAppend) => home.process(lastAppend, turn));
  for (const [index, atOnce] of steps.entries()) {
    if (typeof atOnce === 'string') {
      await changeService(sound, atOnce, index);
      continue;
    }
    const performed = atOnce.map((what, n) =>
      perform(workers[what.by]!, home, what, `act ${index}/${n}`),
    );
    await scheduler.waitFor(Promise.allSettled(performed));
    const log = await home.log();
    expect([...violationsIn(log), ...breachesIn(log)]).toEqual([]);
  }

  // Uploads that died are performed again, and the processes do what was left.
  for (const [index, atOnce] of steps.entries()) {
    if (typeof atOnce === 'string') continue;
    for (const [n, what] of atOnce.entries()) {
      if (what.type === 'assignment')
        await perform(home.process(), home, what, `act ${index}/${n}`);
    }
  }
  for (let round = 0; round < 3; round += 1) await runProcesses(home.process(), home);
  const log = await home.log();
  for (const { type } of log) seen.add(type);
  expect([...violationsIn(log), ...breachesIn(log), ...disagreementsIn(log)]).toEqual([]);
  expect([openLeavers, openGrants, openSwaps].flatMap((list) => itemsIn(list, log))).toEqual([]);
  expect(await untruthsIn(home.process())).toEqual([]);
};

/** Two machines stand in slots and are assigned; the others are in storage. */
const begin = async (store: AggregateStore, home: Home): Promise<void> => {
  await setUpContract(store);
  for (const customerId of ['customer-1', 'customer-2']) {
    const data = { customerId, name: customerId, legalName: customerId, country: 'US' };
    const command: CustomerCommand = { type: 'RegisterCustomer', data, at };
    await store.handle(customerAggregate, customerId, command, contextOf(customerId));
  }
  await setUpFloor(store, { A1: 3, B1: 2 }, MINERS, contractId);
  const orderId = deriveId('order');
  const amount = { units: ALLOCATED, powerWatts: ALLOCATED * WATTS };
  const rateCard = { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' } as const;
  const commands: ContractCommand[] = [
    {
      type: 'AdoptTerms',
      data: { effectiveOn: '2023-09-25', documentDigest, clauses: [], rateCard },
      at,
    },
    { type: 'ActivateContract', data: { activatedOn: '2023-09-26' }, at },
    {
      type: 'PlaceOrder',
      data: { orderId, reference: 'SO-1', ...amount, startsOn: '2023-10-01' },
      at,
    },
    {
      type: 'AllocateCustomer',
      data: { orderId, allocationId, facility: 'DENTON', ...amount, effectiveOn: '2023-10-01' },
      at,
    },
  ];
  for (const command of commands) {
    await store.handle(contractAggregate, contractId, command, contextOf(`set ${command.type}`));
  }
  const orders = [1, 2].map((n) => ({
    serial: serialOf(n),
    to: slot('A1', n),
    context: contextOf(`before ${n}`),
  }));
  await moveMiners(store, 'installation', orders, { context: contextOf('before'), now: at });
  const repair: Wish = { type: 'OpenRepair', data: { ...repairOf(MINERS), fault: 'fan' } };
  await actOnMiners(store, [{ wish: repair, context: contextOf('repair') }]);
  const assignment: Act = { type: 'assignment', numbers: [1, 2], by: 0 };
  await perform(store, home, assignment, 'before');
};

const changeService = async (
  store: AggregateStore,
  type: 'SuspendService' | 'ResumeService',
  index: number,
): Promise<void> => {
  const command: ContractCommand =
    type === 'SuspendService'
      ? { type, data: { suspendedOn: '2023-10-02', cause: 'nonPayment' }, at }
      : { type, data: { resumedOn: '2023-10-02' }, at };
  const changed = store.handle(
    contractAggregate,
    contractId,
    command,
    contextOf(`service ${index}`),
  );
  // Resumed although it was not suspended: refused, and nothing happens.
  await changed.catch(() => undefined);
};

const perform = async (
  store: AggregateStore,
  home: Home,
  what: Act,
  name: string,
): Promise<unknown> => {
  const context = contextOf(name);
  switch (what.type) {
    case 'installation':
    case 'relocation': {
      const order = { serial: serialOf(what.number), to: slot(what.place.rack, what.place.slot) };
      return moveMiners(store, what.type, [{ ...order, context }], { context, now: at });
    }
    case 'wish':
      return actOnMiners(store, [{ wish: what.wish, context }]);
    case 'uninstallation':
      return uninstallMiners(store, [{ serial: serialOf(what.number), context }], context);
    case 'profile': {
      const target = { profile: `p${what.watts}`, hashrateGhs: what.watts * 46 };
      const order = { serial: serialOf(what.number), ...target, powerWatts: what.watts, context };
      return changePowerProfiles(store, [order]);
    }
    case 'swap': {
      const [serial, spareSerial] = [serialOf(what.number), serialOf(what.spare)];
      return benchSwap(store, { serial, spareSerial, context });
    }
    case 'assignment': {
      const lines = what.numbers.map((n, line) => ({
        line,
        value: { serial: serialOf(n), contractId, allocationId },
      }));
      return assignmentKind(store, home.events).perform({
        ...{
          operationId: name,
          chunk: 0,
          params: {},
          lines,
          refusedAtUpload: [],
          context,
          now: at,
        },
        signal: new AbortController().signal,
      });
    }
    case 'derating': {
      const { rack, watts: powerLimitWatts } = what;
      const command =
        powerLimitWatts < 3 * WATTS
          ? ({ type: 'DerateRack', data: { powerLimitWatts, cause: 'heat' }, at } as const)
          : ({ type: 'RestoreRack', data: {}, at } as const);
      return store.handle(rackAggregate, rackId('DENTON', rack), command, context);
    }
    case 'processes':
      return runProcesses(store, home);
  }
};

/** Everything is found overdue, however young it is. */
const runProcesses = async (store: AggregateStore, home: Home): Promise<void> => {
  const act = { at: FAR_FUTURE, signal: new AbortController().signal };
  const log = await home.log();
  await finishDueMoves(store, log, FAR_FUTURE);
  const lists = [
    [openSwaps, benchSwapsProcess(store)],
    [openGrants, powerProfilesProcess(store)],
    [openLeavers, countLeaversProcess(store)],
  ] as const;
  for (const [list, process] of lists) {
    for (const item of itemsIn<never>(list, log)) await process.perform(item, act);
  }
};

type Told = Recorded<LifeEvent | LifecycleEvent | MachinesAssigned | AssignmentReleased>;

/** What the log tells by itself of power and of allocations, and what breaks a rule. */
const breachesIn = (log: readonly RecordedEvent[]): string[] => {
  const breaches: string[] = [];
  const energized = new Set<string>();
  const retired = new Set<string>();
  const owners = new Map<string, string>();
  const seated = new Set<string>();
  let stage = 'executed';
  let counted = 0;
  let seats = 0;
  const must = (rule: boolean, event: RecordedEvent, what: string): void => {
    if (!rule)
      breaches.push(`${event.position} ${event.type} ${JSON.stringify(event.data)}: ${what}`);
  };
  for (const event of log as Told[]) {
    switch (event.type) {
      case 'ContractActivated':
      case 'ServiceResumed':
        stage = 'active';
        break;
      case 'ServiceSuspended':
        stage = 'suspended';
        break;
      case 'MinerEnergized': {
        const { serial, override } = event.data;
        must(
          stage === 'active' || override?.approvedBy === 'bob',
          event,
          'the contract is not active',
        );
        must(!energized.has(serial) && !retired.has(serial), event, 'it draws power or is gone');
        energized.add(serial);
        break;
      }
      case 'MinerDeenergized':
        must(energized.delete(event.data.serial), event, 'it draws no power');
        break;
      case 'MinerRetired':
        must(!energized.has(event.data.serial), event, 'it draws power');
        retired.add(event.data.serial);
        break;
      case 'MachinesAssigned':
        counted += event.data.units;
        must(counted <= ALLOCATED, event, 'more than was allocated');
        break;
      case 'AssignmentReleased':
        counted -= event.data.units;
        break;
      case 'TitleTransferred': {
        const { serial, fromCustomerId, toCustomerId } = event.data;
        must(fromCustomerId === (owners.get(serial) ?? 'customer-1'), event, 'not its to sell');
        must(!seated.has(serial) && !retired.has(serial), event, 'it is assigned or gone');
        owners.set(serial, toCustomerId);
        break;
      }
      case 'MinerAssigned':
        must((owners.get(event.data.serial) ?? 'customer-1') === 'customer-1', event, 'not theirs');
        seated.add(event.data.serial);
        seats += 1;
        break;
      case 'MinerUnassigned':
        seated.delete(event.data.serial);
        seats -= 1;
        break;
      default:
        break;
    }
    must(seats <= counted, event, 'more machines are assigned than the contract counts');
  }
  return breaches;
};

/** What contract, racks and machines tell differently once nothing is under way. */
const untruthsIn = async (store: AggregateStore): Promise<string[]> => {
  const untruths: string[] = [];
  const seats = { units: 0, powerWatts: 0 };
  for (let n = 1; n <= MINERS; n += 1) {
    const serial = serialOf(n);
    const { state: miner } = await store.load(minerAggregate, serial);
    if (miner.status === 'unknown') continue;
    if (miner.assignment) {
      seats.units += 1;
      seats.powerWatts += miner.assignment.powerWatts;
    }
    if (miner.status !== 'installed') continue;
    const { rack, slot: where } = miner.place;
    const { state } = await store.load(rackAggregate, rackId('DENTON', rack));
    const held = state.status === 'commissioned' ? state.slots[where - 1]?.powerWatts : undefined;
    if (held !== miner.powerWatts)
      untruths.push(`${serial} takes ${miner.powerWatts}, rack ${held}`);
  }
  const { state: contract } = await store.load(contractAggregate, contractId);
  const assigned =
    contract.status === 'executed' ? contract.allocations.get(allocationId)!.assigned : undefined;
  if (assigned?.units !== seats.units || assigned.powerWatts !== seats.powerWatts) {
    untruths.push(`contract ${JSON.stringify(assigned)}, machines ${JSON.stringify(seats)}`);
  }
  return untruths;
};
