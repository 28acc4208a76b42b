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
import type { CurtailmentScope } from '../domain/curtailments.js';
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
// Promises meet at one site, and the other is left more often: what is promised keeps a site.
const crowded = fc.constantFrom(SITES[0], SITES[0], SITES[0], SITES[1]);
const leaving = fc.constantFrom(SITES[0], SITES[1], SITES[1], SITES[1]);
const rack = fc.constantFrom(...RACKS);
const by = fc.nat({ max: 2 });
/** Two of them never fit. */
const watts = fc.constantFrom(460, 600);
const dayOf = (day: number) => `2024-06-0${day}T00:00:00.000Z`;
const instant = fc.constantFrom(2, 3, 3, 4).map(dayOf);
/** Some follow each other at once, some meet, some are open without an end. */
const windowDays = fc.constantFrom([1, 2], [1, 2], [2, 3], [3, 4], [1, 4], [2], [3]);
/** Of few, so that some are repeated and some were never made. */
const id = (what: string, most = 3) => fc.integer({ min: 1, max: most }).map((n) => `${what}-${n}`);
const reservations = fc.uniqueArray(id('reservation'), { minLength: 1, maxLength: 2 });

const allocation = { contractId: 'contract-1', customerId: 'customer-1', orderId: 'order-1' };
const scope: fc.Arbitrary<CurtailmentScope> = fc.oneof(
  { weight: 2, arbitrary: always({ kind: 'facility' } as const) },
  {
    weight: 1,
    arbitrary: fc
      .uniqueArray(rack, { minLength: 1, maxLength: 2 })
      .map((racks) => ({ kind: 'racks', racks }) as const),
  },
);
type Asked = FacilityCommand['data'] & { type: string };
const ofPower: fc.Arbitrary<Asked> = fc.oneof(
  fc.record({
    type: always('ChangePowerEnvelope'),
    powerEnvelopeWatts: fc.constantFrom(400, 700, ENVELOPE),
    cause: always('utility'),
  }),
  fc.record({
    type: always('DerateFacility'),
    powerEnvelopeWatts: fc.constantFrom(300, 500),
    cause: always('utility'),
  }),
  always({ type: 'RestoreFacility' }),
);
const ofCapacity: fc.Arbitrary<Asked> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: always('CommitCapacity'),
      allocationId: id('allocation', 6),
      units: always(1),
      powerWatts: watts,
      effectiveOn: always('2024-06-01'),
      ...Object.fromEntries(Object.entries(allocation).map(([key, value]) => [key, always(value)])),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: always('ReleaseCapacity'),
      allocationId: id('allocation', 6),
      cause: always('reduced'),
      reduction: fc.option(
        fc.record({ reductionId: id('reduction'), units: always(1), powerWatts: watts }),
        { nil: undefined },
      ),
    }),
  },
);
const declared = (curtailmentId: string, from: number, until?: number): Asked => ({
  type: 'DeclareCurtailment',
  curtailmentId,
  scope: { kind: 'facility' },
  cause: 'grid',
  startsAt: dayOf(from),
  ...(until !== undefined && { expectedEndAt: dayOf(until) }),
});
const ofCurtailments: fc.Arbitrary<Asked> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({
        type: always('DeclareCurtailment'),
        curtailmentId: id('curtailment', 4),
        scope,
        cause: fc.constantFrom('grid', 'grid', 'grid', 'economic'),
        days: windowDays,
      })
      .map(({ days: [from, until], ...window }) => ({
        ...window,
        startsAt: dayOf(from),
        ...(until !== undefined && { expectedEndAt: dayOf(until) }),
      })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: always('EndCurtailment'),
      curtailmentId: id('curtailment', 4),
      endedAt: instant,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: always('CancelCurtailment'),
      curtailmentId: id('curtailment', 4),
      cancelledAt: instant,
      cause: always('called off'),
    }),
  },
);

const ofRack: fc.Arbitrary<RackCommand['data'] & { type: string }> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: always('ReserveSlots'),
      reservations: fc.array(
        fc.record({
          reservationId: id('reservation', 6),
          slot: fc.integer({ min: 1, max: 3 }),
          serial: always('SERIAL1'),
          powerWatts: fc.constantFrom(90, 250),
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
      powerLimitWatts: fc.constantFrom(100, 200),
      cause: always('heat'),
    }),
  },
  { weight: 1, arbitrary: always({ type: 'RestoreRack' }) },
);

const plans = fc.uniqueArray(
  fc.record({ rack, slotCount: always(2), powerLimitWatts: fc.constantFrom(300, 400) }),
  { minLength: 1, maxLength: 3, selector: (plan) => plan.rack },
);
const site = always('site' as const);
const act = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: always('racks' as const), facility: crowded, plans, by }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: always('racks' as const), facility: leaving, plans, by }),
  },
  { weight: 3, arbitrary: fc.record({ kind: site, facility: crowded, asked: ofPower, by }) },
  { weight: 4, arbitrary: fc.record({ kind: site, facility: crowded, asked: ofCapacity, by }) },
  { weight: 8, arbitrary: fc.record({ kind: site, facility: crowded, asked: ofCurtailments, by }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: always('rack' as const),
      facility: leaving,
      rack: fc.constantFrom(RACKS[0], RACKS[0], RACKS[0], ...RACKS),
      asked: ofRack,
      by,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: always('disposal' as const),
      facility: leaving,
      disposalId: id('disposal'),
      by,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: always('processes' as const), by }) },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
/** What takes several acts in one order comes too seldom by chance; so some lives begin with it. */
const openings: readonly (readonly Act[])[] = [
  [],
  // A curtailment lasts longer than announced, into the next one.
  [
    declared('curtailment-1', 1, 2),
    declared('curtailment-2', 2),
    { type: 'EndCurtailment', curtailmentId: 'curtailment-1', endedAt: dayOf(3) } as Asked,
  ].map((asked) => ({ kind: 'site', facility: SITES[0], asked, by: 0 })),
  // A rack is asked for more than it grants, and is not empty when its site is to be disposed of.
  [
    {
      kind: 'racks',
      facility: SITES[1],
      plans: [{ rack: 'A', slotCount: 2, powerLimitWatts: 300 }],
      by: 0,
    },
    ...[1, 2].map((slot): Act => ({
      kind: 'rack',
      facility: SITES[1],
      rack: 'A',
      asked: {
        type: 'ReserveSlots',
        reservations: [
          { reservationId: `reservation-${slot}`, slot, serial: 'SERIAL1', powerWatts: 250 },
        ],
        expiresAt,
      },
      by: 0,
    })),
    { kind: 'disposal', facility: SITES[1], disposalId: 'disposal-1', by: 0 },
    { kind: 'processes', by: 0 },
  ],
];
/** What is in one list happens at the same time. */
const steps = fc
  .tuple(
    fc.constantFrom(...openings),
    fc.array(fc.array(act, { minLength: 1, maxLength: 4 }), { minLength: 8, maxLength: 20 }),
  )
  .map(([opening, lists]) => [...opening.map((first) => [first]), ...lists]);
const death = fc.oneof(
  { weight: 2, arbitrary: fc.constant(Infinity) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 15 }) },
);

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
      const deed = {
        disposalId,
        to: 'Somebody',
        disposedOn: '2024-06-01',
        documentDigest: 'd'.repeat(64),
      };
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
          const to = event.data.expectedEndAt ?? '9999';
          open.set(curtailmentId, { scope: where, cause, from, to });
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
        case 'CurtailmentMeasured':
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
