import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { FacilityEvent } from '../../domain/facility.js';
import type { RackEvent } from '../../domain/rack.js';
import { nothingUsed, usageAfter, usageColumns, type UsageColumns } from '../usage.js';

export interface FacilityRow extends UsageColumns {
  readonly facility: string;
  readonly name: string;
  readonly time_zone: string;
  readonly location: string | null;
  readonly power_envelope_watts: bigint;
  /** Racks whose power is committed, in service or about to be. */
  readonly racks: number;
  readonly rack_limit_watts: bigint;
  readonly racks_in_service: number;
  /** In force, of the racks in service, like the slots. */
  readonly in_service_limit_watts: bigint;
  readonly slots: number;
  readonly committed_units: number;
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
      power_envelope_watts: 'bigint',
      racks: 'integer',
      rack_limit_watts: 'bigint',
      racks_in_service: 'integer',
      in_service_limit_watts: 'bigint',
      slots: 'integer',
      committed_units: 'integer',
      committed_watts: 'bigint',
      opened_at: 'timestamptz',
      revision: 'bigint',
      ...usageColumns,
    },
    key: ['facility'],
    nullable: ['location'],
  },
  keys: {
    FacilityOpened: atFacility,
    RackPowerCommitted: atFacility,
    CapacityCommitted: atFacility,
    CapacityReleased: atFacility,
    RackCommissioned: atFacility,
    SlotReserved: atFacility,
    SlotOccupied: atFacility,
    ReservationReleased: atFacility,
    ReservationExpired: atFacility,
    SlotVacated: atFacility,
    SlotPowerChanged: atFacility,
    RackDerated: atFacility,
    RackRestored: atFacility,
  },
  evolve: (row, event) => {
    if (event.type === 'FacilityOpened') {
      const { facility, name, timeZone, powerEnvelopeWatts, location } = event.data;
      return {
        facility,
        name,
        time_zone: timeZone,
        location: location ?? null,
        power_envelope_watts: BigInt(powerEnvelopeWatts),
        racks: 0,
        rack_limit_watts: 0n,
        racks_in_service: 0,
        in_service_limit_watts: 0n,
        slots: 0,
        committed_units: 0,
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
          committed_units: row.committed_units + event.data.units,
          committed_watts: row.committed_watts + BigInt(event.data.powerWatts),
        };
      case 'CapacityReleased':
        return {
          ...row,
          revision,
          committed_units: row.committed_units - event.data.units,
          committed_watts: row.committed_watts - BigInt(event.data.powerWatts),
        };
      case 'RackCommissioned':
        return {
          ...row,
          racks_in_service: row.racks_in_service + 1,
          in_service_limit_watts: row.in_service_limit_watts + BigInt(event.data.powerLimitWatts),
          slots: row.slots + event.data.slotCount,
        };
      case 'RackDerated':
      case 'RackRestored': {
        const more = BigInt(event.data.powerLimitWatts - event.data.fromWatts);
        return { ...row, in_service_limit_watts: row.in_service_limit_watts + more };
      }
      default:
        return usageAfter(row, event);
    }
  },
});

export const facilitiesProjection: Projection = {
  name: 'facilities',
  version: 2,
  tables: [facilities],
};
