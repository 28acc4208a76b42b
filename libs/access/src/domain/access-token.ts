import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import { isReservedSubject } from './subject.js';

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
  | DomainEvent<
      'AccessTokenLimited',
      {
        tokenId: string;
        /** Ids of the customers whose objects alone it shows, each once. */
        customers: readonly string[];
      }
    >
  | DomainEvent<'AccessTokenRevoked', { tokenId: string }>;

export const accessTokenEvents: EventCatalogue<AccessTokenEvent> = {
  AccessTokenIssued: 'A token was issued to a subject with roles; only a hash of it is kept.',
  AccessTokenLimited:
    'A token was limited to the objects of customers, in the append that issued it.',
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
      /** Those whose objects alone it shows; null for everybody's. */
      readonly customers: readonly string[] | null;
    };

const evolve = (token: AccessToken, event: AccessTokenEvent): AccessToken => {
  switch (event.type) {
    case 'AccessTokenIssued': {
      const { secretHash, subject, roles, expiresAt } = event.data;
      return { status: 'issued', secretHash, subject, roles, expiresAt, customers: null };
    }
    case 'AccessTokenLimited':
      return token.status === 'issued' ? { ...token, customers: event.data.customers } : token;
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
        /** Null for a token that shows everybody's objects. */
        customers: readonly string[] | null;
      }
    >
  | DomainCommand<'RevokeAccessToken', { tokenId: string }>;

type CommandData<T extends AccessTokenCommand['type']> = Extract<
  AccessTokenCommand,
  { readonly type: T }
>['data'];

// Decide

const decide = (command: AccessTokenCommand, token: AccessToken): readonly AccessTokenEvent[] => {
  switch (command.type) {
    case 'IssueAccessToken':
      return issue(command.data, token, command.at);
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

/**
 * The limit is an event of its own in the same append: what a token was issued for stays as it was,
 * and who does not know of limits yet stops at it instead of letting such a token see everything.
 */
const issue = (
  { customers, ...data }: CommandData<'IssueAccessToken'>,
  token: AccessToken,
  at: string,
): AccessTokenEvent[] => {
  const { tokenId, subject, roles, expiresAt } = data;
  if (token.status !== 'unknown') throw alreadyIssued(tokenId);
  if (isReservedSubject(subject)) {
    const message = 'Subjects that begin with system: or cli: are not given out, nor half of oidc:';
    throw new DomainError('invalid', 'access-token/subject-reserved', message, {}, '/subject');
  }
  if (expiresAt !== null && expiresAt <= at) {
    const message = 'A token must not expire before it is issued';
    throw new DomainError('invalid', 'access-token/expired', message, {}, '/expiresAt');
  }
  if (customers === null ? roles.includes(LIMITED_ROLE) : customers.length === 0) {
    const message =
      'A token for the people of a customer names the customers whose objects it shows';
    throw new DomainError('invalid', 'access-token/customers-missing', message, {}, '/customers');
  }
  const issued: AccessTokenEvent = { type: 'AccessTokenIssued', data };
  if (customers === null) return [issued];
  return [
    issued,
    { type: 'AccessTokenLimited', data: { tokenId, customers: distinct(customers) } },
  ];
};

const LIMITED_ROLE = 'customer';

const distinct = (ids: readonly string[]): readonly string[] => [
  ...new Set(ids.map((id) => id.toLowerCase())),
];

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
