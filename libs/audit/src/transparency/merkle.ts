import { hash } from 'node:crypto';

// The tree of RFC 6962, section 2.1: leaves in order, inner nodes SHA-256(0x01 || left || right), split at the
// largest power of two below the size. Sizes and indexes are integers below 2^53.

const ONE = Buffer.from([1]);

/** Of the children of an inner node, 32 bytes each. */
export const nodeHash = (left: Buffer, right: Buffer): Buffer =>
  hash('sha256', Buffer.concat([ONE, left, right]), 'buffer');

/** Root of the tree without leaves. */
export const EMPTY_ROOT: Buffer = hash('sha256', '', 'buffer');

/** Leaves `from` up to and without `to`. */
export interface LeafRange {
  readonly from: number;
  readonly to: number;
}

/** A full subtree of 2^level leaves, the `index`-th of its level. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** Grows a tree by leaf hashes, holding no more than one hash for each bit of the size. */
export class TreeHead {
  /** The full subtrees that make up the tree, the largest first, and their levels. */
  private readonly hashes: Buffer[];
  private leaves: number;

  /** @param hashes of the subtrees that {@link subtreesOf} tells for these leaves. */
  constructor(size = 0, hashes: readonly Buffer[] = []) {
    if (hashes.length !== subtreesOf({ from: 0, to: size }).length) {
      throw new RangeError(`${hashes.length} hashes do not make a tree of ${size} leaves`);
    }
    this.leaves = size;
    this.hashes = [...hashes];
  }

  get size(): number {
    return this.leaves;
  }

  get subtrees(): readonly Buffer[] {
    return this.hashes;
  }

  append(leaf: Buffer): void {
    let node = leaf;
    for (let rest = this.leaves; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      node = nodeHash(this.hashes.pop()!, node);
    }
    this.hashes.push(node);
    this.leaves += 1;
  }

  root(): Buffer {
    return this.hashes.length === 0 ? EMPTY_ROOT : joined(this.hashes);
  }
}

/** The full subtrees that make up a range, from left to right. */
export const subtreesOf = ({ from, to }: LeafRange): readonly Subtree[] => {
  const subtrees: Subtree[] = [];
  for (let next = from; next < to;) {
    let level = 0;
    let width = 1;
    while (next % (width * 2) === 0 && next + width * 2 <= to) {
      width *= 2;
      level += 1;
    }
    subtrees.push({ level, index: next / width });
    next += width;
  }
  return subtrees;
};

/** Of the subtree above neighbouring full subtrees of which each is larger than the next. */
export const joined = (hashes: readonly Buffer[]): Buffer =>
  hashes.reduceRight((right, left) => nodeHash(left, right));

/**
 * The subtrees whose hashes prove that a leaf is in a tree, from the leaf up. Source: RFC 6962, 2.1.1.
 * @throws RangeError for an index outside of the tree.
 */
export const inclusionPath = (index: number, size: number): readonly LeafRange[] => {
  if (!(index >= 0 && index < size)) throw new RangeError(`No leaf ${index} in a tree of ${size}`);
  const path: LeafRange[] = [];
  for (let tree: LeafRange = { from: 0, to: size }; tree.to - tree.from > 1;) {
    const [left, right] = halves(tree);
    path.push(index < left.to ? right : left);
    tree = index < left.to ? left : right;
  }
  return path.reverse();
};

/**
 * The subtrees whose hashes prove that a tree grew out of a smaller one. Source: RFC 6962, 2.1.2.
 * @throws RangeError unless 0 < from <= to.
 */
export const consistencyPath = (from: number, to: number): readonly LeafRange[] => {
  if (!(from > 0 && from <= to)) throw new RangeError(`No tree of ${from} within one of ${to}`);
  const path: LeafRange[] = [];
  let tree: LeafRange = { from: 0, to };
  while (tree.to !== from) {
    const [left, right] = halves(tree);
    path.push(from <= left.to ? right : left);
    tree = from <= left.to ? left : right;
  }
  if (tree.from > 0) path.push(tree);
  return path.reverse();
};

/** The root that a leaf and its inclusion proof come to; undefined where the proof is malformed. */
export const rootByInclusion = (
  leaf: Buffer,
  index: number,
  size: number,
  proof: readonly Buffer[],
): Buffer | undefined => {
  if (!(index >= 0 && index < size) || !areHashes(proof)) return undefined;
  // Source: RFC 9162, 2.1.3.2.
  let [node, last, root] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      root = nodeHash(sibling, root);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      root = nodeHash(root, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? root : undefined;
};

/** Whether a proof shows that the tree of the one root grew into that of the other. */
export const isConsistent = (
  older: { readonly size: number; readonly root: Buffer },
  newer: { readonly size: number; readonly root: Buffer },
  proof: readonly Buffer[],
): boolean => {
  if (!areHashes(proof) || older.size > newer.size || older.size < 0) return false;
  if (older.size === newer.size) return proof.length === 0 && older.root.equals(newer.root);
  if (older.size === 0) return proof.length === 0 && older.root.equals(EMPTY_ROOT);
  // Source: RFC 9162, 2.1.4.2.
  const path = isPowerOfTwo(older.size) ? [older.root, ...proof] : [...proof];
  const first = path.shift();
  if (!first) return false;
  let [node, last] = [older.size - 1, newer.size - 1];
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  let [oldRoot, newRoot] = [first, first];
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldRoot = nodeHash(sibling, oldRoot);
      newRoot = nodeHash(sibling, newRoot);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      newRoot = nodeHash(newRoot, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && oldRoot.equals(older.root) && newRoot.equals(newer.root);
};

/** Split where RFC 6962 splits: the left one holds the largest power of two of leaves below the size. */
const halves = ({ from, to }: LeafRange): readonly [LeafRange, LeafRange] => {
  let width = 1;
  while (width * 2 < to - from) width *= 2;
  return [
    { from, to: from + width },
    { from: from + width, to },
  ];
};

const areHashes = (proof: readonly Buffer[]): boolean => proof.every(({ length }) => length === 32);

const isPowerOfTwo = (size: number): boolean => (BigInt(size) & BigInt(size - 1)) === 0n;
