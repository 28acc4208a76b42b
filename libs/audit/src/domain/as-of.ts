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
    return aggregate.evolve(state as never, event as never);
  } catch (error) {
    const { stream, revision, position, type } = stored;
    throw new DomainError(
      'conflict',
      'audit/state-untold',
      `Event ${revision} of ${stream} cannot be applied: ${(error as Error).message}`,
      { stream, revision: revision.toString(), position: position.toString(), eventType: type },
    );
  }
};

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
    const { timeZone } = data as { readonly timeZone?: unknown };
    if (typeof timeZone === 'string') return timeZone;
  }
  return undefined;
};

const happenedBy = (
  asOf: string | undefined,
  timeZone: string,
): ((event: RecordedEvent) => boolean) => {
  if (asOf === undefined) return () => true;
  if (!asOf.includes('T')) {
    return ({ metadata }) => dayIn(timeZone, metadata.occurredAt) <= asOf;
  }
  const instant = Date.parse(asOf);
  return ({ metadata }) => Date.parse(metadata.occurredAt) <= instant;
};
