import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { AuditEventRow } from '../history/projection.js';
import type { DifferenceView, LogCheckView } from './completeness-views.js';
import { MAX_LISTED } from './period.js';

/** What is read of the log at once. */
const PAGE = 1_000;

export interface CheckedLog {
  readAll(after: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
}

export type IndexedEvent = Pick<
  AuditEventRow,
  'position' | 'event_id' | 'stream' | 'type' | 'revision'
>;

/**
 * Compares the log as it is now with its index, after one position through another and `maxEvents` at most.
 * The index was made when the events came, so what left the log since, or took another shape, is told.
 *
 * @param indexed the rows after a position up to another one, by position.
 */
export const checkLog = async (
  log: CheckedLog,
  indexed: (after: bigint, through: bigint) => Promise<readonly IndexedEvent[]>,
  bounds: { readonly after: bigint; readonly last: bigint },
  maxEvents: number,
): Promise<LogCheckView> => {
  const differences: DifferenceView[] = [];
  let differenceCount = 0;
  let events = 0;
  const { last } = bounds;
  let { after } = bounds;
  while (after < last && events < maxEvents) {
    const page = await log.readAll(after, Math.min(PAGE, maxEvents - events));
    // Past the last event that is left, the index may still have some.
    const through = page.length === 0 ? last : least(page.at(-1)!.position, last);
    const stored = page.filter(({ type, position }) => position <= last && !type.startsWith('$'));
    for (const difference of differencesOf(stored, await indexed(after, through))) {
      differenceCount += 1;
      if (differences.length < MAX_LISTED) differences.push(difference);
    }
    events += stored.length;
    after = through;
  }
  return {
    events,
    isComplete: after >= last,
    throughPosition: after.toString(),
    differenceCount,
    differences,
  };
};

const least = (one: bigint, other: bigint): bigint => (one < other ? one : other);

const differencesOf = (
  stored: readonly RecordedEvent[],
  indexed: readonly IndexedEvent[],
): DifferenceView[] => {
  const known = new Map(indexed.map((row) => [row.position, row]));
  const found = stored.flatMap((event): DifferenceView[] => {
    const row = known.get(event.position);
    known.delete(event.position);
    if (!row) return [viewOf('notInIndex', { ...event, event_id: event.id })];
    const isSame =
      row.event_id === event.id &&
      row.stream === event.stream &&
      row.type === event.type &&
      row.revision === event.revision;
    return isSame ? [] : [viewOf('differs', { ...event, event_id: event.id })];
  });
  const gone = [...known.values()].map((row) => viewOf('notInLog', row));
  return [...found, ...gone].sort((a, b) => (BigInt(a.position) < BigInt(b.position) ? -1 : 1));
};

const viewOf = (
  kind: DifferenceView['kind'],
  { position, stream, revision, event_id: eventId }: Omit<IndexedEvent, 'type'>,
): DifferenceView => ({
  ...{ kind, stream, eventId },
  position: position.toString(),
  revision: revision.toString(),
});
