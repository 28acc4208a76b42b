import { amountOf } from '@hostledger/quantities';
import type {
  AssignmentReleased,
  ContractEvent,
  CustomerAllocated,
  DepositEvent,
  MachinesAssigned,
  MinersDelivered,
  OrderBasis,
  OrderCaps,
  AllocationReduced,
  Signatory,
} from './contract-events.js';
import { evolveLifecycle, type Acts, type Lifecycle, type LifecycleEvent } from './lifecycle.js';
import { evolveConsents, type RelocationConsent } from './relocation-clause.js';

export interface Amount {
  readonly units: number;
  readonly powerWatts: number;
}

export interface TermsVersion {
  readonly effectiveOn: string;
  readonly termEndsOn?: string;
  readonly caps?: OrderCaps;
  readonly requiredDeposit?: string;
}

export interface OrderBalance extends Amount {
  readonly basis: OrderBasis;
  /** 0 where nobody agreed on it. */
  readonly hashrateGhs: number;
  readonly startsOn: string;
  /** What is allocated of it: by how much that grows or shrinks, in the order of the days. */
  readonly changes: readonly (Amount & { readonly on: string })[];
}

export interface AllocationBalance extends Amount {
  readonly orderId: string;
  readonly facility: string;
  readonly effectiveOn: string;
  readonly assigned: Amount;
}

/** What is left of an assignment. */
export interface AssignmentBalance extends Amount {
  readonly allocationId: string;
  /** Machines that gave it up at or before this position are counted. */
  readonly upTo?: bigint;
}

export interface DepositBalance {
  readonly receivedOn: string;
  /** In ten-thousandths of the currency. */
  readonly balance: bigint;
}

/** What was last reported of a delivery. */
export interface DeliveryBalance extends Amount {
  readonly accepted: number;
  readonly hashrateGhs: number;
  /** 0 for the report itself. */
  readonly amendment: number;
}

interface Agreed {
  readonly contractId: string;
  readonly customerId: string;
  readonly currency: string;
  readonly timeZone: string;
  /** The versions 1, 2, ... in this order, as corrected. */
  readonly terms: readonly TermsVersion[];
  readonly orders: ReadonlyMap<string, OrderBalance>;
  /** What is left of each; all reductions count, also those that take effect later. */
  readonly allocations: ReadonlyMap<string, AllocationBalance>;
  readonly abandonedAllocations: ReadonlySet<string>;
  readonly reductions: ReadonlySet<string>;
  readonly assignments: ReadonlyMap<string, AssignmentBalance>;
  readonly deliveries: ReadonlyMap<string, DeliveryBalance>;
  readonly deposits: ReadonlyMap<string, DepositBalance>;
  /** Draws and refunds. */
  readonly depositMovements: ReadonlySet<string>;
  /** To move machines, by its id. */
  readonly consents: ReadonlyMap<string, RelocationConsent>;
}

export type DraftedContract = { readonly status: 'drafted' } & Agreed;
export type ExecutedContract = {
  readonly status: 'executed';
  readonly executedOn: string;
  readonly documentDigest: string;
  readonly signatories: readonly Signatory[];
  readonly lifecycle: Lifecycle;
  readonly acts: Acts;
} & Agreed;
export type KnownContract = DraftedContract | ExecutedContract;
export type Contract = { readonly status: 'unknown' } | KnownContract;

export const NOTHING: Amount = { units: 0, powerWatts: 0 };

export const plus = (a: Amount, b: Amount): Amount => ({
  units: a.units + b.units,
  powerWatts: a.powerWatts + b.powerWatts,
});

export const minus = (a: Amount, b: Amount): Amount => ({
  units: a.units - b.units,
  powerWatts: a.powerWatts - b.powerWatts,
});

/**
 * The most that changes come to on a day from one on, until another. Those of one day count together:
 * what is given back that day can be given anew that day.
 * @param changes in the order of their days.
 */
export const mostOf = (changes: OrderBalance['changes'], from: string, until?: string): Amount => {
  let sum = NOTHING;
  let most = NOTHING;
  changes.forEach((change, index) => {
    if (until !== undefined && change.on >= until) return;
    sum = plus(sum, change);
    const next = changes[index + 1]?.on;
    if (next === change.on || (next !== undefined && next <= from)) return;
    most = {
      units: Math.max(most.units, sum.units),
      powerWatts: Math.max(most.powerWatts, sum.powerWatts),
    };
  });
  return most;
};

/** Last day of the term: that of the latest version which names one. */
export const termEndOf = ({ terms }: KnownContract): string | undefined =>
  terms.findLast(({ termEndsOn }) => termEndsOn !== undefined)?.termEndsOn;

export const evolve = (contract: Contract, event: ContractEvent): Contract => {
  if (event.type === 'ContractDrafted') {
    const { contractId, customerId, currency, timeZone } = event.data;
    return {
      status: 'drafted',
      contractId,
      customerId,
      currency,
      timeZone,
      terms: [],
      orders: new Map(),
      allocations: new Map(),
      abandonedAllocations: new Set(),
      reductions: new Set(),
      assignments: new Map(),
      deliveries: new Map(),
      deposits: new Map(),
      depositMovements: new Set(),
      consents: new Map(),
    };
  }
  if (contract.status === 'unknown') return contract;
  switch (event.type) {
    case 'ContractExecuted': {
      const { contractId: _, ...execution } = event.data;
      const lifecycle: Lifecycle = { stage: 'executed', since: execution.executedOn };
      return { ...contract, status: 'executed', ...execution, lifecycle, acts: new Map() };
    }
    case 'TermsAdopted':
      return { ...contract, terms: [...contract.terms, versionOf(event.data)] };
    case 'TermsCorrected':
      return {
        ...contract,
        terms: contract.terms.with(event.data.version - 1, versionOf(event.data)),
      };
    case 'ServiceOrderPlaced': {
      const { orderId, units, powerWatts, startsOn, basis = 'units', hashrateGhs = 0 } = event.data;
      const order = { units, powerWatts, startsOn, basis, hashrateGhs, changes: [] };
      return { ...contract, orders: put(contract.orders, orderId, order) };
    }
    case 'CustomerAllocated':
      return allocated(contract, event.data);
    case 'AllocationAbandoned': {
      const { allocationId } = event.data;
      return {
        ...contract,
        abandonedAllocations: add(contract.abandonedAllocations, allocationId),
      };
    }
    case 'AllocationReduced':
      return reduced(contract, event.data);
    case 'MachinesAssigned':
      return assigned(contract, event.data);
    case 'AssignmentReleased':
      return released(contract, event.data);
    case 'MinersDelivered':
      return {
        ...contract,
        deliveries: put(contract.deliveries, event.data.deliveryId, balanceOf(event.data, 0)),
      };
    case 'DeliveredMinersAmended': {
      const { deliveryId, amendment } = event.data;
      const balance = balanceOf(event.data, amendment);
      return { ...contract, deliveries: put(contract.deliveries, deliveryId, balance) };
    }
    case 'DepositReceived':
    case 'DepositDrawn':
    case 'DepositRefunded':
      return evolveDeposits(contract, event);
    case 'RelocationConsented':
    case 'RelocationConsentWithdrawn':
      return { ...contract, consents: evolveConsents(contract.consents, event) };
    default:
      return lived(contract, event);
  }
};

export const balanceOf = (
  {
    byModel,
    hashrateGhs,
    received,
    accepted = received,
  }: Pick<MinersDelivered['data'], 'byModel' | 'hashrateGhs' | 'received' | 'accepted'>,
  amendment: number,
): DeliveryBalance => ({
  units: byModel.reduce((sum, { units }) => sum + units, 0),
  powerWatts: byModel.reduce((sum, { nameplateWatts }) => sum + nameplateWatts, 0),
  accepted,
  hashrateGhs,
  amendment,
});

const put = <Value>(map: ReadonlyMap<string, Value>, key: string, value: Value) =>
  new Map(map).set(key, value);
const add = (set: ReadonlySet<string>, key: string) => new Set(set).add(key);

const versionOf = (said: TermsVersion): TermsVersion => {
  const { effectiveOn, termEndsOn, caps, requiredDeposit } = said;
  return {
    effectiveOn,
    ...(termEndsOn !== undefined && { termEndsOn }),
    ...(caps !== undefined && { caps }),
    ...(requiredDeposit !== undefined && { requiredDeposit }),
  };
};

const allocated = (contract: KnownContract, data: CustomerAllocated['data']): KnownContract => {
  const { orderId, allocationId, facility, effectiveOn, units, powerWatts } = data;
  const balance = { orderId, facility, effectiveOn, units, powerWatts, assigned: NOTHING };
  return {
    ...contract,
    orders: changed(contract.orders, orderId, { on: effectiveOn, units, powerWatts }),
    allocations: put(contract.allocations, allocationId, balance),
  };
};

const reduced = (contract: KnownContract, data: AllocationReduced['data']): KnownContract => {
  const { orderId, allocationId, reductionId, effectiveOn } = data;
  const allocation = contract.allocations.get(allocationId);
  if (!allocation) return contract;
  const left = { ...allocation, ...minus(allocation, data) };
  return {
    ...contract,
    orders: changed(contract.orders, orderId, { on: effectiveOn, ...minus(NOTHING, data) }),
    allocations: put(contract.allocations, allocationId, left),
    reductions: add(contract.reductions, reductionId),
  };
};

const changed = (
  orders: KnownContract['orders'],
  orderId: string,
  change: OrderBalance['changes'][number],
): KnownContract['orders'] => {
  const order = orders.get(orderId);
  if (!order) return orders;
  const later = order.changes.findIndex(({ on }) => on > change.on);
  const changes = order.changes.toSpliced(later < 0 ? order.changes.length : later, 0, change);
  return put(orders, orderId, { ...order, changes });
};

const assigned = (contract: KnownContract, data: MachinesAssigned['data']): KnownContract => {
  const { allocationId, assignmentId, units, powerWatts } = data;
  const allocation = contract.allocations.get(allocationId);
  if (!allocation) return contract;
  const taken = { ...allocation, assigned: plus(allocation.assigned, data) };
  return {
    ...contract,
    allocations: put(contract.allocations, allocationId, taken),
    assignments: put(contract.assignments, assignmentId, { allocationId, units, powerWatts }),
  };
};

const released = (contract: KnownContract, data: AssignmentReleased['data']): KnownContract => {
  const { allocationId, assignmentId } = data;
  const allocation = contract.allocations.get(allocationId);
  const assignment = contract.assignments.get(assignmentId);
  if (!allocation || !assignment) return contract;
  const given = { ...allocation, assigned: minus(allocation.assigned, data) };
  const left = {
    ...assignment,
    ...minus(assignment, data),
    ...(data.upTo !== undefined && { upTo: BigInt(data.upTo) }),
  };
  return {
    ...contract,
    allocations: put(contract.allocations, allocationId, given),
    assignments: put(contract.assignments, assignmentId, left),
  };
};

const evolveDeposits = (contract: KnownContract, event: DepositEvent): KnownContract => {
  const { depositId } = event.data;
  const amount = amountOf(event.data.amount);
  if (event.type === 'DepositReceived') {
    const deposit = { receivedOn: event.data.receivedOn, balance: amount };
    return { ...contract, deposits: put(contract.deposits, depositId, deposit) };
  }
  const deposit = contract.deposits.get(depositId);
  if (!deposit) return contract;
  const movement = event.type === 'DepositDrawn' ? event.data.drawId : event.data.refundId;
  const left = { ...deposit, balance: deposit.balance - amount };
  return {
    ...contract,
    deposits: put(contract.deposits, depositId, left),
    depositMovements: add(contract.depositMovements, movement),
  };
};

const lived = (contract: KnownContract, event: LifecycleEvent): KnownContract => {
  if (contract.status === 'drafted') return contract;
  const lifecycle = evolveLifecycle(contract.lifecycle, event);
  const acts = new Map(contract.acts).set(event.type, event);
  if (event.type !== 'PartyAssigned') return { ...contract, lifecycle, acts };
  return { ...contract, lifecycle, acts, customerId: event.data.toCustomerId };
};
