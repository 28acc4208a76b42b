import type { EventLog } from './log.js';

/**
 * Misbehaviour on request, for tests. Reachable only through the object that `startNodeInProcess`
 * returns in the test's own process; no option or variable of a running system leads here.
 */
export interface Faults {
  /** Answers every call with this until set back: UNAVAILABLE, not-leader, or no answer at all. */
  answer: 'normal' | 'unavailable' | 'not-leader' | 'stall';
  /** The next appends (that many) are committed, and then the connection breaks instead of a reply. */
  loseReplies: number;
  /** The next appends (that many) are held before they are written, until released. */
  readonly heldAppends: (() => void)[];
  holdAppends: number;
  /** Every commit begins so many milliseconds late, and is then shared by all that waited. */
  commitDelayMs: number;
  /** Live subscriptions do not hear of commits any more. */
  silentSubscriptions: boolean;
  /** Checkpoint messages are left out. */
  dropCheckpoints: boolean;
  /** Ends or breaks every open subscription, once. */
  endSubscriptions(how: 'normally' | 'with-error'): void;
  /** The disk is full (really: SQLite may not grow the file) or has space again. */
  diskFull(full: boolean): void;
}

/** What the server consults; subscriptions register how to end them. */
export class FaultSwitchboard implements Faults {
  answer: Faults['answer'] = 'normal';
  loseReplies = 0;
  holdAppends = 0;
  silentSubscriptions = false;
  dropCheckpoints = false;
  readonly heldAppends: (() => void)[] = [];
  readonly subscriptions = new Set<(how: 'normally' | 'with-error') => void>();

  constructor(private readonly log: EventLog) {}

  get commitDelayMs(): number {
    return this.log.commitDelayMs;
  }

  set commitDelayMs(delay: number) {
    this.log.commitDelayMs = delay;
  }

  endSubscriptions(how: 'normally' | 'with-error'): void {
    this.subscriptions.forEach((end) => end(how));
  }

  diskFull(full: boolean): void {
    this.log.limitPages(full ? 0 : undefined);
  }

  /** Resolves when an append may go on. */
  async beforeAppend(): Promise<void> {
    if (this.holdAppends <= 0) return;
    this.holdAppends -= 1;
    await new Promise<void>((resolve) => this.heldAppends.push(resolve));
  }

  /** Whether the reply to an append that was just committed is to be lost. */
  losesReply(): boolean {
    if (this.loseReplies <= 0) return false;
    this.loseReplies -= 1;
    return true;
  }
}
