import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { AccessDenialEvent, DeniedRequests } from '../domain/access-denials.js';

/** Requests that were not let through, summed as they were recorded. */
export interface AccessDenialRow {
  position: bigint;
  who: DeniedRequests['who'];
  subject: string | null;
  roles: readonly string[] | null;
  method: string | null;
  route: string | null;
  status: number;
  code: string;
  count: number;
  first_at: string;
  last_at: string;
}

export interface AccessDenialTables {
  access_denials: AccessDenialRow;
}

const denials = tableFold<AccessDenialRow, AccessDenialEvent>({
  table: {
    name: 'access_denials',
    columns: {
      position: 'bigint',
      who: 'text',
      subject: 'text',
      roles: 'jsonb',
      method: 'text',
      route: 'text',
      status: 'integer',
      code: 'text',
      count: 'integer',
      first_at: 'timestamptz',
      last_at: 'timestamptz',
    },
    key: ['position'],
    nullable: ['subject', 'roles', 'method', 'route'],
    indexes: [['first_at']],
    insertOnly: true,
  },
  keys: { AccessDenied: ({ position }) => [{ position }] },
  evolve: (_, { position, data }) => ({
    position,
    who: data.who,
    subject: data.subject ?? null,
    roles: data.roles ?? null,
    method: data.method ?? null,
    route: data.route ?? null,
    status: data.status,
    code: data.code,
    count: data.count,
    first_at: data.firstAt,
    last_at: data.lastAt,
  }),
});

export const denialsProjection: Projection = {
  name: 'access_denials',
  version: 1,
  tables: [denials],
};
