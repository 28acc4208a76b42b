import type { DomainEvent } from './message.js';

/**
 * Every event type of a stream with its meaning in one sentence. A `Record` over the union, so
 * that a type without an entry does not compile; `docs/events.md` and the readers share it.
 */
export type EventCatalogue<E extends DomainEvent> = Readonly<Record<E['type'], string>>;

/** Turns one stored shape into the next (its `type` changes with it, e.g. `X` into `X.v2`). */
export type Upcaster = (event: DomainEvent) => DomainEvent;

/** Old type name to the function that lifts it. Applied until the name is no longer in the map. */
export type Upcasters = Readonly<Record<string, Upcaster>>;

const MAX_UPCASTS = 20;

/** Lifts a stored event to its newest shape; an event without an upcaster is returned as it is. */
export const upcast = (upcasters: Upcasters, stored: DomainEvent): DomainEvent => {
  let event = stored;
  for (let step = 0; step < MAX_UPCASTS; step += 1) {
    if (!Object.hasOwn(upcasters, event.type)) return event;
    event = upcasters[event.type]!(event);
  }
  throw new Error(`Upcasters of ${stored.type} do not end after ${MAX_UPCASTS} steps`);
};

/** Joins the upcasters of several rooms; two for one type would be a mistake. */
export const mergeUpcasters = (...maps: readonly (Upcasters | undefined)[]): Upcasters => {
  const merged: Record<string, Upcaster> = {};
  for (const map of maps) {
    for (const [type, upcaster] of Object.entries(map ?? {})) {
      if (Object.hasOwn(merged, type) && merged[type] !== upcaster) {
        throw new Error(`Two upcasters for event type ${type}`);
      }
      merged[type] = upcaster;
    }
  }
  return merged;
};
