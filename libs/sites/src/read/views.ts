import type { UsageColumns } from './usage.js';

/** Slots of racks in service, and the watts that go with them. */
export class SlotsView {
  total: number;
  /** Held for a miner on its way. */
  reserved: number;
  occupied: number;
  free: number;
  reservedWatts: number;
  occupiedWatts: number;
  /** What is left of the power limits in force of the racks; 0 where they are exceeded. */
  freeWatts: number;
}

/** @param limitWatts the power limits of the racks that the slots belong to. */
export const slotsView = (total: bigint, limitWatts: bigint, used: UsageColumns): SlotsView => ({
  total: Number(total),
  reserved: Number(used.slots_reserved),
  occupied: Number(used.slots_occupied),
  free: Number(total - used.slots_reserved - used.slots_occupied),
  reservedWatts: Number(used.reserved_watts),
  occupiedWatts: Number(used.occupied_watts),
  freeWatts: Math.max(0, Number(limitWatts - used.reserved_watts - used.occupied_watts)),
});
