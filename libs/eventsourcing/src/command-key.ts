import type { AggregateStore } from './aggregate-store.js';
import { stepOf, type CommandContext } from './context.js';
import type { Aggregate } from './decider.js';
import { CommandIdReused } from './errors.js';
import type { DomainCommand, DomainEvent, RecordedEvent } from './message.js';

// The stream of a command is its table of accepted command ids, so a key that comes back with
// another body is found there, as long as that body leads to the same stream. Where the body
// names the stream to begin with (the code of a new facility, the facility of an allocation), it
// may not. Such a command claims its key first, on a stream named by the key.

export type CommandKeyEvent = DomainEvent<
  'CommandKeyClaimed',
  { commandId: string; requestHash: string }
>;
type ClaimCommandKey = DomainCommand<'ClaimCommandKey', CommandKeyEvent['data']>;

/** The request a key stands for; `undefined` while it is free. */
type ClaimedBy = string | undefined;

/** One stream per key. */
export const commandKeyAggregate: Aggregate<ClaimedBy, ClaimCommandKey, CommandKeyEvent> = {
  category: 'commandKey',
  initialState: undefined,
  events: {
    CommandKeyClaimed: 'An idempotency key was bound to one request, before that began to act.',
  },
  decide: ({ data }, claimedBy) => {
    if (claimedBy === undefined) return [{ type: 'CommandKeyClaimed', data }];
    if (claimedBy !== data.requestHash) throw new CommandIdReused(data.commandId);
    return [];
  },
  evolve: (_, { data }) => data.requestHash,
};

/**
 * Binds the command's id to its request for ever: one append, no read. Call it after everything
 * that can be refused without a trace, and before the first append of the act itself.
 * @throws CommandIdReused when the id is bound to another request.
 */
export const claimCommandKey = async (
  store: AggregateStore,
  context: CommandContext,
): Promise<void> => {
  const { commandId, requestHash = '', at } = context;
  await store.handle(
    commandKeyAggregate,
    commandId,
    { type: 'ClaimCommandKey', data: { commandId, requestHash }, at },
    // The request is part of the step: the event of another request must have another id, or the
    // store would take it for a repetition of this one.
    stepOf(context, 'claim', requestHash),
    { assumeNew: true },
  );
};

/**
 * The context in which the act that wrote an event goes on: same command id, request and actor.
 * Whoever finishes an intent found in the log derives from it the same steps as its beginner.
 */
export const contextOfEvent = ({
  id,
  metadata,
}: Pick<RecordedEvent, 'id' | 'metadata'>): CommandContext => ({
  commandId: metadata.commandId,
  requestHash: metadata.commandHash,
  actor: metadata.actor,
  correlationId: metadata.$correlationId,
  causationId: id,
  at: metadata.occurredAt,
  ...(metadata.reason === undefined ? {} : { reason: metadata.reason }),
});
