import type { RecordedEvent } from '@hostledger/eventsourcing';

interface Stay {
  readonly serial: string;
  readonly reservationId: string;
  readonly from: bigint;
  until: bigint | undefined;
}

interface SlotEvent {
  readonly rack: string;
  readonly slot: number;
  readonly serial: string;
  readonly reservationId: string;
}

export interface Occupancy {
  /** What must never be. */
  readonly broken: readonly string[];
  /** Whether anybody but the machine had the slot at any position of the span. */
  isTaken(slot: string, serial: string, from: bigint, until: bigint): boolean;
}

/** Who had which slot, from which position of the log to which: an account of its own, from the events alone. */
export const occupancyOf = (events: readonly RecordedEvent[]): Occupancy => {
  const broken: string[] = [];
  const stays = new Map<string, Stay[]>();
  const places = new Map<string, string>();
  for (const { type, data, position } of events) {
    const { rack, slot, serial, reservationId } = data as SlotEvent;
    const name = `${rack} ${slot}`;
    const of = stays.get(name) ?? [];
    const present = of.at(-1)?.until === undefined ? of.at(-1) : undefined;
    switch (type) {
      case 'SlotReserved':
        if (present) broken.push(`${name}: ${serial} at ${position} beside ${present.serial}`);
        of.push({ serial, reservationId, from: position, until: undefined });
        stays.set(name, of);
        break;
      case 'SlotOccupied':
        if (present?.reservationId !== reservationId) {
          broken.push(`${name}: occupied by ${serial} at ${position} without being held for it`);
        }
        break;
      case 'SlotVacated':
      case 'ReservationReleased':
      case 'ReservationExpired': {
        const stay = of.findLast((one) => one.reservationId === reservationId);
        if (stay) stay.until = position;
        break;
      }
      case 'MinerInstalled':
      case 'MinerRelocated': {
        const { to } = data as { to?: { rack: string; slot: number } };
        const at = to ?? (data as SlotEvent);
        places.set((data as SlotEvent).serial, `${at.rack} ${at.slot}`);
        break;
      }
    }
  }
  for (const [serial, place] of places) {
    const stay = stays.get(place)?.at(-1);
    if (stay?.serial !== serial || stay.until !== undefined) {
      broken.push(`${serial} stands in ${place}, which is not its own`);
    }
  }
  return {
    broken,
    isTaken: (slot, serial, from, until) =>
      (stays.get(slot) ?? []).some(
        (stay) =>
          stay.serial !== serial &&
          stay.from <= until &&
          (stay.until === undefined || stay.until >= from),
      ),
  };
};
