import type { RackDerated, RackRestored } from '../domain/rack-power.js';
import type { RackClosed, RackCommissioned, RackEvent, RackReopened } from '../domain/rack.js';

/** What is held of a rack or a whole facility: slots, and the watts that go with them. */
export interface UsageColumns {
  readonly slots_reserved: bigint;
  readonly slots_occupied: bigint;
  readonly reserved_watts: bigint;
  readonly occupied_watts: bigint;
}

/** Sums, which an integer would bound: a projection that fails at one never goes on. */
export const usageColumns = {
  slots_reserved: 'bigint',
  slots_occupied: 'bigint',
  reserved_watts: 'bigint',
  occupied_watts: 'bigint',
} as const;

export const nothingUsed: UsageColumns = {
  slots_reserved: 0n,
  slots_occupied: 0n,
  reserved_watts: 0n,
  occupied_watts: 0n,
};

/** Everything that happens to a slot. */
export type SlotEvent = Exclude<
  RackEvent,
  RackCommissioned | RackDerated | RackRestored | RackClosed | RackReopened
>;

/** What each event adds to the reserved and to the occupied slots. */
const changes: Record<
  Exclude<SlotEvent['type'], 'SlotPowerChanged'>,
  { reserved: 1 | 0 | -1; occupied: 1 | 0 | -1 }
> = {
  SlotReserved: { reserved: 1, occupied: 0 },
  SlotOccupied: { reserved: -1, occupied: 1 },
  ReservationReleased: { reserved: -1, occupied: 0 },
  ReservationExpired: { reserved: -1, occupied: 0 },
  SlotVacated: { reserved: 0, occupied: -1 },
};

export const usageAfter = <Row extends UsageColumns>(row: Row, { type, data }: SlotEvent): Row => {
  if (type === 'SlotPowerChanged') {
    const more = BigInt(data.powerWatts - data.fromWatts);
    return { ...row, occupied_watts: row.occupied_watts + more };
  }
  const { reserved, occupied } = changes[type];
  const watts = BigInt(data.powerWatts);
  return {
    ...row,
    slots_reserved: row.slots_reserved + BigInt(reserved),
    slots_occupied: row.slots_occupied + BigInt(occupied),
    reserved_watts: row.reserved_watts + BigInt(reserved) * watts,
    occupied_watts: row.occupied_watts + BigInt(occupied) * watts,
  };
};
