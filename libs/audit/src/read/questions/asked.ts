import { streamName, type DomainEvent, type RecordedEvent } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { knownBy, requestClock, type AsOfQuery } from '@hostledger/http';
import { dayIn } from '@hostledger/quantities';
import { refuseForeign, timeZoneOf, type FoldedAggregate } from '../../domain/as-of.js';
import { notKnownThen, streamUnknown } from '../as-of.js';
import { citedView, type CitedEventView } from '../cited.js';
import { wholeStream } from '../whole-stream.js';

/** What every answer to a question says of the moments that it was asked for. */
export class QuestionAnswer {
  /**
   * The day that is answered for, in the zone below; of a machine also the instant.
   * @example 2023-12-31
   */
  asOf: string;
  /** @example America/Chicago */
  timeZone: string;
  /** The last event that was known. */
  knownAt: CitedEventView;
  /** Events of the stream that were recorded after `knownAt`, and so do not count. */
  recordedLater: number;
}

/** A stream as far as it was known. */
export interface Asked<E extends DomainEvent> {
  /** Of the whole log, at which the answer is true. */
  readonly position: bigint;
  readonly known: readonly RecordedEvent<E>[];
  readonly day: string;
  readonly answer: QuestionAnswer;
}

/**
 * Reads a stream as it was known. Without `asOf` it is asked for today.
 * @throws DomainError `audit/stream-unknown`, `audit/not-known-then`, `audit/state-untold`.
 */
export const asked = async <E extends DomainEvent>(
  log: EventStore,
  aggregate: FoldedAggregate,
  id: string,
  moment: AsOfQuery,
): Promise<Asked<E>> => {
  const stream = streamName(aggregate, id);
  const position = await log.head();
  const events = await wholeStream(log, stream);
  if (events.length === 0) throw streamUnknown(stream);
  const known = events.filter(knownBy(moment.knownAt));
  const last = known.at(-1);
  if (!last) throw notKnownThen(stream, moment);
  refuseForeign(aggregate, known);
  const timeZone = timeZoneOf(known) ?? 'UTC';
  const instant = moment.asOf ?? requestClock.now();
  const day = instant.includes('T') ? dayIn(timeZone, instant) : instant;
  return {
    position: position > last.position ? position : last.position,
    known: known as RecordedEvent<E>[],
    day,
    answer: {
      ...{ asOf: day, timeZone, knownAt: citedView(last) },
      recordedLater: events.length - known.length,
    },
  };
};
