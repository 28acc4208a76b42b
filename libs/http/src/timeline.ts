import type { RecordedEvent } from '@hostledger/eventsourcing';
import { cursorInvalid, cursorOf, cursorValues, DEFAULT_LIMIT, type Page } from './read.js';
import { sees, type Scope } from './scope.js';

export class TimelineEntryView {
  /** In the stream of its own, from 0. */
  revision: number;
  eventId: string;
  /** Of the event in the log. */
  position: string;
  /** @example CustomerAllocated */
  type: string;
  /** The event as it was recorded; see the event catalogue. Customers are told a part of it. */
  data: Record<string, unknown>;
  /** Not told to customers. */
  actor?: string;
  /** The role under which it was allowed; not told to customers. */
  role?: string;
  /** Why, as `X-Reason` said; not told to customers. */
  reason?: string;
  /** When it happened. */
  occurredAt: string;
  /** When it was written down. */
  recordedAt: string;
  /** Of the request that led to it, and to all that followed from it; not told to customers. */
  correlationId?: string;
  /** Of the request or the event that it followed from; not told to customers. */
  causationId?: string;
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
    maxCount?: number,
  ): Promise<readonly RecordedEvent[]>;
  /** Position of its end. */
  head(): Promise<bigint>;
}

/** What a customer is told of what happened: that of its own time, as far as it is said here. */
export interface Sight {
  readonly scope: Scope;
  /** Whose each event is: whose the object was once it had happened. `undefined` is told to nobody. */
  readonly ownersOf: (events: readonly RecordedEvent[]) => readonly (string | undefined)[];
  /** Properties of `data` by the type of the event; what is not named here is not told. */
  readonly told: Readonly<Record<string, readonly string[]>>;
}

/**
 * A page of everything that happened in one stream, read from the log itself.
 * @param sight where customers ask; everybody else is told all.
 * @returns true at `position`; `undefined` where there is no such stream.
 * @throws ProblemError `request/cursor-invalid`.
 */
export const readTimeline = async (
  log: TimelineLog,
  stream: string,
  { limit = DEFAULT_LIMIT, cursor }: Page,
  sight?: Sight,
): Promise<{ readonly position: bigint; readonly timeline: Timeline } | undefined> => {
  const list = `timeline ${stream}`;
  const from = cursor === undefined ? 0n : revisionOf(cursorValues(cursor, list, 1)[0]!);
  const position = await log.head();
  const limited = sight?.scope.customers ? sight : undefined;
  const events = limited
    ? seenOf(await log.readStream(stream, 0n), limited).filter(({ revision }) => revision >= from)
    : await log.readStream(stream, from, limit + 1);
  if (events.length === 0) return undefined;
  const next = events[limit];
  const view = limited ? (event: RecordedEvent) => toldView(event, limited) : entryView;
  const items = events.slice(0, limit).map(view);
  if (!next) return { position, timeline: { items } };
  return { position, timeline: { items, nextCursor: cursorOf(list, [next.revision]) } };
};

/** Streams are short; whose an event is takes those before it. */
const seenOf = (
  events: readonly RecordedEvent[],
  { scope, ownersOf, told }: Sight,
): readonly RecordedEvent[] => {
  const owners = ownersOf(events);
  return events.filter(({ type }, index) => {
    const owner = owners[index];
    return told[type] && owner !== undefined && sees(scope, owner);
  });
};

const toldView = (event: RecordedEvent, { told }: Sight): TimelineEntryView => {
  const { revision, eventId, position, type, data, occurredAt, recordedAt } = entryView(event);
  const names = told[type] ?? [];
  const known = names.flatMap((name) => (name in data ? [[name, data[name]] as const] : []));
  return {
    ...{ revision, eventId, position, type, occurredAt, recordedAt },
    data: Object.fromEntries(known),
  };
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
