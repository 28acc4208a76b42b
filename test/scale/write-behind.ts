import {
  mapLimited,
  WrongExpectedRevision,
  type NewEvent,
  type RecordedEvent,
  type StreamAccess,
} from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';

const APPENDS_IN_FLIGHT = 256;
/** Below the limit on one append, with room for what surrounds the events. */
const MAX_APPEND_BYTES = 900 * 1024;

interface Unwritten {
  readonly expected: bigint | 'no_stream';
  readonly events: NewEvent[];
}

/**
 * For a writer that is alone with the log: collects what the kernel appends and writes each stream
 * in one append when it is flushed, in the order in which the streams were first touched. Nothing is
 * durable before that.
 */
export class WriteBehind implements StreamAccess {
  private readonly unwritten = new Map<string, Unwritten>();
  written = 0;

  constructor(private readonly log: EventStore) {}

  append(
    stream: string,
    expected: bigint | 'no_stream',
    events: readonly NewEvent[],
  ): Promise<{ revision: bigint; position: bigint }> {
    let waiting = this.unwritten.get(stream);
    if (!waiting) this.unwritten.set(stream, (waiting = { expected, events: [] }));
    const last = revisionBefore(waiting.expected) + BigInt(waiting.events.length);
    if (revisionBefore(expected) !== last) {
      return Promise.reject(new WrongExpectedRevision(stream, expected, last));
    }
    waiting.events.push(...events);
    return Promise.resolve({ revision: last + BigInt(events.length), position: 0n });
  }

  async readStream(
    stream: string,
    from: bigint,
    maxCount?: number,
  ): Promise<readonly RecordedEvent[]> {
    if (this.unwritten.has(stream)) await this.flush();
    return this.log.readStream(stream, from, maxCount);
  }

  /** Contracts come last: they are told of what other streams hold. */
  async flush(): Promise<void> {
    const all = [...this.unwritten];
    this.unwritten.clear();
    const isContract = ([stream]: [string, Unwritten]) => stream.startsWith('contract-');
    for (const some of [all.filter((one) => !isContract(one)), all.filter(isContract)]) {
      await mapLimited(some, APPENDS_IN_FLIGHT, ([stream, waiting]) => this.write(stream, waiting));
    }
  }

  private async write(stream: string, { expected, events }: Unwritten): Promise<void> {
    let at = expected;
    for (const part of parts(events)) {
      ({ revision: at } = await this.log.append(stream, at, part));
      this.written += part.length;
    }
  }
}

const revisionBefore = (expected: bigint | 'no_stream'): bigint =>
  expected === 'no_stream' ? -1n : expected;

const parts = (events: readonly NewEvent[]): NewEvent[][] => {
  const all: NewEvent[][] = [];
  let bytes = Infinity;
  for (const event of events) {
    const size = JSON.stringify(event).length * 1.1;
    if (bytes + size > MAX_APPEND_BYTES) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)!.push(event);
    bytes += size;
  }
  return all;
};
