import type { EventMetadata, RecordedEvent } from '@hostledger/eventsourcing';
import { RecordedView, recordedView } from '@hostledger/http';
import { occurredAt } from '../domain/as-of.js';

/** An event that an answer rests on: who said so, when, and why. */
export class CitedEventView extends RecordedView {
  stream: string;
  /** @example TermsAdopted */
  type: string;
  /** When it happened, business time; when it was recorded, where it does not say. */
  occurredAt: string;
  /**
   * Who said so: the subject of the token that the act came with. Empty, as are the role and the
   * correlation, where it was written past this system.
   */
  actor: string;
  /** Under which that was allowed. */
  role: string;
  /** Why, as `X-Reason` said. */
  reason?: string;
  /** Of the request that it came from. */
  correlationId: string;
}

export const citedView = (event: RecordedEvent): CitedEventView => {
  const { actor, reason, $correlationId } = (event.metadata ?? {}) as Partial<EventMetadata>;
  return {
    ...recordedView(event),
    stream: event.stream,
    type: event.type,
    occurredAt: occurredAt(event),
    actor: actor?.subject ?? '',
    role: actor?.role ?? '',
    ...(reason !== undefined && { reason }),
    correlationId: $correlationId ?? '',
  };
};
