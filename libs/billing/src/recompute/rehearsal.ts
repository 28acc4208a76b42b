import {
  AggregateStore,
  deriveId,
  WrongExpectedRevision,
  type CommandContext,
  type NewEvent,
  type RecordedEvent,
  type StreamAccess,
} from '@hostledger/eventsourcing';

/** Whole streams, by their names. */
export interface Streams {
  of(stream: string): readonly RecordedEvent[];
}

/** An event as it was recorded, beside what comes of the act when it is done again. */
export interface Rehearsed {
  /** Absent of what the act comes to, and the log does not have. */
  readonly recorded?: RecordedEvent;
  /** Absent of what the log has, and the act does not come to. */
  readonly computed?: { readonly stream: string; readonly type: string; readonly data: object };
  /** Of what the log does not have: the event of the act behind which it is missing. */
  readonly behind?: RecordedEvent;
}

/**
 * Streams as they were before an act, in which it is done once more: what it appends is kept apart from
 * the log, to be compared with what was appended then.
 */
export class Rehearsal implements StreamAccess {
  readonly store: AggregateStore;
  private readonly appended = new Map<string, RecordedEvent[]>();
  private appends = 0n;

  /**
   * @param cuts of single streams: events from this position on had not happened.
   * @param cut of all others.
   */
  constructor(
    private readonly streams: Streams,
    private readonly cuts: ReadonlyMap<string, bigint>,
    private readonly cut: bigint,
  ) {
    this.store = new AggregateStore(this);
  }

  readStream(stream: string, from: bigint): Promise<readonly RecordedEvent[]> {
    return Promise.resolve(this.eventsOf(stream).filter(({ revision }) => revision >= from));
  }

  append(stream: string, expected: bigint | 'no_stream', events: readonly NewEvent[]) {
    // Of a log that lost events, or has some twice, the last revision tells more than their number.
    const last = this.eventsOf(stream).at(-1)?.revision;
    if (last !== (expected === 'no_stream' ? undefined : expected)) {
      return Promise.reject(new WrongExpectedRevision(stream, expected, last ?? 'no_stream'));
    }
    const revision = (last ?? -1n) + 1n;
    const more = events.map((event, index): RecordedEvent => {
      this.appends += 1n;
      const { id, type, metadata } = event;
      const data = JSON.parse(JSON.stringify(event.data)) as object;
      return {
        ...{ id, type, data, metadata, stream },
        revision: revision + BigInt(index),
        position: LATER + this.appends,
        recordedAt: metadata.occurredAt,
      };
    });
    this.appended.set(stream, [...(this.appended.get(stream) ?? []), ...more]);
    const { revision: reached, position } = more.at(-1)!;
    return Promise.resolve({ revision: reached, position });
  }

  /**
   * What was appended, each beside what the log has of the act there.
   * @param isAbout which of both count, where the act did more than is asked for.
   */
  compared(
    recorded: readonly RecordedEvent[],
    isAbout: (event: RecordedEvent) => boolean = () => true,
  ): Rehearsed[] {
    const streams = new Set([...recorded.map(({ stream }) => stream), ...this.appended.keys()]);
    return [...streams].flatMap((stream) => {
      const there = recorded.filter((event) => event.stream === stream && isAbout(event));
      const here = (this.appended.get(stream) ?? []).filter(isAbout);
      return Array.from({ length: Math.max(here.length, there.length) }, (_, index) => ({
        ...(there[index] && { recorded: there[index] }),
        ...(here[index] && { computed: here[index] }),
        ...(!there[index] && there.length > 0 && { behind: there.at(-1)! }),
      }));
    });
  }

  private eventsOf(stream: string): readonly RecordedEvent[] {
    const cut = this.cuts.get(stream) ?? this.cut;
    const before = this.streams.of(stream).filter(({ position }) => position < cut);
    return [...before, ...(this.appended.get(stream) ?? [])];
  }
}

/** Beyond all positions of a log. */
const LATER = 1n << 63n;

export const NEVER = LATER;

/** Of an act that is done again: only when it is done matters. */
export const rehearsing = (documentId: string, at: string): CommandContext => ({
  commandId: deriveId('rehearsal', documentId),
  actor: { subject: 'rehearsal', role: 'auditor' },
  correlationId: documentId,
  causationId: documentId,
  at,
});
