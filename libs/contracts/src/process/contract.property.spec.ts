import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import {
  DomainError,
  StoreUnavailable,
  WrongExpectedRevision,
  type AggregateStore,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { amountOf } from '@hostledger/quantities';
import { facilityAggregate } from '@hostledger/sites';
import { Home, rowsOf, turnsOf } from '@hostledger/testing';
import { contractOnDay } from '../domain/as-of.js';
import type { ContractEvent } from '../domain/contract-events.js';
import { contractAggregate, type ContractCommand } from '../domain/hosting-contract.js';
import {
  at,
  contextFor,
  documentDigest,
  draftContract,
  openSites,
  setUpContract,
  terms,
} from './allocation.fixture.js';
import { allocate, allocationsProcess, pendingAllocations } from './allocation.js';
import { booksOf, sumOf } from './books.fixture.js';
import { pendingReductions, reduceAllocation, reductionsProcess } from './reduction.js';

// Whatever is asked of contracts that share sites, by several processes at once of which some die:
// on the real kernel and the embedded node. A failure prints the seed and the smallest sequence.

const WITHIN_MS = 120_000;
const ENVELOPE = 1_500;
const CONTRACTS = ['contract-1', 'contract-2'] as const;
const ZONES = ['UTC', 'America/Chicago'];
const SITES = ['DENTON', 'MARBLE'] as const;
/** The last one is to come. */
const DAYS = ['2023-12-01', '2024-01-01', '2024-03-01', '2024-06-01', '2024-09-01'];
const ALLOCATIONS = 4;
/** Drafted at first; it may be executed once it has terms. */
const NEW_CONTRACT = 'contract-3';

const allocationIds = CONTRACTS.map((contractId) =>
  Array.from({ length: ALLOCATIONS }, (_, n) => `allocation ${n + 1} of ${contractId}`),
);
const facility = fc.constantFrom(...SITES);
const day = fc.constantFrom(...DAYS);
const units = fc.integer({ min: 10, max: 60 });
/** Of days on which most of what is asked can be. */
const laterDay = fc.constantFrom('2024-01-01', ...DAYS.slice(1));
const powerWatts = fc.constantFrom(50, 100, 400, 700);
const by = fc.nat({ max: 2 });
/** Of few, so that some are repeated and some were never made. */
const id = (what: string) => fc.constantFrom(1, 1, 1, 2, 3).map((n) => `${what}-${n}`);
const money = fc.constantFrom('25.50', '100.00');
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const always = <T>(value: T) => fc.constant(value);

const command = <T extends ContractCommand['type']>(
  type: T,
  data: { readonly [K in keyof (ContractCommand & { type: T })['data']]?: fc.Arbitrary<unknown> },
): fc.Arbitrary<ContractCommand> =>
  fc
    .record(data as Record<string, fc.Arbitrary<unknown>>)
    .map((told) => ({ type, data: told, at }) as unknown as ContractCommand);

const caps = maybe(
  fc.record({ units: fc.constantFrom(100, 150), powerWatts: fc.constantFrom(1_000, 2_000) }),
);
const requiredDeposit = maybe(fc.constantFrom('25.50', '120.00'));
const document = {
  documentDigest: always(documentDigest),
  clauses: always([]),
  rateCard: always(terms.rateCard),
};
const papers = fc.oneof(
  command('PlaceOrder', {
    orderId: id('order'),
    reference: always('SO'),
    units,
    powerWatts,
    startsOn: day,
    basis: fc.constantFrom('units', 'power'),
  }),
  command('AdoptTerms', {
    ...document,
    effectiveOn: day,
    caps,
    requiredDeposit,
    termEndsOn: maybe(day),
  }),
  command('CorrectTerms', {
    ...document,
    version: fc.integer({ min: 1, max: 3 }),
    caps,
    requiredDeposit,
    termEndsOn: maybe(day),
    cause: always('misread'),
  }),
);

const payment = { amount: money, currency: always('USD'), reference: always('wire') };
const payments = fc.oneof(
  command('ReceiveDeposit', { ...payment, depositId: id('deposit'), receivedOn: day }),
  command('DrawDeposit', {
    ...payment,
    depositId: id('deposit'),
    drawId: id('draw'),
    drawnOn: day,
    cause: always('unpaid'),
  }),
  command('RefundDeposit', {
    ...payment,
    depositId: id('deposit'),
    refundId: id('refund'),
    refundedOn: day,
  }),
);

const ruling = always({ court: 'S.D. Tex. Bankr.', docket: '22-90341', documentDigest });
const life = fc.oneof(
  command('ActivateContract', { activatedOn: day }),
  command('SuspendService', { suspendedOn: day, cause: always('nonPayment') }),
  command('ResumeService', { resumedOn: day }),
  command('GiveNotice', { noticedOn: day, effectiveOn: day, by: always('customer') }),
  command('TerminateContract', { terminatedOn: day, cause: fc.constantFrom('notice', 'mutual') }),
  command('ExpireContract', { expiredOn: day }),
  command('AssumeContract', { assumedOn: day, ruling }),
  command('RejectContract', { rejectedOn: day, ruling }),
  command('AssignParty', {
    toCustomerId: fc.constantFrom('customer-1', 'customer-2'),
    effectiveOn: day,
    documentDigest: always(documentDigest),
  }),
);

const assignments = (contract: number) =>
  fc.oneof(
    command('AssignMachines', {
      allocationId: fc.constantFrom(...allocationIds[contract]!),
      assignmentId: id('assignment'),
      units: fc.integer({ min: 1, max: 30 }),
      powerWatts: fc.constantFrom(20, 50, 200),
    }),
    command('ReleaseAssignment', { assignmentId: id('assignment'), cause: always('sold') }),
  );

const delivered = (n: number) => ({
  lines: 10,
  received: n,
  missing: 10 - n,
  refused: 0,
  accepted: n,
  hashrateGhs: n * 151_000,
  byModel: [{ model: 'S19JXP-151', units: n, hashrateGhs: n * 151_000, nameplateWatts: n * 3_247 }],
});
const delivery = fc.record({
  deliveryId: id('delivery'),
  received: fc.integer({ min: 1, max: 10 }),
  /** 0 is the report itself; each was made a month later, on a day that depends on the zone. */
  amendment: fc.constantFrom(0, 0, 1, 2),
});
const deliveries = delivery.map(({ deliveryId, received, amendment }): ContractCommand => {
  const told = { deliveryId, reference: 'BATCH', facility: 'DENTON', ...delivered(received) };
  const on = `2024-0${amendment + 2}-01T03:00:00.000Z`;
  if (amendment === 0) return { type: 'RecordDelivery', data: { ...told, reconciledAt: on }, at };
  const amended = { ...told, amendment, returned: 0, extra: 0, amendedAt: on };
  return { type: 'AmendDelivery', data: amended, at };
});

const beginning = fc.oneof(
  command('ExecuteContract', {
    executedOn: day,
    documentDigest: always(documentDigest),
    signatories: always([]),
  }),
  command('AdoptTerms', { ...document, effectiveOn: day, requiredDeposit }),
  command('ActivateContract', { activatedOn: day }),
  command('PlaceOrder', {
    orderId: id('order'),
    reference: always('SO'),
    units,
    powerWatts,
    startsOn: day,
  }),
);

/** What is asked of one contract; the numbers are those of the {@link Plan}'s entries. */
const ofContract = (contract: number) => {
  const contractId = always(CONTRACTS[contract]!);
  const asked = (commands: fc.Arbitrary<ContractCommand>) =>
    fc.record({ kind: always('command' as const), contractId, command: commands, by });
  const number = fc.nat({ max: ALLOCATIONS - 1 }).map((n) => contract * ALLOCATIONS + n);
  return fc.oneof(
    { weight: 2, arbitrary: asked(papers) },
    { weight: 2, arbitrary: asked(deliveries) },
    { weight: 5, arbitrary: asked(assignments(contract)) },
    { weight: 3, arbitrary: asked(payments) },
    { weight: 1, arbitrary: asked(life) },
    { weight: 10, arbitrary: fc.record({ kind: always('allocation' as const), number, by }) },
    { weight: 3, arbitrary: fc.record({ kind: always('reduction' as const), number, by }) },
  );
};
const act = fc.oneof(
  { weight: 5, arbitrary: ofContract(0) },
  { weight: 5, arbitrary: ofContract(1) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: always('envelope' as const),
      facility,
      powerEnvelopeWatts: fc.constantFrom(500, ENVELOPE, 2_000),
      by,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: always('processes' as const), by }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: always('command' as const),
      contractId: always(NEW_CONTRACT),
      command: beginning,
      by,
    }),
  },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** An allocation and a reduction of it, by half or whole; asked again, they are the same requests. */
const entry = fc
  .record({
    allocation: fc.record({
      orderId: fc.constantFrom(...Array<string>(8).fill('order-1'), 'order-2', 'order-3'),
      facility,
      units,
      powerWatts,
      effectiveOn: laterDay,
    }),
    part: fc.constantFrom(0.5, 1),
    effectiveOn: day,
  })
  .map(({ allocation, part, effectiveOn }) => ({
    allocation,
    reduction: {
      units: Math.ceil(allocation.units * part),
      powerWatts: allocation.powerWatts * part,
      effectiveOn,
      cause: 'given back',
    },
  }));
const plan = fc.array(entry, {
  minLength: CONTRACTS.length * ALLOCATIONS,
  maxLength: CONTRACTS.length * ALLOCATIONS,
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

/** What is in one list happens at the same time. */
const steps = fc.array(fc.array(act, { minLength: 1, maxLength: 5 }), {
  minLength: 8,
  maxLength: 20,
});
const death = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 20 }));
const deaths = fc.tuple(death, death, death);

it(
  'no life of contracts breaks a rule, whoever acts at once and dies',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), plan, steps, deaths, (...told) =>
        Home.during((home) => live(home, ...told)),
      ),
      { numRuns: 60, interruptAfterTimeLimit: WITHIN_MS / 3, markInterruptAsFailure: false },
    );
  },
  WITHIN_MS,
);

const live = async (
  home: Home,
  scheduler: fc.Scheduler,
  entries: Plan,
  lists: readonly (readonly Act[])[],
  lastAppends: readonly number[],
): Promise<void> => {
  const sound = home.process();
  await openSites(sound, ENVELOPE);
  for (const [n, contractId] of CONTRACTS.entries()) {
    await setUpContract(sound, contractId, 'order-1', ZONES[n]);
  }
  await draftContract(sound, NEW_CONTRACT);
  const turn = turnsOf(scheduler);
  const workers = lastAppends.map((lastAppend) => home.process(lastAppend, turn));
  for (const [index, atOnce] of lists.entries()) {
    const performed = atOnce.map((what, n) =>
      perform(workers[what.by]!, home, entries, what, `act ${index}/${n}`).catch(mustBeExpected),
    );
    await scheduler.waitFor(Promise.all(performed));
    expect(booksOf(await home.log()).faults).toEqual([]);
  }

  await runProcesses(home.process(), home);
  const log = await home.log();
  const told = booksOf(log);
  expect(told.faults).toEqual([]);
  expect([pendingAllocations, pendingReductions].flatMap((list) => rowsOf(list, log))).toEqual([]);
  expect(untruthsIn(told)).toEqual([]);
  for (const contractId of [...CONTRACTS, NEW_CONTRACT]) checkDays(contractId, log, told);
};

/** A rule refuses it, another writer was quicker, or the store was gone. */
const mustBeExpected = (error: unknown): void => {
  const expected = [DomainError, StoreUnavailable, WrongExpectedRevision];
  if (!expected.some((kind) => error instanceof kind)) throw error;
};

/** Says the contract, of any day, what the plain books say of it. */
const checkDays = (
  contractId: string,
  log: readonly RecordedEvent[],
  { books }: ReturnType<typeof booksOf>,
): void => {
  const stream = `hostingContract-${contractId}`;
  const own = log.filter((event) => event.stream === stream) as RecordedEvent<ContractEvent>[];
  for (const day of [...DAYS, '2024-01-31', '2024-02-01', '2024-02-29', '2024-04-01']) {
    const { terms, depositHeld, ...contract } = contractOnDay(own, day)!;
    const { termsFrom, depositHeld: held, ...book } = books.get(contractId)!.onDay(day);
    expect({ day, ...book, ...contract }).toEqual({ day, ...contract, ...book });
    expect([terms?.effectiveOn, amountOf(depositHeld)]).toEqual([termsFrom, held]);
  }
};

const perform = async (
  store: AggregateStore,
  home: Home,
  entries: Plan,
  what: Act,
  name: string,
): Promise<unknown> => {
  switch (what.kind) {
    case 'command':
      return store.handle(contractAggregate, what.contractId, what.command, contextFor(name));
    case 'allocation': {
      const named = namesOf(what.number);
      const { allocation } = entries[what.number]!;
      return allocate(store, { ...named, ...allocation }, contextFor(named.allocationId));
    }
    case 'reduction': {
      const named = namesOf(what.number);
      const reductionId = `reduction of ${named.allocationId}`;
      const whole = { ...named, reductionId, ...entries[what.number]!.reduction };
      return reduceAllocation(store, whole, contextFor(reductionId));
    }
    case 'envelope': {
      const { powerEnvelopeWatts } = what;
      const data = { powerEnvelopeWatts, cause: 'utility' };
      const change = { type: 'ChangePowerEnvelope', data, at } as const;
      return store.handle(facilityAggregate, what.facility, change, contextFor(name));
    }
    case 'processes':
      return runProcesses(store, home);
  }
};

const namesOf = (number: number) => ({
  contractId: CONTRACTS[Math.floor(number / ALLOCATIONS)]!,
  allocationId: allocationIds.flat()[number]!,
});

/** Everything is found overdue, however young it is. */
const runProcesses = async (store: AggregateStore, home: Home): Promise<void> => {
  const now = { at, signal: new AbortController().signal };
  const log = await home.log();
  const allocations = allocationsProcess(store);
  type Pending = Parameters<typeof allocations.perform>[0];
  for (const item of rowsOf<Pending>(pendingAllocations, log)) await allocations.perform(item, now);
  const reductions = reductionsProcess(store);
  type Freed = Parameters<typeof reductions.perform>[0];
  for (const item of rowsOf<Freed>(pendingReductions, log)) await reductions.perform(item, now);
};

/** Where a site holds other capacity than the contracts were given, once nothing is under way. */
const untruthsIn = ({ books, sites }: ReturnType<typeof booksOf>): string[] =>
  allocationIds.flatMap((ids, contract) =>
    ids.flatMap((allocationId) => {
      const given = books.get(CONTRACTS[contract]!)!.leftOf(allocationId);
      const held = sumOf([...sites.values()].map((site) => site.heldFor(allocationId)));
      return isDeepStrictEqual(held, given)
        ? []
        : [`${allocationId}: given ${JSON.stringify(given)}, held ${JSON.stringify(held)}`];
    }),
  );
