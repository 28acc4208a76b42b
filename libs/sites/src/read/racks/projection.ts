import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { RackPowerCommitted } from '../../domain/facility.js';
import type { RackEvent } from '../../domain/rack.js';
import {
  nothingUsed,
  usageAfter,
  usageColumns,
  type SlotEvent,
  type UsageColumns,
} from '../usage.js';

export interface RackRow extends UsageColumns {
  readonly facility: string;
  readonly rack: string;
  /** Planned: its power is committed, and it goes into service next. Closed with its facility. */
  readonly status: 'planned' | 'inService' | 'closed';
  readonly slot_count: number;
  /** In force. */
  readonly power_limit_watts: bigint;
  readonly rated_watts: bigint;
  readonly derated_for: string | null;
  readonly derated_until: string | null;
  /** By how much what is in use exceeds the limit in force. */
  readonly breach_watts: bigint;
  /** Of the rack's stream; null while it is planned. */
  readonly revision: bigint | null;
}

const atRack = ({ data: { facility, rack } }: { data: { facility: string; rack: string } }) => [
  { facility, rack },
];

export const racks = tableFold<RackRow, RackPowerCommitted | RackEvent>({
  table: {
    name: 'racks',
    columns: {
      facility: 'text',
      rack: 'text',
      status: 'text',
      slot_count: 'integer',
      power_limit_watts: 'bigint',
      rated_watts: 'bigint',
      derated_for: 'text',
      derated_until: 'timestamptz',
      breach_watts: 'bigint',
      revision: 'bigint',
      ...usageColumns,
    },
    key: ['facility', 'rack'],
    nullable: ['derated_for', 'derated_until', 'revision'],
    indexes: [['facility', 'breach_watts']],
  },
  keys: {
    RackPowerCommitted: ({ data }) =>
      data.racks.map(({ rack }) => ({ facility: data.facility, rack })),
    RackCommissioned: atRack,
    SlotReserved: atRack,
    SlotOccupied: atRack,
    ReservationReleased: atRack,
    ReservationExpired: atRack,
    SlotVacated: atRack,
    SlotPowerChanged: atRack,
    RackDerated: atRack,
    RackRestored: atRack,
    RackClosed: atRack,
    RackReopened: atRack,
  },
  evolve: (row, event, key) => {
    switch (event.type) {
      case 'RackPowerCommitted': {
        const plan = event.data.racks.find(({ rack }) => rack === key.rack)!;
        return {
          facility: event.data.facility,
          rack: plan.rack,
          status: 'planned',
          slot_count: plan.slotCount,
          power_limit_watts: BigInt(plan.powerLimitWatts),
          rated_watts: BigInt(plan.powerLimitWatts),
          ...notDerated,
          breach_watts: 0n,
          revision: null,
          ...nothingUsed,
        };
      }
      case 'RackCommissioned':
        return row && { ...row, status: 'inService', revision: event.revision };
      case 'RackClosed':
        return row && { ...row, status: 'closed', revision: event.revision };
      case 'RackReopened':
        return row && { ...row, status: 'inService', revision: event.revision };
      case 'RackDerated': {
        const { powerLimitWatts, cause: derated_for, expectedUntil } = event.data;
        const power_limit_watts = BigInt(powerLimitWatts);
        const derated = { power_limit_watts, derated_for, derated_until: expectedUntil ?? null };
        return row && measured({ ...row, ...derated, revision: event.revision });
      }
      case 'RackRestored': {
        const power_limit_watts = BigInt(event.data.powerLimitWatts);
        const restored = { power_limit_watts, ...notDerated };
        return row && measured({ ...row, ...restored, revision: event.revision });
      }
      default:
        return row && measured({ ...usageAfter(row, event), revision: event.revision });
    }
  },
});

const notDerated = { derated_for: null, derated_until: null } as const;

const measured = (row: RackRow): RackRow => {
  const over = row.reserved_watts + row.occupied_watts - row.power_limit_watts;
  return { ...row, breach_watts: over > 0n ? over : 0n };
};

/** A slot that is held; a free slot has no row. */
export interface SlotRow {
  readonly facility: string;
  readonly rack: string;
  readonly slot: number;
  readonly status: 'reserved' | 'occupied';
  readonly serial: string;
  readonly power_watts: number;
  readonly reservation_id: string;
  readonly since: string;
  /** Of a reservation. */
  readonly expires_at: string | null;
}

const atSlot = ({ data: { facility, rack, slot } }: { data: SlotEvent['data'] }) => [
  { facility, rack, slot },
];

export const rackSlots = tableFold<SlotRow, SlotEvent>({
  table: {
    name: 'rack_slots',
    columns: {
      facility: 'text',
      rack: 'text',
      slot: 'integer',
      status: 'text',
      serial: 'text',
      power_watts: 'integer',
      reservation_id: 'text',
      since: 'timestamptz',
      expires_at: 'timestamptz',
    },
    key: ['facility', 'rack', 'slot'],
    nullable: ['expires_at'],
  },
  keys: {
    SlotReserved: atSlot,
    SlotOccupied: atSlot,
    ReservationReleased: atSlot,
    ReservationExpired: atSlot,
    SlotVacated: atSlot,
    SlotPowerChanged: atSlot,
  },
  evolve: (row, event) => {
    if (event.type === 'SlotPowerChanged') {
      return row && { ...row, power_watts: event.data.powerWatts };
    }
    if (event.type !== 'SlotReserved' && event.type !== 'SlotOccupied') return undefined;
    const { facility, rack, slot, serial, powerWatts, reservationId } = event.data;
    return {
      facility,
      rack,
      slot,
      status: event.type === 'SlotReserved' ? 'reserved' : 'occupied',
      serial,
      power_watts: powerWatts,
      reservation_id: reservationId,
      since: event.metadata.occurredAt,
      expires_at: event.type === 'SlotReserved' ? event.data.expiresAt : null,
    };
  },
});

export const racksProjection: Projection = {
  name: 'racks',
  version: 5,
  tables: [racks, rackSlots],
};
