import type { DomainError } from '@hostledger/eventsourcing';
import type { AssignmentReleased, ContractEvent, MachinesAssigned } from './contract-events.js';
import { minus, type Contract, type KnownContract } from './contract-state.js';
import { allocationUnknown } from './orders.js';
import { contractUnknown, notExecuted, notFound, refused, serviceRefusal } from './standing.js';

// Machines take up allocations: counted here, named on the machines.

export type Assignment = Omit<MachinesAssigned['data'], 'contractId' | 'customerId' | 'orderId'>;

export interface Release {
  readonly assignmentId: string;
  /** Absent: all that is left of the assignment. */
  readonly units?: number;
  readonly powerWatts?: number;
  readonly cause: string;
}

/** A machine that gave up its part of an assignment. */
export interface Leaver {
  /** Of its `MinerUnassigned` in the log, as a decimal number. */
  readonly position: string;
  readonly powerWatts: number;
}

export interface Leaving {
  readonly assignmentId: string;
  readonly leavers: readonly Leaver[];
  readonly cause: string;
}

export const assign = (data: Assignment, contract: KnownContract): ContractEvent[] => {
  const { assignmentId, allocationId } = data;
  const before = contract.assignments.get(assignmentId);
  if (before && before.units > 0) return [];
  if (before) {
    throw refused(
      'contract/assignment-released',
      `Assignment ${assignmentId} was released for good; assign anew`,
      { assignmentId },
    );
  }
  const refusal = assignmentRefusal(contract, data);
  if (refusal) throw refusal;
  const { orderId } = contract.allocations.get(allocationId)!;
  const { contractId, customerId } = contract;
  return [{ type: 'MachinesAssigned', data: { contractId, customerId, orderId, ...data } }];
};

/** Why these machines cannot be assigned; `undefined` when they can. */
export const assignmentRefusal = (
  contract: Contract,
  { allocationId, units, powerWatts }: Pick<Assignment, 'allocationId' | 'units' | 'powerWatts'>,
): DomainError | undefined => {
  if (contract.status === 'unknown') return contractUnknown();
  if (contract.status === 'drafted') return notExecuted(contract);
  const standing = serviceRefusal(contract.contractId, contract.lifecycle);
  if (standing) return standing;
  const allocation = contract.allocations.get(allocationId);
  if (!allocation) return allocationUnknown(allocationId, '/allocationId');
  const { units: freeUnits, powerWatts: freeWatts } = minus(allocation, allocation.assigned);
  if (units <= freeUnits && powerWatts <= freeWatts) return undefined;
  return refused(
    'contract/allocation-exceeded',
    `The allocation has ${freeUnits} units and ${freeWatts} W left, and ${units} units and ` +
      `${powerWatts} W are asked for`,
    { allocationId, freeUnits, freeWatts, askedUnits: units, askedWatts: powerWatts },
    units > freeUnits ? '/units' : '/powerWatts',
  );
};

/** Counts each machine once, whoever tells of it again. */
export const countLeavers = (
  { assignmentId, leavers, cause }: Leaving,
  contract: KnownContract,
): ContractEvent[] => {
  const { upTo = -1n } = contract.assignments.get(assignmentId) ?? {};
  const uncounted = leavers.filter(({ position }) => BigInt(position) > upTo);
  if (uncounted.length === 0) return [];
  const powerWatts = uncounted.reduce((sum, leaver) => sum + leaver.powerWatts, 0);
  const last = uncounted
    .map(({ position }) => BigInt(position))
    .reduce((one, other) => (one > other ? one : other));
  const part = { assignmentId, units: uncounted.length, powerWatts, cause };
  return release(part, contract).map((event) => ({
    ...event,
    data: { ...event.data, upTo: last.toString() },
  }));
};

/** Also after the end of the contract. With the last units all watts go that are left. */
export const release = (data: Release, contract: KnownContract): AssignmentReleased[] => {
  const { assignmentId, cause } = data;
  const left = contract.assignments.get(assignmentId);
  if (!left) {
    throw notFound('contract/assignment-unknown', `There is no assignment ${assignmentId}`, {
      assignmentId,
    });
  }
  const units = data.units ?? left.units;
  if (left.units === 0 && data.units === undefined) return [];
  const powerWatts = units === left.units ? left.powerWatts : (data.powerWatts ?? 0);
  if (units > left.units || powerWatts > left.powerWatts) {
    throw refused(
      'contract/assignment-exceeded',
      `The assignment has ${left.units} units and ${left.powerWatts} W left`,
      { assignmentId, units: left.units, powerWatts: left.powerWatts },
      units > left.units ? '/units' : '/powerWatts',
    );
  }
  const { contractId } = contract;
  const { allocationId } = left;
  const { orderId } = contract.allocations.get(allocationId)!;
  const freed = { contractId, orderId, allocationId, assignmentId, units, powerWatts, cause };
  return [{ type: 'AssignmentReleased', data: freed }];
};
