import {
  DomainError,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import {
  contractEnded,
  decideLifecycle,
  evolveLifecycle,
  hasEnded,
  lifecycleEvents,
  type Lifecycle,
  type LifecycleCommand,
  type LifecycleEvent,
} from './lifecycle.js';
import { checkRateCard, type RateCard } from './rate-card.js';

// Events

export interface Signatory {
  readonly party: string;
  readonly name: string;
  readonly title?: string;
}

export interface Clause {
  /** As the document numbers it, e.g. `4.2`. */
  readonly ref: string;
  readonly title: string;
  readonly text: string;
}

export const TERMS_KINDS = ['original', 'amendment', 'restatement'] as const;
export type TermsKind = (typeof TERMS_KINDS)[number];

export interface DeliveredModel {
  readonly model: string;
  readonly units: number;
  readonly hashrateGhs: number;
  /** Of all units together. */
  readonly nameplateWatts: number;
}

export type ContractDrafted = DomainEvent<
  'ContractDrafted',
  {
    contractId: string;
    customerId: string;
    reference: string;
    title: string;
    /** IANA name; billing months are months in this zone. */
    timeZone: string;
    /** ISO 4217. */
    currency: string;
  }
>;
export type ContractExecuted = DomainEvent<
  'ContractExecuted',
  {
    contractId: string;
    executedOn: string;
    /** SHA-256 (hex) of the signed document. */
    documentDigest: string;
    signatories: readonly Signatory[];
  }
>;
export type TermsAdopted = DomainEvent<
  'TermsAdopted',
  {
    contractId: string;
    /** 1, 2, 3, ... */
    version: number;
    effectiveOn: string;
    documentDigest: string;
    clauses: readonly Clause[];
    rateCard: RateCard;
    /** The first version is the original; a restatement replaces the whole text. */
    kind?: TermsKind;
    /** Last day of the term; the contract has no end of its own where no version names one. */
    termEndsOn?: string;
  }
>;
export type ServiceOrderPlaced = DomainEvent<
  'ServiceOrderPlaced',
  {
    contractId: string;
    customerId: string;
    orderId: string;
    reference: string;
    units: number;
    powerWatts: number;
    model?: string;
    startsOn: string;
  }
>;
export type CustomerAllocated = DomainEvent<
  'CustomerAllocated',
  {
    contractId: string;
    customerId: string;
    orderId: string;
    allocationId: string;
    facility: string;
    units: number;
    powerWatts: number;
    effectiveOn: string;
  }
>;
export type AllocationAbandoned = DomainEvent<
  'AllocationAbandoned',
  {
    contractId: string;
    allocationId: string;
    orderId: string;
    facility: string;
    /** The rule that refused it. */
    code: string;
    detail: string;
  }
>;
export type MinersDelivered = DomainEvent<
  'MinersDelivered',
  {
    contractId: string;
    customerId: string;
    deliveryId: string;
    reference: string;
    facility: string;
    /** received + missing + refused */
    lines: number;
    received: number;
    missing: number;
    refused: number;
    /** Rated, of what was received. */
    hashrateGhs: number;
    byModel: readonly DeliveredModel[];
    reconciledAt: string;
  }
>;

export type ContractEvent =
  | ContractDrafted
  | ContractExecuted
  | TermsAdopted
  | ServiceOrderPlaced
  | CustomerAllocated
  | AllocationAbandoned
  | MinersDelivered
  | LifecycleEvent;

export const contractEvents: EventCatalogue<ContractEvent> = {
  ContractDrafted: 'A hosting contract with a customer was opened for negotiation.',
  ContractExecuted: 'The contract was signed by both parties.',
  TermsAdopted: 'A numbered version of the terms was agreed, in force from its effective date.',
  ServiceOrderPlaced: 'The customer ordered hosting for a number of machines and their power.',
  CustomerAllocated: 'The customer was given capacity at a facility under an order.',
  AllocationAbandoned: 'An allocation was refused for good; its capacity can be given back.',
  MinersDelivered: 'A delivery under the contract was reconciled: what came, by model.',
  ...lifecycleEvents,
};

// State

export interface OrderBalance {
  readonly units: number;
  readonly powerWatts: number;
  readonly allocatedUnits: number;
  readonly allocatedWatts: number;
}

interface Agreed {
  readonly contractId: string;
  readonly customerId: string;
  readonly currency: string;
  readonly termEndsOn?: string;
  /** Effective dates of the versions 1, 2, ... in this order. */
  readonly termsEffectiveOn: readonly string[];
  readonly orders: ReadonlyMap<string, OrderBalance>;
  readonly allocations: ReadonlySet<string>;
  readonly abandonedAllocations: ReadonlySet<string>;
  readonly deliveries: ReadonlySet<string>;
}

export type DraftedContract = { readonly status: 'drafted' } & Agreed;
export type ExecutedContract = {
  readonly status: 'executed';
  readonly executedOn: string;
  readonly documentDigest: string;
  readonly lifecycle: Lifecycle;
} & Agreed;
export type Contract = { readonly status: 'unknown' } | DraftedContract | ExecutedContract;

// Evolve

const evolve = (contract: Contract, event: ContractEvent): Contract => {
  if (event.type === 'ContractDrafted') {
    const { contractId, customerId, currency } = event.data;
    return {
      status: 'drafted',
      contractId,
      customerId,
      currency,
      termsEffectiveOn: [],
      orders: new Map(),
      allocations: new Set(),
      abandonedAllocations: new Set(),
      deliveries: new Set(),
    };
  }
  if (contract.status === 'unknown') return contract;
  switch (event.type) {
    case 'ContractExecuted': {
      const { executedOn, documentDigest } = event.data;
      const lifecycle: Lifecycle = { stage: 'executed', since: executedOn };
      return { ...contract, status: 'executed', executedOn, documentDigest, lifecycle };
    }
    case 'TermsAdopted': {
      const { effectiveOn, termEndsOn = contract.termEndsOn } = event.data;
      const termsEffectiveOn = [...contract.termsEffectiveOn, effectiveOn];
      return { ...contract, termsEffectiveOn, ...(termEndsOn !== undefined && { termEndsOn }) };
    }
    case 'ServiceOrderPlaced': {
      const { orderId, units, powerWatts } = event.data;
      const order = { units, powerWatts, allocatedUnits: 0, allocatedWatts: 0 };
      return { ...contract, orders: new Map(contract.orders).set(orderId, order) };
    }
    case 'CustomerAllocated': {
      const { orderId, allocationId, units, powerWatts } = event.data;
      const order = contract.orders.get(orderId);
      if (!order) return contract;
      const balance: OrderBalance = {
        ...order,
        allocatedUnits: order.allocatedUnits + units,
        allocatedWatts: order.allocatedWatts + powerWatts,
      };
      return {
        ...contract,
        orders: new Map(contract.orders).set(orderId, balance),
        allocations: new Set(contract.allocations).add(allocationId),
      };
    }
    case 'AllocationAbandoned': {
      const abandonedAllocations = new Set(contract.abandonedAllocations);
      return {
        ...contract,
        abandonedAllocations: abandonedAllocations.add(event.data.allocationId),
      };
    }
    case 'MinersDelivered':
      return {
        ...contract,
        deliveries: new Set(contract.deliveries).add(event.data.deliveryId),
      };
    default:
      return live(contract, event);
  }
};

const live = (contract: DraftedContract | ExecutedContract, event: LifecycleEvent): Contract => {
  if (contract.status === 'drafted') return contract;
  const lifecycle = evolveLifecycle(contract.lifecycle, event);
  if (event.type !== 'PartyAssigned') return { ...contract, lifecycle };
  return { ...contract, lifecycle, customerId: event.data.toCustomerId };
};

// Commands

type Allocation = Omit<CustomerAllocated['data'], 'contractId' | 'customerId'>;
type Delivery = Omit<MinersDelivered['data'], 'contractId' | 'customerId'>;

export type ContractCommand =
  | DomainCommand<'DraftContract', ContractDrafted['data']>
  | DomainCommand<'ExecuteContract', Omit<ContractExecuted['data'], 'contractId'>>
  | DomainCommand<'AdoptTerms', Omit<TermsAdopted['data'], 'contractId' | 'version'>>
  | DomainCommand<'PlaceOrder', Omit<ServiceOrderPlaced['data'], 'contractId' | 'customerId'>>
  | DomainCommand<'AllocateCustomer', Allocation>
  /** The fence: afterwards the allocation can never be made. */
  | DomainCommand<'AbandonAllocation', Omit<AllocationAbandoned['data'], 'contractId'>>
  | DomainCommand<'RecordDelivery', Delivery>
  | LifecycleCommand;

// Decide

const decide = (command: ContractCommand, contract: Contract): readonly ContractEvent[] => {
  if (command.type === 'DraftContract') return draft(command.data, contract);
  if (contract.status === 'unknown') throw contractUnknown();
  switch (command.type) {
    case 'ExecuteContract':
      return execute(command.data, contract);
    case 'AdoptTerms':
      return adoptTerms(command.data, contract);
    case 'PlaceOrder':
      return placeOrder(command.data, contract);
    case 'AllocateCustomer':
      return allocate(command.data, contract);
    case 'AbandonAllocation':
      return abandon(command.data, contract);
    case 'RecordDelivery':
      return recordDelivery(command.data, contract);
    default:
      if (contract.status === 'drafted') throw notExecuted(contract);
      return decideLifecycle(command, contract);
  }
};

const draft = (data: ContractDrafted['data'], contract: Contract): ContractEvent[] => {
  if (contract.status === 'unknown') return [{ type: 'ContractDrafted', data }];
  const { contractId } = data;
  throw refused('contract/already-drafted', `There is a contract ${contractId}`, { contractId });
};

const execute = (
  data: Omit<ContractExecuted['data'], 'contractId'>,
  contract: DraftedContract | ExecutedContract,
): ContractEvent[] => {
  const { executedOn, documentDigest } = data;
  if (contract.status === 'executed') {
    const same = contract.executedOn === executedOn && contract.documentDigest === documentDigest;
    if (same) return [];
    throw refused(
      'contract/already-executed',
      `The contract was executed on ${contract.executedOn}, with this or another document`,
      { executedOn: contract.executedOn },
    );
  }
  mustCoverExecution(contract.termsEffectiveOn[0], executedOn, '/executedOn');
  return [{ type: 'ContractExecuted', data: { contractId: contract.contractId, ...data } }];
};

const adoptTerms = (
  data: Omit<TermsAdopted['data'], 'contractId' | 'version'>,
  contract: DraftedContract | ExecutedContract,
): ContractEvent[] => {
  mustGoOn(contract);
  const latest = contract.termsEffectiveOn.at(-1);
  if (latest !== undefined && data.effectiveOn <= latest) {
    throw refused(
      'contract/terms-not-later',
      `New terms take effect after those of ${latest}, not on ${data.effectiveOn}`,
      { latestEffectiveOn: latest, effectiveOn: data.effectiveOn },
      '/effectiveOn',
    );
  }
  if (latest === undefined && contract.status === 'executed') {
    mustCoverExecution(data.effectiveOn, contract.executedOn, '/effectiveOn');
  }
  if (data.kind !== undefined && (data.kind === 'original') !== (latest === undefined)) {
    throw refused(
      'contract/terms-kind',
      latest === undefined
        ? `The first terms are the original, not the ${data.kind}`
        : 'The contract has its original terms; these amend or restate them',
      { kind: data.kind },
      '/kind',
    );
  }
  checkRateCard(data.rateCard, contract.currency);
  const version = contract.termsEffectiveOn.length + 1;
  return [{ type: 'TermsAdopted', data: { contractId: contract.contractId, version, ...data } }];
};

/** An executed contract is never without terms, so the first version is in force on that day. */
const mustCoverExecution = (
  firstEffectiveOn: string | undefined,
  executedOn: string,
  pointer: string,
): void => {
  if (firstEffectiveOn === undefined || firstEffectiveOn <= executedOn) return;
  throw refused(
    'contract/terms-after-execution',
    `The first terms take effect on ${firstEffectiveOn}, after the execution on ${executedOn}`,
    { firstEffectiveOn, executedOn },
    pointer,
  );
};

const placeOrder = (
  data: Omit<ServiceOrderPlaced['data'], 'contractId' | 'customerId'>,
  contract: DraftedContract | ExecutedContract,
): ContractEvent[] => {
  if (contract.status === 'drafted') throw notExecuted(contract);
  if (contract.orders.has(data.orderId)) return [];
  mustServe(contract.contractId, contract.lifecycle);
  const { contractId, customerId } = contract;
  return [{ type: 'ServiceOrderPlaced', data: { contractId, customerId, ...data } }];
};

const allocate = (
  data: Allocation,
  contract: DraftedContract | ExecutedContract,
): ContractEvent[] => {
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
    return new DomainError(
      'notFound',
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
  const freeUnits = order.units - order.allocatedUnits;
  const freeWatts = order.powerWatts - order.allocatedWatts;
  if (units > freeUnits || powerWatts > freeWatts) {
    return refused(
      'contract/order-exceeded',
      `The order has ${freeUnits} units and ${freeWatts} W left to allocate, and ${units} units ` +
        `and ${powerWatts} W are asked for`,
      { orderId, freeUnits, freeWatts, askedUnits: units, askedWatts: powerWatts },
      units > freeUnits ? '/units' : '/powerWatts',
    );
  }
  return undefined;
};

const inForceOn = ({ executedOn, termsEffectiveOn }: ExecutedContract, day: string): boolean =>
  day >= executedOn && termsEffectiveOn.some((effectiveOn) => effectiveOn <= day);

const abandon = (
  data: Omit<AllocationAbandoned['data'], 'contractId'>,
  contract: DraftedContract | ExecutedContract,
): ContractEvent[] => {
  const { allocations, abandonedAllocations, contractId } = contract;
  if (allocations.has(data.allocationId) || abandonedAllocations.has(data.allocationId)) return [];
  return [{ type: 'AllocationAbandoned', data: { contractId, ...data } }];
};

const recordDelivery = (
  data: Delivery,
  contract: DraftedContract | ExecutedContract,
): ContractEvent[] => {
  mustBeExecuted(contract);
  if (contract.deliveries.has(data.deliveryId)) return [];
  const { contractId, customerId } = contract;
  return [{ type: 'MinersDelivered', data: { contractId, customerId, ...data } }];
};

const mustGoOn = (contract: DraftedContract | ExecutedContract): void => {
  if (contract.status === 'drafted' || !hasEnded(contract.lifecycle)) return;
  throw contractEnded(contract.contractId, contract.lifecycle);
};

/** Why nothing new is begun under the contract; `undefined` while it is in good standing. */
const serviceRefusal = (contractId: string, lifecycle: Lifecycle): DomainError | undefined => {
  if (hasEnded(lifecycle)) return contractEnded(contractId, lifecycle);
  const { stage, since, endsOn } = lifecycle;
  if (stage === 'suspended') {
    return refused('contract/suspended', `Service is suspended since ${since}`, { since });
  }
  if (endsOn === undefined) return undefined;
  return refused('contract/noticed', `By notice the contract ends on ${endsOn}`, { endsOn });
};

const mustServe = (contractId: string, lifecycle: Lifecycle): void => {
  const refusal = serviceRefusal(contractId, lifecycle);
  if (refusal) throw refusal;
};

const mustBeExecuted = (contract: DraftedContract | ExecutedContract): void => {
  if (contract.status === 'drafted') throw notExecuted(contract);
};

const refused = (
  code: string,
  message: string,
  details: Record<string, unknown> = {},
  pointer?: string,
): DomainError => new DomainError('conflict', code, message, details, pointer);

export const contractUnknown = (): DomainError =>
  new DomainError('notFound', 'contract/unknown', 'There is no such contract');

const notExecuted = ({ contractId }: DraftedContract): DomainError =>
  refused('contract/not-executed', 'The contract has not been executed', { contractId });

/** A hosting contract: terms in strict sequence, and no more allocated than was ordered. */
export const contractAggregate: Aggregate<Contract, ContractCommand, ContractEvent> = {
  category: 'hostingContract',
  initialState: { status: 'unknown' },
  events: contractEvents,
  decide,
  evolve,
};
