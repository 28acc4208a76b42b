import type { AggregateStore, CommandContext, Handled } from '@hostledger/eventsourcing';
import type { Assignment, Leaving, Release } from '../domain/assignments.js';
import type { ContractEvent } from '../domain/contract-events.js';
import type { Contract } from '../domain/contract-state.js';
import { contractAggregate } from '../domain/hosting-contract.js';

// What fleet calls: the contract's part of a flow that ends on the machines.

/**
 * Lets machines take up a part of an allocation: the intent of `MinerAssigned` on each of them.
 * The event carries the contract's customer and the order. Asking again for the same assignment
 * changes nothing. The context's `commandId` is that of this step.
 *
 * @param assignment `assignmentId` is the caller's, derived from its command; `machines` at most 500.
 * @throws DomainError `contract/allocation-exceeded` (with `freeUnits` and `freeWatts`),
 *   `contract/allocation-unknown`, `contract/assignment-released`, or why nothing is begun under
 *   the contract: `contract/suspended`, `contract/noticed`, `contract/ended`.
 */
export const assignMachines = (
  store: AggregateStore,
  { contractId, ...data }: Assignment & { readonly contractId: string },
  context: CommandContext,
): Promise<Handled<Contract, ContractEvent>> =>
  store.handle(
    contractAggregate,
    contractId,
    { type: 'AssignMachines', data, at: context.at },
    context,
  );

/**
 * Gives back a part of an assignment, or all that is left of it where no units are named: when
 * machines leave, or could not be assigned after all. Parts are told apart by the context's
 * `commandId`, so repeat one with the same id.
 *
 * @throws DomainError `contract/assignment-unknown`, `contract/assignment-exceeded`.
 */
export const releaseAssignment = (
  store: AggregateStore,
  { contractId, ...data }: Release & { readonly contractId: string },
  context: CommandContext,
): Promise<Handled<Contract, ContractEvent>> =>
  store.handle(
    contractAggregate,
    contractId,
    { type: 'ReleaseAssignment', data, at: context.at },
    context,
  );

/**
 * Gives back what machines took of an assignment that gave it up. Each is counted once, by the
 * position of its `MinerUnassigned`; all of one assignment at or before the last must be among
 * them, unless they were counted before.
 *
 * @throws DomainError `contract/assignment-unknown`, `contract/assignment-exceeded`.
 */
export const countLeavers = (
  store: AggregateStore,
  { contractId, ...data }: Leaving & { readonly contractId: string },
  context: CommandContext,
): Promise<Handled<Contract, ContractEvent>> =>
  store.handle(
    contractAggregate,
    contractId,
    { type: 'CountLeavers', data, at: context.at },
    context,
  );
