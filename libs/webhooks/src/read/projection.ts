import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { PauseCause, PausedBy, WebhookEvent, WebhookFilter } from '../domain/webhook.js';

export interface WebhookRow {
  webhook_id: string;
  /** Of the stream. */
  revision: bigint;
  url: string;
  description: string;
  filter: WebhookFilter;
  /** Events after it are delivered. */
  after: bigint;
  status: 'active' | 'paused';
  paused_by: PausedBy | null;
  paused_cause: PauseCause | null;
  paused_detail: string | null;
  secret_version: number;
  previous_secret_until: string | null;
  created_at: string;
  created_by: string;
  changed_at: string;
}

export interface WebhookDeadLetterRow {
  webhook_id: string;
  position: bigint;
  status: 'open' | 'replaying';
  stream: string;
  revision: bigint;
  event_id: string;
  event_type: string;
  attempts: number;
  last_status: number | null;
  cause: string;
  dead_lettered_at: string;
}

export interface WebhookTables {
  webhooks: WebhookRow;
  webhook_dead_letters: WebhookDeadLetterRow;
}

const keyOf = ({ data }: { readonly data: { readonly webhookId: string } }) => [
  { webhook_id: data.webhookId },
];

const webhooks = tableFold<WebhookRow, WebhookEvent>({
  table: {
    name: 'webhooks',
    columns: {
      webhook_id: 'text',
      revision: 'bigint',
      url: 'text',
      description: 'text',
      filter: 'jsonb',
      after: 'bigint',
      status: 'text',
      paused_by: 'text',
      paused_cause: 'text',
      paused_detail: 'text',
      secret_version: 'integer',
      previous_secret_until: 'timestamptz',
      created_at: 'timestamptz',
      created_by: 'text',
      changed_at: 'timestamptz',
    },
    key: ['webhook_id'],
    nullable: ['paused_by', 'paused_cause', 'paused_detail', 'previous_secret_until'],
  },
  keys: {
    WebhookSubscribed: keyOf,
    WebhookChanged: keyOf,
    WebhookPaused: keyOf,
    WebhookResumed: keyOf,
    WebhookSecretRotated: keyOf,
    WebhookDeadLettered: keyOf,
    WebhookReplayRequested: keyOf,
    WebhookDeadLetterDelivered: keyOf,
    WebhookDeadLetterDiscarded: keyOf,
    WebhookDeleted: keyOf,
  },
  evolve: (row, event) => {
    if (event.type === 'WebhookSubscribed') {
      const { webhookId, url, description, filter, after } = event.data;
      return {
        webhook_id: webhookId,
        revision: event.revision,
        ...{ url, description, filter },
        after: BigInt(after),
        status: 'active',
        ...NOT_PAUSED,
        secret_version: 1,
        previous_secret_until: null,
        created_at: event.recordedAt,
        created_by: event.metadata.actor.subject,
        changed_at: event.recordedAt,
      };
    }
    if (!row || event.type === 'WebhookDeleted') return undefined;
    const { revision } = event;
    switch (event.type) {
      case 'WebhookChanged': {
        const { url, description, filter } = event.data;
        return { ...row, revision, url, description, filter, changed_at: event.recordedAt };
      }
      case 'WebhookPaused': {
        const { by: paused_by, cause: paused_cause, detail: paused_detail } = event.data;
        return { ...row, revision, status: 'paused', paused_by, paused_cause, paused_detail };
      }
      case 'WebhookResumed':
        return { ...row, revision, status: 'active', ...NOT_PAUSED };
      case 'WebhookSecretRotated': {
        const { secretVersion, previousUntil } = event.data;
        const secret = { secret_version: secretVersion, previous_secret_until: previousUntil };
        return { ...row, revision, ...secret };
      }
      default:
        return { ...row, revision };
    }
  },
});

const NOT_PAUSED = { paused_by: null, paused_cause: null, paused_detail: null } as const;

const letterOf = (webhookId: string, position: string): Partial<WebhookDeadLetterRow> => ({
  webhook_id: webhookId,
  position: BigInt(position),
});
const lettersOf = (
  webhookId: string,
  positions: readonly string[],
): Partial<WebhookDeadLetterRow>[] => positions.map((position) => letterOf(webhookId, position));

const deadLetters = tableFold<WebhookDeadLetterRow, WebhookEvent>({
  table: {
    name: 'webhook_dead_letters',
    columns: {
      webhook_id: 'text',
      position: 'bigint',
      status: 'text',
      stream: 'text',
      revision: 'bigint',
      event_id: 'text',
      event_type: 'text',
      attempts: 'integer',
      last_status: 'integer',
      cause: 'text',
      dead_lettered_at: 'timestamptz',
    },
    key: ['webhook_id', 'position'],
    nullable: ['last_status'],
  },
  keys: {
    WebhookDeadLettered: ({ data }) => [letterOf(data.webhookId, data.position)],
    WebhookReplayRequested: ({ data }) => lettersOf(data.webhookId, data.positions),
    WebhookDeadLetterDelivered: ({ data }) => [letterOf(data.webhookId, data.position)],
    WebhookDeadLetterDiscarded: ({ data }) => [letterOf(data.webhookId, data.position)],
    WebhookDeleted: ({ data }) => lettersOf(data.webhookId, data.deadLetters),
  },
  evolve: (row, event) => {
    switch (event.type) {
      case 'WebhookDeadLettered': {
        const { data } = event;
        return {
          webhook_id: data.webhookId,
          position: BigInt(data.position),
          status: 'open',
          stream: data.stream,
          revision: BigInt(data.revision),
          event_id: data.eventId,
          event_type: data.eventType,
          attempts: data.attempts,
          last_status: data.lastStatus,
          cause: data.cause,
          dead_lettered_at: event.recordedAt,
        };
      }
      case 'WebhookReplayRequested':
        return row && { ...row, status: 'replaying' };
      default:
        return undefined;
    }
  },
});

export const webhooksProjection: Projection = {
  name: 'webhooks',
  version: 1,
  tables: [webhooks, deadLetters],
};
