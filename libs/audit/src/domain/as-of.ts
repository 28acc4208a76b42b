import {
  DomainError,
  streamCategory,
  upcast,
  type RecordedEvent,
  type Upcasters,
} from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';

/** An aggregate of any room, as far as its streams are folded. */
export interface FoldedAggregate {
  readonly category: string;
  readonly initialState: unknown;
  readonly evolve: (state: never, event: never) => unknown;
  /** Its types of events; others in its streams cannot be read. */
  readonly events: Readonly<Record<string, string>>;
  readonly upcasters?: Upcasters;
}

/** Which events of a stream count. */
export interface Moment {
  /** Whether it had been recorded by then. */
  readonly isKnown: (event: RecordedEvent) => boolean;
  /** A day, YYYY-MM-DD, or an instant, ISO 8601 UTC; everything that is known counts without one. */
  readonly asOf?: string;
  /** Of days, where the stream itself names no zone. */
  readonly timeZone?: string;
}

/** A stream folded as of one moment, as known at another. */
export interface StreamAsOf {
  readonly state: unknown;
  /** By which a day was told: the one that the stream names, else UTC. */
  readonly timeZone: string;
  /** Events that the state is made of, in the order of the stream. */
  readonly counted: readonly RecordedEvent[];
  /** Left out: recorded after `knownAt`. */
  readonly recordedLater: readonly RecordedEvent[];
  /** Left out of those that were known: what happened after `asOf`. */
  readonly happenedLater: readonly RecordedEvent[];
}

/**
 * Folds the events of a stream that had been recorded by one moment and had happened by another. An
 * event that was recorded later about an earlier day is part of that day for whoever knows it.
 * @param events of the whole stream, from its first on.
 * @throws DomainError `audit/state-untold`, where those that count cannot be folded by themselves.
 */
export const streamAsOf = (
  aggregate: FoldedAggregate,
  events: readonly RecordedEvent[],
  { isKnown, asOf, timeZone: given }: Moment,
): StreamAsOf => {
  const known = events.filter(isKnown);
  const timeZone = timeZoneOf(known) ?? given ?? 'UTC';
  const hasHappened = happenedBy(asOf, timeZone);
  const counted = known.filter(hasHappened);
  return {
    state: counted.reduce(
      (state, event) => stateAfter(aggregate, state, event),
      initial(aggregate),
    ),
    timeZone,
    counted,
    recordedLater: events.filter((event) => !isKnown(event)),
    happenedLater: known.filter((event) => !hasHappened(event)),
  };
};

export const initial = ({ initialState }: FoldedAggregate): unknown => initialState;

/**
 * The state after one more event, which may be of an older shape.
 * @throws DomainError `audit/state-untold`
 */
export const stateAfter = (
  aggregate: FoldedAggregate,
  state: unknown,
  stored: RecordedEvent,
): unknown => {
  try {
    const event = upcast(aggregate.upcasters ?? {}, stored);
    if (!Object.hasOwn(aggregate.events, event.type)) {
      throw new Error(`${aggregate.category} has no event ${event.type}`);
    }
    if (!isRecord(event.data)) throw new Error('its data is no JSON object');
    return aggregate.evolve(state as never, event as never);
  } catch (error) {
    throw notApplied(stored, (error as Error).message);
  }
};

const notApplied = (
  { stream, revision, position, type }: RecordedEvent,
  reason: string,
): DomainError =>
  stateUntold(stream, `Event ${revision} of ${stream} cannot be applied: ${reason}`, {
    ...{ revision: revision.toString(), position: position.toString(), eventType: type },
  });

export const stateUntold = (
  stream: string,
  message: string,
  details: Readonly<Record<string, string>> = {},
): DomainError =>
  new DomainError('conflict', 'audit/state-untold', message, { stream, ...details });

/**
 * A stream of which something is hidden or gone is no state: it is read as if that had never happened.
 * @param events that the stream shows, from its first on.
 * @throws DomainError `audit/state-untold`, where its revisions do not go from 0 without a gap.
 */
export const refuseCut = (stream: string, events: readonly RecordedEvent[]): void => {
  const gap = events.findIndex(({ revision }, index) => revision !== BigInt(index));
  if (gap < 0) return;
  throw stateUntold(stream, `Event ${gap} of ${stream} is hidden or gone`, {
    revision: gap.toString(),
  });
};

/**
 * What was written past the system may be of another type, or no facts at all.
 * @throws DomainError `audit/state-untold`
 */
export const refuseForeign = (
  { category, events: types }: FoldedAggregate,
  events: readonly RecordedEvent[],
): void => {
  for (const event of events) {
    if (!Object.hasOwn(types, event.type)) {
      throw notApplied(event, `${category} has no event ${event.type}`);
    }
    if (!isRecord(event.data)) throw notApplied(event, 'its data is no JSON object');
  }
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array);

/** The aggregate of a stream. @throws DomainError `audit/category-unknown` */
export const aggregateOf = (
  aggregates: ReadonlyMap<string, FoldedAggregate>,
  stream: string,
): FoldedAggregate => {
  const category = streamCategory(stream);
  const aggregate = aggregates.get(category);
  if (aggregate) return aggregate;
  const message = `There are no streams of the kind ${stream}: they are named <category>-<id>`;
  throw new DomainError('notFound', 'audit/category-unknown', message, {
    categories: [...aggregates.keys()].sort(),
  });
};

/** Days of a contract, a facility or a deal are days of the zone that its events name. */
export const timeZoneOf = (events: readonly RecordedEvent[]): string | undefined => {
  for (const { data } of events) {
    const timeZone = isRecord(data) ? (data as { timeZone?: unknown }).timeZone : undefined;
    if (typeof timeZone === 'string' && isTimeZone(timeZone)) return timeZone;
  }
  return undefined;
};

const isTimeZone = (name: string): boolean => {
  try {
    return dayIn(name, '2000-01-01T00:00:00.000Z') !== '';
  } catch {
    return false;
  }
};

/** Business time; what was written past the system without one happened when it was recorded. */
export const occurredAt = ({ metadata, recordedAt }: RecordedEvent): string => {
  const told: unknown = isRecord(metadata) ? metadata.occurredAt : undefined;
  return typeof told === 'string' && !Number.isNaN(Date.parse(told)) ? told : recordedAt;
};

const happenedBy = (
  asOf: string | undefined,
  timeZone: string,
): ((event: RecordedEvent) => boolean) => {
  if (asOf === undefined) return () => true;
  if (!asOf.includes('T')) {
    return (event) => dayIn(timeZone, occurredAt(event)) <= asOf;
  }
  const instant = Date.parse(asOf);
  return (event) => Date.parse(occurredAt(event)) <= instant;
};
