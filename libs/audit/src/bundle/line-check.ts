import { canonicalJson } from '../transparency/leaf.js';
import { isObject, shapeFault, type EventLine } from './event-line.js';
import type { FindingCode } from './findings.js';
import { isSystem } from './format.js';
import type { Tally } from './tally.js';

/** What is wrong with a line by itself, or beside those before it. */
export interface Flaw {
  code: FindingCode;
  readonly position: string | null;
  readonly stream: string | null;
  /** Events before it. */
  readonly index: number;
  message: string;
}

interface Gap {
  readonly stream: string;
  readonly from: number;
  readonly to: number;
  readonly flaw: Flaw;
}

/** The first ones tell; a history out of joint has one at every line. */
const MAX_FLAWS = 100;

/**
 * Looks at each line: whether it is an event in the one form that has a leaf, comes after the one before, and
 * is the next of its stream. Needs no leaf and no signature for that.
 */
export class LineCheck {
  readonly flaws: Flaw[] = [];
  private readonly gaps: Gap[] = [];
  private last = -1n;

  /** @param isWhole whether streams must begin in it. */
  constructor(
    private readonly tally: Tally,
    private readonly isWhole: boolean,
  ) {}

  /** The event, if it is one. */
  check(text: string, index: number): EventLine | undefined {
    const line = parsed(text);
    const fault = line === undefined ? 'it is no JSON' : shapeFault(line);
    if (fault) {
      this.note('malformed', null, index, `A line is no event: ${fault}`);
      return undefined;
    }
    const event = line as EventLine;
    if (!isCanonical(event, text)) {
      this.note('malformed', event, index, 'The line is not written in the canonical form');
    }
    this.checkOrder(event, index);
    this.checkStream(event, index);
    if (!isSystem(event.stream) && !isObject(event.data)) {
      this.note('redacted', event, index, 'The data of the event is no JSON object any more');
    }
    this.tally.add(event);
    return event;
  }

  private checkOrder(event: EventLine, index: number): void {
    const position = BigInt(event.position);
    if (position === this.last) {
      this.note('event-inserted', event, index, 'Two events have the same position');
    } else if (position < this.last) {
      this.note('reordered', event, index, `The event comes after one at position ${this.last}`);
    }
    if (position > this.last) this.last = position;
  }

  private checkStream(event: EventLine, index: number): void {
    const { stream, revision, id } = event;
    const before = this.tally.of(stream);
    const found = Number(revision);
    const expected = before ? Number(before.lastRevision) + 1 : this.isWhole ? 0 : found;
    if (this.tally.isLastId(stream, id)) {
      this.note('event-inserted', event, index, 'The event has the id of the one before it');
    }
    if (found === expected) return;
    if (found < expected) return this.noteEarlier(event, found, index);
    const flaw = before
      ? this.note(
          'event-dropped',
          event,
          index,
          `Between revisions ${expected - 1} and ${found} of ${stream} ${found - expected} are missing`,
        )
      : this.note(
          'stream-truncated',
          event,
          index,
          `The stream ${stream} begins with revision ${found} instead of 0`,
        );
    if (flaw) this.gaps.push({ stream, from: expected, to: found - 1, flaw });
  }

  /** A revision that was passed already: it was missing there, or it is there twice. */
  private noteEarlier(event: EventLine, found: number, index: number): void {
    const { stream } = event;
    const gap = this.gaps.find(
      ({ stream: of, from, to }) => of === stream && found >= from && found <= to,
    );
    if (gap) {
      gap.flaw.code = 'reordered';
      gap.flaw.message = `Revision ${found} of ${stream} comes after ${gap.to + 1}`;
    } else if (!this.flaws.some((flaw) => flaw.code === 'reordered' && flaw.index === index)) {
      this.note('event-inserted', event, index, `Revision ${found} of ${stream} comes again`);
    }
  }

  private note(
    code: FindingCode,
    event: EventLine | null,
    index: number,
    message: string,
  ): Flaw | undefined {
    if (this.flaws.length === MAX_FLAWS) return undefined;
    const { position = null, stream = null } = event ?? {};
    const flaw: Flaw = { code, position, stream, index, message };
    this.flaws.push(flaw);
    return flaw;
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Whether the text is the canonical JSON of its value: mostly told by the order of its keys, without making it. */
const isCanonical = (value: EventLine, text: string): boolean => {
  try {
    return isOrdered(value) ? JSON.stringify(value) === text : canonicalJson(value) === text;
  } catch (error) {
    // Nested deeper than anything can be written.
    if (error instanceof RangeError) return false;
    throw error;
  }
};

/** Whether keys are in order; not of those that engines put before all others. */
const isOrdered = (value: unknown): boolean => {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(isOrdered);
  let last = '';
  for (const key of Object.keys(value)) {
    if (key < last || (key.charCodeAt(0) <= NINE && NUMBER.test(key))) return false;
    if (!isOrdered((value as Record<string, unknown>)[key])) return false;
    last = key;
  }
  return true;
};

const NUMBER = /^\d+$/;
const NINE = '9'.charCodeAt(0);
