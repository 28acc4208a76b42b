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
import { mustBeInOperation } from '@hostledger/sites';
import type { BulkKind, LineRejection } from '@hostledger/operations';
import {
  deliveryAggregate,
  deliveryUnknown,
  type DiscrepancyResolved,
  type RegisteredDelivery,
  type ResolutionBegan,
  type ResolutionFailed,
} from '../domain/delivery.js';
import { getById } from '../domain/delivery-ids.js';
import { wishRefusal, type Outcome, type Wish } from '../domain/discrepancy-resolution.js';
import { minerAggregate, type Miner, type MinerCommand } from '../domain/miner.js';
import { unitOfMiner } from './delivery.js';
import { correctMinerModel } from './model-correction.js';

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
 * Settles discrepancies. Where a machine comes in, is sent back or is taken as another model,
 * `ResolutionBegan` is the intent; the machine's own stream decides, and the delivery is told either
 * way. A death in between leaves the rest to the process `delivery_resolutions`.
 * @throws DomainError when there is no such delivery.
 */
export const resolveDiscrepancies = async (
  store: AggregateStore,
  deliveryId: string,
  wishes: readonly Wish[],
  context: CommandContext,
): Promise<ResolvedDiscrepancies> => {
  const data = { deliveryId, resolvedBy: context.actor.subject, wishes };
  const command = { type: 'BeginResolutions', data, at: context.at } as const;
  const begun = await store.handle(deliveryAggregate, deliveryId, command, context);
  if (begun.state.status === 'unknown') throw deliveryUnknown(deliveryId);
  const { discrepancies, manifest } = begun.state;
  const pending = wishes.flatMap(({ discrepancyId }) => {
    const known = getById(discrepancies, discrepancyId);
    return known?.status === 'resolving' && known.begun
      ? [{ ...manifest, ...known.begun, line: known.line }]
      : [];
  });
  if (pending.length === 0) {
    return { ...begun, delivery: begun.state, refusals: refusalsIn(begun.state, wishes) };
  }
  const outcomes = await mapLimited(pending, MACHINES_IN_FLIGHT, (intent) =>
    moveMachine(store, intent, stepOf(context, 'receive', intent.discrepancyId)),
  );
  const ended = await finish(store, deliveryId, outcomes, stepOf(context, 'finish'));
  if (ended.state.status === 'unknown') throw deliveryUnknown(deliveryId);
  const { revision, position } = ended;
  const refusals = refusalsIn(ended.state, wishes);
  return { delivery: ended.state, refusals, revision, position, replayed: begun.replayed };
};

type Intent = Pick<
  ResolutionBegan['data'],
  | 'deliveryId'
  | 'contractId'
  | 'customerId'
  | 'facility'
  | 'discrepancyId'
  | 'kind'
  | 'line'
  | 'serial'
  | 'model'
  | 'resolution'
  | 'damaged'
>;

const moveMachine = (
  store: AggregateStore,
  intent: Intent,
  context: CommandContext,
): Promise<Outcome> => {
  if (intent.resolution === 'returned') return sendBack(store, intent, context);
  return intent.kind === 'wrongModel'
    ? correctModel(store, intent, context)
    : takeIn(store, intent, context);
};

/** The append at no_stream decides; a serial number that lives is refused for good. */
const takeIn = async (
  store: AggregateStore,
  {
    deliveryId,
    contractId,
    customerId,
    facility,
    discrepancyId,
    line,
    serial,
    model,
    damaged,
  }: Intent,
  context: CommandContext,
): Promise<Outcome> => {
  const data = { serial, model, contractId, customerId, deliveryId, line, facility };
  const command = {
    type: 'ReceiveMiner',
    data: { ...data, condition: damaged ? 'damaged' : 'ok' },
    at: context.at,
  } as const;
  try {
    await mustBeInOperation(store, facility);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { discrepancyId, serial, code: error.code, detail: error.message };
  }
  return told(store, discrepancyId, command, context);
};

/** It retires from storage; one that was put into a slot since stays. */
const sendBack = (
  store: AggregateStore,
  { discrepancyId, serial }: Intent,
  context: CommandContext,
): Promise<Outcome> => {
  const data = { serial, cause: 'returned' } as const;
  return told(store, discrepancyId, { type: 'RetireMiner', data, at: context.at }, context);
};

/** It is what it was found to be from here on, in its slot as far as the rack grants the watts. */
const correctModel = async (
  store: AggregateStore,
  { deliveryId, discrepancyId, serial, model }: Intent,
  context: CommandContext,
): Promise<Outcome> => {
  const correction = { deliveryId, discrepancyId, serial, model };
  return outcomeOf(discrepancyId, serial, () => correctMinerModel(store, correction, context));
};

const told = (
  store: AggregateStore,
  discrepancyId: string,
  command: MinerCommand,
  context: CommandContext,
): Promise<Outcome> => {
  const { serial } = command.data;
  return outcomeOf(discrepancyId, serial, async () => {
    const { state } = await store.handle(minerAggregate, serial, command, context);
    return state;
  });
};

const outcomeOf = async (
  discrepancyId: string,
  serial: string,
  act: () => Promise<Miner>,
): Promise<Outcome> => {
  try {
    const miner = await act();
    if (miner.status === 'unknown') throw new Error(`Miner ${serial} was handled and is unknown`);
    return { discrepancyId, serial, machine: unitOfMiner(miner) };
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
  wishes: readonly Wish[],
): ReadonlyMap<Wish, DomainError> => {
  const refusals = new Map<Wish, DomainError>();
  for (const wish of wishes) {
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

/** Pure: machines that were to be taken in or sent back, and of which the delivery does not know what came. */
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

/** Takes in, sends back or recounts what a crash left at the dock. */
export const deliveryResolutionsProcess = (
  store: AggregateStore,
): DurableProcess<UnfinishedResolution> => ({
  name: NAME,
  version: 2,
  items: unfinishedResolutions,
  perform: async ({ intent, cause_id: id, correlation_id: correlationId }, { at }) => {
    const cause = { id, correlationId };
    const outcome = await moveMachine(store, intent, processContext(NAME, cause, at, 'receive'));
    await finish(store, intent.deliveryId, [outcome], processContext(NAME, cause, at, 'finish'));
  },
});
