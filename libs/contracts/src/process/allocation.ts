import {
  begunActColumns,
  begunBy,
  claimCommandKey,
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
import {
  facilityAggregate,
  type CapacityCommitted,
  type CapacityReleased,
} from '@hostledger/sites';
import { type ContractEvent, type CustomerAllocated } from '../domain/contract-events.js';
import { type Contract } from '../domain/contract-state.js';
import { contractAggregate } from '../domain/hosting-contract.js';
import { allocationRefusal } from '../domain/orders.js';
import { mustBeInCredit } from './credit.js';

/** Everything needed to make the allocation, or to give it up. */
export type Allocation = Omit<CustomerAllocated['data'], 'customerId'>;

/**
 * Allocates capacity across two streams: the facility holds it (the intent), then the contract
 * makes the allocation. Where the contract refuses after all, it records that the allocation is
 * given up for good, and only then is the capacity free again: so a stalled writer can never make
 * an allocation whose capacity is gone. What a crash leaves, the process finishes.
 *
 * Refusals that can be seen beforehand leave no trace. `If-Match` guards the contract.
 */
export const allocate = async (
  store: AggregateStore,
  allocation: Allocation,
  context: CommandContext,
): Promise<Handled<Contract, ContractEvent>> => {
  const customerId = await mayAllocate(store, allocation, context);
  await mayCommit(store, { ...allocation, customerId }, context);
  await claimCommandKey(store, context);
  const { facility, ...held } = allocation;
  await store.handle(
    facilityAggregate,
    facility,
    { type: 'CommitCapacity', data: { ...held, customerId }, at: context.at },
    withoutGuard(context),
  );
  return madeOf(await settle(settling(store, allocation, context)));
};

/** The contract would allow it, or has done so already. Answers whose contract it is. */
const mayAllocate = async (
  store: AggregateStore,
  allocation: Allocation,
  { expectedRevision }: CommandContext,
): Promise<string> => {
  const { contractId, allocationId } = allocation;
  const { state, revision } = await store.load(contractAggregate, contractId, { fresh: true });
  if (state.status !== 'unknown' && state.allocations.has(allocationId)) return state.customerId;
  if (expectedRevision !== undefined && expectedRevision !== revision) {
    const stream = streamName(contractAggregate, contractId);
    throw new RevisionMismatch(stream, expectedRevision, revision);
  }
  const refusal = allocationRefusal(state, allocation);
  if (refusal) throw refusal;
  if (state.status === 'unknown') throw new Error('An unknown contract was not refused');
  await mustBeInCredit(store, state.customerId);
  return state.customerId;
};

/** The facility would hold the capacity, or does so already; decided without writing anything. */
const mayCommit = async (
  store: AggregateStore,
  { facility, ...data }: CapacityCommitted['data'],
  { at }: CommandContext,
): Promise<void> => {
  const { state } = await store.load(facilityAggregate, facility, { fresh: true });
  facilityAggregate.decide({ type: 'CommitCapacity', data, at }, state);
};

/** The allocation whose capacity is held is made, or given up and then the capacity is free. */
const settling = (
  store: AggregateStore,
  allocation: Allocation,
  context: CommandContext,
): Settling<Handled<Contract, ContractEvent>> => {
  const { contractId, allocationId, orderId, facility } = allocation;
  const { at } = context;
  return {
    make: () => make(store, allocation, context),
    giveUp: async (why) => {
      const data = { allocationId, orderId, facility, ...why };
      const abandon = { type: 'AbandonAllocation', data, at } as const;
      const step = stepOf(context, 'abandon');
      const { state } = await store.handle(contractAggregate, contractId, abandon, step);
      return state.status !== 'unknown' && state.allocations.has(allocationId);
    },
    again: () => make(store, allocation, withoutGuard(context)),
    free: (cause) => {
      const release = { type: 'ReleaseCapacity', data: { allocationId, cause }, at } as const;
      return store.handle(facilityAggregate, facility, release, stepOf(context, 'release'));
    },
  };
};

const make = (
  store: AggregateStore,
  { contractId, ...data }: Allocation,
  context: CommandContext,
): Promise<Handled<Contract, ContractEvent>> =>
  store.handle(
    contractAggregate,
    contractId,
    { type: 'AllocateCustomer', data, at: context.at },
    { ...stepOf(context, 'allocate'), expectedRevision: context.expectedRevision },
  );

const withoutGuard = (context: CommandContext): CommandContext => ({
  ...context,
  expectedRevision: undefined,
});

interface PendingAllocation extends BegunAct {
  readonly allocation: Allocation;
}

/** Finishes allocations whose capacity is held and whose contract has said neither yes nor no. */
export const allocationsProcess = (store: AggregateStore): DurableProcess<PendingAllocation> => ({
  name: 'allocations',
  version: 1,
  items: pendingAllocations,
  perform: async ({ allocation, context }) => {
    await settle(settling(store, allocation, context));
  },
});

export const pendingAllocations = tableFold<
  PendingAllocation,
  CapacityCommitted | CapacityReleased | CustomerAllocated
>({
  table: {
    name: 'allocations_to_settle',
    columns: { ...begunActColumns, allocation: 'jsonb' },
    key: ['item_id'],
  },
  keys: {
    CapacityCommitted: ({ data }) => [{ item_id: data.allocationId }],
    CapacityReleased: ({ data }) => [{ item_id: data.allocationId }],
    CustomerAllocated: ({ data }) => [{ item_id: data.allocationId }],
  },
  evolve: (_row, event) => {
    if (event.type !== 'CapacityCommitted') return undefined;
    const { facility, contractId, orderId, allocationId, ...amount } = event.data;
    const { units, powerWatts, effectiveOn } = amount;
    return {
      ...begunBy(event, allocationId),
      allocation: {
        contractId,
        orderId,
        allocationId,
        facility,
        units,
        powerWatts,
        effectiveOn,
      },
    };
  },
});
