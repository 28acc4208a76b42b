import type { UsageColumns } from './usage.js';

/** Slots of racks in service, and the watts that go with them; none once the site is disposed of. */
export class SlotsView {
  total: number;
  /** Held for a miner on its way. */
  reserved: number;
  occupied: number;
  /** Of racks that take machines. */
  free: number;
  reservedWatts: number;
  occupiedWatts: number;
  /** What is left of the limit in force of each rack that takes machines, together. */
  freeWatts: number;
}

/** What machines can be brought to. */
export interface Free {
  readonly slots: bigint;
  readonly watts: bigint;
}

export const nothingFree: Free = { slots: 0n, watts: 0n };

export const slotsView = (total: bigint, free: Free, used: UsageColumns): SlotsView => ({
  total: Number(total),
  reserved: Number(used.slots_reserved),
  occupied: Number(used.slots_occupied),
  free: Number(free.slots),
  reservedWatts: Number(used.reserved_watts),
  occupiedWatts: Number(used.occupied_watts),
  freeWatts: Number(free.watts),
});
