/** Anything that survives `JSON.parse(JSON.stringify(x))` unchanged. Events hold nothing else. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** A fact of the domain, past tense, as a decider returns it and a fold consumes it. */
export interface DomainEvent<Type extends string = string, Data extends object = object> {
  readonly type: Type;
  readonly data: Data;
}

/** What somebody asks for. `at` is the business time of the act (ISO 8601, UTC), passed in. */
export interface DomainCommand<Type extends string = string, Data extends object = object> {
  readonly type: Type;
  readonly data: Data;
  readonly at: string;
}

/** Who acts: the subject of the access token and the role under which the act was allowed. */
export interface Actor {
  readonly subject: string;
  readonly role: string;
}

/**
 * Stored beside every event. `$correlationId` and `$causationId` are EventStoreDB's reserved
 * tracing keys. `occurredAt` is business time; the store's own `created` is recorded time.
 */
export interface EventMetadata {
  readonly commandId: string;
  /** SHA-256 (hex) of the request that carried the command; the same key with another hash is refused. */
  readonly commandHash: string;
  readonly actor: Actor;
  readonly occurredAt: string;
  readonly $correlationId: string;
  readonly $causationId: string;
  readonly reason?: string;
  /**
   * Of the span that appended the event, where traces are on: W3C trace context, in hex, under the names
   * that the store's own clients use. No part of the command: a try sent again leaves what the first said.
   */
  readonly $traceId?: string;
  readonly $spanId?: string;
}

/** An event as read back, upcast to its newest shape. */
export interface RecordedEvent<E extends DomainEvent = DomainEvent> {
  readonly id: string;
  readonly type: E['type'];
  readonly data: E['data'];
  readonly metadata: EventMetadata;
  readonly stream: string;
  readonly revision: bigint;
  /** Commit position in `$all`: strictly increasing, with gaps. */
  readonly position: bigint;
  readonly recordedAt: string;
}

/** {@link RecordedEvent} of a union, narrowable by `type`. */
export type Recorded<E extends DomainEvent> = E extends DomainEvent ? RecordedEvent<E> : never;
