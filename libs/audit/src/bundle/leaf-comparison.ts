import { TreeHead } from '../transparency/merkle.js';
import type { CheckpointList } from './checkpoint-list.js';
import type { FindingCode } from './findings.js';

const HASH_BYTES = 32;
/** How far ahead what was moved is looked for. */
const WINDOW = 2_000;

export interface LinePlace {
  readonly position: string | null;
  readonly stream: string | null;
}

/** Where lines and leaves go apart. */
export interface Divergence {
  /** Of the first leaf that is not that of its line, from the first event of the history on. */
  readonly index: number;
  readonly code: FindingCode;
  /** How many events, where they can be counted. */
  readonly count: number;
  /** The line in the place of the leaf; undefined where lines have ended. */
  readonly at: LinePlace | undefined;
  /** Whether the leaves are those of the next checkpoint; undefined where none follows. */
  readonly leavesAreSigned: boolean | undefined;
}

interface Line extends LinePlace {
  readonly hash: string;
}

/**
 * Compares the hashes of lines with the leaves that the bundle has beside them. Where they go apart, what
 * follows tells whether an event was changed, left out, put in or moved.
 */
export class LeafComparison {
  private index: number | undefined;
  private readonly lines: Line[] = [];
  private readonly leaves: string[] = [];
  private tree: TreeHead | undefined;
  private areSigned: boolean | undefined;

  constructor(private readonly checkpoints: CheckpointList) {}

  get isApart(): boolean {
    return this.index !== undefined;
  }

  /** How many lines of a segment are as their leaves before the first that is not; all where they are the same. */
  sameUntil(hashes: Buffer, leaves: Buffer): number {
    if (hashes.equals(leaves)) return hashes.length / HASH_BYTES;
    const shorter = Math.min(hashes.length, leaves.length) / HASH_BYTES;
    for (let n = 0; n < shorter; n += 1) {
      if (
        hashes.compare(
          leaves,
          n * HASH_BYTES,
          (n + 1) * HASH_BYTES,
          n * HASH_BYTES,
          (n + 1) * HASH_BYTES,
        )
      ) {
        return n;
      }
    }
    return Math.floor(shorter);
  }

  /** @param tree of what is the same in both. */
  part(tree: TreeHead): void {
    this.index = tree.size;
    this.tree = new TreeHead(tree.size, tree.subtrees);
  }

  /** What follows in both, once they are apart. */
  follow(hashes: Buffer, places: readonly LinePlace[], leaves: Buffer): void {
    const { lines } = this;
    places.slice(0, WINDOW - lines.length).forEach((place, n) => {
      lines.push({ ...place, hash: hexAt(hashes, n) });
    });
    const count = Math.floor(leaves.length / HASH_BYTES);
    for (let n = 0; n < count; n += 1) {
      if (this.leaves.length < WINDOW) this.leaves.push(hexAt(leaves, n));
      this.grow(Buffer.from(leaves.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES)));
    }
  }

  get divergence(): Divergence | undefined {
    if (this.index === undefined) return undefined;
    const { lines, index } = this;
    return { index, ...this.kind(), at: lines[0], leavesAreSigned: this.areSigned };
  }

  private grow(leaf: Buffer): void {
    const { tree } = this;
    if (!tree) return;
    tree.append(leaf);
    const next = this.checkpoints.at(this.checkpoints.firstAbove(this.index!));
    if (next && tree.size < next.size) return;
    if (next) this.areSigned = tree.root().equals(next.root);
    this.tree = undefined;
  }

  private kind(): { readonly code: FindingCode; readonly count: number } {
    const { lines, leaves } = this;
    if (lines.length === 0) return { code: 'tail-cut', count: leaves.length };
    if (leaves.length === 0) return { code: 'event-inserted', count: lines.length };
    const skipped = leaves.indexOf(lines[0]!.hash);
    const added = lines.findIndex(({ hash }) => hash === leaves[0]);
    if (skipped > 0 && added > 0) return { code: 'reordered', count: 0 };
    if (skipped > 0) return { code: 'event-dropped', count: skipped };
    if (added > 0) return { code: 'event-inserted', count: added };
    const same = lines.findIndex(({ hash }, n) => hash === leaves[n]);
    return { code: 'byte-flipped', count: same > 0 ? same : 1 };
  }
}

const hexAt = (hashes: Buffer, index: number): string =>
  hashes.toString('hex', index * HASH_BYTES, (index + 1) * HASH_BYTES);
