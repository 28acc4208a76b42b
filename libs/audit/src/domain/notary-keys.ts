import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';

import { shaped } from './notary-shapes.js';

// Events

export type NotaryKeyAdopted = DomainEvent<
  'NotaryKeyAdopted',
  {
    /** Name of the log in its checkpoints, for ever. */
    readonly origin: string;
    /** `<name>+<key id>+<base64>`, by which signatures are checked. Source: https://c2sp.org/signed-note. */
    readonly verifierKey: string;
  }
>;
export type NotaryKeyRotated = DomainEvent<
  'NotaryKeyRotated',
  {
    /** Name of the log. */
    readonly origin: string;
    /** The verifier key until now. */
    readonly from: string;
    /** The verifier key of all checkpoints that cover this event. */
    readonly to: string;
    /** Signed note of origin, both keys and the time, with a signature of each of the two keys. */
    readonly statement: string;
  }
>;

export type NotaryKeyEvent = NotaryKeyAdopted | NotaryKeyRotated;

export const notaryKeyEvents: EventCatalogue<NotaryKeyEvent> = {
  NotaryKeyAdopted: 'The checkpoints of this log are signed, first by this key.',
  NotaryKeyRotated:
    'Checkpoints that cover this event are signed by another key, as the old and the new one say.',
};

// State

/** The keys of a log, in the order in which they came to be in force. */
export interface NotaryKeys {
  readonly keys: readonly string[];
}

export const keyInForce = ({ keys }: NotaryKeys): string | undefined => keys.at(-1);

const evolve = (state: NotaryKeys, event: NotaryKeyEvent): NotaryKeys => {
  const { keys } = state;
  // Whoever may append to the log can repeat what is here, or put something else.
  if (!shaped(event)) return state;
  if (event.type === 'NotaryKeyAdopted') {
    return keys.length === 0 ? { keys: [event.data.verifierKey] } : state;
  }
  return keyInForce(state) === event.data.from ? { keys: [...keys, event.data.to] } : state;
};

// Commands and decisions

export type NotaryKeyCommand =
  | DomainCommand<'AdoptNotaryKey', NotaryKeyAdopted['data']>
  | DomainCommand<
      'RotateNotaryKey',
      NotaryKeyRotated['data'] & {
        /** Which of the two keys signed the statement, as was looked at beforehand. */
        readonly signedBy: readonly string[];
      }
    >;

const decide = (command: NotaryKeyCommand, state: NotaryKeys): readonly NotaryKeyEvent[] => {
  switch (command.type) {
    case 'AdoptNotaryKey': {
      const { origin, verifierKey } = command.data;
      const known = keyInForce(state);
      if (known === verifierKey) return [];
      if (known !== undefined) {
        throw refused('notary/key-adopted', `The log ${origin} has a key already`);
      }
      return [{ type: 'NotaryKeyAdopted', data: { origin, verifierKey } }];
    }
    case 'RotateNotaryKey':
      return rotate(command.data, state);
    default:
      return unreachable(command);
  }
};

const rotate = (
  {
    origin,
    from,
    to,
    statement,
    signedBy,
  }: Extract<NotaryKeyCommand, { type: 'RotateNotaryKey' }>['data'],
  state: NotaryKeys,
): readonly NotaryKeyEvent[] => {
  const known = keyInForce(state);
  if (known === to) return [];
  if (known !== from) {
    throw refused('notary/key-not-in-force', `The key ${from} is not in force in ${origin}`);
  }
  if (state.keys.includes(to)) {
    throw refused('notary/key-used-before', `The key ${to} was in force before`);
  }
  if (![from, to].every((key) => signedBy.includes(key))) {
    throw refused('notary/rotation-not-signed', 'The old and the new key must sign the rotation');
  }
  return [{ type: 'NotaryKeyRotated', data: { origin, from, to, statement } }];
};

const refused = (code: string, message: string): DomainError =>
  new DomainError('conflict', code, message);

/**
 * By which keys the checkpoints of a log are to be believed; the id is the origin. A checkpoint is
 * signed by the key that is in force at its position: the last one named up to there.
 */
export const notaryKeysAggregate: Aggregate<NotaryKeys, NotaryKeyCommand, NotaryKeyEvent> = {
  category: 'notaryKeys',
  passesForeign: true,
  initialState: { keys: [] },
  events: notaryKeyEvents,
  decide,
  evolve,
};
