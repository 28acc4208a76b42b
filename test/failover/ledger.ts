import { deriveId } from '@hostledger/eventsourcing';

export type Kind = 'customer' | 'standing' | 'contract' | 'deposit' | 'move' | 'delivery' | 'setup';

/** What a client wants done, and under which key it says so however often. */
export interface Command {
  readonly kind: Kind;
  readonly path: string;
  readonly body: object | string;
  readonly key: string;
  /** Of a move. */
  readonly serial?: string;
  readonly slot?: string;
  /** Of a bulk upload. */
  readonly lines?: number;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** Log position; 0 where there is none. */
  readonly position: bigint;
  readonly revision: bigint | undefined;
}

/** Of one command: all that its client knows. */
export interface Entry extends Command {
  /** Under which its events are in the log. */
  readonly commandId: string;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  /** Of the try that was answered. */
  readonly lastSentAt: number;
  readonly settledAt: number;
  /** The latest position this harness knew to be acknowledged when that try was sent. */
  readonly knownPosition: bigint;
  readonly tries: number;
  /** Unknown: the client lost patience. */
  readonly outcome: 'accepted' | 'refused' | 'unknown';
  readonly reply?: Reply;
  /** Of the problem, where it was refused. */
  readonly code?: string;
}

/** All commands of a run, and everything that was seen to be wrong. */
export class Ledger {
  readonly entries: Entry[] = [];
  readonly wrong: string[] = [];
  /** Answers that were not final, by what they were. */
  readonly setbacks = new Map<string, number>();
  acknowledged = 0n;
  /** Reads that asked for a position: when they were begun and answered, in milliseconds since the epoch. */
  readonly reads: { readonly sentAt: number; readonly answeredAt: number }[] = [];
  repeats = 0;

  constructor(private readonly subject: string) {}

  commandIdOf({ path, key }: Pick<Command, 'path' | 'key'>): string {
    return deriveId(this.subject, 'POST', path.split('?', 1)[0]!, key);
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    const position = entry.outcome === 'accepted' ? entry.reply!.position : 0n;
    if (position > this.acknowledged) this.acknowledged = position;
  }

  setBack(what: string): void {
    this.setbacks.set(what, (this.setbacks.get(what) ?? 0) + 1);
  }

  fault(what: string): void {
    this.wrong.push(what);
  }
}
