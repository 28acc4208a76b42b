import type { RecordedEvent } from '@hostledger/eventsourcing';

const GIVEN_BACK = new Set(['SlotReserved', 'RelocationAbandoned', 'ReservationReleased']);

/**
 * What is left of a refused request's events. A move that lost to another one of the same machine has reserved
 * a slot before it is refused, and gives it back: where all three events of that are there, nothing is.
 */
export const leftBehind = (events: readonly RecordedEvent[]): readonly RecordedEvent[] => {
  const typesOf = Map.groupBy(
    events.filter(({ type }) => GIVEN_BACK.has(type)),
    reservationOf,
  );
  const isGivenBack = (event: RecordedEvent): boolean =>
    GIVEN_BACK.has(event.type) &&
    new Set(typesOf.get(reservationOf(event))?.map(({ type }) => type)).size === GIVEN_BACK.size;
  return events.filter((event) => !isGivenBack(event));
};

const reservationOf = ({ data }: RecordedEvent): string =>
  (data as { reservationId: string }).reservationId;
