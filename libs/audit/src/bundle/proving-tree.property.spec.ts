import fc from 'fast-check';
import { isConsistent, rootByInclusion, TreeHead } from '../transparency/merkle.js';
import { leafHash } from '../transparency/leaf.js';
import { ProvingTree } from './proving-tree.js';

describe('the tree of an export', () => {
  it('proves that it grew out of the one marked, and that its last leaf is in it', () => {
    fc.assert(
      fc.property(
        fc.nat(200),
        fc.integer({ min: 1, max: 200 }),
        fc.nat(200),
        (skip, mark, more) => {
          const start = new TreeHead();
          for (let n = 0; n < skip; n += 1) start.append(leafHash(`${n}`));
          const tree = new ProvingTree(start.size, start.subtrees);
          for (let n = skip; n < skip + mark; n += 1) tree.append(leafHash(`${n}`));
          tree.markHere();
          const older = { size: tree.size, root: tree.root() };
          for (let n = older.size; n < older.size + more; n += 1) tree.append(leafHash(`${n}`));
          const newer = { size: tree.size, root: tree.root() };
          expect(isConsistent(older, newer, tree.consistency()!)).toBe(true);
          const last = leafHash(`${newer.size - 1}`);
          const proof = tree.inclusionOfLast();
          expect(rootByInclusion(last, newer.size - 1, newer.size, proof)).toEqual(newer.root);
        },
      ),
    );
  });
});
