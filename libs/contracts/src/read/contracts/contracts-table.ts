import { tableFold, type Recorded } from '@hostledger/eventsourcing';
import { amountOf, amountText } from '@hostledger/quantities';
import type { ContractEvent, Signatory } from '../../domain/contract-events.js';
import { minus, NOTHING, type Amount } from '../../domain/contract-state.js';
import {
  evolveLifecycle,
  type Lifecycle,
  type LifecycleEvent,
  type Stage,
} from '../../domain/lifecycle.js';
import {
  energizedBy,
  everyContractEvent,
  nameplateWatts,
  ofContract,
  type ManifestRegistered,
  type PowerEvent,
} from './folding.js';
import { withChange, type LaterChange } from './later.js';

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
  /** That of the latest version which names one. */
  readonly term_ends_on: string | null;
  /** Of each version, in their order. */
  readonly term_ends: readonly (string | null)[];
  readonly drafted_at: string;
  readonly executed_on: string | null;
  readonly document_digest: string | null;
  readonly signatories: readonly Signatory[];
  /** The latest version adopted; 0 before the first. */
  readonly terms_version: number;
  readonly ordered_units: bigint;
  readonly ordered_watts: bigint;
  /** Of the sums before: what takes effect on a day to come. */
  readonly later_ordered: readonly LaterChange[];
  /** Of all orders; null while none names it. */
  readonly contracted_hashrate_ghs: bigint | null;
  readonly allocated_units: bigint;
  readonly allocated_watts: bigint;
  readonly later_allocated: readonly LaterChange[];
  readonly assigned_units: bigint;
  readonly assigned_watts: bigint;
  /** Of the manifests that arrived; of models known by then. */
  readonly announced_units: bigint;
  readonly announced_watts: bigint;
  readonly announced_hashrate_ghs: bigint;
  /** Received and found good. */
  readonly accepted_units: bigint;
  readonly delivered_units: bigint;
  readonly delivered_watts: bigint;
  readonly delivered_hashrate_ghs: bigint;
  /** Machines that draw power under it now. */
  readonly energized_units: bigint;
  readonly energized_watts: bigint;
  readonly energized_hashrate_ghs: bigint;
  /** Of all deposits together; decimal. */
  readonly deposit_held: string;
  readonly revision: bigint;
}

const ofPower = (event: PowerEvent) =>
  energizedBy(event).map(({ contractId }) => ({ contract_id: contractId }));

const POWER_EVENTS = [
  'MinerEnergized',
  'MinerDeenergized',
  'PowerProfileChanged',
  'ModelCorrected',
  'MinerAssigned',
];
const isPower = (event: { readonly type: string }): event is Recorded<PowerEvent> =>
  POWER_EVENTS.includes(event.type);

export const contracts = tableFold<ContractRow, ContractEvent | ManifestRegistered | PowerEvent>({
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
      term_ends: 'jsonb',
      drafted_at: 'timestamptz',
      executed_on: 'date',
      document_digest: 'text',
      signatories: 'jsonb',
      terms_version: 'integer',
      ordered_units: 'bigint',
      ordered_watts: 'bigint',
      later_ordered: 'jsonb',
      contracted_hashrate_ghs: 'bigint',
      allocated_units: 'bigint',
      allocated_watts: 'bigint',
      later_allocated: 'jsonb',
      assigned_units: 'bigint',
      assigned_watts: 'bigint',
      announced_units: 'bigint',
      announced_watts: 'bigint',
      announced_hashrate_ghs: 'bigint',
      accepted_units: 'bigint',
      delivered_units: 'bigint',
      delivered_watts: 'bigint',
      delivered_hashrate_ghs: 'bigint',
      energized_units: 'bigint',
      energized_watts: 'bigint',
      energized_hashrate_ghs: 'bigint',
      deposit_held: 'text',
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
      'contracted_hashrate_ghs',
    ],
    indexes: [
      ['reference', 'contract_id'],
      ['customer_id', 'contract_id'],
      ['stage', 'contract_id'],
    ],
  },
  keys: {
    ...everyContractEvent(ofContract),
    ManifestRegistered: ofContract,
    MinerEnergized: ofPower,
    MinerDeenergized: ofPower,
    PowerProfileChanged: ofPower,
    ModelCorrected: ofPower,
    MinerAssigned: ofPower,
  },
  evolve: (before, event, key) => {
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
        term_ends: [],
        drafted_at: event.metadata.occurredAt,
        executed_on: null,
        document_digest: null,
        signatories: [],
        terms_version: 0,
        ordered_units: 0n,
        ordered_watts: 0n,
        later_ordered: [],
        contracted_hashrate_ghs: null,
        allocated_units: 0n,
        allocated_watts: 0n,
        later_allocated: [],
        assigned_units: 0n,
        assigned_watts: 0n,
        announced_units: 0n,
        announced_watts: 0n,
        announced_hashrate_ghs: 0n,
        accepted_units: 0n,
        delivered_units: 0n,
        delivered_watts: 0n,
        delivered_hashrate_ghs: 0n,
        energized_units: 0n,
        energized_watts: 0n,
        energized_hashrate_ghs: 0n,
        deposit_held: '0.00',
        revision,
      };
    }
    if (!before) return undefined;
    if (event.type === 'ManifestRegistered') return announced(before, event.data);
    if (isPower(event)) return energized(before, event, key.contract_id);
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
        return { ...withTermEnd(row, event.data), terms_version: event.data.version };
      case 'TermsCorrected':
        return withTermEnd(row, event.data);
      case 'ServiceOrderPlaced': {
        const { units, powerWatts, hashrateGhs, startsOn: on } = event.data;
        const contracted = row.contracted_hashrate_ghs;
        return {
          ...row,
          ordered_units: row.ordered_units + BigInt(units),
          ordered_watts: row.ordered_watts + BigInt(powerWatts),
          later_ordered: withChange(row.later_ordered, { on, units, powerWatts }, event.recordedAt),
          contracted_hashrate_ghs:
            hashrateGhs === undefined ? contracted : (contracted ?? 0n) + BigInt(hashrateGhs),
        };
      }
      case 'CustomerAllocated':
        return allocatedBy(row, event.data, event.recordedAt);
      case 'MinersDelivered':
        return {
          ...row,
          delivered_units: row.delivered_units + BigInt(event.data.received),
          delivered_watts: row.delivered_watts + nameplateWatts(event.data.byModel),
          delivered_hashrate_ghs: row.delivered_hashrate_ghs + BigInt(event.data.hashrateGhs),
          accepted_units: row.accepted_units + BigInt(event.data.accepted ?? event.data.received),
        };
      case 'DeliveredMinersAmended': {
        const { units, nameplateWatts: watts, hashrateGhs } = event.data.change;
        return {
          ...row,
          delivered_units: row.delivered_units + BigInt(units),
          accepted_units: row.accepted_units + BigInt(event.data.change.accepted),
          delivered_watts: row.delivered_watts + BigInt(watts),
          delivered_hashrate_ghs: row.delivered_hashrate_ghs + BigInt(hashrateGhs),
        };
      }
      case 'AllocationReduced':
        return allocatedBy(row, { ...event.data, ...minus(NOTHING, event.data) }, event.recordedAt);
      case 'MachinesAssigned':
        return {
          ...row,
          assigned_units: row.assigned_units + BigInt(event.data.units),
          assigned_watts: row.assigned_watts + BigInt(event.data.powerWatts),
        };
      case 'AssignmentReleased':
        return {
          ...row,
          assigned_units: row.assigned_units - BigInt(event.data.units),
          assigned_watts: row.assigned_watts - BigInt(event.data.powerWatts),
        };
      case 'DepositReceived':
        return { ...row, deposit_held: held(row.deposit_held, amountOf(event.data.amount)) };
      case 'DepositDrawn':
      case 'DepositRefunded':
        return { ...row, deposit_held: held(row.deposit_held, -amountOf(event.data.amount)) };
      case 'AllocationAbandoned':
      case 'RelocationConsented':
      case 'RelocationConsentWithdrawn':
        return row;
      default:
        return lived(row, event);
    }
  },
});

const allocatedBy = (
  row: ContractRow,
  { units, powerWatts, effectiveOn: on }: Amount & { readonly effectiveOn: string },
  recordedAt: string,
): ContractRow => ({
  ...row,
  allocated_units: row.allocated_units + BigInt(units),
  allocated_watts: row.allocated_watts + BigInt(powerWatts),
  later_allocated: withChange(row.later_allocated, { on, units, powerWatts }, recordedAt),
});

const withTermEnd = (
  row: ContractRow,
  { version, termEndsOn }: { readonly version: number; readonly termEndsOn?: string },
): ContractRow => {
  const term_ends = [...row.term_ends];
  term_ends[version - 1] = termEndsOn ?? null;
  return { ...row, term_ends, term_ends_on: term_ends.findLast((end) => end !== null) ?? null };
};

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

/** Nor do its machines. */
const energized = (row: ContractRow, event: PowerEvent, contractId: unknown): ContractRow => {
  const change = energizedBy(event).find((one) => one.contractId === contractId);
  if (!change) return row;
  return {
    ...row,
    energized_units: row.energized_units + BigInt(change.units),
    energized_watts: row.energized_watts + BigInt(change.powerWatts),
    energized_hashrate_ghs: row.energized_hashrate_ghs + BigInt(change.hashrateGhs),
  };
};

/** Fleet's manifests are no part of the contract's stream, so they do not move its revision. */
const announced = (row: ContractRow, data: ManifestRegistered['data']): ContractRow => {
  const byModel = data.announcedByModel ?? [];
  const hashrate = byModel.reduce((sum, model) => sum + BigInt(model.hashrateGhs), 0n);
  return {
    ...row,
    announced_units: row.announced_units + BigInt(data.lineCount),
    announced_watts: row.announced_watts + nameplateWatts(byModel),
    announced_hashrate_ghs: row.announced_hashrate_ghs + hashrate,
  };
};

export const held = (before: string, by: bigint): string => amountText(amountOf(before) + by);
