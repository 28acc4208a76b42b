import { hash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { TreeHead } from '../transparency/merkle.js';
import { MalformedBundle } from './bundle-file.js';
import { recordedOf, type EventLine } from './event-line.js';
import { SEGMENT_EVENTS } from './format.js';
import type { LeafComparison, LinePlace } from './leaf-comparison.js';
import type { LineCheck } from './line-check.js';
import { isStreamOfNotary } from '../domain/chain.js';
import type { NotaryRecord, NotaryRecords } from './notary-record.js';
import type { RootCheck } from './root-check.js';

const HASH_BYTES = 32;
const LINE_FEED = 10;

export interface SegmentParts {
  readonly lines: LineCheck;
  readonly comparison: LeafComparison;
  /** By the checkpoints of the bundle, by those that the auditor has kept, and by both. */
  readonly roots: readonly RootCheck[];
  readonly records: NotaryRecords;
  /** Called for each event of the notary. */
  readonly onNotary: (record: NotaryRecord, position: string, index: number) => void;
  /** Called for each event of somebody else in a stream of the notary. */
  readonly onForeign: (event: EventLine) => void;
  /** Called for each leaf of a line, by number of events before it. */
  readonly onLeaf: (index: number, leaf: Buffer) => void;
}

/** What of a line is held until its segment is through. */
interface Passed extends LinePlace {
  readonly recordedAt: string | null;
  readonly isOfNotary: boolean;
}

/** Takes the events of a history segment by segment. */
export class SegmentCheck {
  private lastPosition = 0n;

  constructor(
    private readonly parts: SegmentParts,
    readonly tree: TreeHead,
  ) {}

  /** @throws MalformedBundle of more lines than a segment has: something is held for each. */
  take(
    content: Buffer,
    leaves: Buffer,
  ): { readonly isWhole: boolean; readonly firstPosition: string | null } {
    // A leaf is hashed with a zero byte before it, which the line feed before it makes room for.
    const bytes = Buffer.concat([Buffer.alloc(1), content]);
    const isText = isUtf8(content);
    const passed: Passed[] = [];
    const hashes: Buffer[] = [];
    let isWhole = true;
    for (let at = 1; at < bytes.length;) {
      if (passed.length === SEGMENT_EVENTS) {
        throw new MalformedBundle(`A segment has more than ${SEGMENT_EVENTS} events`);
      }
      let end = bytes.indexOf(LINE_FEED, at);
      if (end < 0) {
        isWhole = false;
        end = bytes.length;
      }
      bytes[at - 1] = 0;
      hashes.push(hash('sha256', bytes.subarray(at - 1, end), 'buffer'));
      const readable = isText || isUtf8(bytes.subarray(at, end));
      const text = readable ? bytes.toString('utf8', at, end) : '';
      passed.push(this.passedOf(text, this.tree.size + passed.length));
      at = end + 1;
    }
    this.grow(hashes, passed, leaves);
    return { isWhole, firstPosition: passed[0]?.position ?? null };
  }

  private passedOf(text: string, index: number): Passed {
    const event = this.parts.lines.check(text, index);
    if (!event) return { position: null, stream: null, recordedAt: null, isOfNotary: false };
    const isOfNotary = this.noteNotary(event, index);
    const { position, stream, recordedAt } = event;
    return { position, stream, recordedAt, isOfNotary };
  }

  /** Whether it is of the shape of what the notary says, where the notary says it. */
  private noteNotary(event: EventLine, index: number): boolean {
    if (!isStreamOfNotary(event.stream)) return false;
    const record = this.parts.records.of(recordedOf(event));
    if (record) this.parts.onNotary(record, event.position, index);
    else this.parts.onForeign(event);
    return record !== undefined;
  }

  private grow(hashes: readonly Buffer[], passed: readonly Passed[], leaves: Buffer): void {
    const { comparison } = this.parts;
    const all = Buffer.concat(hashes);
    const wereApart = comparison.isApart;
    const same = wereApart ? 0 : comparison.sameUntil(all, leaves);
    const differ = wereApart || all.length !== leaves.length || same < hashes.length;
    hashes.forEach((leaf, n) => {
      if (n === same && differ && !wereApart) comparison.part(this.tree);
      this.append(leaf, passed[n]!);
    });
    if (!differ) return;
    if (!comparison.isApart) comparison.part(this.tree);
    const places = passed.slice(same).map((place) => ({
      stream: place.stream,
      position: place.position ?? this.lastPosition.toString(),
    }));
    comparison.follow(all.subarray(same * HASH_BYTES), places, leaves.subarray(same * HASH_BYTES));
  }

  private append(leaf: Buffer, { position, recordedAt, isOfNotary }: Passed): void {
    this.parts.onLeaf(this.tree.size, leaf);
    this.tree.append(leaf);
    if (position === null || recordedAt === null) {
      for (const roots of this.parts.roots) {
        roots.passUnreadable(this.lastPosition, this.tree);
      }
      return;
    }
    this.lastPosition = BigInt(position);
    const passing = { position: this.lastPosition, recordedAt, isOfNotary };
    for (const roots of this.parts.roots) roots.pass(passing, this.tree);
  }
}

/** The tree over what is before a bundle; undefined where the hashes make none of so many leaves. */
export const treeOf = (events: number, subtrees: readonly string[]): TreeHead | undefined => {
  try {
    return new TreeHead(
      events,
      subtrees.map((hash64) => Buffer.from(hash64, 'base64')),
    );
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
};
