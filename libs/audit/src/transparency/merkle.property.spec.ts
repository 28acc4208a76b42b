import { hash } from 'node:crypto';
import fc from 'fast-check';
import {
  consistencyPath,
  EMPTY_ROOT,
  inclusionPath,
  isConsistent,
  joined,
  nodeHash,
  rootByInclusion,
  subtreesOf,
  TreeHead,
  type LeafRange,
} from './merkle.js';

const LEAVES = Array.from({ length: 300 }, (_, index) =>
  hash('sha256', `\0leaf ${index}`, 'buffer'),
);

/** Word for word the recursion of RFC 6962, 2.1, to hold the code against. */
const mth = (leaves: readonly Buffer[]): Buffer => {
  if (leaves.length === 0) return hash('sha256', '', 'buffer');
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(mth(leaves.slice(0, k)), mth(leaves.slice(k)));
};
const rangeHash = ({ from, to }: LeafRange): Buffer => mth(LEAVES.slice(from, to));

const sizes = fc.integer({ min: 1, max: LEAVES.length });
const pairs = fc
  .tuple(sizes, sizes)
  .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const places = fc.tuple(sizes, fc.nat()).map(([size, at]) => ({ size, index: at % size }));

describe('The tree of RFC 6962', () => {
  it('has the root of its recursion, however it is grown and taken up again', () => {
    fc.assert(
      fc.property(pairs, ({ from, to }) => {
        const head = new TreeHead();
        LEAVES.slice(0, from).forEach((leaf) => head.append(leaf));
        const again = new TreeHead(head.size, head.subtrees);
        LEAVES.slice(from, to).forEach((leaf) => again.append(leaf));
        expect(again.root()).toEqual(mth(LEAVES.slice(0, to)));
      }),
    );
    expect(new TreeHead().root()).toEqual(EMPTY_ROOT);
    expect(() => new TreeHead(3, [EMPTY_ROOT])).toThrow(RangeError);
  });

  it('joins the full subtrees of each range that a proof asks for', () => {
    fc.assert(
      fc.property(places, ({ size, index }) => {
        for (const range of inclusionPath(index, size)) {
          const subtrees = subtreesOf(range).map(({ level, index: at }) =>
            rangeHash({ from: at * 2 ** level, to: (at + 1) * 2 ** level }),
          );
          expect(joined(subtrees)).toEqual(rangeHash(range));
        }
      }),
    );
  });

  it('has the vectors of the reference: 8 leaves of certificate transparency', () => {
    const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657']
      .concat('606162636465666768696a6b6c6d6e6f')
      .map((hex) => hash('sha256', Buffer.from(`00${hex}`, 'hex'), 'buffer'));
    const head = new TreeHead();
    leaves.forEach((leaf) => head.append(leaf));
    expect(head.root().toString('hex')).toBe(
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    );
  });
});

describe('A proof of inclusion', () => {
  it('leads from every leaf to the root', () => {
    fc.assert(
      fc.property(places, ({ size, index }) => {
        const proof = inclusionPath(index, size).map(rangeHash);
        expect(rootByInclusion(LEAVES[index]!, index, size, proof)).toEqual(
          rangeHash({ from: 0, to: size }),
        );
      }),
    );
  });

  it('leads elsewhere, or nowhere, when anything of it is forged', () => {
    fc.assert(
      fc.property(places, fc.nat(), fc.nat(8), forgeries, ({ size, index }, at, other, forge) => {
        const proof = inclusionPath(index, size).map(rangeHash);
        const forged = forge(proof, at);
        const moved = (index + other) % size;
        const same = moved === index && sameProof(forged, proof);
        const root = rootByInclusion(LEAVES[index]!, moved, size, forged);
        expect(root?.equals(rangeHash({ from: 0, to: size })) ?? false).toBe(same);
      }),
      { numRuns: 500 },
    );
  });
});

describe('A proof of consistency', () => {
  it('shows that each tree grew out of each smaller one', () => {
    fc.assert(
      fc.property(pairs, ({ from, to }) => {
        const proof = consistencyPath(from, to).map(rangeHash);
        expect(isConsistent(treeOf(from), treeOf(to), proof)).toBe(true);
      }),
    );
    expect(isConsistent({ size: 0, root: EMPTY_ROOT }, treeOf(7), [])).toBe(true);
  });

  it('shows nothing when anything of it, or a root, is forged', () => {
    fc.assert(
      fc.property(pairs, fc.nat(), forgeries, ({ from, to }, at, forge) => {
        const proof = consistencyPath(from, to).map(rangeHash);
        const forged = forge(proof, at);
        expect(isConsistent(treeOf(from), treeOf(to), forged)).toBe(sameProof(forged, proof));
        const flipped = { size: to, root: flip(treeOf(to).root, at) };
        expect(isConsistent(treeOf(from), flipped, proof)).toBe(false);
        const older = { size: from, root: flip(treeOf(from).root, at) };
        expect(isConsistent(older, treeOf(to), proof)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [{ size: 0, root: LEAVES[0]! }, 5],
    [{ size: 9, root: EMPTY_ROOT }, 5],
    [{ size: -1, root: EMPTY_ROOT }, 5],
  ])('shows nothing of a tree that there is not', (older, to) => {
    expect(isConsistent(older, treeOf(to), [])).toBe(false);
  });
});

const treeOf = (size: number) => ({ size, root: rangeHash({ from: 0, to: size }) });

const flip = (hash32: Buffer, at: number): Buffer => {
  const flipped = Buffer.from(hash32);
  flipped[at % 32]! ^= 1 + (at % 255);
  return flipped;
};

const sameProof = (one: readonly Buffer[], other: readonly Buffer[]): boolean =>
  one.length === other.length && one.every((hash32, index) => hash32.equals(other[index]!));

type Forgery = (proof: readonly Buffer[], at: number) => readonly Buffer[];
const forgeries = fc.constantFrom<Forgery>(
  (proof) => proof,
  (proof, at) =>
    proof.map((hash32, index) => (index === at % proof.length ? flip(hash32, at) : hash32)),
  (proof, at) => proof.filter((_, index) => index !== at % proof.length),
  (proof, at) => [...proof, LEAVES[at % LEAVES.length]!],
  (proof, at) => [LEAVES[at % LEAVES.length]!, ...proof],
  (proof) => [...proof].reverse(),
  (proof, at) =>
    proof.map((hash32, index) => (index === at % proof.length ? hash32.subarray(1) : hash32)),
);
