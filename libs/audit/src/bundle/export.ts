import { isDeepStrictEqual } from 'node:util';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { leafHash, leafLine } from '../transparency/leaf.js';
import { EntryWriter } from './entry-writer.js';
import { ExportState } from './export-state.js';
import {
  BUNDLE_FORMAT,
  BUNDLE_VERSION,
  HEAD_ENTRY,
  isSystem,
  KEYS_ENTRY,
  MANIFEST_ENTRY,
  PROOFS_ENTRY,
  schemaEntry,
  SEGMENT_BYTES,
  SEGMENT_EVENTS,
  segmentEntry,
  STREAMS_ENTRY,
  type BundleHead,
  type Manifest,
  type ManifestEntry,
} from './format.js';
import { interferenceOf } from './interference.js';
import { END_OF_ARCHIVE } from './tar.js';

const HASH_BYTES = 32;
/** So many tell that the end of the log is missing. */
const MAX_LOST_LEAVES = 1_000;

export interface ExportLog {
  /** Position of the last record. */
  head(): Promise<bigint>;
  /** All records, those of the store itself too, after a position and up to another. */
  readLog(after: bigint, until: bigint): AsyncIterable<readonly RecordedEvent[]>;
}

/** The leaves that the notary has hashed when it first saw the events. */
export interface KeptLeaves {
  readonly size: number;
  /** Leaves `from` up to and without `to`, 32 bytes each. */
  hashes(from: number, to: number): Promise<Buffer>;
}

export interface ExportRequest {
  /** Only events after this position. */
  readonly after: bigint;
  /** Up to and with this position; the end of the log where it is left out. */
  readonly until?: bigint;
}

export interface ExportSource {
  readonly log: ExportLog;
  readonly kept?: KeptLeaves;
  /** JSON Schemas by type of event. */
  readonly schemas: ReadonlyMap<string, object>;
  /** In a segment, where that is not as many as usual. */
  readonly segmentEvents?: number;
}

/** The log does not reach so far. */
export class NotInLog extends RangeError {
  constructor(until: bigint, head: bigint) {
    super(`The log ends at ${head}, before ${until}`);
    this.name = 'NotInLog';
  }
}

/**
 * The bytes of a bundle, a segment at a time and not before they are asked for: the log is read no faster
 * than they are taken.
 * @throws NotInLog
 */
export async function* exportBundle(
  source: ExportSource,
  request: ExportRequest,
  madeAt: string,
): AsyncGenerator<Buffer> {
  const head = await source.log.head();
  const { after, until = head } = request;
  if (until > head) throw new NotInLog(until, head);
  const bundling = new Bundling(source);
  const before = await bundling.passBefore(after);
  yield* bundling.whole({
    format: BUNDLE_FORMAT,
    version: BUNDLE_VERSION,
    after: after.toString(),
    until: until.toString(),
    toEnd: until === head,
    head: head.toString(),
    madeAt,
    keptLeaves: source.kept?.size ?? 0,
    before,
  });
}

/** What is to be gone on from is not what it was. */
export class ExportChanged extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ExportChanged';
  }
}

/**
 * The bytes of a bundle that was begun before, from one of them on: the log is read from the beginning, and
 * gives the same bytes while nothing in it has changed.
 * @throws ExportChanged
 */
export async function* exportAgain(
  source: ExportSource,
  head: BundleHead,
  fromByte: number,
): AsyncGenerator<Buffer> {
  const { kept } = source;
  if (head.keptLeaves > (kept?.size ?? 0) || BigInt(head.head) > (await source.log.head())) {
    throw new ExportChanged('The log or the tree ends before what the export was begun with');
  }
  const limited = kept && { size: head.keptLeaves, hashes: kept.hashes.bind(kept) };
  const bundling = new Bundling({ ...source, ...(limited && { kept: limited }) });
  const before = await bundling.passBefore(BigInt(head.after));
  if (!isDeepStrictEqual(before, head.before)) {
    throw new ExportChanged('What is before the bundle is not what it was when the export began');
  }
  let left = fromByte;
  for await (const chunk of bundling.whole(head)) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

/** A bundle as it is written, from the beginning or from a segment on. */
export class Bundling {
  private readonly writer = new EntryWriter();
  private readonly state = new ExportState();
  private made!: BundleHead;
  private segment: Segment;
  /** Of the last record before the bundle: only where a record is may a read begin. */
  reached = 0n;

  constructor(private readonly source: ExportSource) {
    this.segment = new Segment(source.segmentEvents);
  }

  /** Reads what is left out, for the tree over it; null where that is nothing. */
  async passBefore(after: bigint): Promise<BundleHead['before']> {
    if (after === 0n) return null;
    for await (const batch of this.source.log.readLog(0n, after)) {
      this.reached = batch.at(-1)!.position;
      const events = batch.filter(({ type }) => !isSystem(type));
      const leaves = await this.leavesOf(events.map(leafLine));
      events.forEach((event, n) => this.state.pass(event, leafAt(leaves, n)));
    }
    return this.state.events === 0 ? null : this.state.start();
  }

  /** All of it, behind what was passed. */
  async *whole(head: BundleHead): AsyncGenerator<Buffer> {
    yield* this.head(head);
    yield* this.segments(this.reached, BigInt(head.until));
    yield* this.end();
  }

  *head(head: BundleHead): Generator<Buffer> {
    this.made = head;
    yield* this.writer.json(HEAD_ENTRY, head);
  }

  /** Takes up what was written before: of each segment its entries and what is in them. */
  restore(entry: ManifestEntry, events: readonly RecordedEvent[] = [], leaves?: Buffer): void {
    this.writer.written.push(entry);
    events.forEach((event, n) => {
      this.state.pass(event, leafAt(leaves!, n));
      this.state.count(event);
    });
  }

  /** Everything after a record, which is the last one before the bundle or of a segment. */
  async *segments(after: bigint, until: bigint): AsyncGenerator<Buffer> {
    const leftOut = BigInt(this.made.after);
    for await (const batch of this.source.log.readLog(after, until)) {
      for (const event of batch) {
        if (event.position <= leftOut) continue;
        this.segment.add(event);
        if (this.segment.isFull) yield* this.flush();
      }
    }
    const lost = this.made.toEnd ? await this.leavesBeyond() : Buffer.alloc(0);
    if (this.segment.isEmpty && lost.length === 0) return;
    yield* this.flush(lost, until);
  }

  *end(): Generator<Buffer> {
    const { tally, keys } = this.state;
    const byType = tally.byType();
    for (const type of Object.keys(byType)) {
      const schema = this.source.schemas.get(type);
      if (schema) yield* this.writer.json(schemaEntry(type), schema);
    }
    yield* this.writer.lines(STREAMS_ENTRY, () => tally.lines());
    const { treeSize, rootHash, proofs } = this.state.end();
    yield* this.writer.json(KEYS_ENTRY, keys);
    yield* this.writer.json(PROOFS_ENTRY, proofs);
    const manifest: Manifest = {
      format: BUNDLE_FORMAT,
      version: BUNDLE_VERSION,
      events: tally.events,
      streams: tally.streamCount,
      firstPosition: tally.firstPosition,
      lastPosition: tally.lastPosition,
      head: this.made.head,
      treeSize,
      rootHash,
      eventsByType: byType,
      eventsByCategory: tally.byCategory(),
      entries: this.writer.written,
    };
    yield* this.writer.json(MANIFEST_ENTRY, manifest);
    yield END_OF_ARCHIVE;
  }

  /** @param beyond leaves behind those of the last event. */
  private async *flush(beyond: Buffer = Buffer.alloc(0), end = 0n): AsyncGenerator<Buffer> {
    const { segment } = this;
    this.segment = new Segment(this.source.segmentEvents);
    const leaves = Buffer.concat([await this.leavesOf(segment.lines), beyond]);
    const checkpoints: string[] = [];
    segment.events.forEach((event, n) => {
      const told = this.state.pass(event, leafAt(leaves, n));
      this.state.count(event);
      if (told) checkpoints.push(JSON.stringify(told));
    });
    const position = segment.position ?? end;
    if (segment.interference.length > 0) {
      yield* this.lines('interference', position, segment.interference);
    }
    if (checkpoints.length > 0) yield* this.lines('checkpoints', position, checkpoints);
    yield* this.writer.entry(segmentEntry('leaves', position), leaves);
    yield* this.lines('events', position, segment.lines);
  }

  private lines(
    part: 'interference' | 'checkpoints' | 'events',
    position: bigint,
    lines: readonly string[],
  ): Generator<Buffer> {
    const text = lines.length === 0 ? '' : `${lines.join('\n')}\n`;
    return this.writer.entry(segmentEntry(part, position), Buffer.from(text));
  }

  /** Of events that the notary has seen and the log has not any more; the first ones of many. */
  private async leavesBeyond(): Promise<Buffer> {
    const from = this.state.events + this.segment.events.length;
    const to = Math.min(this.source.kept?.size ?? 0, from + MAX_LOST_LEAVES);
    return to > from ? this.source.kept!.hashes(from, to) : Buffer.alloc(0);
  }

  /** Of the events that come next: as the notary keeps them, or of the lines as they are now. */
  private async leavesOf(lines: readonly string[]): Promise<Buffer> {
    const from = this.state.events;
    const to = from + lines.length;
    const { kept } = this.source;
    const known = Math.max(from, Math.min(to, kept?.size ?? 0));
    const leaves = Buffer.allocUnsafe(lines.length * HASH_BYTES);
    if (kept && known > from) (await kept.hashes(from, known)).copy(leaves);
    for (let n = known - from; n < lines.length; n += 1) {
      leafHash(lines[n]!).copy(leaves, n * HASH_BYTES);
    }
    return leaves;
  }
}

const leafAt = (leaves: Buffer, index: number): Buffer =>
  leaves.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);

/** What is gathered before it is written. */
class Segment {
  readonly events: RecordedEvent[] = [];
  readonly lines: string[] = [];
  readonly interference: string[] = [];
  private first: bigint | undefined;
  private characters = 0;

  constructor(private readonly maxEvents = SEGMENT_EVENTS) {}

  get isEmpty(): boolean {
    return this.first === undefined;
  }

  get isFull(): boolean {
    return (
      this.events.length + this.interference.length >= this.maxEvents ||
      this.characters >= SEGMENT_BYTES
    );
  }

  get position(): bigint | undefined {
    return this.first;
  }

  add(event: RecordedEvent): void {
    const { position, stream, type } = event;
    const interferes = isSystem(stream) || isSystem(type) ? interferenceOf(event) : undefined;
    const isDomain = !isSystem(type);
    if (!interferes && !isDomain) return;
    this.first ??= position;
    if (interferes) this.take(this.interference, JSON.stringify(interferes));
    if (!isDomain) return;
    this.events.push(event);
    this.take(this.lines, leafLine(event));
  }

  private take(lines: string[], line: string): void {
    lines.push(line);
    this.characters += line.length;
  }
}
