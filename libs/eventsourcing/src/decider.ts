import type { DomainCommand, DomainEvent } from './message.js';
import type { EventCatalogue, Upcasters } from './codec.js';

/**
 * The rules of one kind of stream, pure: no clock, no randomness, no I/O.
 *
 * `decide` throws a `DomainError` to refuse and returns `[]` when there is nothing to change, so
 * that asking twice is not an error. `evolve` never fails and never decides.
 */
export interface Decider<State, Command extends DomainCommand, Event extends DomainEvent> {
  readonly initialState: State;
  readonly decide: (command: Command, state: State) => readonly Event[];
  readonly evolve: (state: State, event: Event) => State;
}

/** A decider with the names under which its history is stored. */
export interface Aggregate<
  State,
  Command extends DomainCommand,
  Event extends DomainEvent,
> extends Decider<State, Command, Event> {
  /** Category of the stream, camelCase, without a dash: the stream is `<category>-<id>`. */
  readonly category: string;
  readonly events: EventCatalogue<Event>;
  readonly upcasters?: Upcasters;
  /**
   * Times in its streams never go back: an act without a date of its own happened, at the earliest,
   * when the event before it did, also where it was asked for before that. Lines of a bulk operation
   * bear the time of its upload, and others may act before their turn comes.
   */
  readonly isInOrderOfTime?: true;
  /**
   * Events of unknown types in its streams, and those without metadata, are passed over instead of
   * being an error: who writes it has to go on whatever others have put there.
   */
  readonly passesForeign?: true;
}

export const streamName = (aggregate: { readonly category: string }, id: string): string =>
  `${aggregate.category}-${id}`;

/** The id part of `<category>-<id>`; ids may contain dashes, categories may not. */
export const streamId = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

export const streamCategory = (stream: string): string => stream.slice(0, stream.indexOf('-'));

/** Closes a switch over a union; reached only when data from outside breaks the types. */
export const unreachable = (value: never): never => {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
};
