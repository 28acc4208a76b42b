/** Lets a bounded number work at once; the others wait in order. */
export class Lanes {
  private free: number;
  private readonly queue: (() => void)[] = [];

  constructor(lanes: number) {
    this.free = lanes;
  }

  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    // Handed on by whoever leaves, so that nobody slips in between.
    else await new Promise<void>((resolve) => this.queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
