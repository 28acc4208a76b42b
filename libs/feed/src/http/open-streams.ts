import { ProblemError } from '@hostledger/http';

const MAX_OF_ONE_SUBJECT = 100;
const MAX_OF_ALL = 1_000;
const RETRY_AFTER_SECONDS = 10;

/** Counts who follows the feed, within bounds. */
export class OpenStreams {
  private readonly bySubject = new Map<string, number>();
  private all = 0;

  constructor(private readonly onChange: (open: number) => void) {}

  /**
   * @returns what is to be called when the stream has ended.
   * @throws ProblemError 429 `feed/too-many-streams`.
   */
  enter(subject: string): () => void {
    const own = this.bySubject.get(subject) ?? 0;
    if (own >= MAX_OF_ONE_SUBJECT || this.all >= MAX_OF_ALL) {
      throw new ProblemError(
        429,
        'feed/too-many-streams',
        `A subject has at most ${MAX_OF_ONE_SUBJECT} streams open, all together ${MAX_OF_ALL}`,
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      );
    }
    this.count(subject, 1);
    let left = false;
    return () => {
      if (!left) this.count(subject, -1);
      left = true;
    };
  }

  private count(subject: string, by: 1 | -1): void {
    const own = (this.bySubject.get(subject) ?? 0) + by;
    if (own === 0) this.bySubject.delete(subject);
    else this.bySubject.set(subject, own);
    this.all += by;
    this.onChange(this.all);
  }
}
