import { tableFold } from '@hostledger/eventsourcing';
import {
  discrepancyIdOf,
  type DiscrepancyKind,
  type DiscrepancyRaised,
  type DiscrepancyResolved,
  type Resolution,
  type ResolutionBegan,
  type ResolutionFailed,
} from '../../domain/delivery.js';

export interface DiscrepancyRow {
  readonly delivery_id: string;
  readonly discrepancy_id: string;
  /** 0 for a machine that no line names. */
  readonly line: number;
  readonly kind: DiscrepancyKind;
  readonly status: 'open' | 'resolving' | 'resolved';
  readonly serial: string | null;
  readonly detail: string;
  readonly model: string | null;
  readonly found_model: string | null;
  readonly raised_at: string;
  readonly raised_by: string;
  readonly resolution: Resolution | null;
  readonly resolved_at: string | null;
  readonly resolved_by: string | null;
  readonly reason: string | null;
  /** Of the machine that came in. */
  readonly settled_serial: string | null;
  /** Why the machine of the last try was not taken in. */
  readonly failure: string | null;
}

type DiscrepancyEvent =
  DiscrepancyRaised | ResolutionBegan | ResolutionFailed | DiscrepancyResolved;

const ofDiscrepancy = ({ data }: { data: { deliveryId: string; discrepancyId: string } }) => [
  { delivery_id: data.deliveryId, discrepancy_id: data.discrepancyId },
];

export const discrepancies = tableFold<DiscrepancyRow, DiscrepancyEvent>({
  table: {
    name: 'delivery_discrepancies',
    columns: {
      delivery_id: 'text',
      discrepancy_id: 'text',
      line: 'integer',
      kind: 'text',
      status: 'text',
      serial: 'text',
      detail: 'text',
      model: 'text',
      found_model: 'text',
      raised_at: 'timestamptz',
      raised_by: 'text',
      resolution: 'text',
      resolved_at: 'timestamptz',
      resolved_by: 'text',
      reason: 'text',
      settled_serial: 'text',
      failure: 'text',
    },
    key: ['delivery_id', 'discrepancy_id'],
    nullable: [
      'serial',
      'model',
      'found_model',
      'resolution',
      'resolved_at',
      'resolved_by',
      'reason',
      'settled_serial',
      'failure',
    ],
    indexes: [
      ['delivery_id', 'line', 'discrepancy_id'],
      ['delivery_id', 'status', 'line', 'discrepancy_id'],
    ],
  },
  keys: {
    DiscrepancyRaised: ({ data }) => [
      { delivery_id: data.deliveryId, discrepancy_id: discrepancyIdOf(data) },
    ],
    ResolutionBegan: ofDiscrepancy,
    ResolutionFailed: ofDiscrepancy,
    DiscrepancyResolved: ofDiscrepancy,
  },
  evolve: (before, event) => {
    if (event.type === 'DiscrepancyRaised') {
      const { data, metadata } = event;
      return {
        delivery_id: data.deliveryId,
        discrepancy_id: discrepancyIdOf(data),
        line: data.line,
        kind: data.kind,
        status: 'open',
        serial: data.serial ?? null,
        detail: data.detail,
        model: data.machine?.model ?? null,
        found_model: data.found?.model ?? null,
        raised_at: metadata.occurredAt,
        raised_by: metadata.actor.subject,
        resolution: null,
        resolved_at: null,
        resolved_by: null,
        reason: null,
        settled_serial: null,
        failure: null,
      };
    }
    if (!before) return undefined;
    switch (event.type) {
      case 'ResolutionBegan':
        return { ...before, status: 'resolving', failure: null };
      case 'ResolutionFailed':
        return { ...before, status: 'open', failure: event.data.detail };
      case 'DiscrepancyResolved': {
        const { resolution, resolvedBy, reason, serial, machine } = event.data;
        return {
          ...before,
          status: 'resolved',
          resolution,
          resolved_at: event.metadata.occurredAt,
          resolved_by: resolvedBy,
          reason,
          settled_serial: machine ? (serial ?? null) : null,
        };
      }
    }
  },
});
