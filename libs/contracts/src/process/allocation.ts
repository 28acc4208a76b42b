import {
  claimCommandKey,
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

/** Whoever began is given this long to finish before the worker steps in. */
const GRACE_MS = 30_000;

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
  const settled = await settle(store, allocation, context);
  if ('refusal' in settled) throw settled.refusal;
  return settled.made;
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

type Settled =
  | { readonly made: Handled<Contract, ContractEvent> }
  | { readonly refusal: DomainError | RevisionMismatch };

/** Makes the allocation whose capacity is held, or gives it up and then frees the capacity. */
const settle = async (
  store: AggregateStore,
  allocation: Allocation,
  context: CommandContext,
): Promise<Settled> => {
  const refusal = await make(store, allocation, context).catch((error: unknown) => {
    if (error instanceof DomainError || error instanceof RevisionMismatch) return error;
    throw error;
  });
  if (!(refusal instanceof Error)) return { made: refusal };
  const { contractId, allocationId, orderId, facility } = allocation;
  const { at } = context;
  const code = refusal instanceof DomainError ? refusal.code : 'request/revision-mismatch';
  const detail = refusal.message;
  const { state } = await store.handle(
    contractAggregate,
    contractId,
    { type: 'AbandonAllocation', data: { allocationId, orderId, facility, code, detail }, at },
    stepOf(context, 'abandon'),
  );
  if (state.status !== 'unknown' && state.allocations.has(allocationId)) {
    return { made: await make(store, allocation, withoutGuard(context)) };
  }
  await store.handle(
    facilityAggregate,
    facility,
    { type: 'ReleaseCapacity', data: { allocationId, cause: code }, at },
    stepOf(context, 'release'),
  );
  return { refusal };
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

interface PendingAllocation extends ProcessItem {
  readonly allocation: Allocation;
  /** Of the command that committed the capacity. */
  readonly context: CommandContext;
}

/** Finishes allocations whose capacity is held and whose contract has said neither yes nor no. */
export const allocationsProcess = (store: AggregateStore): DurableProcess<PendingAllocation> => ({
  name: 'allocations',
  version: 1,
  items: pendingAllocations,
  perform: async ({ allocation, context }) => {
    await settle(store, allocation, context);
  },
});

export const pendingAllocations = tableFold<
  PendingAllocation,
  CapacityCommitted | CapacityReleased | CustomerAllocated
>({
  table: {
    name: 'allocations_to_settle',
    columns: { ...processItemColumns, allocation: 'jsonb', context: 'jsonb' },
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
      item_id: allocationId,
      due_at: new Date(Date.parse(event.recordedAt) + GRACE_MS).toISOString(),
      cause_id: event.id,
      correlation_id: event.metadata.$correlationId,
      allocation: {
        contractId,
        orderId,
        allocationId,
        facility,
        units,
        powerWatts,
        effectiveOn,
      },
      context: contextOfEvent(event),
    };
  },
});
