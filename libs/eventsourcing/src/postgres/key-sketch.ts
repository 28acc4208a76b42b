/** 256 KB: of 200,000 keys one in thirty that is not held is taken for held, of a million one in three. */
const BITS = 2 ** 21;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const OTHER_SEED = 0x9747b28c;

/** Remembers keys in little memory (a Bloom filter): it forgets none, and takes a few others for held. */
export class KeySketch {
  private readonly bits = new Uint32Array(BITS / 32);

  add(key: string): void {
    this.mark(bitOf(key, FNV_OFFSET));
    this.mark(bitOf(key, OTHER_SEED));
  }

  mayHold(key: string): boolean {
    return this.isMarked(bitOf(key, FNV_OFFSET)) && this.isMarked(bitOf(key, OTHER_SEED));
  }

  private mark(bit: number): void {
    this.bits[bit >>> 5]! |= 1 << (bit & 31);
  }

  private isMarked(bit: number): boolean {
    return (this.bits[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }
}

/** FNV-1a over the UTF-16 units, its upper bits folded into the lower ones, which mix best. */
const bitOf = (key: string, seed: number): number => {
  let hash = seed;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), FNV_PRIME);
  }
  return (hash ^ (hash >>> 15)) & (BITS - 1);
};
