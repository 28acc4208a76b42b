import { tableFold, type Recorded } from '@hostledger/eventsourcing';
import { amountOf } from '@hostledger/quantities';
import type {
  AllocationReduced,
  AssignmentReleased,
  CustomerAllocated,
  DepositEvent,
  MachinesAssigned,
  OrderBasis,
  ServiceOrderPlaced,
} from '../../domain/contract-events.js';
import { minus, NOTHING } from '../../domain/contract-state.js';
import { held } from './contracts-table.js';
import { ofAllocation, ofDeposit, ofOrder } from './folding.js';
import { withChange, type LaterChange } from './later.js';

// What a contract holds: orders, allocations of them, and deposits

type Allocating = CustomerAllocated | AllocationReduced | MachinesAssigned | AssignmentReleased;

export interface OrderRow {
  readonly contract_id: string;
  readonly order_id: string;
  readonly reference: string;
  readonly basis: OrderBasis;
  readonly units: number;
  readonly power_watts: bigint;
  readonly hashrate_ghs: bigint | null;
  readonly model: string | null;
  readonly starts_on: string;
  readonly placed_at: string;
  /** Less all reductions, also those that take effect later. */
  readonly allocated_units: bigint;
  readonly allocated_watts: bigint;
  /** Of them: what takes effect on a day to come. */
  readonly later_allocated: readonly LaterChange[];
  readonly assigned_units: bigint;
  readonly assigned_watts: bigint;
}

export const contractOrders = tableFold<OrderRow, ServiceOrderPlaced | Allocating>({
  table: {
    name: 'contract_orders',
    columns: {
      contract_id: 'text',
      order_id: 'text',
      reference: 'text',
      basis: 'text',
      units: 'integer',
      power_watts: 'bigint',
      hashrate_ghs: 'bigint',
      model: 'text',
      starts_on: 'date',
      placed_at: 'timestamptz',
      allocated_units: 'bigint',
      allocated_watts: 'bigint',
      later_allocated: 'jsonb',
      assigned_units: 'bigint',
      assigned_watts: 'bigint',
    },
    key: ['contract_id', 'order_id'],
    nullable: ['model', 'hashrate_ghs'],
    indexes: [['contract_id', 'placed_at', 'order_id']],
  },
  keys: {
    ServiceOrderPlaced: ofOrder,
    CustomerAllocated: ofOrder,
    AllocationReduced: ofOrder,
    MachinesAssigned: ofOrder,
    AssignmentReleased: ofOrder,
  },
  evolve: (row, event) => {
    if (event.type !== 'ServiceOrderPlaced') {
      return row && { ...row, ...counted(row, event), later_allocated: later(row, event) };
    }
    const { contractId, orderId, reference, units, powerWatts, model, startsOn } = event.data;
    const { hashrateGhs } = event.data;
    return {
      contract_id: contractId,
      order_id: orderId,
      reference,
      basis: event.data.basis ?? 'units',
      units,
      power_watts: BigInt(powerWatts),
      hashrate_ghs: hashrateGhs === undefined ? null : BigInt(hashrateGhs),
      model: model ?? null,
      starts_on: startsOn,
      placed_at: event.metadata.occurredAt,
      allocated_units: 0n,
      allocated_watts: 0n,
      later_allocated: [],
      assigned_units: 0n,
      assigned_watts: 0n,
    };
  },
});

type Counts = Pick<
  OrderRow,
  'allocated_units' | 'allocated_watts' | 'assigned_units' | 'assigned_watts'
>;

const counted = (row: Counts, event: Allocating): Partial<Counts> => {
  const grows = event.type === 'CustomerAllocated' || event.type === 'MachinesAssigned';
  const units = BigInt(grows ? event.data.units : -event.data.units);
  const watts = BigInt(grows ? event.data.powerWatts : -event.data.powerWatts);
  return event.type === 'CustomerAllocated' || event.type === 'AllocationReduced'
    ? { allocated_units: row.allocated_units + units, allocated_watts: row.allocated_watts + watts }
    : { assigned_units: row.assigned_units + units, assigned_watts: row.assigned_watts + watts };
};

const later = (
  { later_allocated: before }: OrderRow,
  { type, data, recordedAt }: Recorded<Allocating>,
): readonly LaterChange[] => {
  if (type !== 'CustomerAllocated' && type !== 'AllocationReduced') return before;
  const { units, powerWatts } = type === 'CustomerAllocated' ? data : minus(NOTHING, data);
  return withChange(before, { on: data.effectiveOn, units, powerWatts }, recordedAt);
};

export interface AllocationRow {
  readonly contract_id: string;
  readonly allocation_id: string;
  readonly order_id: string;
  readonly facility: string;
  readonly units: number;
  readonly power_watts: bigint;
  readonly effective_on: string;
  readonly allocated_at: string;
  /** What is left of it after all reductions, also those that take effect later. */
  readonly allocated_units: bigint;
  readonly allocated_watts: bigint;
  readonly assigned_units: bigint;
  readonly assigned_watts: bigint;
  readonly reductions: readonly ReductionEntry[];
}

export interface ReductionEntry {
  readonly reductionId: string;
  readonly units: number;
  readonly powerWatts: number;
  readonly effectiveOn: string;
  readonly cause: string;
}

export const contractAllocations = tableFold<AllocationRow, Allocating>({
  table: {
    name: 'contract_allocations',
    columns: {
      contract_id: 'text',
      allocation_id: 'text',
      order_id: 'text',
      facility: 'text',
      units: 'integer',
      power_watts: 'bigint',
      effective_on: 'date',
      allocated_at: 'timestamptz',
      allocated_units: 'bigint',
      allocated_watts: 'bigint',
      assigned_units: 'bigint',
      assigned_watts: 'bigint',
      reductions: 'jsonb',
    },
    key: ['contract_id', 'allocation_id'],
    indexes: [['facility', 'contract_id', 'allocation_id']],
  },
  keys: {
    CustomerAllocated: ofAllocation,
    AllocationReduced: ofAllocation,
    MachinesAssigned: ofAllocation,
    AssignmentReleased: ofAllocation,
  },
  evolve: (row, event) => {
    if (event.type !== 'CustomerAllocated') {
      if (!row) return undefined;
      const after = { ...row, ...counted(row, event) };
      if (event.type !== 'AllocationReduced') return after;
      const { reductionId, units, powerWatts, effectiveOn, cause } = event.data;
      const reduction = { reductionId, units, powerWatts, effectiveOn, cause };
      return { ...after, reductions: [...row.reductions, reduction] };
    }
    const { data, metadata } = event;
    const power_watts = BigInt(data.powerWatts);
    return {
      contract_id: data.contractId,
      allocation_id: data.allocationId,
      order_id: data.orderId,
      facility: data.facility,
      units: data.units,
      power_watts,
      effective_on: data.effectiveOn,
      allocated_at: metadata.occurredAt,
      allocated_units: BigInt(data.units),
      allocated_watts: power_watts,
      assigned_units: 0n,
      assigned_watts: 0n,
      reductions: [],
    };
  },
});

export interface DepositRow {
  readonly contract_id: string;
  readonly deposit_id: string;
  readonly reference: string;
  readonly currency: string;
  readonly amount: string;
  /** What is left of it. */
  readonly balance: string;
  readonly received_on: string;
  readonly movements: readonly DepositMovement[];
}

export interface DepositMovement {
  readonly kind: 'draw' | 'refund';
  readonly id: string;
  readonly amount: string;
  readonly on: string;
  readonly reference: string;
  readonly cause?: string;
}

export const contractDeposits = tableFold<DepositRow, DepositEvent>({
  table: {
    name: 'contract_deposits',
    columns: {
      contract_id: 'text',
      deposit_id: 'text',
      reference: 'text',
      currency: 'text',
      amount: 'text',
      balance: 'text',
      received_on: 'date',
      movements: 'jsonb',
    },
    key: ['contract_id', 'deposit_id'],
  },
  keys: { DepositReceived: ofDeposit, DepositDrawn: ofDeposit, DepositRefunded: ofDeposit },
  evolve: (row, event) => {
    if (event.type === 'DepositReceived') {
      const { contractId, depositId, reference, currency, amount, receivedOn } = event.data;
      return {
        contract_id: contractId,
        deposit_id: depositId,
        reference,
        currency,
        amount,
        balance: amount,
        received_on: receivedOn,
        movements: [],
      };
    }
    if (!row) return undefined;
    const { amount, reference } = event.data;
    const movement: DepositMovement =
      event.type === 'DepositDrawn'
        ? {
            kind: 'draw',
            id: event.data.drawId,
            amount,
            on: event.data.drawnOn,
            reference,
            cause: event.data.cause,
          }
        : { kind: 'refund', id: event.data.refundId, amount, on: event.data.refundedOn, reference };
    const balance = held(row.balance, -amountOf(amount));
    return { ...row, balance, movements: [...row.movements, movement] };
  },
});
