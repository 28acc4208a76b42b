import type { RecordedEvent } from './message.js';

/** What can be read of a log to tell how far somebody is behind it. */
export interface ReadableLog {
  /** Position of the last record; 0 for an empty log. */
  head(): Promise<bigint>;
  /** Events after a position, `maxCount` at most. */
  readAll(after: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
}

/** How far a reader of the log has come. */
export interface LogReader {
  readonly position: bigint;
  /** Events it was given so far. */
  readonly events: bigint;
  /** The types it is given; all when absent. */
  readonly eventTypes?: readonly string[] | undefined;
}

export interface LogLag {
  readonly events: number;
  /** Counted; otherwise estimated from how dense the log has been so far. */
  readonly isExact: boolean;
  /** How long the oldest event that is missing has been in the log. */
  readonly seconds: number;
}

/** Events read ahead to count them; beyond, their number is estimated. */
const COUNTED_EVENTS = 1_000;

/** The lag of each reader; those at one position share one look into the log. */
export const lagsBehind = async (
  log: ReadableLog,
  readers: readonly LogReader[],
  now: Date,
): Promise<LogLag[]> => {
  const head = await log.head();
  const ahead = new Map<bigint, Promise<readonly RecordedEvent[]>>();
  return Promise.all(
    readers.map(async (reader) => {
      const { position } = reader;
      if (position >= head) return { events: 0, isExact: true, seconds: 0 };
      if (!ahead.has(position)) ahead.set(position, log.readAll(position, COUNTED_EVENTS));
      return lagOf(reader, await ahead.get(position)!, head, now);
    }),
  );
};

const lagOf = (
  { position, events, eventTypes }: LogReader,
  ahead: readonly RecordedEvent[],
  head: bigint,
  now: Date,
): LogLag => {
  const missing = ahead.filter(({ type }) =>
    eventTypes ? eventTypes.includes(type) : !type.startsWith('$'),
  );
  const [oldest] = missing;
  const seconds = oldest ? Math.max(0, (now.getTime() - Date.parse(oldest.recordedAt)) / 1000) : 0;
  if (ahead.length < COUNTED_EVENTS) return { events: missing.length, isExact: true, seconds };
  // The part read ahead is as good a sample as the part behind where nothing is behind yet.
  const span = ahead.at(-1)!.position - position;
  const density =
    events > 0n && position > 0n
      ? Number(events) / Number(position)
      : missing.length / Number(span > 0n ? span : 1n);
  const estimated = Math.round(Number(head - position) * density);
  return { events: Math.max(estimated, missing.length), isExact: false, seconds };
};
