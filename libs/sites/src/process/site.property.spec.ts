import fc from 'fast-check';
import {
  deriveId,
  StoreUnavailable,
  DomainError,
  WrongExpectedRevision,
  type AggregateStore,
  type CommandContext,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { Home, rowsOf, turnsOf } from '@hostledger/testing';
import { CURTAILMENT_CAUSES, type CurtailmentScope } from '../domain/curtailments.js';
import {
  facilityAggregate,
  type FacilityCommand,
  type FacilityEvent,
  type RackPlan,
} from '../domain/facility.js';
import { audit } from '../domain/rack-audit.fixture.js';
import { rackAggregate, rackId, type RackCommand, type RackEvent } from '../domain/rack.js';
import { beginDisposal, disposalsProcess, FacilityCensus, openDisposals } from './disposal.js';
import { commissionRacks, pendingRacks, rackCommissioningProcess } from './rack-commissioning.js';

// Whatever is asked of sites and their racks, by several processes at once of which some die: on
// the real kernel and the embedded node. A failure prints the seed and the smallest sequence.

const WITHIN_MS = 120_000;
const ENVELOPE = 900;
const SITES = ['DENTON', 'CEDARVALE'] as const;
const RACKS = ['A', 'B', 'C', 'D'] as const;
const at = '2024-06-01T00:00:00.000Z';
const expiresAt = '2024-06-01T00:15:00.000Z';

const always = <T>(value: T) => fc.constant(value);
const facility = fc.constantFrom(...SITES);
const rack = fc.constantFrom(...RACKS);
const by = fc.nat({ max: 2 });
const watts = fc.constantFrom(50, 300, 600);
const instant = fc.constantFrom(...[1, 2, 3, 4].map((day) => `2024-06-0${day}T00:00:00.000Z`));
/** Of few, so that some are repeated and some were never made. */
const id = (what: string) => fc.constantFrom(1, 1, 2, 3).map((n) => `${what}-${n}`);
const reservations = fc.uniqueArray(id('reservation'), { minLength: 1, maxLength: 2 });

const allocation = { contractId: 'contract-1', customerId: 'customer-1', orderId: 'order-1' };
const scope: fc.Arbitrary<CurtailmentScope> = fc.oneof(
  always({ kind: 'facility' } as const),
  fc
    .uniqueArray(rack, { minLength: 1, maxLength: 2 })
    .map((racks) => ({ kind: 'racks', racks }) as const),
);
const ofSite: fc.Arbitrary<FacilityCommand['data'] & { type: string }> = fc.oneof(
  fc.record({
    type: always('ChangePowerEnvelope'),
    powerEnvelopeWatts: fc.constantFrom(400, 700, ENVELOPE),
    cause: always('utility'),
  }),
  fc.record({
    type: always('DerateFacility'),
    powerEnvelopeWatts: fc.constantFrom(300, 600),
    cause: always('utility'),
  }),
  always({ type: 'RestoreFacility' }),
  fc.record({
    type: always('CommitCapacity'),
    allocationId: fc.constantFrom('allocation-1', 'allocation-2'),
    units: always(1),
    powerWatts: watts,
    effectiveOn: always('2024-06-01'),
    ...Object.fromEntries(Object.entries(allocation).map(([key, value]) => [key, always(value)])),
  }),
  fc.record({
    type: always('ReleaseCapacity'),
    allocationId: fc.constantFrom('allocation-1', 'allocation-2'),
    cause: always('reduced'),
    reduction: fc.option(
      fc.record({ reductionId: id('reduction'), units: always(1), powerWatts: watts }),
      { nil: undefined },
    ),
  }),
  fc.record({
    type: always('DeclareCurtailment'),
    curtailmentId: id('curtailment'),
    scope,
    cause: fc.constantFrom(...CURTAILMENT_CAUSES.slice(0, 2)),
    startsAt: instant,
  }),
  fc.record({
    type: always('EndCurtailment'),
    curtailmentId: id('curtailment'),
    endedAt: instant,
  }),
) as never;

const ofRack: fc.Arbitrary<RackCommand['data'] & { type: string }> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: always('ReserveSlots'),
      reservations: fc.array(
        fc.record({
          reservationId: id('reservation'),
          slot: fc.integer({ min: 1, max: 3 }),
          serial: always('SERIAL1'),
          powerWatts: fc.constantFrom(40, 90),
        }),
        { minLength: 1, maxLength: 2 },
      ),
      expiresAt: always(expiresAt),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: always('OccupySlots'), reservationIds: reservations }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('ReleaseReservations', 'ExpireReservations'),
      reservationIds: reservations,
      cause: always('over'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: always('DerateRack'),
      powerLimitWatts: fc.constantFrom(50, 100),
      cause: always('heat'),
    }),
  },
  { weight: 1, arbitrary: always({ type: 'RestoreRack' }) },
);

const plans = fc.uniqueArray(
  fc.record({ rack, slotCount: always(2), powerLimitWatts: fc.constantFrom(100, 300) }),
  { minLength: 1, maxLength: 3, selector: (plan) => plan.rack },
);
const act = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: always('racks' as const), facility, plans, by }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: always('site' as const), facility, asked: ofSite, by }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: always('rack' as const), facility, rack, asked: ofRack, by }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: always('disposal' as const),
      facility,
      disposalId: id('disposal'),
      by,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: always('processes' as const), by }) },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
/** What is in one list happens at the same time. */
const steps = fc.array(fc.array(act, { minLength: 1, maxLength: 4 }), {
  minLength: 4,
  maxLength: 14,
});
const death = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 15 }));

it(
  'no life of sites breaks a rule, whoever acts at once and dies',
  async () => {
    const ended = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, fc.tuple(death, death, death), (...told) =>
        Home.during(async (home) => {
          await live(home, ...told);
          for (const { type } of await home.log()) ended.add(type);
        }),
      ),
      { numRuns: 60, interruptAfterTimeLimit: WITHIN_MS / 3, markInterruptAsFailure: false },
    );
    // Disposals come to either end.
    expect([...ended]).toEqual(expect.arrayContaining(['FacilityDisposed', 'DisposalAbandoned']));
  },
  WITHIN_MS,
);

const live = async (
  home: Home,
  scheduler: fc.Scheduler,
  lists: readonly (readonly Act[])[],
  lastAppends: readonly number[],
): Promise<void> => {
  const sound = home.process();
  for (const name of SITES) {
    const about = { facility: name, name, timeZone: 'America/Chicago' };
    const data = { ...about, powerEnvelopeWatts: ENVELOPE };
    const open = { type: 'OpenFacility', data, at } as const;
    await sound.handle(facilityAggregate, name, open, contextFor(`open ${name}`));
  }
  const turn = turnsOf(scheduler);
  const workers = lastAppends.map((lastAppend) => home.process(lastAppend, turn));
  for (const [index, atOnce] of lists.entries()) {
    const performed = atOnce.map((what, n) =>
      perform(workers[what.by]!, home, what, `act ${index}/${n}`).catch(mustBeExpected),
    );
    await scheduler.waitFor(Promise.all(performed));
    checkSites(await home.log());
  }

  await runProcesses(home.process(), home);
  const log = await home.log();
  const sites = checkSites(log);
  expect(rowsOf(pendingRacks, log)).toEqual([]);
  expect(rowsOf(openDisposals, log)).toEqual([]);
  for (const { status, planned, inService } of sites) {
    expect(status).not.toBe('disposing');
    expect([...inService.keys()].sort()).toEqual([...planned.keys()].sort());
    for (const { closed } of inService.values()) expect(closed).toBe(status === 'disposed');
  }
};

const mustBeExpected = (error: unknown): void => {
  const expected = [DomainError, StoreUnavailable, WrongExpectedRevision];
  if (!expected.some((kind) => error instanceof kind)) throw error;
};

const contextFor = (name: string): CommandContext => ({
  commandId: deriveId(name),
  requestHash: name,
  actor: { subject: 'ada', role: 'operator' },
  correlationId: 'correlation-1',
  causationId: 'request-1',
  at,
});

const perform = async (
  store: AggregateStore,
  home: Home,
  what: Act,
  name: string,
): Promise<unknown> => {
  const context = contextFor(name);
  switch (what.kind) {
    case 'racks':
      return commissionRacks(store, what.facility, what.plans, context);
    case 'site': {
      const { type, ...data } = what.asked;
      const command = { type, data, at } as FacilityCommand;
      return store.handle(facilityAggregate, what.facility, command, context);
    }
    case 'rack': {
      const { type, ...data } = what.asked;
      const command = { type, data, at } as RackCommand;
      return store.handle(rackAggregate, rackId(what.facility, what.rack), command, context);
    }
    case 'disposal': {
      const disposalId = `${what.disposalId} of ${what.facility}`;
      const deed = { disposalId, to: 'Somebody', disposedOn: '2024-06-01', documentDigest: 'd' };
      return beginDisposal(store, new LogCensus(home), what.facility, deed, context);
    }
    case 'processes':
      return runProcesses(store, home);
  }
};

/** Counts the machines of a site where the log tells of them. */
class LogCensus extends FacilityCensus {
  constructor(private readonly home: Home) {
    super();
  }

  async count(name: string) {
    const log = (await this.home.log()) as unknown as SiteEvent[];
    const ofSite = log.filter(({ data }) => data.facility === name);
    const count = (type: string) => ofSite.filter((event) => event.type === type).length;
    return { machines: count('SlotOccupied') - count('SlotVacated'), openDeliveries: 0 };
  }
}

/** Everything is found overdue, however young it is. */
const runProcesses = async (store: AggregateStore, home: Home): Promise<void> => {
  const now = { at, signal: new AbortController().signal };
  const log = await home.log();
  const commissioning = rackCommissioningProcess(store);
  type Pending = Parameters<typeof commissioning.perform>[0];
  for (const item of rowsOf<Pending>(pendingRacks, log)) await commissioning.perform(item, now);
  const disposals = disposalsProcess(store, new LogCensus(home));
  type Open = Parameters<typeof disposals.perform>[0];
  for (const item of rowsOf<Open>(openDisposals, log)) await disposals.perform(item, now);
};

type SiteEvent = (FacilityEvent | RackEvent) & { readonly data: { readonly facility: string } };

/** What the log tells of each site, kept in the plainest way; whatever breaks a rule fails. */
const checkSites = (log: readonly RecordedEvent[]) =>
  SITES.map((name) => {
    const site = { status: 'open', planned: new Map<string, RackPlan>() };
    const committed = new Map<string, number>();
    const windows: { scope: CurtailmentScope; cause: string; from: string; to: string }[] = [];
    const open = new Map<string, (typeof windows)[number]>();
    const histories = new Map<string, RackEvent[]>();
    let rated = 0;
    let inForce = 0;
    let before = { racks: 0, committed: 0 };
    for (const event of log as unknown as SiteEvent[]) {
      if (event.data.facility !== name) continue;
      switch (event.type) {
        case 'FacilityOpened':
          inForce = rated = event.data.powerEnvelopeWatts;
          break;
        case 'PowerEnvelopeChanged':
          inForce = inForce < rated ? inForce : event.data.powerEnvelopeWatts;
          rated = event.data.powerEnvelopeWatts;
          break;
        case 'FacilityDerated':
        case 'FacilityRestored':
          expect(event.data.fromWatts).toBe(inForce);
          inForce = event.data.powerEnvelopeWatts;
          break;
        case 'RackPowerCommitted':
          expect(site.status).toBe('open');
          for (const plan of event.data.racks) {
            expect(site.planned.has(plan.rack)).toBe(false);
            site.planned.set(plan.rack, plan);
          }
          break;
        case 'CapacityCommitted':
          expect(site.status).toBe('open');
          expect(committed.has(event.data.allocationId)).toBe(false);
          committed.set(event.data.allocationId, event.data.powerWatts);
          break;
        case 'CapacityReleased': {
          const { allocationId, powerWatts } = event.data;
          committed.set(allocationId, committed.get(allocationId)! - powerWatts);
          break;
        }
        case 'CurtailmentDeclared': {
          const { curtailmentId, startsAt: from, scope: where, cause } = event.data;
          open.set(curtailmentId, { scope: where, cause, from, to: '9999' });
          windows.push(open.get(curtailmentId)!);
          break;
        }
        case 'CurtailmentCancelled':
          open.get(event.data.curtailmentId)!.to = '';
          break;
        case 'CurtailmentEnded':
          open.get(event.data.curtailmentId)!.to = event.data.endedAt;
          break;
        case 'DisposalBegan':
          expect([...committed.values()].filter((held) => held > 0)).toEqual([]);
          site.status = 'disposing';
          break;
        case 'FacilityDisposed':
          site.status = 'disposed';
          break;
        case 'DisposalAbandoned':
          expect(site.status).toBe('disposing');
          site.status = 'open';
          break;
        case 'FacilityAcquired':
        case 'PowerRateFixed':
          break;
        default: {
          const { rack: code } = event.data;
          if (event.type === 'RackCommissioned') {
            const { slotCount, powerLimitWatts } = event.data;
            expect(site.planned.get(code)).toEqual({ rack: code, slotCount, powerLimitWatts });
            histories.set(code, []);
          }
          histories.get(code)!.push(event);
        }
      }
      const limits = [...site.planned.values()].map(({ powerLimitWatts }) => powerLimitWatts);
      const now = { racks: sumOf(limits), committed: sumOf(committed.values()) };
      expect(Math.max(now.racks, now.committed, inForce)).toBeLessThanOrEqual(rated);
      // A derating may leave too much; then nothing is added until it fits.
      expect(now.racks).toBeLessThanOrEqual(Math.max(inForce, before.racks));
      expect(now.committed).toBeLessThanOrEqual(Math.max(inForce, before.committed));
      before = now;
      expect(Math.min(0, ...committed.values())).toBe(0);
    }
    for (const [index, one] of windows.entries()) {
      expect(windows.slice(index + 1).filter((other) => together(one, other))).toEqual([]);
    }
    const inService = new Map([...histories].map(([code, history]) => [code, audit(history)]));
    if (site.status === 'disposed') {
      for (const { held } of inService.values()) expect(held).toBe(0);
    }
    return { ...site, inService };
  });

const sumOf = (numbers: Iterable<number>): number =>
  [...numbers].reduce((sum, number) => sum + number, 0);

interface Window {
  readonly scope: CurtailmentScope;
  readonly cause: string;
  readonly from: string;
  readonly to: string;
}
/** Whether a watt would be shed twice for one cause. */
const together = (one: Window, other: Window): boolean => {
  const racksOf = ({ scope: where }: Window) => (where.kind === 'racks' ? where.racks : RACKS);
  const same = racksOf(one).some((code) => racksOf(other).includes(code));
  return one.cause === other.cause && same && one.from < other.to && other.from < one.to;
};
