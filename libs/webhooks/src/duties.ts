import { dutiesOfRoom } from '@hostledger/eventsourcing';
import type { WebhookEvent } from './domain/webhook.js';

export const webhooksDuties = dutiesOfRoom<WebhookEvent>({
  overrides: {
    'webhooks/dead-letter-discarded':
      'An event that a receiver was to get was put away undelivered',
  },
  acts: {
    WebhookDeadLetterDiscarded: ({ data }) => [
      {
        kind: 'override',
        name: 'webhooks/dead-letter-discarded',
        about: `webhook ${data.webhookId}, event at ${data.position}`,
      },
    ],
  },
});
