import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { CurtailmentCause, CurtailmentEvent } from '../../domain/curtailments.js';
import type {
  CapacityCommitted,
  CapacityReleased,
  FacilityEvent,
  PowerRateFixed,
} from '../../domain/facility.js';
import type { RackEvent } from '../../domain/rack.js';
import { nothingUsed, usageAfter, usageColumns, type UsageColumns } from '../usage.js';

export interface FacilityRow extends UsageColumns {
  readonly facility: string;
  readonly name: string;
  readonly time_zone: string;
  readonly location: string | null;
  readonly status: 'open' | 'disposing' | 'disposed';
  readonly acquired_from: string | null;
  readonly acquired_on: string | null;
  /** Of a disposal that is under way or done. */
  readonly disposed_to: string | null;
  readonly disposed_on: string | null;
  /** Why the last disposal was abandoned. */
  readonly abandoned_for: string | null;
  readonly open_curtailments: number;
  /** What it is rated for. */
  readonly power_envelope_watts: bigint;
  /** In force while it is derated. */
  readonly derated_watts: bigint | null;
  readonly derated_for: string | null;
  readonly derated_until: string | null;
  /** Racks whose power is committed, in service or about to be. */
  readonly racks: number;
  readonly rack_limit_watts: bigint;
  readonly racks_in_service: number;
  /** In force, of the racks that went into service, like the slots; closed ones too. */
  readonly in_service_limit_watts: bigint;
  readonly slots: bigint;
  readonly committed_units: bigint;
  readonly committed_watts: bigint;
  readonly opened_at: string;
  /** Of the facility's own stream. */
  readonly revision: bigint;
}

const atFacility = ({ data }: { data: { facility: string } }) => [{ facility: data.facility }];

export const facilities = tableFold<FacilityRow, FacilityEvent | RackEvent>({
  table: {
    name: 'facilities',
    columns: {
      facility: 'text',
      name: 'text',
      time_zone: 'text',
      location: 'text',
      status: 'text',
      acquired_from: 'text',
      acquired_on: 'date',
      disposed_to: 'text',
      disposed_on: 'date',
      abandoned_for: 'text',
      open_curtailments: 'integer',
      power_envelope_watts: 'bigint',
      derated_watts: 'bigint',
      derated_for: 'text',
      derated_until: 'timestamptz',
      racks: 'integer',
      rack_limit_watts: 'bigint',
      racks_in_service: 'integer',
      in_service_limit_watts: 'bigint',
      slots: 'bigint',
      committed_units: 'bigint',
      committed_watts: 'bigint',
      opened_at: 'timestamptz',
      revision: 'bigint',
      ...usageColumns,
    },
    key: ['facility'],
    nullable: [
      'location',
      'acquired_from',
      'acquired_on',
      'disposed_to',
      'disposed_on',
      'abandoned_for',
      'derated_watts',
      'derated_for',
      'derated_until',
    ],
  },
  keys: {
    FacilityOpened: atFacility,
    RackPowerCommitted: atFacility,
    CapacityCommitted: atFacility,
    CapacityReleased: atFacility,
    PowerEnvelopeChanged: atFacility,
    FacilityDerated: atFacility,
    FacilityRestored: atFacility,
    PowerRateFixed: atFacility,
    CurtailmentDeclared: atFacility,
    CurtailmentEnded: atFacility,
    CurtailmentCancelled: atFacility,
    CurtailmentMeasured: atFacility,
    FacilityAcquired: atFacility,
    DisposalBegan: atFacility,
    FacilityDisposed: atFacility,
    DisposalAbandoned: atFacility,
    RackCommissioned: atFacility,
    SlotReserved: atFacility,
    SlotOccupied: atFacility,
    ReservationReleased: atFacility,
    ReservationExpired: atFacility,
    SlotVacated: atFacility,
    SlotPowerChanged: atFacility,
    RackDerated: atFacility,
    RackRestored: atFacility,
    RackClosed: atFacility,
    RackReopened: atFacility,
  },
  evolve: (row, event) => {
    if (event.type === 'FacilityOpened') {
      const { facility, name, timeZone, powerEnvelopeWatts, location } = event.data;
      return {
        facility,
        name,
        time_zone: timeZone,
        location: location ?? null,
        status: 'open',
        ...nobody,
        acquired_from: null,
        acquired_on: null,
        abandoned_for: null,
        open_curtailments: 0,
        power_envelope_watts: BigInt(powerEnvelopeWatts),
        ...notDerated,
        racks: 0,
        rack_limit_watts: 0n,
        racks_in_service: 0,
        in_service_limit_watts: 0n,
        slots: 0n,
        committed_units: 0n,
        committed_watts: 0n,
        opened_at: event.metadata.occurredAt,
        revision: event.revision,
        ...nothingUsed,
      };
    }
    if (!row) return undefined;
    const { revision } = event;
    switch (event.type) {
      case 'RackPowerCommitted': {
        const { racks } = event.data;
        const watts = racks.reduce((sum, { powerLimitWatts }) => sum + powerLimitWatts, 0);
        return {
          ...row,
          revision,
          racks: row.racks + racks.length,
          rack_limit_watts: row.rack_limit_watts + BigInt(watts),
        };
      }
      case 'CapacityCommitted':
        return {
          ...row,
          revision,
          committed_units: row.committed_units + BigInt(event.data.units),
          committed_watts: row.committed_watts + BigInt(event.data.powerWatts),
        };
      case 'CapacityReleased':
        return {
          ...row,
          revision,
          committed_units: row.committed_units - BigInt(event.data.units),
          committed_watts: row.committed_watts - BigInt(event.data.powerWatts),
        };
      case 'PowerEnvelopeChanged':
        return {
          ...row,
          revision,
          power_envelope_watts: BigInt(event.data.powerEnvelopeWatts),
        };
      case 'FacilityDerated': {
        const { powerEnvelopeWatts, cause, expectedUntil } = event.data;
        return {
          ...row,
          revision,
          derated_watts: BigInt(powerEnvelopeWatts),
          derated_for: cause,
          derated_until: expectedUntil ?? null,
        };
      }
      case 'FacilityRestored':
        return { ...row, revision, ...notDerated };
      case 'PowerRateFixed':
      case 'CurtailmentMeasured':
        return { ...row, revision };
      case 'CurtailmentDeclared':
        return { ...row, revision, open_curtailments: row.open_curtailments + 1 };
      case 'CurtailmentEnded':
      case 'CurtailmentCancelled':
        return { ...row, revision, open_curtailments: row.open_curtailments - 1 };
      case 'FacilityAcquired': {
        const { from: acquired_from, acquiredOn: acquired_on } = event.data;
        return { ...row, revision, acquired_from, acquired_on };
      }
      case 'DisposalBegan':
      case 'FacilityDisposed': {
        const status = event.type === 'DisposalBegan' ? 'disposing' : 'disposed';
        const { to: disposed_to, disposedOn: disposed_on } = event.data;
        return { ...row, revision, status, disposed_to, disposed_on, abandoned_for: null };
      }
      case 'DisposalAbandoned':
        return { ...row, revision, status: 'open', ...nobody, abandoned_for: event.data.reason };
      case 'RackCommissioned':
        return {
          ...row,
          racks_in_service: row.racks_in_service + 1,
          in_service_limit_watts: row.in_service_limit_watts + BigInt(event.data.powerLimitWatts),
          slots: row.slots + BigInt(event.data.slotCount),
        };
      case 'RackDerated':
      case 'RackRestored': {
        const more = BigInt(event.data.powerLimitWatts - event.data.fromWatts);
        return { ...row, in_service_limit_watts: row.in_service_limit_watts + more };
      }
      case 'RackClosed':
        return { ...row, racks_in_service: row.racks_in_service - 1 };
      case 'RackReopened':
        return { ...row, racks_in_service: row.racks_in_service + 1 };
      default:
        return usageAfter(row, event);
    }
  },
});

const notDerated = { derated_watts: null, derated_for: null, derated_until: null } as const;
const nobody = { disposed_to: null, disposed_on: null } as const;

/** What is held of a site for an allocation; one that was given back whole has no row. */
export interface CapacityRow {
  readonly facility: string;
  readonly allocation_id: string;
  readonly contract_id: string;
  readonly customer_id: string;
  readonly order_id: string;
  readonly units: bigint;
  readonly power_watts: bigint;
  readonly effective_on: string;
  readonly committed_at: string;
}

const atAllocation = ({ data }: { data: { facility: string; allocationId: string } }) => [
  { facility: data.facility, allocation_id: data.allocationId },
];

export const capacityCommitments = tableFold<CapacityRow, CapacityCommitted | CapacityReleased>({
  table: {
    name: 'capacity_commitments',
    columns: {
      facility: 'text',
      allocation_id: 'text',
      contract_id: 'text',
      customer_id: 'text',
      order_id: 'text',
      units: 'bigint',
      power_watts: 'bigint',
      effective_on: 'date',
      committed_at: 'timestamptz',
    },
    key: ['facility', 'allocation_id'],
  },
  keys: { CapacityCommitted: atAllocation, CapacityReleased: atAllocation },
  evolve: (row, { type, data, metadata }) => {
    if (type === 'CapacityCommitted') {
      return {
        facility: data.facility,
        allocation_id: data.allocationId,
        contract_id: data.contractId,
        customer_id: data.customerId,
        order_id: data.orderId,
        units: BigInt(data.units),
        power_watts: BigInt(data.powerWatts),
        effective_on: data.effectiveOn,
        committed_at: metadata.occurredAt,
      };
    }
    if (!row || data.reductionId === undefined) return undefined;
    const units = row.units - BigInt(data.units);
    const power_watts = row.power_watts - BigInt(data.powerWatts);
    return units + power_watts > 0n ? { ...row, units, power_watts } : undefined;
  },
});

/** What energy costs a site from a day on. */
export interface PowerRateRow {
  readonly facility: string;
  readonly effective_on: string;
  readonly rate_per_kwh: string;
  readonly currency: string;
  readonly fixed_at: string;
  readonly fixed_by: string;
}

export const powerRates = tableFold<PowerRateRow, PowerRateFixed>({
  table: {
    name: 'power_rates',
    columns: {
      facility: 'text',
      effective_on: 'date',
      rate_per_kwh: 'text',
      currency: 'text',
      fixed_at: 'timestamptz',
      fixed_by: 'text',
    },
    key: ['facility', 'effective_on'],
  },
  keys: {
    PowerRateFixed: ({ data }) => [{ facility: data.facility, effective_on: data.effectiveOn }],
  },
  evolve: (_, { data, metadata }) => ({
    facility: data.facility,
    effective_on: data.effectiveOn,
    rate_per_kwh: data.ratePerKwh,
    currency: data.currency,
    fixed_at: metadata.occurredAt,
    fixed_by: metadata.actor.subject,
  }),
});

export interface CurtailmentRow {
  readonly facility: string;
  readonly curtailment_id: string;
  /** Null for the whole site. */
  readonly racks: readonly string[] | null;
  readonly cause: CurtailmentCause;
  readonly starts_at: string;
  readonly expected_end_at: string | null;
  readonly ended_at: string | null;
  readonly cancelled_at: string | null;
  readonly cancelled_for: string | null;
  readonly shedding_watts: bigint | null;
  readonly energy_avoided_wh: bigint | null;
  readonly declared_by: string;
}

const atCurtailment = ({ data }: { data: { facility: string; curtailmentId: string } }) => [
  { facility: data.facility, curtailment_id: data.curtailmentId },
];

export const curtailments = tableFold<CurtailmentRow, CurtailmentEvent>({
  table: {
    name: 'curtailments',
    columns: {
      facility: 'text',
      curtailment_id: 'text',
      racks: 'jsonb',
      cause: 'text',
      starts_at: 'timestamptz',
      expected_end_at: 'timestamptz',
      ended_at: 'timestamptz',
      cancelled_at: 'timestamptz',
      cancelled_for: 'text',
      shedding_watts: 'bigint',
      energy_avoided_wh: 'bigint',
      declared_by: 'text',
    },
    key: ['facility', 'curtailment_id'],
    nullable: [
      'racks',
      'expected_end_at',
      'ended_at',
      'cancelled_at',
      'cancelled_for',
      'shedding_watts',
      'energy_avoided_wh',
    ],
    indexes: [['facility', 'starts_at', 'curtailment_id']],
  },
  keys: {
    CurtailmentDeclared: atCurtailment,
    CurtailmentEnded: atCurtailment,
    CurtailmentCancelled: atCurtailment,
    CurtailmentMeasured: atCurtailment,
  },
  evolve: (row, event) => {
    if (event.type === 'CurtailmentEnded') {
      const { endedAt: ended_at, energyAvoidedWh } = event.data;
      return row && { ...row, ended_at, energy_avoided_wh: bigintOf(energyAvoidedWh) };
    }
    if (event.type === 'CurtailmentMeasured') {
      return row && { ...row, energy_avoided_wh: BigInt(event.data.energyAvoidedWh) };
    }
    if (event.type === 'CurtailmentCancelled') {
      const { cancelledAt: cancelled_at, cause: cancelled_for } = event.data;
      return row && { ...row, cancelled_at, cancelled_for };
    }
    const { facility, curtailmentId, scope, cause, startsAt, expectedEndAt } = event.data;
    return {
      facility,
      curtailment_id: curtailmentId,
      racks: scope.kind === 'racks' ? scope.racks : null,
      cause,
      starts_at: startsAt,
      expected_end_at: expectedEndAt ?? null,
      ended_at: null,
      cancelled_at: null,
      cancelled_for: null,
      shedding_watts: bigintOf(event.data.sheddingWatts),
      energy_avoided_wh: null,
      declared_by: event.metadata.actor.subject,
    };
  },
});

const bigintOf = (value: number | undefined): bigint | null =>
  value === undefined ? null : BigInt(value);

export const facilitiesProjection: Projection = {
  name: 'facilities',
  version: 8,
  tables: [facilities, capacityCommitments, powerRates, curtailments],
};
