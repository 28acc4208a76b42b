import {
  deriveId,
  StoreUnavailable,
  WrongExpectedRevision,
  type DomainEvent,
  type EventMetadata,
  type NewEvent,
  type RecordedEvent,
  type StreamAccess,
} from '@hostledger/eventsourcing';

/** When a planned fault strikes: the event is lost, or it is stored and only the reply is lost. */
export type FaultPoint = 'before' | 'after';

/**
 * Streams in memory with EventStoreDB's rules for exact revisions, `no_stream` and the strong
 * idempotency check, for specs of rules that span streams. Everything about the real wire is
 * tested against the embedded node instead.
 */
export class InMemoryStreams implements StreamAccess {
  readonly log: RecordedEvent[] = [];
  private readonly streams = new Map<string, RecordedEvent[]>();
  private appends = 0;
  private fault: { readonly append: number; readonly point: FaultPoint } | undefined;
  private readonly stalls: { readonly stream: string; readonly until: Promise<void> }[] = [];

  /** Events of a stream as they would have been recorded, at an instant. */
  async happened(stream: string, at: string, ...events: readonly DomainEvent[]): Promise<void> {
    const { length } = this.events(stream);
    const metadata: EventMetadata = {
      commandId: deriveId(stream, length),
      commandHash: 'hash',
      actor: { subject: 'ada', role: 'operator' },
      occurredAt: at,
      $correlationId: 'c',
      $causationId: 'c',
    };
    await this.append(
      stream,
      length === 0 ? 'no_stream' : BigInt(length - 1),
      events.map((event, index) => ({ ...event, id: deriveId(stream, length, index), metadata })),
    );
  }

  /** Keeps so many events of the log and no more, as a restore of an older backup does. */
  restoreTo(length: number): void {
    const kept = new Set(this.log.splice(0, this.log.length));
    for (const event of [...kept].slice(length)) kept.delete(event);
    this.log.push(...kept);
    for (const [stream, events] of this.streams) {
      this.streams.set(
        stream,
        events.filter((event) => kept.has(event)),
      );
    }
  }

  /** The n-th append from now (1 is the next) and all later ones fail, as in a process that died. */
  failFrom(append: number, point: FaultPoint): void {
    this.fault = { append: this.appends + append, point };
  }

  /** The process is back. */
  heal(): void {
    this.fault = undefined;
  }

  /** Holds the next append to a stream until the returned function is called. */
  stallNext(stream: string): () => void {
    let release = (): void => undefined;
    this.stalls.push({ stream, until: new Promise((resolve) => (release = resolve)) });
    return release;
  }

  appendCount(): number {
    return this.appends;
  }

  async append(
    stream: string,
    expected: bigint | 'no_stream',
    events: readonly NewEvent[],
  ): Promise<{ revision: bigint; position: bigint }> {
    this.appends += 1;
    const number = this.appends;
    const stalled = this.stalls.findIndex((stall) => stall.stream === stream);
    if (stalled >= 0) await this.stalls.splice(stalled, 1)[0]!.until;
    await Promise.resolve();
    if (this.strikes(number, 'before')) throw new StoreUnavailable('The process died here');
    const outcome = this.write(stream, expected, events);
    if (this.strikes(number, 'after')) throw new StoreUnavailable('The reply was lost');
    return outcome;
  }

  async readStream(
    stream: string,
    fromRevision: bigint,
    maxCount = Number.MAX_SAFE_INTEGER,
  ): Promise<readonly RecordedEvent[]> {
    await Promise.resolve();
    const from = Number(fromRevision);
    return (this.streams.get(stream) ?? []).slice(from, from + maxCount);
  }

  /** Position of the last event; 0 when there is none. */
  head(): Promise<bigint> {
    return Promise.resolve(this.log.at(-1)?.position ?? 0n);
  }

  /** Type and data of a stream's events, as specifications compare them. */
  events(stream: string): { type: string; data: object }[] {
    return (this.streams.get(stream) ?? []).map(({ type, data }) => ({ type, data }));
  }

  private strikes(append: number, point: FaultPoint): boolean {
    if (!this.fault || append < this.fault.append) return false;
    return append > this.fault.append || this.fault.point === point;
  }

  private write(
    stream: string,
    expected: bigint | 'no_stream',
    events: readonly NewEvent[],
  ): { revision: bigint; position: bigint } {
    const stored = this.streams.get(stream) ?? [];
    const at = expected === 'no_stream' ? 0 : Number(expected) + 1;
    if (at !== stored.length) {
      const same = events.every((event, index) => stored[at + index]?.id === event.id);
      const last = stored[at + events.length - 1];
      if (same && last) return { revision: last.revision, position: last.position };
      const actual = stored.length === 0 ? 'no_stream' : BigInt(stored.length - 1);
      throw new WrongExpectedRevision(stream, expected, actual);
    }
    for (const event of events) {
      const recorded: RecordedEvent = {
        ...(JSON.parse(JSON.stringify(event)) as NewEvent),
        stream,
        revision: BigInt(stored.length),
        position: BigInt(this.log.length + 1) * 100n,
        recordedAt: event.metadata.occurredAt,
      };
      stored.push(recorded);
      this.log.push(recorded);
    }
    this.streams.set(stream, stored);
    const last = stored.at(-1)!;
    return { revision: last.revision, position: last.position };
  }
}
