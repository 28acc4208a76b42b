import { tableFold, type Projection } from '@hostledger/eventsourcing';
import {
  addTotals,
  hashrateOf,
  type DeliveryEvent,
  type DeliveryReconciled,
  type DeliveryTotals,
  type DiscrepancyKind,
  type ManifestRegistered,
  type ModelTotal,
} from '../../domain/delivery.js';
import { discrepancies } from './discrepancies.js';

/** How many of each kind. */
export type DiscrepancyCounts = Partial<
  Record<DiscrepancyKind, { readonly open: number; readonly resolved: number }>
>;

export interface DeliveryRow {
  readonly delivery_id: string;
  readonly operation_id: string;
  readonly contract_id: string;
  readonly customer_id: string;
  readonly facility: string;
  readonly reference: string;
  readonly status: 'receiving' | 'reconciled';
  readonly line_count: number;
  readonly refused_at_upload: number;
  readonly received: number;
  readonly missing: number;
  readonly refused: number;
  readonly accepted: number;
  readonly returned: number;
  readonly extra: number;
  readonly discrepancies: number;
  readonly open_discrepancies: number;
  readonly discrepancy_counts: DiscrepancyCounts;
  readonly by_model: readonly ModelTotal[];
  readonly accepted_by_model: readonly ModelTotal[];
  readonly extra_by_model: readonly ModelTotal[];
  readonly announced_by_model: readonly ModelTotal[];
  /** Null for deliveries from before it was written down. */
  readonly contracted_hashrate_ghs: bigint | null;
  readonly received_hashrate_ghs: bigint;
  readonly accepted_hashrate_ghs: bigint;
  readonly extra_hashrate_ghs: bigint;
  readonly waived_hashrate_ghs: bigint;
  readonly amendments: number;
  readonly digest: string;
  readonly registered_at: string;
  readonly registered_by: string;
  readonly reason: string | null;
  readonly reconciled_at: string | null;
  readonly amended_at: string | null;
  readonly supply_agreement_id: string | null;
  /** Of the event that registered the manifest; orders the deliveries. */
  readonly position: bigint;
  readonly revision: number;
}

const ofDelivery = ({ data }: { data: { deliveryId: string } }) => [
  { delivery_id: data.deliveryId },
];

export const deliveries = tableFold<DeliveryRow, DeliveryEvent>({
  table: {
    name: 'deliveries',
    columns: {
      delivery_id: 'text',
      operation_id: 'text',
      contract_id: 'text',
      customer_id: 'text',
      facility: 'text',
      reference: 'text',
      status: 'text',
      line_count: 'integer',
      refused_at_upload: 'integer',
      received: 'integer',
      missing: 'integer',
      refused: 'integer',
      accepted: 'integer',
      returned: 'integer',
      extra: 'integer',
      discrepancies: 'integer',
      open_discrepancies: 'integer',
      discrepancy_counts: 'jsonb',
      by_model: 'jsonb',
      accepted_by_model: 'jsonb',
      extra_by_model: 'jsonb',
      announced_by_model: 'jsonb',
      contracted_hashrate_ghs: 'bigint',
      received_hashrate_ghs: 'bigint',
      accepted_hashrate_ghs: 'bigint',
      extra_hashrate_ghs: 'bigint',
      waived_hashrate_ghs: 'bigint',
      amendments: 'integer',
      digest: 'text',
      registered_at: 'timestamptz',
      registered_by: 'text',
      reason: 'text',
      reconciled_at: 'timestamptz',
      amended_at: 'timestamptz',
      supply_agreement_id: 'text',
      position: 'bigint',
      revision: 'integer',
    },
    key: ['delivery_id'],
    nullable: [
      'reason',
      'reconciled_at',
      'amended_at',
      'supply_agreement_id',
      'contracted_hashrate_ghs',
    ],
    indexes: [['position'], ['contract_id', 'position'], ['reference', 'position']],
  },
  keys: {
    ManifestRegistered: ofDelivery,
    LinesReceived: ofDelivery,
    DiscrepancyRaised: ofDelivery,
    LinesInspected: ofDelivery,
    ResolutionBegan: ofDelivery,
    ResolutionFailed: ofDelivery,
    DiscrepancyResolved: ofDelivery,
    DeliveryRecounted: ofDelivery,
    DeliveryReconciled: ofDelivery,
    DeliveryAmended: ofDelivery,
    DeliveryAttributed: ofDelivery,
  },
  evolve: (before, event) => {
    const revision = Number(event.revision);
    if (event.type === 'ManifestRegistered') {
      const { data, metadata, position } = event;
      return {
        delivery_id: data.deliveryId,
        operation_id: data.operationId,
        contract_id: data.contractId,
        customer_id: data.customerId,
        facility: data.facility,
        reference: data.reference,
        status: 'receiving',
        line_count: data.lineCount,
        refused_at_upload: data.refusedAtUpload,
        received: 0,
        missing: 0,
        refused: 0,
        accepted: 0,
        returned: 0,
        extra: 0,
        discrepancies: 0,
        open_discrepancies: 0,
        discrepancy_counts: {},
        by_model: [],
        accepted_by_model: [],
        extra_by_model: [],
        announced_by_model: data.announcedByModel ?? [],
        contracted_hashrate_ghs: contractedOf(data),
        received_hashrate_ghs: 0n,
        accepted_hashrate_ghs: 0n,
        extra_hashrate_ghs: 0n,
        waived_hashrate_ghs: 0n,
        amendments: 0,
        digest: data.digest,
        registered_at: metadata.occurredAt,
        registered_by: metadata.actor.subject,
        reason: metadata.reason ?? null,
        reconciled_at: null,
        amended_at: null,
        supply_agreement_id: null,
        position,
        revision,
      };
    }
    if (!before) return undefined;
    const row = { ...before, revision };
    switch (event.type) {
      case 'LinesReceived': {
        const { received, missing, refused, byModel } = event.data;
        return {
          ...row,
          received: row.received + received,
          missing: row.missing + missing,
          refused: row.refused + refused,
          by_model: addTotals(row.by_model, byModel),
          received_hashrate_ghs: row.received_hashrate_ghs + BigInt(hashrateOf(byModel)),
        };
      }
      case 'DiscrepancyRaised':
        return {
          ...row,
          discrepancies: row.discrepancies + 1,
          open_discrepancies: row.open_discrepancies + 1,
          discrepancy_counts: counted(row.discrepancy_counts, event.data.kind, 1, 0),
        };
      case 'DiscrepancyResolved':
        return {
          ...row,
          open_discrepancies: row.open_discrepancies - 1,
          discrepancy_counts: counted(row.discrepancy_counts, event.data.kind, -1, 1),
        };
      case 'LinesInspected':
      case 'ResolutionBegan':
      case 'ResolutionFailed':
        return row;
      case 'DeliveryRecounted':
        return { ...row, ...numbersOf(event.data) };
      case 'DeliveryReconciled':
        return { ...row, ...numbersOf(reportedBy(event.data)), ...closed(event.data) };
      case 'DeliveryAmended': {
        const { amendment: amendments, amendedAt } = event.data;
        return { ...row, ...numbersOf(event.data), amendments, amended_at: amendedAt };
      }
      case 'DeliveryAttributed':
        return { ...row, supply_agreement_id: event.data.supplyAgreementId };
    }
  },
});

const contractedOf = ({
  contractedHashrateGhs,
  announcedByModel,
}: ManifestRegistered['data']): bigint | null => {
  const owed = contractedHashrateGhs ?? (announcedByModel && hashrateOf(announcedByModel));
  return owed === undefined ? null : BigInt(owed);
};

const counted = (
  counts: DiscrepancyCounts,
  kind: DiscrepancyKind,
  open: number,
  resolved: number,
): DiscrepancyCounts => {
  const before = counts[kind] ?? { open: 0, resolved: 0 };
  return {
    ...counts,
    [kind]: { open: before.open + open, resolved: before.resolved + resolved },
  };
};

const numbersOf = ({
  received,
  missing,
  refused,
  accepted,
  returned,
  extra,
  byModel,
  acceptedByModel,
  extraByModel,
  waivedHashrateGhs,
}: DeliveryTotals) => ({
  received,
  missing,
  refused,
  accepted,
  returned,
  extra,
  by_model: byModel,
  accepted_by_model: acceptedByModel,
  extra_by_model: extraByModel,
  received_hashrate_ghs: BigInt(hashrateOf(byModel)),
  accepted_hashrate_ghs: BigInt(hashrateOf(acceptedByModel)),
  extra_hashrate_ghs: BigInt(hashrateOf(extraByModel)),
  waived_hashrate_ghs: BigInt(waivedHashrateGhs),
});

/** Before there were inspections, what was received was accepted. */
const reportedBy = (report: DeliveryReconciled['data']): DeliveryTotals => ({
  ...report,
  accepted: report.accepted ?? report.received,
  returned: report.returned ?? 0,
  extra: report.extra ?? 0,
  acceptedByModel: report.acceptedByModel ?? report.byModel,
  extraByModel: report.extraByModel ?? [],
  waivedHashrateGhs: report.waivedHashrateGhs ?? 0,
});

const closed = ({ reconciledAt }: DeliveryReconciled['data']) =>
  ({ status: 'reconciled', reconciled_at: reconciledAt }) as const;

export const deliveriesProjection: Projection = {
  name: 'deliveries',
  version: 4,
  tables: [deliveries, discrepancies],
};
