import { categoryOf, type StreamLine } from './format.js';

export interface Counted {
  readonly stream: string;
  readonly type: string;
  /** Decimal text, as in a line. */
  readonly revision: string;
  readonly position: string;
  readonly id: string;
}

export interface StreamTally {
  events: number;
  lastId: string;
  readonly firstPosition: string;
  lastPosition: string;
  readonly firstRevision: string;
  lastRevision: string;
}

/** Counts events as they pass, and keeps one small entry for each stream. */
export class Tally {
  private readonly types = new Map<string, number>();
  private readonly streams = new Map<string, StreamTally>();
  events = 0;
  firstPosition: string | null = null;
  lastPosition: string | null = null;

  get streamCount(): number {
    return this.streams.size;
  }

  add({ stream, type, revision, position, id }: Counted): void {
    this.events += 1;
    this.firstPosition ??= position;
    this.lastPosition = position;
    this.types.set(type, (this.types.get(type) ?? 0) + 1);
    const known = this.streams.get(stream);
    if (known) {
      known.events += 1;
      known.lastPosition = position;
      known.lastRevision = revision;
      known.lastId = id;
      return;
    }
    this.streams.set(stream, {
      events: 1,
      firstPosition: position,
      lastPosition: position,
      firstRevision: revision,
      lastRevision: revision,
      lastId: id,
    });
  }

  of(stream: string): Readonly<StreamTally> | undefined {
    return this.streams.get(stream);
  }

  byType(): Record<string, number> {
    return sorted(this.types);
  }

  byCategory(): Record<string, number> {
    const categories = new Map<string, number>();
    for (const [stream, { events }] of this.streams) {
      const category = categoryOf(stream);
      categories.set(category, (categories.get(category) ?? 0) + events);
    }
    return sorted(categories);
  }

  *lines(): Generator<string> {
    for (const [stream, { lastId: _, ...tally }] of this.streams) {
      const line: StreamLine = { stream, ...tally };
      yield `${JSON.stringify(line)}\n`;
    }
  }
}

const sorted = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
