import type { RecordedEvent } from '@hostledger/eventsourcing';
import { RecordedView, recordedView } from '@hostledger/http';

/** An event that an answer rests on: who said so, when, and why. */
export class CitedEventView extends RecordedView {
  stream: string;
  /** @example TermsAdopted */
  type: string;
  /** When it happened, business time. */
  occurredAt: string;
  /** Who said so: the subject of the token that the act came with. */
  actor: string;
  /** Under which that was allowed. */
  role: string;
  /** Why, as `X-Reason` said. */
  reason?: string;
  /** Of the request that it came from. */
  correlationId: string;
}

export const citedView = (event: RecordedEvent): CitedEventView => ({
  ...recordedView(event),
  stream: event.stream,
  type: event.type,
  occurredAt: event.metadata.occurredAt,
  actor: event.metadata.actor.subject,
  role: event.metadata.actor.role,
  ...(event.metadata.reason !== undefined && { reason: event.metadata.reason }),
  correlationId: event.metadata.$correlationId,
});
