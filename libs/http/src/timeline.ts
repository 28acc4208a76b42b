import type { RecordedEvent } from '@hostledger/eventsourcing';
import { cursorInvalid, cursorOf, cursorValues, DEFAULT_LIMIT, type Page } from './read.js';

export class TimelineEntryView {
  /** In the stream of its own, from 0. */
  revision: number;
  eventId: string;
  /** Of the event in the log. */
  position: string;
  /** @example CustomerAllocated */
  type: string;
  /** The event as it was recorded; see the event catalogue. */
  data: Record<string, unknown>;
  actor: string;
  /** The role under which it was allowed. */
  role: string;
  /** Why, as `X-Reason` said. */
  reason?: string;
  /** When it happened. */
  occurredAt: string;
  /** When it was written down. */
  recordedAt: string;
  /** Of the request that led to it, and to all that followed from it. */
  correlationId: string;
  /** Of the request or the event that it followed from. */
  causationId: string;
}

export class Timeline {
  items: TimelineEntryView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

/** What a timeline needs of the log. */
export interface TimelineLog {
  readStream(
    stream: string,
    fromRevision: bigint,
    maxCount: number,
  ): Promise<readonly RecordedEvent[]>;
  /** Position of its end. */
  head(): Promise<bigint>;
}

/**
 * A page of everything that happened in one stream, read from the log itself.
 * @returns true at `position`; `undefined` where there is no such stream.
 * @throws ProblemError `request/cursor-invalid`.
 */
export const readTimeline = async (
  log: TimelineLog,
  stream: string,
  { limit = DEFAULT_LIMIT, cursor }: Page,
): Promise<{ readonly position: bigint; readonly timeline: Timeline } | undefined> => {
  const list = `timeline ${stream}`;
  const from = cursor === undefined ? 0n : revisionOf(cursorValues(cursor, list, 1)[0]!);
  const position = await log.head();
  const events = await log.readStream(stream, from, limit + 1);
  if (events.length === 0) return undefined;
  const next = events[limit];
  const items = events.slice(0, limit).map(entryView);
  if (!next) return { position, timeline: { items } };
  return { position, timeline: { items, nextCursor: cursorOf(list, [next.revision]) } };
};

/** Of 18 digits at most, which every store holds. */
const REVISION = /^\d{1,18}$/;

const revisionOf = (text: string): bigint => {
  if (!REVISION.test(text)) throw cursorInvalid();
  return BigInt(text);
};

const entryView = ({ metadata, ...event }: RecordedEvent): TimelineEntryView => ({
  revision: Number(event.revision),
  eventId: event.id,
  position: event.position.toString(),
  type: event.type,
  data: event.data as Record<string, unknown>,
  actor: metadata.actor.subject,
  role: metadata.actor.role,
  ...(metadata.reason !== undefined && { reason: metadata.reason }),
  occurredAt: metadata.occurredAt,
  recordedAt: event.recordedAt,
  correlationId: metadata.$correlationId,
  causationId: metadata.$causationId,
});
