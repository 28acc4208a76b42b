import fc from 'fast-check';
import {
  deriveId,
  StoreUnavailable,
  DomainError,
  WrongExpectedRevision,
  type AggregateStore,
  type CommandContext,
} from '@hostledger/eventsourcing';
import { Home, rowsOf, turnsOf } from '@hostledger/testing';
import { facilityAggregate, type FacilityCommand } from '../domain/facility.js';
import { rackAggregate, rackId, type RackCommand } from '../domain/rack.js';
import { beginDisposal, disposalsProcess, FacilityCensus, openDisposals } from './disposal.js';
import { commissionRacks, pendingRacks, rackCommissioningProcess } from './rack-commissioning.js';
import { at, ENVELOPE, SITES, steps, type Act } from './site-acts.fixture.js';
import { checkSites, type SiteEvent } from './site-audit.fixture.js';

// Whatever is asked of sites and their racks, by several processes at once of which some die: on
// the real kernel and the embedded node. A failure prints the seed and the smallest sequence.

const WITHIN_MS = 120_000;
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
