import type { Recorded } from '@hostledger/eventsourcing';
import {
  facilityOf,
  type MinerArrived,
  type MinerDeparted,
  type MinerInstalled,
  type MinerReceived,
  type MinerRelocated,
  type MinerRetired,
  type MinerReturnedFromVendor,
} from '@hostledger/fleet';

// Where a machine counts, as the census of the fleet has it: at the facility where it is or that it
// is on its way to; of one at a vendor, at the one it went from.

/** The acts that may change the facility at which a machine counts. */
export type PresenceEvent =
  | MinerReceived
  | MinerInstalled
  | MinerRelocated
  | MinerDeparted
  | MinerArrived
  | MinerReturnedFromVendor
  | MinerRetired;

export const PRESENCE_TYPES = [
  'MinerReceived',
  'MinerInstalled',
  'MinerRelocated',
  'MinerDeparted',
  'MinerArrived',
  'MinerReturnedFromVendor',
  'MinerRetired',
] as const satisfies readonly PresenceEvent['type'][];

export interface PresenceChange {
  readonly serial: string;
  /** The facility at which it counts no more. */
  readonly left?: string;
  /** The facility at which it counts from now on. */
  readonly came?: string;
}

/** Neither `left` nor `came` where it counts at the same facility as before. */
export const presenceChange = (event: Recorded<PresenceEvent>): PresenceChange => {
  const { serial } = event.data;
  if (event.type === 'MinerReceived') return { serial, came: event.data.place.facility };
  const left = facilityOf(event.data.from);
  if (event.type === 'MinerRetired') return { serial, left };
  const came = facilityOf(event.data.to);
  return left === came ? { serial } : { serial, left, came };
};
