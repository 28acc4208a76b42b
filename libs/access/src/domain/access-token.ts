import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';

// Events

export type AccessTokenEvent =
  | DomainEvent<
      'AccessTokenIssued',
      {
        tokenId: string;
        /** SHA-256 (hex) of the secret part; the secret itself is nowhere. */
        secretHash: string;
        subject: string;
        roles: readonly string[];
        /** ISO 8601 UTC; null for a token that does not expire. */
        expiresAt: string | null;
        note: string;
      }
    >
  | DomainEvent<'AccessTokenRevoked', { tokenId: string }>;

export const accessTokenEvents: EventCatalogue<AccessTokenEvent> = {
  AccessTokenIssued: 'A token was issued to a subject with roles; only a hash of it is kept.',
  AccessTokenRevoked: 'A token was withdrawn and opens nothing any more.',
};

// State

export type AccessToken =
  | { readonly status: 'unknown' | 'revoked' }
  | {
      readonly status: 'issued';
      readonly secretHash: string;
      readonly subject: string;
      readonly roles: readonly string[];
      readonly expiresAt: string | null;
    };

const evolve = (_token: AccessToken, event: AccessTokenEvent): AccessToken => {
  switch (event.type) {
    case 'AccessTokenIssued': {
      const { secretHash, subject, roles, expiresAt } = event.data;
      return { status: 'issued', secretHash, subject, roles, expiresAt };
    }
    case 'AccessTokenRevoked':
      return { status: 'revoked' };
  }
};

// Commands

export type AccessTokenCommand =
  | DomainCommand<
      'IssueAccessToken',
      {
        tokenId: string;
        secretHash: string;
        subject: string;
        roles: readonly string[];
        expiresAt: string | null;
        note: string;
      }
    >
  | DomainCommand<'RevokeAccessToken', { tokenId: string }>;

// Decide

const decide = (command: AccessTokenCommand, token: AccessToken): readonly AccessTokenEvent[] => {
  switch (command.type) {
    case 'IssueAccessToken': {
      const { tokenId, subject, expiresAt } = command.data;
      if (token.status !== 'unknown') throw alreadyIssued(tokenId);
      if (RESERVED_SUBJECT.test(subject)) {
        const message = 'Subjects that begin with system: or cli: are not given out';
        throw new DomainError('invalid', 'access-token/subject-reserved', message, {}, '/subject');
      }
      if (expiresAt !== null && expiresAt <= command.at) {
        const message = 'A token must not expire before it is issued';
        throw new DomainError('invalid', 'access-token/expired', message, {}, '/expiresAt');
      }
      return [{ type: 'AccessTokenIssued', data: command.data }];
    }
    case 'RevokeAccessToken':
      if (token.status === 'revoked') return [];
      if (token.status === 'unknown') {
        throw new DomainError('notFound', 'access-token/unknown', 'There is no such token');
      }
      return [{ type: 'AccessTokenRevoked', data: command.data }];
    default:
      return unreachable(command);
  }
};

/** Actors of the system itself and of its operators' command line; history must not confuse them. */
const RESERVED_SUBJECT = /^(system|cli):/i;

export const alreadyIssued = (tokenId: string): DomainError =>
  new DomainError(
    'conflict',
    'access-token/already-issued',
    'This token was already issued; its secret was shown once and cannot be shown again',
    { tokenId },
  );

/** A bearer token: issued once, revoked at most once, never changed in between. */
export const accessTokenAggregate: Aggregate<AccessToken, AccessTokenCommand, AccessTokenEvent> = {
  category: 'accessToken',
  initialState: { status: 'unknown' },
  events: accessTokenEvents,
  decide,
  evolve,
};
