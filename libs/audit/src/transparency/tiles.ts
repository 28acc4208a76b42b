import { joined, nodeHash, subtreesOf, type LeafRange, type Subtree } from './merkle.js';

// The nodes of a tree in tiles of 256 hashes, as https://c2sp.org/tlog-tiles cuts it: tile n of level l holds
// the roots of the full subtrees of 256^l leaves from the (256 n)-th on. Only the last tile of a level may have
// fewer, and it only ever grows.

export const HASH_BYTES = 32;
export const TILE_WIDTH = 256;
/** Levels of the tree between two levels of tiles. */
const TILE_HEIGHT = 8;
const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

export interface TileKey {
  readonly level: number;
  readonly index: number;
}

export interface Tile extends TileKey {
  /** Up to 256, one behind the other. */
  readonly hashes: Buffer;
}

export const tileName = ({ level, index }: TileKey): string => `${level}/${index}`;

/** Looks up tiles by {@link tileName}; those that there are. */
export type TileSource = (keys: readonly TileKey[]) => Promise<ReadonlyMap<string, Buffer>>;

/** A tile that a tree of this size has is missing, or shorter than it must be. */
export class TileMissing extends Error {
  constructor(key: TileKey) {
    super(`The tile ${tileName(key)} is not there, or not whole`);
    this.name = 'TileMissing';
  }
}

/** The last tile of each level that a tree of so many leaves has, where it is not full; lowest first. */
export const edgeOf = (size: number): readonly (TileKey & { readonly count: number })[] => {
  const edge: (TileKey & { count: number })[] = [];
  for (let level = 0, entries = size; entries > 0; level += 1) {
    const count = entries % TILE_WIDTH;
    entries = Math.floor(entries / TILE_WIDTH);
    if (count > 0) edge.push({ level, index: entries, count });
  }
  return edge;
};

/**
 * Hashes of ranges of leaves, as proofs ask for them, with one look-up for all.
 * @throws TileMissing
 */
export const rangeHashes = async (
  ranges: readonly LeafRange[],
  source: TileSource,
): Promise<Buffer[]> => {
  const parts = ranges.map((range) => subtreesOf(range).map(placeOf));
  const keys = new Map(parts.flat().map(({ key }) => [tileName(key), key]));
  const tiles = await source([...keys.values()]);
  return parts.map((places) => joined(places.map((place) => hashAt(place, tiles))));
};

/** Root of the tree of the first leaves, one at least. @throws TileMissing */
export const rootOf = async (size: number, source: TileSource): Promise<Buffer> => {
  const [root] = await rangeHashes([{ from: 0, to: size }], source);
  return root!;
};

interface Place {
  readonly key: TileKey;
  /** Of the first hash in its tile, and how many are below the subtree. */
  readonly offset: number;
  readonly count: number;
}

const placeOf = ({ level, index }: Subtree): Place => {
  const count = 2 ** (level % TILE_HEIGHT);
  const first = index * count;
  return {
    key: { level: Math.floor(level / TILE_HEIGHT), index: Math.floor(first / TILE_WIDTH) },
    offset: first % TILE_WIDTH,
    count,
  };
};

const hashAt = ({ key, offset, count }: Place, tiles: ReadonlyMap<string, Buffer>): Buffer => {
  const hashes = tiles.get(tileName(key));
  const end = (offset + count) * HASH_BYTES;
  if (hashes === undefined || hashes.length < end) throw new TileMissing(key);
  return rootOfFull(hashes.subarray(offset * HASH_BYTES, end));
};

/** Of 1, 2, 4, … hashes, one behind the other. */
const rootOfFull = (hashes: Buffer): Buffer => {
  let level: Buffer[] = [];
  for (let at = 0; at < hashes.length; at += HASH_BYTES) {
    level.push(hashes.subarray(at, at + HASH_BYTES));
  }
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let at = 0; at < level.length; at += 2) above.push(nodeHash(level[at]!, level[at + 1]!));
    level = above;
  }
  return level[0]!;
};

interface EdgeTile {
  index: number;
  count: number;
  readonly hashes: Buffer;
  isChanged: boolean;
}

/** Grows the tiles of a tree leaf by leaf. It holds the last tile of each level, and what was not taken yet. */
export class GrowingTiles {
  private readonly edge: EdgeTile[] = [];
  private filled: Tile[] = [];
  private leaves: number;

  /** @param tiles those that {@link edgeOf} tells. @throws TileMissing */
  constructor(size = 0, tiles: ReadonlyMap<string, Buffer> = new Map()) {
    this.leaves = size;
    for (const { count, ...key } of edgeOf(size)) {
      const known = tiles.get(tileName(key));
      if (known === undefined || known.length < count * HASH_BYTES) throw new TileMissing(key);
      this.edgeAt(key.level, key.index).count = count;
      known.copy(this.edge[key.level]!.hashes, 0, 0, count * HASH_BYTES);
    }
    // A level whose last tile is full goes on with an empty one.
    for (let level = 0, entries = size; entries > 0; level += 1) {
      entries = Math.floor(entries / TILE_WIDTH);
      this.edgeAt(level, entries);
    }
  }

  get size(): number {
    return this.leaves;
  }

  append(leaf: Buffer): void {
    this.push(0, leaf);
    this.leaves += 1;
  }

  /** Tiles that have changed and were not taken yet; each in memory of its own. */
  changed(): Tile[] {
    const partial = this.edge.flatMap(({ index, count, hashes, isChanged }, level) =>
      isChanged && count > 0
        ? [{ level, index, hashes: Buffer.from(hashes.subarray(0, count * HASH_BYTES)) }]
        : [],
    );
    return [...this.filled, ...partial];
  }

  /** What has changed until now is in safe hands. */
  taken(): void {
    this.filled = [];
    for (const tile of this.edge) tile.isChanged = false;
  }

  /** Tiles that are held here, before those of another source. */
  over(source: TileSource): TileSource {
    return async (keys) => {
      const held = new Map<string, Buffer>();
      for (const key of keys) {
        const hashes = this.held(key);
        if (hashes) held.set(tileName(key), hashes);
      }
      const others = keys.filter((key) => !held.has(tileName(key)));
      return others.length === 0 ? held : new Map([...held, ...(await source(others))]);
    };
  }

  private held({ level, index }: TileKey): Buffer | undefined {
    const tile = this.edge[level];
    if (tile?.index === index) return tile.hashes.subarray(0, tile.count * HASH_BYTES);
    return this.filled.find((full) => full.level === level && full.index === index)?.hashes;
  }

  private push(level: number, hash: Buffer): void {
    const tile = this.edgeAt(level, 0);
    hash.copy(tile.hashes, tile.count * HASH_BYTES);
    tile.count += 1;
    tile.isChanged = true;
    if (tile.count < TILE_WIDTH) return;
    const hashes = Buffer.from(tile.hashes);
    this.filled.push({ level, index: tile.index, hashes });
    tile.index += 1;
    tile.count = 0;
    tile.isChanged = false;
    this.push(level + 1, rootOfFull(hashes));
  }

  private edgeAt(level: number, index: number): EdgeTile {
    this.edge[level] ??= {
      index,
      count: 0,
      hashes: Buffer.allocUnsafeSlow(TILE_BYTES),
      isChanged: false,
    };
    return this.edge[level];
  }
}
