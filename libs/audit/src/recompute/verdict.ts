import type { Json, RecordedEvent } from '@hostledger/eventsourcing';
import type { Difference } from '../domain/difference.js';

/** An event that a verdict names. */
export interface Cited {
  readonly position: string;
  readonly stream: string;
  readonly revision: string;
  readonly type: string;
  readonly eventId: string;
  readonly recordedAt: string;
}

export const cited = (event: RecordedEvent): Cited => ({
  position: event.position.toString(),
  stream: event.stream,
  revision: event.revision.toString(),
  type: event.type,
  eventId: event.id,
  recordedAt: event.recordedAt,
});

/** The same on both sides, or where the two begin to differ. */
export type Comparison =
  | {
      readonly equal: true;
      /** What was held against each other, in words. */
      readonly compared: string;
    }
  | ({
      readonly equal: false;
      readonly compared: string;
      /**
       * The first event after which the two differ; of a row whose past cannot be asked for, the last one
       * that touched the field. Absent where no event here is about it.
       */
      readonly event?: Cited;
      /** What else is to be known. */
      readonly note?: string;
    } & Difference);

/** What a recomputation came to, from nothing but events. */
export interface Recomputed {
  /** `aggregate facility-DENTON`, `row miners serial=…`, `statement 2024-000001`. */
  readonly subject: string;
  /** Where the events came from. */
  readonly source: string;
  /** Of the last event that was read, in digits. */
  readonly position: string;
  /** A state or a row, or what is said of a statement. */
  readonly value: Json;
  /** How many events it is made of. */
  readonly counted: number;
  /** The last of them. */
  readonly last?: Cited;
  /** Absent where there was nothing to compare with. */
  readonly verdict?: Comparison;
}
