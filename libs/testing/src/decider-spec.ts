import { deepStrictEqual, strictEqual, AssertionError } from 'node:assert';
import {
  DomainError,
  type Decider,
  type DomainCommand,
  type DomainEvent,
} from '@hostledger/eventsourcing';

/** `given(...events).when(command)`, ended by exactly one of the expectations. */
export interface DeciderSpec<C, E> {
  readonly given: (...history: readonly E[]) => {
    readonly when: (command: C) => DeciderExpectation<E>;
  };
}

export interface DeciderExpectation<E> {
  /** Exactly these events, whole and in this order. */
  readonly then: (...events: readonly E[]) => void;
  /** The command is accepted and changes nothing. */
  readonly thenNothing: () => void;
  /** Refused by the rule of this code; with `pointer`, blaming that field. */
  readonly thenRejects: (code: string, pointer?: string) => void;
}

/**
 * Given / when / then for a decider.
 *
 * Events are compared exactly, in order and whole, after a JSON round trip; an event that such a
 * trip would change (Date, bigint, Map, undefined) fails. History and command are frozen, and
 * every event produced is folded back in, so a decider that mutates its input or cannot read what
 * it wrote fails as well.
 */
export const specOf = <S, C extends DomainCommand, E extends DomainEvent>(
  decider: Decider<S, C, E>,
): DeciderSpec<C, E> => ({
  given: (...history) => ({
    when: (command) => {
      const decide = (): readonly E[] => {
        const state = deepFreeze(history.map(honest)).reduce(decider.evolve, decider.initialState);
        const events = decider.decide(deepFreeze(command), state);
        events.map(honest).reduce(decider.evolve, state);
        return events;
      };
      const then = (...expected: readonly E[]): void =>
        deepStrictEqual(decide().map(honest), expected.map(honest));
      return {
        then,
        thenNothing: () => then(),
        thenRejects: (code, pointer) => {
          const refusal = refusalOf(decide);
          strictEqual(refusal.code, code);
          if (pointer !== undefined) strictEqual(refusal.pointer, pointer);
        },
      };
    },
  }),
});

/** The event as it would be read back; it must be equal to the one that was written. */
const honest = <E extends DomainEvent>(event: E): E => {
  const readBack = JSON.parse(JSON.stringify(event)) as E;
  deepStrictEqual(readBack, event, `${event.type} does not survive JSON`);
  return readBack;
};

const refusalOf = (decide: () => readonly DomainEvent[]): DomainError => {
  let events: readonly DomainEvent[];
  try {
    events = decide();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  const types = events.map(({ type }) => type).join(', ') || 'no events';
  throw new AssertionError({ message: `Expected a refusal, got ${types}` });
};

const deepFreeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
};
