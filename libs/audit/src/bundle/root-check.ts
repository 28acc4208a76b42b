import type { TreeHead } from '../transparency/merkle.js';
import type { Believed, CheckpointList } from './checkpoint-list.js';

/** How a checkpoint and the events contradict each other. */
export interface Contradiction {
  readonly checkpoint: Believed;
  /** The one before it, with which they agree; undefined where there is none. */
  readonly agreed: Believed | undefined;
  /** How many events more than signed are there up to its position; negative where some are missing. */
  readonly surplus: number;
}

/** What of an event matters to a checkpoint. */
export interface Passing {
  readonly position: bigint;
  readonly recordedAt: string;
  readonly isOfNotary: boolean;
}

/**
 * Holds the tree of the events against checkpoints as it grows. A checkpoint says of which position and of
 * how many events it is, so that it also tells whether some are missing or too many.
 */
export class RootCheck {
  contradiction: Contradiction | undefined;
  agreed: Believed | undefined;
  /** Of the first event after the last checkpoint that holds. */
  suspect: bigint | undefined;
  /** Those signed before the last event they cover was recorded, or of which that was said. */
  readonly tooEarly: Believed[] = [];
  /** Events since the last checkpoint that holds, without those of the notary itself. */
  behind = 0;
  private next: number;
  private waitsFor: Believed | undefined;

  /** @param start events that are known by their tree alone. */
  constructor(
    private readonly checkpoints: CheckpointList,
    start: TreeHead,
  ) {
    this.next = checkpoints.firstAbove(start.size - 1);
    this.waitsFor = checkpoints.at(this.next);
    while (this.waitsFor && this.waitsFor.size === start.size) {
      if (start.size === 0 || start.root().equals(this.waitsFor.root)) this.agree();
      else this.contradict(0);
    }
  }

  /** @param after position of the event before one that has none to be read. */
  passUnreadable(after: bigint, tree: TreeHead): void {
    this.suspect ??= after;
    this.behind += 1;
    const { waitsFor } = this;
    // What was signed could be read.
    if (waitsFor && tree.size >= waitsFor.size) this.contradict(tree.size - waitsFor.size);
  }

  /** @param tree with the event as its last leaf. */
  pass({ position, recordedAt, isOfNotary }: Passing, tree: TreeHead): void {
    this.suspect ??= position;
    if (!isOfNotary) this.behind += 1;
    while (this.waitsFor && position >= this.waitsFor.position) {
      const { size, root } = this.waitsFor;
      const isIt = position === this.waitsFor.position;
      if (isIt && tree.size === size && tree.root().equals(root)) {
        if (this.waitsFor.timeMs < Date.parse(recordedAt)) this.tooEarly.push(this.waitsFor);
        this.agree();
      } else {
        this.contradict(tree.size - size - (isIt ? 0 : 1));
      }
    }
  }

  /** The first that covers events which did not come. */
  get beyond(): Believed | undefined {
    return this.waitsFor;
  }

  private agree(): void {
    this.suspect = undefined;
    this.behind = 0;
    this.agreed = this.waitsFor;
    this.next += 1;
    this.waitsFor = this.checkpoints.at(this.next);
  }

  /** All later ones follow from it, and say nothing more. */
  private contradict(surplus: number): void {
    this.contradiction = { checkpoint: this.waitsFor!, agreed: this.agreed, surplus };
    this.waitsFor = undefined;
  }
}
