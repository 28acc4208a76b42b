import type { Kysely } from 'kysely';
import type { KeptLeaves } from '../../bundle/export.js';
import { NOTARY_SCHEMA, tilesIn, type NotaryTables } from '../tree-table.js';
import { HASH_BYTES, TILE_WIDTH, TileMissing } from '../../transparency/tiles.js';

/** Runs one read of the database that has the notary's tree. */
export type ReadTree = <T>(query: (db: Kysely<NotaryTables>) => Promise<T>) => Promise<T>;

/** The leaves as the notary has hashed them; undefined where it has no tree, or none that can be read. */
export const keptLeaves = async (read: ReadTree): Promise<KeptLeaves | undefined> => {
  const size = await sizeOf(read);
  if (size === 0) return undefined;
  return {
    size,
    hashes: async (from, to) => {
      const first = Math.floor(from / TILE_WIDTH);
      const keys = Array.from({ length: Math.ceil(to / TILE_WIDTH) - first }, (_, n) => ({
        level: 0,
        index: first + n,
      }));
      const tiles = await read((db) => tilesIn(db, keys));
      const hashes = Buffer.concat(
        keys.map((key) => tiles.get(`${key.level}/${key.index}`) ?? missing(key)),
      );
      const start = (from - first * TILE_WIDTH) * HASH_BYTES;
      return hashes.subarray(start, start + (to - from) * HASH_BYTES);
    },
  };
};

/** A bundle without the notary's tree is a bundle all the same. */
const sizeOf = async (read: ReadTree): Promise<number> => {
  try {
    const row = await read((db) =>
      db.withSchema(NOTARY_SCHEMA).selectFrom('tree').select('size').executeTakeFirst(),
    );
    return Number(row?.size ?? 0);
  } catch {
    return 0;
  }
};

const missing = (key: { readonly level: number; readonly index: number }): never => {
  throw new TileMissing(key);
};
