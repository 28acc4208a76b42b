import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { refuseCut, stateUntold } from '../domain/as-of.js';

/** An answer holds them all at once; streams of the rooms have some thousands at most. */
const MAX_EVENTS = 100_000;

/**
 * A stream from its first event to its last one; none where nothing was ever recorded in it.
 * @throws DomainError `audit/state-untold`, where something of it is hidden or gone, by its settings or
 * because it was deleted, and where it has more than 100,000 events.
 */
export const wholeStream = async (
  log: Pick<EventStore, 'readStream' | 'isTombstoned'>,
  stream: string,
): Promise<readonly RecordedEvent[]> => {
  const events = await shownOf(log, stream);
  if (events.length > MAX_EVENTS) {
    throw stateUntold(stream, `${stream} has more than ${MAX_EVENTS} events`);
  }
  refuseCut(stream, events);
  // Settings may hide all of it.
  if (events.length === 0 && (await log.readStream(`$$${stream}`, 0n, 1)).length > 0) {
    throw stateUntold(stream, `${stream} shows nothing, by its settings`);
  }
  return events;
};

const shownOf = async (
  log: Pick<EventStore, 'readStream' | 'isTombstoned'>,
  stream: string,
): Promise<readonly RecordedEvent[]> => {
  try {
    return await log.readStream(stream, 0n, MAX_EVENTS + 1);
  } catch (error) {
    if (await log.isTombstoned(stream)) throw stateUntold(stream, `${stream} was deleted for ever`);
    throw error;
  }
};
