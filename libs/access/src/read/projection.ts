import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { AccessTokenEvent } from '../domain/access-token.js';

export interface AccessTokenRow {
  token_id: string;
  subject: string;
  roles: readonly string[];
  note: string;
  issued_at: string;
  issued_by: string;
  expires_at: string | null;
  revoked_at: string | null;
  /** Null for everybody's objects. */
  customers: readonly string[] | null;
}

export interface AccessTables {
  access_tokens: AccessTokenRow;
}

const accessTokens = tableFold<AccessTokenRow, AccessTokenEvent>({
  table: {
    name: 'access_tokens',
    columns: {
      token_id: 'text',
      subject: 'text',
      roles: 'jsonb',
      note: 'text',
      issued_at: 'timestamptz',
      issued_by: 'text',
      expires_at: 'timestamptz',
      revoked_at: 'timestamptz',
      customers: 'jsonb',
    },
    key: ['token_id'],
    nullable: ['expires_at', 'revoked_at', 'customers'],
  },
  keys: {
    AccessTokenIssued: ({ data }) => [{ token_id: data.tokenId }],
    AccessTokenLimited: ({ data }) => [{ token_id: data.tokenId }],
    AccessTokenRevoked: ({ data }) => [{ token_id: data.tokenId }],
  },
  evolve: (row, event) => {
    if (event.type === 'AccessTokenRevoked') return row && { ...row, revoked_at: event.recordedAt };
    if (event.type === 'AccessTokenLimited') {
      return row && { ...row, customers: event.data.customers };
    }
    const { tokenId, subject, roles, note, expiresAt } = event.data;
    return {
      token_id: tokenId,
      subject,
      roles,
      note,
      issued_at: event.recordedAt,
      issued_by: event.metadata.actor.subject,
      expires_at: expiresAt,
      revoked_at: null,
      customers: null,
    };
  },
});

export const accessProjection: Projection = { name: 'access', version: 2, tables: [accessTokens] };
