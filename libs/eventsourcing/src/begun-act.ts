import { contextOfEvent } from './command-key.js';
import type { CommandContext } from './context.js';
import { DomainError, RevisionMismatch } from './errors.js';
import type { RecordedEvent } from './message.js';
import { processItemColumns, type ProcessItem } from './process.js';

// An act across streams: the first append is the intent and carries all that is needed to finish or to give
// up; whoever began goes on at once, and a durable process finishes what was left, under the same ids.

/** Whoever began is given this long to finish before the worker steps in. */
const GRACE_MS = 30_000;

/** @returns the instant (ISO 8601 UTC) from which the worker may finish what an event began. */
export const graceAfter = ({ recordedAt }: Pick<RecordedEvent, 'recordedAt'>): string =>
  new Date(Date.parse(recordedAt) + GRACE_MS).toISOString();

/** An act that was begun and has no outcome yet, on the to-do list of the process that finishes it. */
export interface BegunAct extends ProcessItem {
  /** Of the command that began it. */
  readonly context: CommandContext;
}

/** Column types of {@link BegunAct}, to be spread into the table definition. */
export const begunActColumns = { ...processItemColumns, context: 'jsonb' } as const;

/** The item of an act that an event began, to be spread into the row. */
export const begunBy = (
  event: Pick<RecordedEvent, 'id' | 'recordedAt' | 'metadata'>,
  itemId: string,
): BegunAct => ({
  item_id: itemId,
  due_at: graceAfter(event),
  cause_id: event.id,
  correlation_id: event.metadata.$correlationId,
  context: contextOfEvent(event),
});

export type Refusal = DomainError | RevisionMismatch;

/** What a begun act comes to: it is made, or refused and given up. */
export type Settled<Made> = { readonly made: Made } | { readonly refusal: Refusal };

/** What an act consists of beside its intent, each step idempotent under ids derived from that. */
export interface Settling<Made> {
  /** A rule, or `If-Match`, may refuse it. */
  make(): Promise<Made>;
  /**
   * Records, on the stream that refused, that the act is given up for good and why, so that a writer that
   * stalled can never make it afterwards.
   * @returns whether that stream says that it was made meanwhile, after all.
   */
  giveUp(why: { readonly code: string; readonly detail: string }): Promise<boolean>;
  /** Makes it once more without a guard, where it was made after all: nothing new is recorded. */
  again?(): Promise<Made>;
  /** Frees what the intent held; only what is given up for good is ever free again. */
  free?(code: string): Promise<unknown>;
}

/**
 * Makes what was begun, or gives it up and then frees what was held for it.
 * @throws whatever is no refusal: the process tries again.
 */
export const settle = async <Made>(act: Settling<Made>): Promise<Settled<Made>> => {
  try {
    return { made: await act.make() };
  } catch (error) {
    if (!(error instanceof DomainError || error instanceof RevisionMismatch)) throw error;
    const code = error instanceof DomainError ? error.code : 'request/revision-mismatch';
    const wasMade = await act.giveUp({ code, detail: error.message });
    if (wasMade) return { made: await (act.again ?? act.make)() };
    await act.free?.(code);
    return { refusal: error };
  }
};

/** What was made. @throws what it was refused for. */
export const madeOf = <Made>(settled: Settled<Made>): Made => {
  if ('refusal' in settled) throw settled.refusal;
  return settled.made;
};
