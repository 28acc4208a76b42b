import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type {
  Clause,
  ContractEvent,
  CustomerAllocated,
  DeliveredModel,
  MinersDelivered,
  ServiceOrderPlaced,
  Signatory,
  TermsAdopted,
  TermsKind,
} from '../../domain/hosting-contract.js';
import {
  evolveLifecycle,
  type Lifecycle,
  type LifecycleEvent,
  type Stage,
} from '../../domain/lifecycle.js';
import type { RateCard } from '../../domain/rate-card.js';

const everyLifecycleEvent = <Key>(key: Key) => ({
  ContractActivated: key,
  ServiceSuspended: key,
  ServiceResumed: key,
  TerminationNoticed: key,
  ContractTerminated: key,
  ContractExpired: key,
  ContractAssumed: key,
  ContractRejected: key,
  PartyAssigned: key,
});

const ofContract = ({ data }: { data: { contractId: string } }) => [
  { contract_id: data.contractId },
];

// What the contract is and holds

export interface ContractRow {
  readonly contract_id: string;
  readonly customer_id: string;
  readonly reference: string;
  readonly title: string;
  readonly time_zone: string;
  readonly currency: string;
  readonly status: 'drafted' | 'executed';
  /** Where an executed contract is in its life, since which day, and when notice ends it. */
  readonly stage: Stage | null;
  readonly stage_since: string | null;
  readonly ends_on: string | null;
  readonly assumed_on: string | null;
  readonly term_ends_on: string | null;
  readonly drafted_at: string;
  readonly executed_on: string | null;
  readonly document_digest: string | null;
  readonly signatories: readonly Signatory[];
  /** The latest version adopted; 0 before the first. */
  readonly terms_version: number;
  readonly ordered_units: number;
  readonly ordered_watts: bigint;
  readonly allocated_units: number;
  readonly allocated_watts: bigint;
  readonly delivered_units: number;
  readonly delivered_watts: bigint;
  readonly delivered_hashrate_ghs: bigint;
  readonly revision: bigint;
}

export const contracts = tableFold<ContractRow, ContractEvent>({
  table: {
    name: 'contracts',
    columns: {
      contract_id: 'text',
      customer_id: 'text',
      reference: 'text',
      title: 'text',
      time_zone: 'text',
      currency: 'text',
      status: 'text',
      stage: 'text',
      stage_since: 'date',
      ends_on: 'date',
      assumed_on: 'date',
      term_ends_on: 'date',
      drafted_at: 'timestamptz',
      executed_on: 'date',
      document_digest: 'text',
      signatories: 'jsonb',
      terms_version: 'integer',
      ordered_units: 'integer',
      ordered_watts: 'bigint',
      allocated_units: 'integer',
      allocated_watts: 'bigint',
      delivered_units: 'integer',
      delivered_watts: 'bigint',
      delivered_hashrate_ghs: 'bigint',
      revision: 'bigint',
    },
    key: ['contract_id'],
    nullable: [
      'stage',
      'stage_since',
      'ends_on',
      'assumed_on',
      'term_ends_on',
      'executed_on',
      'document_digest',
    ],
    indexes: [
      ['customer_id', 'contract_id'],
      ['stage', 'contract_id'],
    ],
  },
  keys: {
    ContractDrafted: ofContract,
    ContractExecuted: ofContract,
    TermsAdopted: ofContract,
    ServiceOrderPlaced: ofContract,
    CustomerAllocated: ofContract,
    AllocationAbandoned: ofContract,
    MinersDelivered: ofContract,
    ...everyLifecycleEvent(ofContract),
  },
  evolve: (before, event) => {
    const { revision } = event;
    if (event.type === 'ContractDrafted') {
      const { contractId, customerId, reference, title, timeZone, currency } = event.data;
      return {
        contract_id: contractId,
        customer_id: customerId,
        reference,
        title,
        time_zone: timeZone,
        currency,
        status: 'drafted',
        stage: null,
        stage_since: null,
        ends_on: null,
        assumed_on: null,
        term_ends_on: null,
        drafted_at: event.metadata.occurredAt,
        executed_on: null,
        document_digest: null,
        signatories: [],
        terms_version: 0,
        ordered_units: 0,
        ordered_watts: 0n,
        allocated_units: 0,
        allocated_watts: 0n,
        delivered_units: 0,
        delivered_watts: 0n,
        delivered_hashrate_ghs: 0n,
        revision,
      };
    }
    if (!before) return undefined;
    const row = { ...before, revision };
    switch (event.type) {
      case 'ContractExecuted': {
        const { executedOn, documentDigest, signatories } = event.data;
        return {
          ...row,
          status: 'executed',
          stage: 'executed',
          stage_since: executedOn,
          executed_on: executedOn,
          document_digest: documentDigest,
          signatories,
        };
      }
      case 'TermsAdopted':
        return {
          ...row,
          terms_version: event.data.version,
          term_ends_on: event.data.termEndsOn ?? row.term_ends_on,
        };
      case 'ServiceOrderPlaced':
        return {
          ...row,
          ordered_units: row.ordered_units + event.data.units,
          ordered_watts: row.ordered_watts + BigInt(event.data.powerWatts),
        };
      case 'CustomerAllocated':
        return {
          ...row,
          allocated_units: row.allocated_units + event.data.units,
          allocated_watts: row.allocated_watts + BigInt(event.data.powerWatts),
        };
      case 'MinersDelivered':
        return {
          ...row,
          delivered_units: row.delivered_units + event.data.received,
          delivered_watts: row.delivered_watts + nameplateWatts(event.data.byModel),
          delivered_hashrate_ghs: row.delivered_hashrate_ghs + BigInt(event.data.hashrateGhs),
        };
      case 'AllocationAbandoned':
        return row;
      default:
        return lived(row, event);
    }
  },
});

const lived = (row: ContractRow, event: LifecycleEvent): ContractRow => {
  if (row.stage === null || row.stage_since === null) return row;
  const { stage_since: since, ends_on: endsOn, assumed_on: assumedOn, stage } = row;
  const before: Lifecycle = {
    stage,
    since,
    ...(endsOn !== null && { endsOn }),
    ...(assumedOn !== null && { assumedOn }),
  };
  const after = evolveLifecycle(before, event);
  return {
    ...row,
    stage: after.stage,
    stage_since: after.since,
    ends_on: after.endsOn ?? null,
    assumed_on: after.assumedOn ?? null,
    customer_id: event.type === 'PartyAssigned' ? event.data.toCustomerId : row.customer_id,
  };
};

const nameplateWatts = (byModel: readonly DeliveredModel[]): bigint =>
  byModel.reduce((sum, model) => sum + BigInt(model.nameplateWatts), 0n);

// Its terms, orders, allocations and deliveries

export interface TermsRow {
  readonly contract_id: string;
  readonly version: number;
  readonly effective_on: string;
  readonly document_digest: string;
  readonly clauses: readonly Clause[];
  readonly rate_card: RateCard;
  readonly kind: TermsKind;
  readonly term_ends_on: string | null;
  readonly adopted_at: string;
}

export const contractTerms = tableFold<TermsRow, TermsAdopted>({
  table: {
    name: 'contract_terms',
    columns: {
      contract_id: 'text',
      version: 'integer',
      effective_on: 'date',
      document_digest: 'text',
      clauses: 'jsonb',
      rate_card: 'jsonb',
      kind: 'text',
      term_ends_on: 'date',
      adopted_at: 'timestamptz',
    },
    key: ['contract_id', 'version'],
    nullable: ['term_ends_on'],
    insertOnly: true,
  },
  keys: {
    TermsAdopted: ({ data }) => [{ contract_id: data.contractId, version: data.version }],
  },
  evolve: (_row, { data, metadata }) => ({
    contract_id: data.contractId,
    version: data.version,
    effective_on: data.effectiveOn,
    document_digest: data.documentDigest,
    clauses: data.clauses,
    rate_card: data.rateCard,
    kind: data.kind ?? (data.version === 1 ? 'original' : 'amendment'),
    term_ends_on: data.termEndsOn ?? null,
    adopted_at: metadata.occurredAt,
  }),
});

export interface OrderRow {
  readonly contract_id: string;
  readonly order_id: string;
  readonly reference: string;
  readonly units: number;
  readonly power_watts: bigint;
  readonly model: string | null;
  readonly starts_on: string;
  readonly placed_at: string;
  readonly allocated_units: number;
  readonly allocated_watts: bigint;
}

const ofOrder = ({ data }: { data: { contractId: string; orderId: string } }) => [
  { contract_id: data.contractId, order_id: data.orderId },
];

export const contractOrders = tableFold<OrderRow, ServiceOrderPlaced | CustomerAllocated>({
  table: {
    name: 'contract_orders',
    columns: {
      contract_id: 'text',
      order_id: 'text',
      reference: 'text',
      units: 'integer',
      power_watts: 'bigint',
      model: 'text',
      starts_on: 'date',
      placed_at: 'timestamptz',
      allocated_units: 'integer',
      allocated_watts: 'bigint',
    },
    key: ['contract_id', 'order_id'],
    nullable: ['model'],
  },
  keys: { ServiceOrderPlaced: ofOrder, CustomerAllocated: ofOrder },
  evolve: (row, event) => {
    if (event.type === 'CustomerAllocated') {
      const { units, powerWatts } = event.data;
      return (
        row && {
          ...row,
          allocated_units: row.allocated_units + units,
          allocated_watts: row.allocated_watts + BigInt(powerWatts),
        }
      );
    }
    const { contractId, orderId, reference, units, powerWatts, model, startsOn } = event.data;
    return {
      contract_id: contractId,
      order_id: orderId,
      reference,
      units,
      power_watts: BigInt(powerWatts),
      model: model ?? null,
      starts_on: startsOn,
      placed_at: event.metadata.occurredAt,
      allocated_units: 0,
      allocated_watts: 0n,
    };
  },
});

export interface AllocationRow {
  readonly contract_id: string;
  readonly allocation_id: string;
  readonly order_id: string;
  readonly facility: string;
  readonly units: number;
  readonly power_watts: bigint;
  readonly effective_on: string;
  readonly allocated_at: string;
}

export const contractAllocations = tableFold<AllocationRow, CustomerAllocated>({
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
    },
    key: ['contract_id', 'allocation_id'],
    insertOnly: true,
  },
  keys: {
    CustomerAllocated: ({ data }) => [
      { contract_id: data.contractId, allocation_id: data.allocationId },
    ],
  },
  evolve: (_row, { data, metadata }) => ({
    contract_id: data.contractId,
    allocation_id: data.allocationId,
    order_id: data.orderId,
    facility: data.facility,
    units: data.units,
    power_watts: BigInt(data.powerWatts),
    effective_on: data.effectiveOn,
    allocated_at: metadata.occurredAt,
  }),
});

export interface ContractDeliveryRow {
  readonly contract_id: string;
  readonly delivery_id: string;
  readonly reference: string;
  readonly facility: string;
  readonly lines: number;
  readonly received: number;
  readonly missing: number;
  readonly refused: number;
  readonly hashrate_ghs: bigint;
  readonly nameplate_watts: bigint;
  readonly by_model: readonly DeliveredModel[];
  readonly reconciled_at: string;
}

export const contractDeliveries = tableFold<ContractDeliveryRow, MinersDelivered>({
  table: {
    name: 'contract_deliveries',
    columns: {
      contract_id: 'text',
      delivery_id: 'text',
      reference: 'text',
      facility: 'text',
      lines: 'integer',
      received: 'integer',
      missing: 'integer',
      refused: 'integer',
      hashrate_ghs: 'bigint',
      nameplate_watts: 'bigint',
      by_model: 'jsonb',
      reconciled_at: 'timestamptz',
    },
    key: ['contract_id', 'delivery_id'],
    insertOnly: true,
  },
  keys: {
    MinersDelivered: ({ data }) => [{ contract_id: data.contractId, delivery_id: data.deliveryId }],
  },
  evolve: (_row, { data }) => ({
    contract_id: data.contractId,
    delivery_id: data.deliveryId,
    reference: data.reference,
    facility: data.facility,
    lines: data.lines,
    received: data.received,
    missing: data.missing,
    refused: data.refused,
    hashrate_ghs: BigInt(data.hashrateGhs),
    nameplate_watts: nameplateWatts(data.byModel),
    by_model: data.byModel,
    reconciled_at: data.reconciledAt,
  }),
});

// Its history

export interface TimelineRow {
  readonly contract_id: string;
  readonly revision: bigint;
  readonly event_id: string;
  readonly type: string;
  readonly data: object;
  readonly actor: string;
  readonly role: string;
  readonly reason: string | null;
  readonly occurred_at: string;
  readonly recorded_at: string;
}

const atRevision = (event: { data: { contractId: string }; revision: bigint }) => [
  { contract_id: event.data.contractId, revision: event.revision },
];

export const contractTimeline = tableFold<TimelineRow, ContractEvent>({
  table: {
    name: 'contract_timeline',
    columns: {
      contract_id: 'text',
      revision: 'bigint',
      event_id: 'text',
      type: 'text',
      data: 'jsonb',
      actor: 'text',
      role: 'text',
      reason: 'text',
      occurred_at: 'timestamptz',
      recorded_at: 'timestamptz',
    },
    key: ['contract_id', 'revision'],
    nullable: ['reason'],
    insertOnly: true,
  },
  keys: {
    ContractDrafted: atRevision,
    ContractExecuted: atRevision,
    TermsAdopted: atRevision,
    ServiceOrderPlaced: atRevision,
    CustomerAllocated: atRevision,
    AllocationAbandoned: atRevision,
    MinersDelivered: atRevision,
    ...everyLifecycleEvent(atRevision),
  },
  evolve: (_row, { id, type, data, metadata, revision, recordedAt }) => ({
    contract_id: data.contractId,
    revision,
    event_id: id,
    type,
    data,
    actor: metadata.actor.subject,
    role: metadata.actor.role,
    reason: metadata.reason ?? null,
    occurred_at: metadata.occurredAt,
    recorded_at: recordedAt,
  }),
});

export const contractsProjection: Projection = {
  name: 'contracts',
  version: 2,
  tables: [
    contracts,
    contractTerms,
    contractOrders,
    contractAllocations,
    contractDeliveries,
    contractTimeline,
  ],
};
