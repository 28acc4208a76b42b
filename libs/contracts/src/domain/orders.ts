import { DomainError } from '@hostledger/eventsourcing';
import type {
  AllocationAbandoned,
  AllocationReduced,
  ContractEvent,
  CustomerAllocated,
  ServiceOrderPlaced,
} from './contract-events.js';
import {
  minus,
  mostOf,
  termEndOf,
  type AllocationBalance,
  type Contract,
  type ExecutedContract,
  type KnownContract,
} from './contract-state.js';
import {
  contractUnknown,
  mustBeExecuted,
  mustServe,
  notExecuted,
  notFound,
  refused,
  serviceRefusal,
} from './standing.js';
import { mostAllocated, orderedWhile } from './terms.js';

export type Order = Omit<ServiceOrderPlaced['data'], 'contractId' | 'customerId'>;
export type Allocation = Omit<CustomerAllocated['data'], 'contractId' | 'customerId'>;
export type Abandonment = Omit<AllocationAbandoned['data'], 'contractId'>;
export type Reduction = Pick<
  AllocationReduced['data'],
  'allocationId' | 'reductionId' | 'units' | 'powerWatts' | 'effectiveOn' | 'cause'
>;

/**
 * The most that the orders of a contract come to, together. Far more than the trade knows, and so
 * little that every sum of it is exact in JSON.
 */
const MOST_ORDERED = {
  units: 1_000_000_000,
  powerWatts: 1_000_000_000_000_000,
  hashrateGhs: 1_000_000_000_000_000,
} as const;

export const placeOrder = (data: Order, known: KnownContract): ContractEvent[] => {
  const contract = mustBeExecuted(known);
  if (contract.orders.has(data.orderId)) return [];
  mustServe(contract);
  if (data.units === 0 && (data.basis ?? 'units') === 'units') {
    throw refused(
      'contract/order-without-units',
      'An order that is counted in units names how many',
      {},
      '/units',
    );
  }
  mustBeCountable(data, contract);
  mustStayUnderCaps(data, contract);
  const { contractId, customerId } = contract;
  return [{ type: 'ServiceOrderPlaced', data: { contractId, customerId, ...data } }];
};

const mustBeCountable = (order: Order, { orders }: ExecutedContract): void => {
  for (const [figure, most] of Object.entries(MOST_ORDERED)) {
    const name = figure as keyof typeof MOST_ORDERED;
    const ordered = [...orders.values()].reduce((sum, each) => sum + each[name], order[name] ?? 0);
    if (ordered <= most) continue;
    throw refused(
      'contract/orders-too-large',
      `The orders of a contract come to ${most} ${name} at most`,
      { [name]: ordered, most },
      `/${name}`,
    );
  }
};

/** No version of the terms that is in force while the order runs allows less than is ordered then. */
const mustStayUnderCaps = (order: Order, contract: ExecutedContract): void => {
  contract.terms.forEach(({ caps }, index) => {
    const endsOn = contract.terms[index + 1]?.effectiveOn;
    if (!caps || (endsOn !== undefined && order.startsOn >= endsOn)) return;
    const ordered = orderedWhile(contract, index + 1);
    const freeUnits = (caps.units ?? Infinity) - ordered.units;
    const freeWatts = (caps.powerWatts ?? Infinity) - ordered.powerWatts;
    if (order.units <= freeUnits && order.powerWatts <= freeWatts) return;
    throw refused(
      'contract/cap-exceeded',
      `Version ${index + 1} of the terms caps what can be ordered`,
      {
        version: index + 1,
        ...(caps.units !== undefined && { freeUnits }),
        ...(caps.powerWatts !== undefined && { freeWatts }),
      },
      order.units > freeUnits ? '/units' : '/powerWatts',
    );
  });
};

export const allocate = (data: Allocation, contract: KnownContract): ContractEvent[] => {
  if (contract.allocations.has(data.allocationId)) return [];
  const refusal = allocationRefusal(contract, data);
  if (refusal) throw refusal;
  const { contractId, customerId } = contract;
  return [{ type: 'CustomerAllocated', data: { contractId, customerId, ...data } }];
};

/** Why this allocation cannot be made; `undefined` when it can. */
export const allocationRefusal = (
  contract: Contract,
  data: Allocation,
): DomainError | undefined => {
  if (contract.status === 'unknown') return contractUnknown();
  if (contract.status === 'drafted') return notExecuted(contract);
  const { orderId, allocationId, units, powerWatts, effectiveOn } = data;
  const standing = serviceRefusal(contract.contractId, contract.lifecycle);
  if (standing) return standing;
  if (contract.abandonedAllocations.has(allocationId)) {
    return refused(
      'contract/allocation-abandoned',
      `Allocation ${allocationId} was refused for good; allocate anew`,
      { allocationId },
    );
  }
  const order = contract.orders.get(orderId);
  if (!order) {
    return notFound(
      'contract/order-unknown',
      `The contract has no order ${orderId}`,
      { orderId },
      '/orderId',
    );
  }
  if (!inForceOn(contract, effectiveOn)) {
    return refused(
      'contract/no-terms-in-force',
      `No executed terms of the contract are in force on ${effectiveOn}`,
      { effectiveOn, executedOn: contract.executedOn },
      '/effectiveOn',
    );
  }
  if (effectiveOn < order.startsOn) {
    return refused(
      'contract/allocation-before-order',
      `The order starts on ${order.startsOn}, and nothing is ordered on ${effectiveOn}`,
      { orderId, startsOn: order.startsOn, effectiveOn },
      '/effectiveOn',
    );
  }
  const termEndsOn = termEndOf(contract);
  if (termEndsOn !== undefined && effectiveOn > termEndsOn) {
    return refused(
      'contract/allocation-after-term',
      `The last day of the term is ${termEndsOn}, before ${effectiveOn}`,
      { termEndsOn, effectiveOn },
      '/effectiveOn',
    );
  }
  const most = mostOf(order.changes, effectiveOn);
  const { units: freeUnits, powerWatts: freeWatts } = minus(order, most);
  const short = order.basis === 'units' && units > freeUnits;
  if (short || powerWatts > freeWatts) {
    return refused(
      'contract/order-exceeded',
      `The order has ${freeUnits} units and ${freeWatts} W left to allocate, and ${units} units ` +
        `and ${powerWatts} W are asked for`,
      { orderId, freeUnits, freeWatts, askedUnits: units, askedWatts: powerWatts },
      short ? '/units' : '/powerWatts',
    );
  }
  return capRefusal(contract, data);
};

/** A cap in units binds what is allocated whatever the order is counted in, and names no units. */
const capRefusal = (
  contract: ExecutedContract,
  { units, effectiveOn }: Allocation,
): DomainError | undefined => {
  for (const [index, { caps, effectiveOn: since }] of contract.terms.entries()) {
    const until = contract.terms[index + 1]?.effectiveOn;
    if (caps?.units === undefined || (until !== undefined && effectiveOn >= until)) continue;
    const from = effectiveOn > since ? effectiveOn : since;
    const freeUnits = caps.units - mostAllocated(contract, from, until).units;
    if (units <= freeUnits) continue;
    return refused(
      'contract/cap-exceeded',
      `Version ${index + 1} of the terms caps what can be allocated`,
      { version: index + 1, freeUnits },
      '/units',
    );
  }
  return undefined;
};

const inForceOn = ({ executedOn, terms }: ExecutedContract, day: string): boolean =>
  day >= executedOn && terms.some(({ effectiveOn }) => effectiveOn <= day);

export const abandon = (data: Abandonment, contract: KnownContract): ContractEvent[] => {
  const { allocations, abandonedAllocations, contractId } = contract;
  if (allocations.has(data.allocationId) || abandonedAllocations.has(data.allocationId)) return [];
  return [{ type: 'AllocationAbandoned', data: { contractId, ...data } }];
};

/** Also after the end of the contract, when what is left of it is given back. */
export const reduce = (data: Reduction, contract: KnownContract): ContractEvent[] => {
  const { contractId, customerId, reductions } = contract;
  if (reductions.has(data.reductionId)) return [];
  if (data.units === 0 && data.powerWatts === 0) {
    throw new DomainError(
      'invalid',
      'contract/reduction-of-nothing',
      'A reduction takes units, watts or both',
      {},
      '/units',
    );
  }
  const { allocationId, effectiveOn } = data;
  const allocation = contract.allocations.get(allocationId);
  if (!allocation) throw allocationUnknown(allocationId);
  if (effectiveOn < allocation.effectiveOn) {
    throw refused(
      'contract/reduction-before-allocation',
      `The allocation takes effect on ${allocation.effectiveOn}, after ${effectiveOn}`,
      { allocationId, allocatedOn: allocation.effectiveOn },
      '/effectiveOn',
    );
  }
  mustLeaveEnough(data, allocation);
  const { orderId, facility } = allocation;
  const whole = { contractId, customerId, orderId, facility, ...data };
  return [{ type: 'AllocationReduced', data: whole }];
};

const mustLeaveEnough = (by: Reduction, allocation: AllocationBalance): void => {
  const left = minus(allocation, by);
  const free = minus(allocation, allocation.assigned);
  const { allocationId } = by;
  if (left.units < 0 || left.powerWatts < 0) {
    throw refused(
      'contract/reduction-exceeds-allocation',
      `The allocation holds ${allocation.units} units and ${allocation.powerWatts} W`,
      { allocationId, units: allocation.units, powerWatts: allocation.powerWatts },
      left.units < 0 ? '/units' : '/powerWatts',
    );
  }
  if (by.units > free.units || by.powerWatts > free.powerWatts) {
    throw refused(
      'contract/allocation-in-use',
      `Machines are assigned to all but ${free.units} units and ${free.powerWatts} W of it`,
      { allocationId, freeUnits: free.units, freeWatts: free.powerWatts },
      by.units > free.units ? '/units' : '/powerWatts',
    );
  }
  if ((left.units === 0) !== (left.powerWatts === 0)) {
    throw refused(
      'contract/reduction-uneven',
      'Units without power, or power without units, would be left of the allocation',
      { allocationId, leftUnits: left.units, leftWatts: left.powerWatts },
      left.units === 0 ? '/powerWatts' : '/units',
    );
  }
};

export const allocationUnknown = (allocationId: string, pointer?: string): DomainError =>
  notFound(
    'contract/allocation-unknown',
    `The contract has no allocation ${allocationId}`,
    { allocationId },
    pointer,
  );
