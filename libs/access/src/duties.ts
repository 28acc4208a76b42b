import { dutiesOfRoom } from '@hostledger/eventsourcing';
import type { AccessTokenEvent } from './domain/access-token.js';

/** Whoever issues tokens could be two persons: what a subject approves, its issuer may have asked for. */
export const accessDuties = dutiesOfRoom<AccessTokenEvent>({
  duties: {
    'access/issues-tokens': 'Gives out tokens in the name of a subject',
    'access/revokes-tokens': 'Withdraws tokens',
  },
  acts: {
    AccessTokenIssued: ({ data }) => [
      {
        kind: 'duty',
        name: 'access/issues-tokens',
        about: `token ${data.tokenId}`,
        other: data.subject,
        reason: `roles ${data.roles.join(', ')}${data.note === '' ? '' : `; ${data.note}`}`,
      },
    ],
    AccessTokenRevoked: ({ data }) => [
      { kind: 'duty', name: 'access/revokes-tokens', about: `token ${data.tokenId}` },
    ],
  },
});
