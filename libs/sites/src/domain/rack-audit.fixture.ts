import type { RackEvent } from './rack.js';

/**
 * The rules of a rack kept by plain bookkeeping over its history, without the aggregate's own state.
 * @returns the slots that are held, and what else is true at the end.
 */
export const audit = (history: readonly RackEvent[]) => {
  const holders = new Map<number, { id: string; watts: number; occupied: boolean }>();
  const over = new Set<string>();
  let limit = 0;
  let slotCount = 0;
  let before = 0;
  let closed = false;
  for (const event of history) {
    if (event.type === 'RackCommissioned') {
      limit = event.data.powerLimitWatts;
      slotCount = event.data.slotCount;
      continue;
    }
    if (event.type === 'RackClosed' || event.type === 'RackReopened') {
      expect(holders.size).toBe(0);
      closed = event.type === 'RackClosed';
      continue;
    }
    if (event.type === 'RackDerated' || event.type === 'RackRestored') {
      expect(event.data.fromWatts).toBe(limit);
      limit = event.data.powerLimitWatts;
      continue;
    }
    const { slot, reservationId: id, powerWatts: watts } = event.data;
    const holder = holders.get(slot);
    if (event.type === 'SlotReserved') {
      expect(closed).toBe(false);
      expect(holder).toBeUndefined();
      expect(over.has(id)).toBe(false);
      expect([...holders.values()].some((other) => other.id === id)).toBe(false);
      expect(slot).toBeGreaterThanOrEqual(1);
      expect(slot).toBeLessThanOrEqual(slotCount);
      holders.set(slot, { id, watts, occupied: false });
    } else if (event.type === 'SlotPowerChanged') {
      expect(holder).toMatchObject({ id, watts: event.data.fromWatts, occupied: true });
      holders.set(slot, { id, watts, occupied: true });
    } else {
      expect(holder).toMatchObject({ id, watts, occupied: event.type === 'SlotVacated' });
      holders.delete(slot);
      if (event.type === 'SlotOccupied') holders.set(slot, { id, watts, occupied: true });
      else over.add(id);
    }
    const inUse = [...holders.values()].reduce((sum, each) => sum + each.watts, 0);
    // A derating may leave too much in use; then nothing is added until it fits.
    expect(inUse).toBeLessThanOrEqual(Math.max(limit, before));
    before = inUse;
  }
  return { held: holders.size, closed };
};
