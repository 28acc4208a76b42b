import {
  contextOfEvent,
  DomainError,
  processItemColumns,
  RevisionMismatch,
  stepOf,
  streamName,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type Handled,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import { claimAggregate, claimIdOf, type ClaimBound, type ClaimUnbound } from '../domain/claim.js';
import type { ClaimReleased, SettlementEvent } from '../domain/settlement-events.js';
import { legOf, settlementUnknown } from '../domain/settlement-rules.js';
import type { Settlement } from '../domain/settlement-state.js';
import { settlementAggregate } from '../domain/settlement.js';

/** Whoever began is given this long to finish before the worker steps in. */
const GRACE_MS = 30_000;

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
  const settled = await settle(store, whole, context);
  if ('refusal' in settled) throw settled.refusal;
  return settled.made;
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

type Settled =
  | { readonly made: Handled<Settlement, SettlementEvent> }
  | { readonly refusal: DomainError | RevisionMismatch };

/** Releases the claim that is bound, or gives the release up and then unbinds the claim. */
const settle = async (
  store: AggregateStore,
  release: Release,
  context: CommandContext,
): Promise<Settled> => {
  const refusal = await make(store, release, context).catch((error: unknown) => {
    if (error instanceof DomainError || error instanceof RevisionMismatch) return error;
    throw error;
  });
  if (!(refusal instanceof Error)) return { made: refusal };
  const { settlementId, leg, releaseId, claimId } = release;
  const { at } = context;
  const code = refusal instanceof DomainError ? refusal.code : 'request/revision-mismatch';
  const { state } = await store.handle(
    settlementAggregate,
    settlementId,
    { type: 'AbandonRelease', data: { leg, releaseId, code, detail: refusal.message }, at },
    stepOf(context, 'abandon'),
  );
  if (hasReleased(state, releaseId)) {
    return { made: await make(store, release, { ...context, expectedRevision: undefined }) };
  }
  await store.handle(
    claimAggregate,
    claimId,
    { type: 'UnbindClaim', data: { claimId, settlementId, releaseId, code }, at },
    stepOf(context, 'unbind'),
  );
  return { refusal };
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

export interface PendingRelease extends ProcessItem {
  readonly release: Release;
  /** Of the command that bound the claim. */
  readonly context: CommandContext;
}

/** Finishes releases whose claim is bound and whose settlement has said neither yes nor no. */
export const claimReleasesProcess = (store: AggregateStore): DurableProcess<PendingRelease> => ({
  name: 'claim_releases',
  version: 1,
  items: pendingReleases,
  perform: async ({ release, context }) => {
    await settle(store, release, context);
  },
});

const ofRelease = ({ data }: { data: { releaseId: string } }) => [{ item_id: data.releaseId }];

export const pendingReleases = tableFold<PendingRelease, ClaimBound | ClaimUnbound | ClaimReleased>(
  {
    table: {
      name: 'claim_releases_to_settle',
      columns: { ...processItemColumns, release: 'jsonb', context: 'jsonb' },
      key: ['item_id'],
    },
    keys: { ClaimBound: ofRelease, ClaimUnbound: ofRelease, ClaimReleased: ofRelease },
    evolve: (_row, event) => {
      if (event.type !== 'ClaimBound') return undefined;
      const { settlementId, leg, releaseId, releasedOn, documentDigest, claimId } = event.data;
      return {
        item_id: releaseId,
        due_at: new Date(Date.parse(event.recordedAt) + GRACE_MS).toISOString(),
        cause_id: event.id,
        correlation_id: event.metadata.$correlationId,
        release: { settlementId, leg, releaseId, releasedOn, documentDigest, claimId },
        context: contextOfEvent(event),
      };
    },
  },
);
