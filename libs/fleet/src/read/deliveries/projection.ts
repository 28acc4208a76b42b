import { tableFold, type Projection } from '@hostledger/eventsourcing';
import {
  addTotals,
  type DeliveryEvent,
  type DiscrepancyKind,
  type DiscrepancyRaised,
  type ModelTotal,
} from '../../domain/delivery.js';

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
  readonly discrepancies: number;
  readonly by_model: readonly ModelTotal[];
  readonly digest: string;
  readonly registered_at: string;
  readonly registered_by: string;
  readonly reason: string | null;
  readonly reconciled_at: string | null;
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
      discrepancies: 'integer',
      by_model: 'jsonb',
      digest: 'text',
      registered_at: 'timestamptz',
      registered_by: 'text',
      reason: 'text',
      reconciled_at: 'timestamptz',
      position: 'bigint',
      revision: 'integer',
    },
    key: ['delivery_id'],
    nullable: ['reason', 'reconciled_at'],
    indexes: [['position'], ['contract_id', 'position']],
  },
  keys: {
    ManifestRegistered: ofDelivery,
    LinesReceived: ofDelivery,
    DiscrepancyRaised: ofDelivery,
    DeliveryReconciled: ofDelivery,
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
        discrepancies: 0,
        by_model: [],
        digest: data.digest,
        registered_at: metadata.occurredAt,
        registered_by: metadata.actor.subject,
        reason: metadata.reason ?? null,
        reconciled_at: null,
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
        };
      }
      case 'DiscrepancyRaised':
        return { ...row, discrepancies: row.discrepancies + 1 };
      case 'DeliveryReconciled':
        return { ...row, status: 'reconciled', reconciled_at: event.data.reconciledAt };
    }
  },
});

export interface DiscrepancyRow {
  readonly delivery_id: string;
  readonly line: number;
  readonly kind: DiscrepancyKind;
  readonly serial: string | null;
  readonly detail: string;
}

export const discrepancies = tableFold<DiscrepancyRow, DiscrepancyRaised>({
  table: {
    name: 'delivery_discrepancies',
    columns: { delivery_id: 'text', line: 'integer', kind: 'text', serial: 'text', detail: 'text' },
    key: ['delivery_id', 'line', 'kind'],
    nullable: ['serial'],
    insertOnly: true,
  },
  keys: {
    DiscrepancyRaised: ({ data: { deliveryId, line, kind } }) => [
      { delivery_id: deliveryId, line, kind },
    ],
  },
  evolve: (_, { data: { deliveryId, line, kind, serial, detail } }) => ({
    delivery_id: deliveryId,
    line,
    kind,
    serial: serial ?? null,
    detail,
  }),
});

export const deliveriesProjection: Projection = {
  name: 'deliveries',
  version: 1,
  tables: [deliveries, discrepancies],
};
