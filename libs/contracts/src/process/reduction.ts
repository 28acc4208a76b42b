import {
  contextOfEvent,
  processItemColumns,
  stepOf,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type Handled,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import { facilityAggregate, type CapacityReleased } from '@hostledger/sites';
import type { AllocationReduced, ContractEvent } from '../domain/contract-events.js';
import type { Contract } from '../domain/contract-state.js';
import { contractAggregate } from '../domain/hosting-contract.js';
import type { Reduction } from '../domain/orders.js';

/** Whoever began is given this long to finish before the worker steps in. */
const GRACE_MS = 30_000;

/**
 * Reduces an allocation across two streams: the contract says so (the intent), then the facility
 * gives the capacity back. It does so on the day the reduction takes effect and not before; what
 * lies in the future, and what a crash leaves, the process does.
 */
export const reduceAllocation = async (
  store: AggregateStore,
  { contractId, ...data }: Reduction & { readonly contractId: string },
  context: CommandContext,
): Promise<Handled<Contract, ContractEvent>> => {
  const command = { type: 'ReduceAllocation', data, at: context.at } as const;
  const handled = await store.handle(contractAggregate, contractId, command, context);
  const { state } = handled;
  if (state.status === 'unknown') throw new Error('An unknown contract was not refused');
  const allocation = state.allocations.get(data.allocationId);
  if (allocation && data.effectiveOn <= dayIn(state.timeZone, context.at)) {
    await giveBack(store, { ...data, facility: allocation.facility }, context);
  }
  return handled;
};

type Freed = Reduction & { readonly facility: string };

const giveBack = async (
  store: AggregateStore,
  { facility, allocationId, cause, reductionId, units, powerWatts }: Freed,
  context: CommandContext,
): Promise<void> => {
  const reduction = { reductionId, units, powerWatts };
  const data = { allocationId, cause, reduction };
  const command = { type: 'ReleaseCapacity', data, at: context.at } as const;
  await store.handle(facilityAggregate, facility, command, stepOf(context, 'give back'));
};

interface PendingReduction extends ProcessItem {
  readonly freed: Freed;
  /** Of the command that reduced the allocation. */
  readonly context: CommandContext;
}

/** Gives back the capacity of reductions that have taken effect. */
export const reductionsProcess = (store: AggregateStore): DurableProcess<PendingReduction> => ({
  name: 'allocation_reductions',
  version: 1,
  items: pendingReductions,
  perform: ({ freed, context }) => giveBack(store, freed, context),
});

export const pendingReductions = tableFold<PendingReduction, AllocationReduced | CapacityReleased>({
  table: {
    name: 'allocation_reductions_to_settle',
    columns: { ...processItemColumns, freed: 'jsonb', context: 'jsonb' },
    key: ['item_id'],
  },
  keys: {
    AllocationReduced: ({ data }) => [{ item_id: data.reductionId }],
    CapacityReleased: ({ data: { reductionId } }) =>
      reductionId === undefined ? [] : [{ item_id: reductionId }],
  },
  evolve: (_row, event) => {
    if (event.type === 'CapacityReleased') return undefined;
    const { facility, allocationId, reductionId, units, powerWatts, effectiveOn, cause } =
      event.data;
    return {
      item_id: reductionId,
      due_at: dueAt(event.recordedAt, effectiveOn),
      cause_id: event.id,
      correlation_id: event.metadata.$correlationId,
      freed: { facility, allocationId, reductionId, units, powerWatts, effectiveOn, cause },
      context: contextOfEvent(event),
    };
  },
});

/** When the day has begun in every time zone of the earth, and whoever began had their time. */
const dueAt = (recordedAt: string, effectiveOn: string): string => {
  const begun = Date.parse(`${effectiveOn}T12:00:00Z`);
  return new Date(Math.max(Date.parse(recordedAt) + GRACE_MS, begun)).toISOString();
};
