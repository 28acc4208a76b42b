import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { upcast } from './codec.js';
import { occurredBeforeLatest } from './backdating.js';
import { eventId, hashOf, type CommandContext } from './context.js';
import { streamName, type Aggregate } from './decider.js';
import {
  CommandIdReused,
  DomainError,
  RevisionMismatch,
  StoreUnavailable,
  TooMuchContention,
  UnreadableHistory,
  WrongExpectedRevision,
} from './errors.js';
import type { DomainCommand, DomainEvent, EventMetadata, RecordedEvent } from './message.js';
import { silentObserver, type CommandOutcome, type KernelObserver } from './observer.js';
import { inSpan, type Span } from './tracing.js';

/** Tries of one command against a stream that other writers keep changing. */
const MAX_ATTEMPTS = 3;
const CONFLICT_PAUSE_MS = 5;
/**
 * Of a store that is not told how many: room for all of them is taken when it is made, so that
 * 100,000 would cost every spec and every command line tens of milliseconds. The system is told.
 */
const CACHED_STREAMS = 1_000;

/** An event ready to be appended. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly data: object;
  readonly metadata: EventMetadata;
}

/** What the command handling needs of the event store; `EventStore` is the implementation. */
export interface StreamAccess {
  /** Appends atomically; resolves once durable. Repeats unknown outcomes itself, bounded. */
  append(
    stream: string,
    expected: bigint | 'no_stream',
    events: readonly NewEvent[],
  ): Promise<{ readonly revision: bigint; readonly position: bigint }>;
  /** All events from a revision on; `[]` where there are none. */
  readStream(stream: string, fromRevision: bigint): Promise<readonly RecordedEvent[]>;
}

/** A stream folded up to a revision; -1 stands for a stream that does not exist. */
export interface Loaded<State> {
  readonly state: State;
  readonly revision: bigint;
  /** Commit position of the last event folded; 0 when there is none. */
  readonly position: bigint;
}

export interface Handled<State, E extends DomainEvent> extends Loaded<State> {
  /** The events this command added; empty when it changed nothing or was replayed. */
  readonly events: readonly E[];
  /** The command had been accepted before and this is its first outcome. */
  readonly replayed: boolean;
}

export interface HandleOptions {
  /** The stream most likely does not exist: append without reading first. */
  readonly assumeNew?: boolean;
}

/** A command the stream holds the outcome of. */
export interface AcceptedCommand {
  readonly id: string;
  readonly hash: string;
  readonly revision: bigint;
  readonly position: bigint;
}

export interface LoadedStream<State> extends Loaded<State> {
  /** When the latest of its events occurred; empty where there is none. */
  readonly latestAt: string;
  /** The stream is its own table of accepted commands. */
  readonly commands: readonly AcceptedCommand[];
}

type Known = LoadedStream<unknown>;

/**
 * Command handling: take the state of the stream, decide, append at the exact revision.
 *
 * - One outcome per command id: the stream is searched for it before deciding, and event ids are
 *   derived from it, so that the store recognises a repeated append.
 * - A bounded cache of folded states saves reading streams already known. Another process may
 *   have moved a stream on, so a refusal or a "nothing to do" is only final on a state that was
 *   refreshed within this call; an append on a stale state is refused by the store.
 * - Commands on one stream queue up within the process; between processes the expected revision
 *   decides, with at most {@link MAX_ATTEMPTS} tries.
 */
export class AggregateStore {
  private readonly cache: LRUCache<string, Known>;
  private readonly queues = new Map<string, Promise<unknown>>();

  constructor(
    private readonly streams: StreamAccess,
    options: { readonly cachedStreams?: number } = {},
    private readonly observer: KernelObserver = silentObserver,
  ) {
    this.cache = new LRUCache({ max: options.cachedStreams ?? CACHED_STREAMS });
  }

  /** The folded state; from the cache unless `fresh`, which reads what is missing. */
  async load<S, C extends DomainCommand, E extends DomainEvent>(
    aggregate: Aggregate<S, C, E>,
    id: string,
    options: { readonly fresh?: boolean } = {},
  ): Promise<LoadedStream<S>> {
    const stream = streamName(aggregate, id);
    const cached = this.lookUp(stream);
    const known = cached && !options.fresh ? cached : await this.refresh(aggregate, stream, cached);
    return known as LoadedStream<S>;
  }

  /**
   * @throws DomainError when the rules refuse; RevisionMismatch for a stale `If-Match`;
   *   CommandIdReused for a known id with another body; TooMuchContention when other writers won
   *   every attempt; StoreUnavailable when the outcome is unknown (repeat with the same id).
   */
  async handle<S, C extends DomainCommand, E extends DomainEvent>(
    aggregate: Aggregate<S, C, E>,
    id: string,
    command: C,
    context: CommandContext,
    options: HandleOptions = {},
  ): Promise<Handled<S, E>> {
    const stream = streamName(aggregate, id);
    const attributes = {
      'hostledger.command': command.type,
      'hostledger.command_id': context.commandId,
      'hostledger.correlation_id': context.correlationId,
      'hostledger.stream': stream,
    };
    return inSpan(command.type, { attributes }, (span) =>
      this.observed(aggregate, stream, command, context, options, span),
    );
  }

  private async observed<S, C extends DomainCommand, E extends DomainEvent>(
    aggregate: Aggregate<S, C, E>,
    stream: string,
    command: C,
    context: CommandContext,
    options: HandleOptions,
    span: Span | undefined,
  ): Promise<Handled<S, E>> {
    const started = performance.now();
    let outcome: CommandOutcome = 'failed';
    try {
      const handled = await this.inTurn(stream, () =>
        this.attempt(aggregate, stream, command, context, options),
      );
      outcome = handled.replayed
        ? 'replayed'
        : handled.events.length > 0
          ? 'accepted'
          : 'unchanged';
      return handled;
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      const seconds = (performance.now() - started) / 1000;
      span?.setAttribute('hostledger.outcome', outcome);
      this.observer.commandHandled(aggregate.category, command.type, outcome, seconds);
    }
  }

  private async attempt<S, C extends DomainCommand, E extends DomainEvent>(
    aggregate: Aggregate<S, C, E>,
    stream: string,
    command: C,
    context: CommandContext,
    options: HandleOptions,
  ): Promise<Handled<S, E>> {
    const hash = context.requestHash ?? hashOf({ type: command.type, data: command.data });
    let known = this.lookUp(stream);
    let fresh = false;
    if (!known) {
      fresh = !options.assumeNew;
      known = fresh ? await this.refresh(aggregate, stream) : unknownStream(aggregate.initialState);
    }
    for (let attempt = 1; ;) {
      const before = known.commands.find((accepted) => accepted.id === context.commandId);
      if (before) return replay<S, E>(known, before, hash);
      const decision = decideOn(aggregate, stream, known, command, context);
      if (!('events' in decision) || decision.events.length === 0) {
        if (fresh) {
          if ('refusal' in decision) throw decision.refusal;
          return { ...(known as Loaded<S>), events: [], replayed: false };
        }
        known = await this.refresh(aggregate, stream, known);
        fresh = true;
        continue;
      }
      try {
        return await this.append(aggregate, stream, known, decision.events, context, hash);
      } catch (error) {
        if (!(error instanceof WrongExpectedRevision)) {
          this.cache.delete(stream);
          throw error;
        }
        if (attempt >= MAX_ATTEMPTS) throw new TooMuchContention(stream, attempt);
        if (attempt > 1) await sleep(Math.random() * CONFLICT_PAUSE_MS * 2 ** attempt);
        attempt += 1;
        known = await this.refresh(aggregate, stream, known);
        fresh = true;
      }
    }
  }

  private async append<S, C extends DomainCommand, E extends DomainEvent>(
    aggregate: Aggregate<S, C, E>,
    stream: string,
    known: Known,
    events: readonly E[],
    context: CommandContext,
    hash: string,
  ): Promise<Handled<S, E>> {
    const metadata: EventMetadata = {
      commandId: context.commandId,
      commandHash: hash,
      actor: context.actor,
      occurredAt: aggregate.isInOrderOfTime ? later(known.latestAt, context.at) : context.at,
      $correlationId: context.correlationId,
      $causationId: context.causationId,
      ...(context.reason === undefined ? {} : { reason: context.reason }),
    };
    const { revision, position } = await this.streams.append(
      stream,
      known.revision < 0n ? 'no_stream' : known.revision,
      events.map((event, index) => ({
        id: eventId(context.commandId, hash, context.at, index),
        type: event.type,
        data: event.data,
        metadata,
      })),
    );
    const state = events.reduce(aggregate.evolve, known.state as S);
    const accepted = { id: context.commandId, hash, revision, position };
    this.cache.set(stream, {
      state,
      revision,
      position,
      latestAt: later(known.latestAt, metadata.occurredAt),
      commands: [...known.commands, accepted],
    });
    return { state, revision, position, events, replayed: false };
  }

  /**
   * Reads what the known state lacks and remembers the result. The last event known is read again:
   * where it is not the one that was folded, the log was restored or replaced under this process,
   * and what was known is of another history.
   */
  private async refresh<S, C extends DomainCommand, E extends DomainEvent>(
    aggregate: Aggregate<S, C, E>,
    stream: string,
    known: Known = unknownStream(aggregate.initialState),
  ): Promise<Known> {
    const isKnown = known.revision >= 0n;
    const read = await this.streams.readStream(stream, isKnown ? known.revision : 0n);
    if (isKnown && !isLastEventOf(known, read[0])) {
      this.cache.delete(stream);
      return this.refresh(aggregate, stream);
    }
    const missing = isKnown ? read.slice(1) : read;
    if (missing.length === 0) {
      if (isKnown) this.cache.set(stream, known);
      return known;
    }
    let state = known.state as S;
    let { latestAt } = known;
    const commands = [...known.commands];
    for (const recorded of missing) {
      const event = upcast(aggregate.upcasters ?? {}, recorded);
      if (aggregate.passesForeign && isForeign(aggregate.events, event.type, recorded)) continue;
      if (!Object.hasOwn(aggregate.events, event.type)) {
        throw new UnreadableHistory(
          `Event ${recorded.revision} of ${stream} has the unknown type ${event.type}`,
        );
      }
      state = aggregate.evolve(state, event as E);
      const { commandId: id, commandHash, occurredAt } = recorded.metadata;
      latestAt = later(latestAt, occurredAt);
      const accepted = {
        id,
        hash: commandHash,
        revision: recorded.revision,
        position: recorded.position,
      };
      if (commands.at(-1)?.id === id) commands.pop();
      commands.push(accepted);
    }
    const { revision, position } = missing.at(-1)!;
    const refreshed: Known = { state, revision, position, latestAt, commands };
    this.cache.set(stream, refreshed);
    return refreshed;
  }

  private lookUp(stream: string): Known | undefined {
    const known = this.cache.get(stream);
    this.observer.stateLookup(known !== undefined);
    return known;
  }

  /** Runs the commands of one stream one after another; those of different streams side by side. */
  private async inTurn<T>(stream: string, work: () => Promise<T>): Promise<T> {
    const previous = this.queues.get(stream);
    const turn = previous ? previous.then(work, work) : work();
    this.queues.set(stream, turn);
    try {
      return await turn;
    } finally {
      if (this.queues.get(stream) === turn) this.queues.delete(stream);
    }
  }
}

const isForeign = (events: object, type: string, { metadata }: RecordedEvent): boolean =>
  !Object.hasOwn(events, type) ||
  typeof (metadata as EventMetadata | null | undefined)?.commandId !== 'string';

const unknownStream = (state: unknown): Known => ({
  state,
  revision: -1n,
  position: 0n,
  latestAt: '',
  commands: [],
});

/** Of two instants. */
const later = (one: string, other: string): string => (one > other ? one : other);

/** By its command, since a position is only as exact as the server's reply to the append. */
const isLastEventOf = ({ commands }: Known, event: RecordedEvent | undefined): boolean => {
  const last = commands.at(-1);
  // Of an event of somebody else, who may have given it none.
  const metadata = event?.metadata as EventMetadata | null | undefined;
  return (
    last !== undefined && metadata?.commandId === last.id && metadata.commandHash === last.hash
  );
};

/** The outcome of an accepted command, again; the state returned is the present one. */
const replay = <S, E extends DomainEvent>(
  known: Known,
  before: AcceptedCommand,
  hash: string,
): Handled<S, E> => {
  if (before.hash !== hash) throw new CommandIdReused(before.id);
  const { revision, position } = before;
  return { state: known.state as S, revision, position, events: [], replayed: true };
};

const decideOn = <S, C extends DomainCommand, E extends DomainEvent>(
  aggregate: Aggregate<S, C, E>,
  stream: string,
  known: Known,
  command: C,
  context: CommandContext,
): { readonly events: readonly E[] } | { readonly refusal: DomainError | RevisionMismatch } => {
  const { expectedRevision } = context;
  if (expectedRevision !== undefined && expectedRevision !== known.revision) {
    return { refusal: new RevisionMismatch(stream, expectedRevision, known.revision) };
  }
  const early = occurredBeforeLatest(context, known);
  if (early) return { refusal: early };
  try {
    return { events: aggregate.decide(command, known.state as S) };
  } catch (error) {
    if (error instanceof DomainError) return { refusal: error };
    throw error;
  }
};

const outcomeOf = (error: unknown): CommandOutcome => {
  if (error instanceof DomainError || error instanceof CommandIdReused) return 'refused';
  if (error instanceof RevisionMismatch || error instanceof TooMuchContention) return 'conflict';
  return error instanceof StoreUnavailable ? 'unavailable' : 'failed';
};
