/** What a verifier finds; the codes are stable. `docs/bundle.md` says what each means. */
export type FindingCode =
  | 'byte-flipped'
  | 'event-dropped'
  | 'event-inserted'
  | 'reordered'
  | 'redacted'
  | 'stream-truncated'
  | 'stream-missing'
  | 'stream-deleted'
  | 'metadata-changed'
  | 'tail-cut'
  | 'fork'
  | 'checkpoint-backdated'
  | 'wrong-key'
  | 'not-covered'
  | 'not-witnessed'
  | 'proof-wrong'
  | 'manifest-mismatch'
  | 'malformed';

export interface Finding {
  readonly code: FindingCode;
  /** The first bad one: all before it is as it was signed. Null of what is not about one. */
  readonly position: string | null;
  /** How many events of the history are before it. */
  readonly index: number | null;
  readonly stream: string | null;
  /** Where it shows, if that is not the first that may be bad. */
  readonly shownAt: string | null;
  /** One plain sentence. */
  readonly message: string;
}

/** Of one kind so many are told; the rest says nothing new. */
const MAX_OF_A_CODE = 20;

/** Gathers findings, and puts first what names the first bad position. */
export class Findings {
  private readonly broken: Finding[] = [];
  private readonly found: Finding[] = [];
  private readonly counts = new Map<FindingCode, number>();

  add(
    code: FindingCode,
    message: string,
    {
      position = null,
      index = null,
      stream = null,
      shownAt = null,
    }: Partial<Omit<Finding, 'code' | 'message'>> = {},
  ): void {
    const count = (this.counts.get(code) ?? 0) + 1;
    this.counts.set(code, count);
    if (count > MAX_OF_A_CODE) return;
    this.found.push({ code, position, index, stream, shownAt, message });
  }

  /** The file itself is not whole, so that nobody knows what was in it. */
  breakOff(message: string): void {
    this.broken.push({
      code: 'malformed',
      position: null,
      index: null,
      stream: null,
      shownAt: null,
      message,
    });
  }

  get isEmpty(): boolean {
    return this.found.length + this.broken.length === 0;
  }

  inOrder(): Finding[] {
    return [...this.broken, ...inOrder(this.found)];
  }
}

/** What is about the container only follows from the rest, and says less. */
const CONTAINER: readonly FindingCode[] = ['manifest-mismatch', 'proof-wrong'];

const rankOf = ({ code, position }: Finding): number => {
  if (CONTAINER.includes(code)) return 2;
  return position === null ? 1 : 0;
};

/**
 * By how many events are before each, which was counted, while a position may have been changed. What has
 * a position alone is put before the first of these of which the position is not smaller.
 */
export const inOrder = (found: readonly Finding[]): Finding[] => {
  const ranks = [0, 1, 2].map((rank) => found.filter((finding) => rankOf(finding) === rank));
  const [placed = [], ...rest] = ranks;
  const counted = placed.filter(({ index }) => index !== null).sort((a, b) => a.index! - b.index!);
  const told = placed.filter(({ index }) => index === null).sort(byPosition);
  const merged: Finding[] = [];
  for (const finding of counted) {
    while (told[0] && byPosition(told[0], finding) < 0) merged.push(told.shift()!);
    merged.push(finding);
  }
  return [...merged, ...told, ...rest.flat()];
};

const byPosition = (a: Finding, b: Finding): number => {
  const [first, second] = [BigInt(a.position!), BigInt(b.position!)];
  return first < second ? -1 : first > second ? 1 : 0;
};
