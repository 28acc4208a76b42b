import { categoryOf, type StreamLine } from './format.js';
import { StreamTable, type StreamEvent, type StreamTally } from './stream-table.js';

export interface Counted extends StreamEvent {
  readonly type: string;
}

/** Counts events as they pass, and keeps one small record for each stream. */
export class Tally {
  private readonly types = new Map<string, number>();
  private readonly categories = new Map<string, number>();
  private readonly streams: StreamTable;
  events = 0;
  firstPosition: string | null = null;
  lastPosition: string | null = null;

  /** @param listsStreams whether `lines` is asked for: names are kept for it. */
  constructor({ listsStreams }: { readonly listsStreams: boolean }) {
    this.streams = new StreamTable(listsStreams);
  }

  get streamCount(): number {
    return this.streams.size;
  }

  add(event: Counted): void {
    const { type, stream, position } = event;
    this.events += 1;
    this.firstPosition ??= position;
    this.lastPosition = position;
    countIn(this.types, type);
    countIn(this.categories, categoryOf(stream));
    this.streams.add(event);
  }

  of(stream: string): StreamTally | undefined {
    return this.streams.of(stream);
  }

  /** Whether the last event of the stream that passed has this id. */
  isLastId(stream: string, id: string): boolean {
    return this.streams.isLastId(stream, id);
  }

  byType(): Record<string, number> {
    return sorted(this.types);
  }

  byCategory(): Record<string, number> {
    return sorted(this.categories);
  }

  *lines(): Generator<string> {
    for (const [stream, tally] of this.streams) {
      const line: StreamLine = { stream, ...tally };
      yield `${JSON.stringify(line)}\n`;
    }
  }
}

const countIn = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1);

const sorted = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
