import { CommandIdReused, DomainError, RevisionMismatch } from '@hostledger/eventsourcing';
import type { LineRejection, OperationLine } from '@hostledger/operations';

/** Of what was asked of one machine. */
export type Outcome = Done | { readonly status: 'refused'; readonly refusal: Refusal };

export interface Done {
  readonly status: 'done';
  /** Of the miner's stream. */
  readonly revision: bigint;
  /** Everything this act appended lies at or before it. */
  readonly position: bigint;
  /** The miner was like that before. */
  readonly unchanged: boolean;
  /** It had become so by this very command. */
  readonly replayed: boolean;
}

export type Refusal = DomainError | RevisionMismatch | CommandIdReused;

export const isRefusal = (error: unknown): error is Refusal =>
  error instanceof DomainError ||
  error instanceof RevisionMismatch ||
  error instanceof CommandIdReused;

/** One outcome per line, in their order. */
export const rejectionsOf = (
  lines: readonly OperationLine<unknown>[],
  outcomes: readonly Outcome[],
): LineRejection[] =>
  outcomes.flatMap((outcome, index) => {
    if (outcome.status === 'done') return [];
    const { refusal } = outcome;
    // Lines carry neither If-Match nor a key of their own, so only rules refuse them.
    if (!(refusal instanceof DomainError)) throw refusal;
    return [{ line: lines[index]!.line, code: refusal.code, message: refusal.message }];
  });
