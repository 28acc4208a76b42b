import fc from 'fast-check';
import {
  deriveId,
  hashOf,
  type AggregateStore,
  type CommandContext,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { Home, rowsOf, turnsOf } from '@hostledger/testing';
import type { SettlementEvent } from '../domain/settlement-events.js';
import { hasEnded, type KnownSettlement } from '../domain/settlement-state.js';
import { settlementAggregate, type SettlementCommand } from '../domain/settlement.js';
import { approval, at, claimLeg, digest, proposal, waiver } from '../domain/settlement.fixture.js';
import {
  claimReleasesProcess,
  pendingReleases,
  releaseClaim,
  type PendingRelease,
} from './claim-release.js';

const WITHIN_MS = 120_000;
const SETTLEMENTS = ['s1', 's2'];
const CLAIMS = ['POC 1', 'POC 2'];

const contextFor = (key: string): CommandContext => ({
  commandId: deriveId(key),
  requestHash: hashOf(key),
  actor: { subject: 'bob', role: 'commercial' },
  correlationId: 'c-1',
  causationId: 'r-1',
  at,
});

/** Each settlement names every claim. */
const setUp = async (store: AggregateStore): Promise<void> => {
  const legs = CLAIMS.map((reference) => ({
    ...claimLeg,
    claim: { ...claimLeg.claim!, reference },
  }));
  for (const settlementId of SETTLEMENTS) {
    const commands: SettlementCommand[] = [
      { type: 'ProposeSettlement', data: { ...proposal, settlementId, legs }, at },
      { type: 'ApproveSettlement', data: approval, at },
    ];
    for (const command of commands) {
      const context = contextFor(`${command.type} ${settlementId}`);
      await store.handle(settlementAggregate, settlementId, command, context);
    }
  }
};

const finish = async (store: AggregateStore, log: readonly RecordedEvent[]): Promise<void> => {
  for (const item of rowsOf<PendingRelease>(pendingReleases, log)) {
    const act = { at, signal: new AbortController().signal };
    await claimReleasesProcess(store).perform(item, act);
  }
};

const act = fc.record({
  kind: fc.constantFrom('release', 'release', 'release', 'waive', 'finish'),
  settlementId: fc.constantFrom(...SETTLEMENTS),
  leg: fc.integer({ min: 1, max: CLAIMS.length }),
  by: fc.nat({ max: 3 }),
});

it(
  'No interleaving of releases, waivers and deaths releases a claim twice, or leaves it bound to nothing',
  async () => {
    const acts = fc.array(act, { minLength: 3, maxLength: 8 });
    const lastAppend = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 5 }));
    const deaths = fc.array(lastAppend, { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), acts, deaths, (...told) =>
        Home.during((home) => interleave(home, ...told)),
      ),
      { numRuns: 30, interruptAfterTimeLimit: WITHIN_MS / 3, markInterruptAsFailure: false },
    );
  },
  WITHIN_MS,
);

const interleave = async (
  home: Home,
  scheduler: fc.Scheduler,
  acts: readonly (typeof act extends fc.Arbitrary<infer T> ? T : never)[],
  deaths: readonly number[],
): Promise<void> => {
  await setUp(home.process());
  const turn = turnsOf(scheduler);
  const processes = deaths.map((death) => home.process(death, turn));
  const running = acts.map(async ({ kind, settlementId, leg, by }, index) => {
    const store = processes[by]!;
    const context = contextFor(`act ${index}`);
    if (kind === 'finish') return finish(store, await home.log());
    if (kind === 'waive') {
      const command = { type: 'WaiveLeg', data: { ...waiver, leg }, at } as const;
      return store.handle(settlementAggregate, settlementId, command, context);
    }
    const releaseId = deriveId(context.commandId, 'release');
    const told = { settlementId, leg, releaseId, releasedOn: '2023-11-21', documentDigest: digest };
    return releaseClaim(store, told, context);
  });
  await scheduler.waitFor(Promise.allSettled(running));
  releasedOnce(await home.log());

  await finish(home.process(), await home.log());
  const log = await home.log();
  releasedOnce(log);
  expect(rowsOf(pendingReleases, log)).toEqual([]);
  await nothingHeldForNothing(home.process(), log);
};

const releasedOnce = (log: readonly RecordedEvent[]): void => {
  const claims = (log as readonly RecordedEvent<SettlementEvent>[]).flatMap(({ type, data }) =>
    type === 'ClaimReleased' ? [(data as { claimId: string }).claimId] : [],
  );
  expect(new Set(claims).size).toBe(claims.length);
};

/** A claim that no settlement has released can be released under any whose leg is open. */
const nothingHeldForNothing = async (
  store: AggregateStore,
  log: readonly RecordedEvent[],
): Promise<void> => {
  const released = new Set(
    log.flatMap(({ type, data }) =>
      type === 'ClaimReleased' ? [(data as { claim: { reference: string } }).claim.reference] : [],
    ),
  );
  for (const settlementId of SETTLEMENTS) {
    const { state } = await store.load(settlementAggregate, settlementId, { fresh: true });
    const open = (state as KnownSettlement).legs.filter((leg) => !hasEnded(leg));
    for (const { leg, claim } of open) {
      const context = contextFor(`after all ${settlementId} ${leg}`);
      const releaseId = deriveId(context.commandId, 'release');
      const told = {
        settlementId,
        leg,
        releaseId,
        releasedOn: '2023-11-21',
        documentDigest: digest,
      };
      const made = releaseClaim(store, told, context);
      if (released.has(claim!.reference)) {
        await expect(made).rejects.toMatchObject({ code: 'settlement/claim-released' });
      } else {
        await made;
        released.add(claim!.reference);
      }
    }
  }
};
