import {
  DomainError,
  mapLimited,
  processContext,
  processItemColumns,
  stepOf,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import type { BulkKind, LineRejection } from '@hostledger/operations';
import {
  deliveryAggregate,
  deliveryUnknown,
  isDispute,
  type DiscrepancyResolved,
  type RegisteredDelivery,
  type ResolutionBegan,
  type ResolutionFailed,
} from '../domain/delivery.js';
import { getById } from '../domain/delivery-ids.js';
import { wishRefusal, type Outcome, type Wish } from '../domain/discrepancy-resolution.js';
import { minerAggregate } from '../domain/miner.js';
import { unitOfMiner } from './delivery.js';

/** Machines of one chunk that are taken in at once. */
const MACHINES_IN_FLIGHT = 64;
/** Whoever began goes on at once; only after this long is it our turn. */
const GRACE_MS = 30_000;

export interface ResolvedDiscrepancies {
  readonly delivery: RegisteredDelivery;
  /** Why wishes did not come true; the others did. */
  readonly refusals: ReadonlyMap<Wish, DomainError>;
  readonly revision: bigint;
  readonly position: bigint;
  readonly replayed: boolean;
}

/**
 * Settles discrepancies. Where a machine comes in, `ResolutionBegan` is the intent; the machine is
 * received on its own stream, which may refuse it, and the delivery is told either way. A death in
 * between leaves the rest to the process `delivery_resolutions`.
 * @throws DomainError when there is no such delivery.
 */
export const resolveDiscrepancies = async (
  store: AggregateStore,
  deliveryId: string,
  wishes: readonly Wish[],
  context: CommandContext,
): Promise<ResolvedDiscrepancies> => {
  const away = await machinesAway(store, deliveryId, wishes);
  const tried = wishes.filter((wish) => !away.has(wish));
  const data = { deliveryId, resolvedBy: context.actor.subject, wishes: tried };
  const command = { type: 'BeginResolutions', data, at: context.at } as const;
  const begun = await store.handle(deliveryAggregate, deliveryId, command, context);
  if (begun.state.status === 'unknown') throw deliveryUnknown(deliveryId);
  const { discrepancies, manifest } = begun.state;
  const pending = tried.flatMap(({ discrepancyId }) => {
    const known = getById(discrepancies, discrepancyId);
    return known?.status === 'resolving' && known.begun
      ? [{ ...manifest, ...known.begun, line: known.line }]
      : [];
  });
  if (pending.length === 0) {
    return { ...begun, delivery: begun.state, refusals: refusalsIn(begun.state, tried, away) };
  }
  const outcomes = await mapLimited(pending, MACHINES_IN_FLIGHT, (intent) =>
    takeIn(store, intent, stepOf(context, 'receive', intent.discrepancyId)),
  );
  const ended = await finish(store, deliveryId, outcomes, stepOf(context, 'finish'));
  if (ended.state.status === 'unknown') throw deliveryUnknown(deliveryId);
  const { revision, position } = ended;
  const refusals = refusalsIn(ended.state, tried, away);
  return { delivery: ended.state, refusals, revision, position, replayed: begun.replayed };
};

/** A machine that was put into a slot since cannot be handed back over the dock. */
const machinesAway = async (
  store: AggregateStore,
  deliveryId: string,
  wishes: readonly Wish[],
): Promise<ReadonlyMap<Wish, DomainError>> => {
  const { state } = await store.load(deliveryAggregate, deliveryId, { fresh: true });
  if (state.status === 'unknown') throw deliveryUnknown(deliveryId);
  const away = new Map<Wish, DomainError>();
  await mapLimited(wishes, MACHINES_IN_FLIGHT, async (wish) => {
    const known = getById(state.discrepancies, wish.discrepancyId);
    const hands = wish.resolution === 'returned' && known?.status === 'open' && isDispute(known);
    if (!hands || known.serial === undefined) return;
    const { state: miner } = await store.load(minerAggregate, known.serial, { fresh: true });
    if (miner.status !== 'stored') away.set(wish, machineAway(known.serial, miner.status));
  });
  return away;
};

const machineAway = (serial: string, status: string): DomainError =>
  new DomainError(
    'conflict',
    'delivery/machine-away',
    `Miner ${serial} is ${status}, not in storage; take it there before it is sent back`,
    { serial, status },
  );

type Intent = Pick<
  ResolutionBegan['data'],
  | 'deliveryId'
  | 'contractId'
  | 'customerId'
  | 'facility'
  | 'discrepancyId'
  | 'line'
  | 'serial'
  | 'model'
>;

/** The append at no_stream decides; a serial number that lives is refused for good. */
const takeIn = async (
  store: AggregateStore,
  { deliveryId, contractId, customerId, facility, discrepancyId, line, serial, model }: Intent,
  context: CommandContext,
): Promise<Outcome> => {
  const data = { serial, model, contractId, customerId, deliveryId, line, facility };
  const command = {
    type: 'ReceiveMiner',
    data: { ...data, condition: 'ok' },
    at: context.at,
  } as const;
  try {
    const { state } = await store.handle(minerAggregate, serial, command, context);
    if (state.status === 'unknown') throw new Error(`Miner ${serial} was received and is unknown`);
    return { discrepancyId, serial, machine: unitOfMiner(state) };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { discrepancyId, serial, code: error.code, detail: error.message };
  }
};

const finish = (
  store: AggregateStore,
  deliveryId: string,
  outcomes: readonly Outcome[],
  context: CommandContext,
) => {
  const data = { deliveryId, outcomes };
  const command = { type: 'FinishResolutions', data, at: context.at } as const;
  return store.handle(deliveryAggregate, deliveryId, command, context);
};

/** What did not come true, in the light of what the delivery is now. */
const refusalsIn = (
  delivery: RegisteredDelivery,
  tried: readonly Wish[],
  away: ReadonlyMap<Wish, DomainError>,
): ReadonlyMap<Wish, DomainError> => {
  const refusals = new Map(away);
  for (const wish of tried) {
    const refusal = wishRefusal(delivery, wish) ?? failureOf(delivery, wish);
    if (refusal) refusals.set(wish, refusal);
  }
  return refusals;
};

/** The machine was not to be taken in, and the discrepancy is open again. */
const failureOf = (
  { discrepancies }: RegisteredDelivery,
  { discrepancyId }: Wish,
): DomainError | undefined => {
  const known = getById(discrepancies, discrepancyId);
  if (known?.status !== 'open' || !known.failure) return undefined;
  const { code, message } = known.failure;
  return new DomainError('conflict', code, message, { discrepancyId }, '/serial');
};

export interface ResolutionParams {
  readonly deliveryId: string;
}

/** Settles many discrepancies of a delivery. */
export const resolutionKind = (store: AggregateStore): BulkKind<Wish, ResolutionParams> => ({
  kind: 'discrepancyResolution',
  perform: async ({ params: { deliveryId }, lines, context }) => {
    if (lines.length === 0) return [];
    const wishes = lines.map(({ value }) => value);
    const step = stepOf(context, 'resolved');
    const { refusals } = await resolveDiscrepancies(store, deliveryId, wishes, step);
    return lines.flatMap(({ line, value }): LineRejection[] => {
      const refusal = refusals.get(value);
      return refusal ? [{ line, code: refusal.code, message: refusal.message }] : [];
    });
  },
});

export interface UnfinishedResolution extends ProcessItem {
  readonly intent: Intent;
}

type ResolutionEvent = ResolutionBegan | ResolutionFailed | DiscrepancyResolved;

const itemOf = ({ data }: { data: { deliveryId: string; discrepancyId: string } }) => [
  { item_id: `${data.deliveryId}/${data.discrepancyId}` },
];

/** Pure: machines that were to be taken in, and of which the delivery does not know what came. */
export const unfinishedResolutions = tableFold<UnfinishedResolution, ResolutionEvent>({
  table: {
    name: 'resolutions_to_finish',
    columns: { ...processItemColumns, intent: 'jsonb' },
    key: ['item_id'],
  },
  keys: { ResolutionBegan: itemOf, ResolutionFailed: itemOf, DiscrepancyResolved: itemOf },
  evolve: (_, event) => {
    if (event.type !== 'ResolutionBegan') return undefined;
    const { deliveryId, discrepancyId } = event.data;
    return {
      item_id: `${deliveryId}/${discrepancyId}`,
      due_at: new Date(Date.parse(event.recordedAt) + GRACE_MS).toISOString(),
      cause_id: event.id,
      correlation_id: event.metadata.$correlationId,
      intent: event.data,
    };
  },
});

const NAME = 'delivery_resolutions';

/** Takes in what a crash left at the dock. */
export const deliveryResolutionsProcess = (
  store: AggregateStore,
): DurableProcess<UnfinishedResolution> => ({
  name: NAME,
  version: 1,
  items: unfinishedResolutions,
  perform: async ({ intent, cause_id: id, correlation_id: correlationId }, { at }) => {
    const cause = { id, correlationId };
    const outcome = await takeIn(store, intent, processContext(NAME, cause, at, 'receive'));
    await finish(store, intent.deliveryId, [outcome], processContext(NAME, cause, at, 'finish'));
  },
});
