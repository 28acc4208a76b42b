import { hash } from 'node:crypto';
import fc from 'fast-check';
import {
  consistencyPath,
  inclusionPath,
  isConsistent,
  rootByInclusion,
  TreeHead,
} from './merkle.js';
import {
  edgeOf,
  GrowingTiles,
  rangeHashes,
  rootOf,
  tileName,
  TileMissing,
  type TileSource,
} from './tiles.js';

/** More than a tile of the second level holds. */
const SIZE = 70_000;
const LEAVES = Array.from({ length: SIZE }, (_, index) => hash('sha256', `\0${index}`, 'buffer'));

/** Tiles as a table keeps them. */
class Table {
  readonly tiles = new Map<string, Buffer>();
  readonly source: TileSource = (keys) =>
    Promise.resolve(
      new Map(
        keys.flatMap((key) => {
          const hashes = this.tiles.get(tileName(key));
          return hashes ? [[tileName(key), hashes] as const] : [];
        }),
      ),
    );

  save(growing: GrowingTiles): void {
    for (const tile of growing.changed()) this.tiles.set(tileName(tile), tile.hashes);
    growing.taken();
  }
}

const rootsAt = (sizes: readonly number[]): Map<number, Buffer> => {
  const head = new TreeHead();
  const wanted = new Set(sizes);
  const roots = new Map<number, Buffer>();
  for (const leaf of LEAVES) {
    head.append(leaf);
    if (wanted.has(head.size)) roots.set(head.size, head.root());
  }
  return roots;
};

const whole = new Table();
beforeAll(() => {
  const growing = new GrowingTiles();
  for (const leaf of LEAVES) growing.append(leaf);
  whole.save(growing);
});

const sizes = fc.oneof(
  fc.integer({ min: 1, max: SIZE }),
  fc.constantFrom(1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, SIZE),
);

describe('The tiles of a tree', () => {
  it('are the same however often its growth is broken off and taken up again', async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(cuts, async (lengths) => {
        const table = new Table();
        const head = new TreeHead();
        let size = 0;
        for (const length of lengths) {
          const tiles = await table.source(edgeOf(size));
          const growing = new GrowingTiles(size, tiles);
          for (const leaf of LEAVES.slice(size, size + length)) {
            growing.append(leaf);
            head.append(leaf);
          }
          size += length;
          expect(await rootOf(size, growing.over(table.source))).toEqual(head.root());
          table.save(growing);
        }
        const atOnce = new Table();
        const growing = new GrowingTiles();
        for (const leaf of LEAVES.slice(0, size)) growing.append(leaf);
        atOnce.save(growing);
        expect(table.tiles).toEqual(atOnce.tiles);
      }),
      { numRuns: 10 },
    );
  });

  it('hold the root of the tree at every size that it had', async () => {
    const some = [1, 2, 255, 256, 257, 300, 65_535, 65_536, 65_537, 66_000, SIZE];
    for (const [size, root] of rootsAt(some)) {
      expect(await rootOf(size, whole.source)).toEqual(root);
    }
  });

  it('prove what is in a tree, and that it grew out of each one before', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, sizes, fc.nat(), async (one, other, at) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const [older, newer] = await Promise.all([
          rootOf(from, whole.source),
          rootOf(to, whole.source),
        ]);
        const index = at % to;
        const inclusion = await rangeHashes(inclusionPath(index, to), whole.source);
        expect(rootByInclusion(LEAVES[index]!, index, to, inclusion)).toEqual(newer);
        const consistency = await rangeHashes(consistencyPath(from, to), whole.source);
        expect(
          isConsistent({ size: from, root: older }, { size: to, root: newer }, consistency),
        ).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('say so when one is missing or too short', async () => {
    const holes = new Table();
    for (const [name, hashes] of whole.tiles) holes.tiles.set(name, hashes);
    holes.tiles.delete('0/3');
    await expect(rangeHashes(inclusionPath(800, SIZE), holes.source)).rejects.toThrow(TileMissing);
    expect(() => new GrowingTiles(257, new Map([['0/1', Buffer.alloc(31)]]))).toThrow(TileMissing);
  });
});
