/** Whether somebody uses the session alone, or with all others who only read. */
export type TurnKind = 'alone' | 'together';

interface Waiting {
  readonly kind: TurnKind;
  readonly begin: () => void;
}

/**
 * Turns at the one session of an embedded database. Who comes later passes nobody, but when readers
 * are next, all readers who wait come in together: readers and writers alternate, however many of
 * the ones or the others there are.
 */
export class Turns {
  private inside = 0;
  private now: TurnKind = 'together';
  private waiting: Waiting[] = [];

  /** Rejects when the turn has not come in time. */
  async take(kind: TurnKind, withinMs: number): Promise<void> {
    const free = this.inside === 0 || (kind === 'together' && this.now === 'together');
    if (free && this.waiting.length === 0) {
      this.enter(kind);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((other) => other !== own);
        reject(new Error(`The embedded database was busy for ${withinMs} ms`));
      }, withinMs);
      const begin = (): void => {
        clearTimeout(timer);
        this.enter(kind);
        resolve();
      };
      const own: Waiting = { kind, begin };
      this.waiting.push(own);
    });
  }

  pass(): void {
    this.inside -= 1;
    const [next] = this.waiting;
    if (this.inside > 0 || !next) return;
    const come = next.kind === 'alone' ? [next] : this.waiting.filter(isReader);
    this.waiting = this.waiting.filter((other) => !come.includes(other));
    for (const { begin } of come) begin();
  }

  private enter(kind: TurnKind): void {
    this.inside += 1;
    this.now = kind;
  }
}

const isReader = ({ kind }: Waiting): boolean => kind === 'together';
