import type { ResolvedEvent } from '@eventstore/db-client';
import type { EventMetadata, RecordedEvent } from '../message.js';

/** The event as the kernel knows it; `undefined` for a link whose target is gone. */
export const toRecorded = (resolved: ResolvedEvent): RecordedEvent | undefined => {
  const { event } = resolved;
  if (!event) return undefined;
  return {
    id: event.id,
    type: event.type,
    data: event.data as object,
    metadata: event.metadata as unknown as EventMetadata,
    stream: event.streamId,
    revision: event.revision,
    position: event.position?.commit ?? resolved.commitPosition ?? 0n,
    recordedAt: isoOf(event.created),
  };
};

let lastMs = NaN;
let lastIso = '';

/** Events that were appended together, and so come together, have one instant. */
const isoOf = (created: Date): string => {
  const ms = created.getTime();
  if (ms !== lastMs) {
    lastIso = created.toISOString();
    lastMs = ms;
  }
  return lastIso;
};
