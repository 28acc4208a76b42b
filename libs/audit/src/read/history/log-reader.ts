import type { RecordedEvent } from '@hostledger/eventsourcing';

/** What the history needs of the log. */
export interface HistoryLog {
  readStream(stream: string, from: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
  /** Events of the whole log after a position. */
  readAll(after: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
  /** From the event that begins at exactly this position on. */
  readAllFrom(position: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
}

/** Where an event is. */
export interface Place {
  readonly position: bigint;
  readonly stream: string;
  readonly revision: bigint;
}

const PAGE_EVENTS = 512;
/** Reading an event on the way costs so much less than a read of its own. */
const WORTH_PASSING = 8;
const READS_AT_ONCE = 8;

/** Whether events that lie among so many others are read with them. */
export const isDense = (wanted: number, among: number): boolean => among <= wanted * WORTH_PASSING;

/** The number that has to be known to tell. */
export const countUpTo = (wanted: number): number => wanted * WORTH_PASSING + 1;

/**
 * Reads events by their positions, in the cheapest way: a stretch of the whole log where they are
 * dense, else runs of their streams. Those that are not found are no longer in the log.
 *
 * @param places in the order of positions, in either direction.
 * @param among events that lie between the first and the last of them.
 */
export const readPlaces = async (
  log: HistoryLog,
  places: readonly Place[],
  among: number,
): Promise<ReadonlyMap<bigint, RecordedEvent>> => {
  const found = new Map<bigint, RecordedEvent>();
  const [first] = places;
  if (!first) return found;
  const wanted = new Map(places.map((place) => [place.position, place]));
  const take = (events: readonly RecordedEvent[]): void => {
    for (const event of events) if (wanted.has(event.position)) found.set(event.position, event);
  };
  if (isDense(places.length, among)) await readStretch(log, places, take);
  else await inParallel(runsOf(places), (run) => readRun(log, run, take));
  // Hidden by the metadata of its stream, or passed by a stretch that had no beginning.
  const missing = places.filter(({ position }) => !found.has(position));
  await inParallel(missing, async ({ position }) => take(await log.readAllFrom(position, 1)));
  return found;
};

const readStretch = async (
  log: HistoryLog,
  places: readonly Place[],
  take: (events: readonly RecordedEvent[]) => void,
): Promise<void> => {
  const ends = [places[0]!.position, places.at(-1)!.position];
  const [from, until] = ends[0]! <= ends[1]! ? ends : ends.reverse();
  let events = await log.readAllFrom(from!, Math.min(places.length + 1, PAGE_EVENTS));
  for (;;) {
    take(events);
    const reached = events.at(-1)?.position;
    if (reached === undefined || reached >= until!) return;
    events = await log.readAll(reached, PAGE_EVENTS);
  }
};

/** Events of a stream that follow one another. */
interface Run {
  readonly stream: string;
  readonly from: bigint;
  count: number;
}

const runsOf = (places: readonly Place[]): readonly Run[] => {
  const byStream = Map.groupBy(places, ({ stream }) => stream);
  return [...byStream].flatMap(([stream, own]) => {
    const revisions = own.map(({ revision }) => revision).sort((a, b) => (a < b ? -1 : 1));
    const runs: Run[] = [];
    for (const revision of revisions) {
      const run = runs.at(-1);
      if (run && run.from + BigInt(run.count) === revision) run.count += 1;
      else runs.push({ stream, from: revision, count: 1 });
    }
    return runs;
  });
};

const readRun = async (
  log: HistoryLog,
  { stream, from, count }: Run,
  take: (events: readonly RecordedEvent[]) => void,
): Promise<void> => {
  // A stream that was deleted cannot be read; its events may still be in the log.
  take(await log.readStream(stream, from, count).catch(() => []));
};

const inParallel = async <T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next]!;
      next += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, items.length) }, worker));
};
