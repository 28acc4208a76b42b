import {
  begunActColumns,
  begunBy,
  madeOf,
  RevisionMismatch,
  settle,
  stepOf,
  streamName,
  tableFold,
  type AggregateStore,
  type BegunAct,
  type CommandContext,
  type DurableProcess,
  type Handled,
  type Settling,
} from '@hostledger/eventsourcing';
import { claimAggregate, claimIdOf, type ClaimBound, type ClaimUnbound } from '../domain/claim.js';
import type { ClaimReleased, SettlementEvent } from '../domain/settlement-events.js';
import { legOf, settlementUnknown } from '../domain/settlement-rules.js';
import type { Settlement } from '../domain/settlement-state.js';
import { settlementAggregate } from '../domain/settlement.js';

/** What was told of a release; the rest is known of the leg. */
export interface ClaimRelease {
  readonly settlementId: string;
  readonly leg: number;
  readonly releaseId: string;
  readonly releasedOn: string;
  readonly documentDigest: string;
}

type Release = ClaimRelease & { readonly claimId: string };

/**
 * Releases a claim across two streams: the claim is bound to the release (the intent), then the
 * settlement says that it was released. Where the settlement refuses after all, it records that the
 * release is given up for good, and only then is the claim free again: so a stalled writer can never
 * release a claim that another settlement has released meanwhile.
 *
 * Refusals that can be seen beforehand leave no trace. `If-Match` guards the settlement.
 */
export const releaseClaim = async (
  store: AggregateStore,
  told: ClaimRelease,
  context: CommandContext,
): Promise<Handled<Settlement, SettlementEvent>> => {
  const { settlementId } = told;
  const { state, revision } = await store.load(settlementAggregate, settlementId, { fresh: true });
  if (state.status === 'unknown') throw settlementUnknown();
  const { claim, release } = legOf(state, told.leg);
  // Of a leg without a claim the settlement says that there is nothing to release.
  const whole = { ...told, claimId: claim ? claimIdOf(claim) : '' };
  const { claimId } = whole;
  const isOwn = release?.releaseId === told.releaseId;
  if (!claim || (release && !isOwn)) return make(store, whole, context);
  if (!isOwn) mayRelease(whole, state, revision, context);
  await store.handle(
    claimAggregate,
    claimId,
    { type: 'BindClaim', data: { ...whole, ...claim }, at: context.at },
    { ...context, expectedRevision: undefined },
  );
  return madeOf(await settle(settling(store, whole, context)));
};

/** The settlement would allow it; decided without writing anything. */
const mayRelease = (
  { settlementId, ...data }: Release,
  settlement: Settlement,
  revision: bigint,
  { at, expectedRevision }: CommandContext,
): void => {
  if (expectedRevision !== undefined && expectedRevision !== revision) {
    const stream = streamName(settlementAggregate, settlementId);
    throw new RevisionMismatch(stream, expectedRevision, revision);
  }
  settlementAggregate.decide({ type: 'ReleaseClaim', data, at }, settlement);
};

/** The claim that is bound is released, or the release is given up and then the claim is unbound. */
const settling = (
  store: AggregateStore,
  release: Release,
  context: CommandContext,
): Settling<Handled<Settlement, SettlementEvent>> => {
  const { settlementId, leg, releaseId, claimId } = release;
  const { at } = context;
  return {
    make: () => make(store, release, context),
    giveUp: async (why) => {
      const abandon = { type: 'AbandonRelease', data: { leg, releaseId, ...why }, at } as const;
      const step = stepOf(context, 'abandon');
      const { state } = await store.handle(settlementAggregate, settlementId, abandon, step);
      return hasReleased(state, releaseId);
    },
    again: () => make(store, release, { ...context, expectedRevision: undefined }),
    free: (code) => {
      const data = { claimId, settlementId, releaseId, code };
      const unbind = { type: 'UnbindClaim', data, at } as const;
      return store.handle(claimAggregate, claimId, unbind, stepOf(context, 'unbind'));
    },
  };
};

const hasReleased = (settlement: Settlement, releaseId: string): boolean =>
  settlement.status !== 'unknown' &&
  settlement.legs.some(({ release }) => release?.releaseId === releaseId);

const make = (
  store: AggregateStore,
  { settlementId, ...data }: Release,
  context: CommandContext,
): Promise<Handled<Settlement, SettlementEvent>> =>
  store.handle(
    settlementAggregate,
    settlementId,
    { type: 'ReleaseClaim', data, at: context.at },
    { ...stepOf(context, 'release'), expectedRevision: context.expectedRevision },
  );

export interface PendingRelease extends BegunAct {
  readonly release: Release;
}

/** Finishes releases whose claim is bound and whose settlement has said neither yes nor no. */
export const claimReleasesProcess = (store: AggregateStore): DurableProcess<PendingRelease> => ({
  name: 'claim_releases',
  version: 1,
  items: pendingReleases,
  perform: async ({ release, context }) => {
    await settle(settling(store, release, context));
  },
});

const ofRelease = ({ data }: { data: { releaseId: string } }) => [{ item_id: data.releaseId }];

export const pendingReleases = tableFold<PendingRelease, ClaimBound | ClaimUnbound | ClaimReleased>(
  {
    table: {
      name: 'claim_releases_to_settle',
      columns: { ...begunActColumns, release: 'jsonb' },
      key: ['item_id'],
    },
    keys: { ClaimBound: ofRelease, ClaimUnbound: ofRelease, ClaimReleased: ofRelease },
    evolve: (_row, event) => {
      if (event.type !== 'ClaimBound') return undefined;
      const { settlementId, leg, releaseId, releasedOn, documentDigest, claimId } = event.data;
      return {
        ...begunBy(event, releaseId),
        release: { settlementId, leg, releaseId, releasedOn, documentDigest, claimId },
      };
    },
  },
);
