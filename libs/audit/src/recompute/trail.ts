import type { Json, RecordedEvent } from '@hostledger/eventsourcing';
import { firstDifference, type Difference } from '../domain/difference.js';
import type { LogSource } from './source.js';
import type { Subject } from './subject.js';
import { cited, type Comparison } from './verdict.js';

/** The events of a source that are about one stream or row, which can be folded up to each of them. */
export class Trail {
  private constructor(
    private readonly subjectOf: () => Subject,
    readonly events: readonly RecordedEvent[],
    /** Of the last event of the source; 0 where it has none. */
    readonly end: bigint,
    /** Folded up to the last of them. */
    readonly value: Json,
  ) {}

  static async of(source: LogSource, subjectOf: () => Subject): Promise<Trail> {
    const subject = subjectOf();
    const events: RecordedEvent[] = [];
    let end = 0n;
    for await (const event of source.events()) {
      end = event.position;
      if (subject.apply(event)) events.push(event);
    }
    return new Trail(subjectOf, events, end, subject.value());
  }

  /** After the first so many of its events. */
  valueAfter(count: number): Json {
    const subject = this.subjectOf();
    for (const event of this.events.slice(0, count)) subject.apply(event);
    return subject.value();
  }

  /** After those up to a position. */
  valueAt(position: bigint): Json {
    return this.valueAfter(this.countUpTo(position));
  }

  countUpTo(position: bigint): number {
    const after = this.events.findIndex((event) => event.position > position);
    return after < 0 ? this.events.length : after;
  }

  /** The last event by which a field at the top of the value changed. */
  lastTouching(path: string): RecordedEvent | undefined {
    const field = /^\/([^/]*)/.exec(path)?.[1];
    const subject = this.subjectOf();
    let last: RecordedEvent | undefined;
    let before = subject.value();
    for (const event of this.events) {
      subject.apply(event);
      const after = subject.value();
      const found = firstDifference(part(before, field), part(after, field));
      if (found) last = event;
      before = after;
    }
    return last;
  }
}

const part = (value: Json, field: string | undefined): Json | undefined => {
  if (field === undefined || typeof value !== 'object' || value === null) return value;
  const name = field.replaceAll('~1', '/').replaceAll('~0', '~');
  return (value as Readonly<Record<string, Json | undefined>>)[name];
};

/**
 * Holds two histories of the same thing against each other, event by event in the order of their
 * positions, and stops where the two begin to differ.
 */
export const compareTrails = (
  here: Trail,
  there: Trail,
  subjects: readonly [Subject, Subject],
  compared: string,
): Comparison => {
  const [one, other] = subjects;
  for (let [i, j] = [0, 0]; ;) {
    const difference = firstDifference(one.value(), other.value());
    if (difference) {
      const events = [here.events[i - 1], there.events[j - 1]];
      return { equal: false, compared, ...atLast(events), ...difference };
    }
    const [mine, theirs] = [here.events[i], there.events[j]];
    if (!mine && !theirs) return { equal: true, compared };
    const first = mine && (!theirs || mine.position <= theirs.position);
    const second = theirs && (!mine || theirs.position <= mine.position);
    if (first) {
      one.apply(mine);
      i += 1;
    }
    if (second) {
      other.apply(theirs);
      j += 1;
    }
  }
};

/** The later of the two that were applied last. */
const atLast = (events: readonly (RecordedEvent | undefined)[]) => {
  const [last] = events
    .filter((event) => event !== undefined)
    .toSorted((one, other) => (one.position > other.position ? -1 : 1));
  return last ? { event: cited(last) } : {};
};

/**
 * Holds a history against somebody who can be asked for the value as known at any position, and finds
 * the first event after which the two differ by halving. Once they differ they are taken to go on to.
 */
export const compareWithPast = async (
  here: Trail,
  ask: (position: bigint) => Promise<Json>,
  compared: string,
): Promise<Comparison> => {
  const { events } = here;
  const differenceAfter = async (count: number): Promise<Difference | undefined> => {
    const position = count === events.length ? here.end : events[count - 1]!.position;
    return firstDifference(here.valueAfter(count), await ask(position));
  };
  const atEnd = await differenceAfter(events.length);
  if (!atEnd) return { equal: true, compared };
  let first = events.length;
  let difference = atEnd;
  for (let same = 0; first - same > 1;) {
    const middle = Math.floor((same + first) / 2);
    const found = await differenceAfter(middle);
    if (found) [first, difference] = [middle, found];
    else same = middle;
  }
  const event = events[first - 1];
  return {
    ...{ equal: false, compared },
    ...(event && { event: cited(event) }),
    ...difference,
  };
};

/** Holds a row against one whose past cannot be asked for. */
export const compareWithPresent = (
  here: Trail,
  there: { readonly value: Json; readonly position: bigint },
  compared: string,
): Comparison => {
  const difference = firstDifference(here.valueAt(there.position), there.value);
  if (!difference) return { equal: true, compared };
  const touching = here.lastTouching(difference.path);
  const beyond = there.position > here.end;
  return {
    ...{ equal: false, compared },
    ...(touching && { event: cited(touching) }),
    ...(beyond && {
      note: `The other side is true at position ${there.position}, the events here end at ${here.end}`,
    }),
    ...difference,
  };
};
