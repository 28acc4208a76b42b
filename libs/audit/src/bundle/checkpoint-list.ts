import { parseCheckpoint, type Checkpoint } from '../transparency/checkpoint.js';

const FIRST_CAPACITY = 64;
const HASH_BYTES = 32;

/** A checkpoint whose signature holds, without its note. */
export interface Believed extends Omit<Checkpoint, 'time' | 'origin'> {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

/** Checkpoints by rising size, a few bytes each: there may be half a million of a year. */
export class CheckpointList {
  private roots = Buffer.alloc(FIRST_CAPACITY * HASH_BYTES);
  private numbers = new Float64Array(FIRST_CAPACITY * 2);
  private positions = new BigUint64Array(FIRST_CAPACITY);
  private count = 0;

  get length(): number {
    return this.count;
  }

  push({ size, root, position, timeMs }: Believed): void {
    if (this.count === this.positions.length) this.double();
    root.copy(this.roots, this.count * HASH_BYTES);
    this.numbers[this.count * 2] = size;
    this.numbers[this.count * 2 + 1] = timeMs;
    this.positions[this.count] = position;
    this.count += 1;
  }

  /** With another, by rising size; what both say of a size is there once. */
  mergedWith(other: CheckpointList): CheckpointList {
    if (other.length === 0) return this;
    const merged = new CheckpointList();
    for (let [n, m] = [0, 0]; n < this.count || m < other.length;) {
      const [one, two] = [this.at(n), other.at(m)];
      if (one && two?.size === one.size && two.root.equals(one.root)) m += 1;
      if (one && (!two || one.size <= two.size)) {
        merged.push(one);
        n += 1;
      } else {
        merged.push(two!);
        m += 1;
      }
    }
    return merged;
  }

  at(index: number): Believed | undefined {
    if (index < 0 || index >= this.count) return undefined;
    return {
      size: this.numbers[index * 2]!,
      timeMs: this.numbers[index * 2 + 1]!,
      position: this.positions[index]!,
      root: this.roots.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
    };
  }

  /** Index of the first one that covers more than so many events. */
  firstAbove(size: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.numbers[middle * 2]! > size) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private double(): void {
    const capacity = this.positions.length * 2;
    this.roots = Buffer.concat([this.roots], capacity * HASH_BYTES);
    const [numbers, positions] = [this.numbers, this.positions];
    this.numbers = new Float64Array(capacity * 2);
    this.numbers.set(numbers);
    this.positions = new BigUint64Array(capacity);
    this.positions.set(positions);
  }
}

export const believed = ({ size, root, position, time }: Checkpoint): Believed => ({
  size,
  root,
  position,
  timeMs: Date.parse(time),
});

/** Undefined of a text that is no checkpoint, or tells of a position that no log has. */
export const checkpointOf = (note: string): ReturnType<typeof parseCheckpoint> | undefined => {
  try {
    const checkpoint = parseCheckpoint(note);
    return checkpoint.position < 2n ** 63n ? checkpoint : undefined;
  } catch {
    return undefined;
  }
};
