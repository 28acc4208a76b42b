import {
  consistencyPath,
  EMPTY_ROOT,
  joined,
  nodeHash,
  subtreesOf,
  type LeafRange,
} from '../transparency/merkle.js';

/** A tree as it was, from which it is shown that a later one grew. */
interface Mark {
  readonly size: number;
  /** By its first leaf, each full subtree of the tree. */
  readonly subtrees: ReadonlyMap<number, Buffer>;
  /** By level, the full subtree to the right of the path to its last leaf, once it is full. */
  readonly siblings: Map<number, Buffer>;
}

/**
 * The tree of RFC 6962 as it grows, which proves what is asked along the way: that it grew out of the tree
 * last marked, and that its last leaf is in it. Holds a few hashes for each bit of the size.
 */
export class ProvingTree {
  private leaves: number;
  /** Of the full subtrees that make up the tree, the largest first. */
  private readonly hashes: Buffer[];
  private mark: Mark | undefined;
  /** What the last leaf was joined with, from the leaf up. */
  private beside: Buffer[] = [];

  constructor(size = 0, hashes: readonly Buffer[] = []) {
    this.leaves = size;
    this.hashes = [...hashes];
  }

  get size(): number {
    return this.leaves;
  }

  get subtrees(): readonly Buffer[] {
    return this.hashes;
  }

  root(): Buffer {
    return this.hashes.length === 0 ? EMPTY_ROOT : joined(this.hashes);
  }

  append(leaf: Buffer): void {
    const { mark } = this;
    this.beside = [];
    let node = leaf;
    let index = this.leaves;
    for (let level = 0; ; level += 1) {
      if (mark) keepSibling(mark, level, index, node);
      if (index % 2 === 0) break;
      const left = this.hashes.pop()!;
      this.beside.push(left);
      node = nodeHash(left, node);
      index = (index - 1) / 2;
    }
    this.hashes.push(node);
    this.leaves += 1;
  }

  /** From now on {@link consistency} is about the tree as it is. */
  markHere(): void {
    const ranges = subtreesOf({ from: 0, to: this.leaves });
    this.mark = {
      size: this.leaves,
      subtrees: new Map(
        ranges.map(({ level, index }, n) => [index * 2 ** level, this.hashes[n]!] as const),
      ),
      siblings: new Map(),
    };
  }

  forgetMark(): void {
    this.mark = undefined;
  }

  /** Proof that the tree grew out of the one marked; undefined where none was, or an empty one. */
  consistency(): readonly Buffer[] | undefined {
    const { mark } = this;
    if (!mark || mark.size === 0) return undefined;
    return consistencyPath(mark.size, this.leaves).map((range) =>
      range.to <= mark.size ? mark.subtrees.get(range.from)! : this.right(mark, range),
    );
  }

  /** Proof that the last leaf is in the tree. */
  inclusionOfLast(): readonly Buffer[] {
    return [...this.beside, ...this.hashes.slice(0, -1).reverse()];
  }

  /** Of what came after the mark: a full subtree that was kept, or the end of the tree. */
  private right(mark: Mark, { from, to }: LeafRange): Buffer {
    const level = Math.log2(to - from);
    const isSibling = Number.isInteger(level) && from === siblingAt(mark.size, level) * 2 ** level;
    const kept = isSibling ? mark.siblings.get(level) : undefined;
    if (kept) return kept;
    const ends = subtreesOf({ from: 0, to: this.leaves });
    const first = ends.findIndex((subtree) => subtree.index * 2 ** subtree.level === from);
    return joined(this.hashes.slice(first));
  }
}

/** Index, at a level, of the subtree to the right of the one that holds the last of so many leaves. */
const siblingAt = (size: number, level: number): number => Math.floor((size - 1) / 2 ** level) + 1;

const keepSibling = (
  { size, siblings }: Mark,
  level: number,
  index: number,
  node: Buffer,
): void => {
  if (size > 0 && index % 2 === 1 && index === siblingAt(size, level)) siblings.set(level, node);
};
