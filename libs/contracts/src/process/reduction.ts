import {
  begunActColumns,
  begunBy,
  graceAfter,
  stepOf,
  tableFold,
  type AggregateStore,
  type BegunAct,
  type CommandContext,
  type DurableProcess,
  type Handled,
} from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import { facilityAggregate, type CapacityReleased } from '@hostledger/sites';
import type { AllocationReduced, ContractEvent } from '../domain/contract-events.js';
import type { Contract } from '../domain/contract-state.js';
import { contractAggregate } from '../domain/hosting-contract.js';
import type { Reduction } from '../domain/orders.js';

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

interface PendingReduction extends BegunAct {
  readonly freed: Freed;
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
    columns: { ...begunActColumns, freed: 'jsonb' },
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
      ...begunBy(event, reductionId),
      due_at: dueAt(graceAfter(event), effectiveOn),
      freed: { facility, allocationId, reductionId, units, powerWatts, effectiveOn, cause },
    };
  },
});

/** When the day has begun in every time zone of the earth, and whoever began had their time. */
const dueAt = (graceEnds: string, effectiveOn: string): string => {
  const begun = `${effectiveOn}T12:00:00.000Z`;
  return graceEnds > begun ? graceEnds : begun;
};
