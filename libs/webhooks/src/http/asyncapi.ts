import { channelMessages, registerAsyncApi } from '@hostledger/feed';

const text = (description: string): object => ({ type: 'string', description });

registerAsyncApi({
  channels: {
    webhook: {
      address: '{url}',
      title: 'A webhook',
      description:
        'The address of a subscription (`POST /v1/webhooks`). Each event is posted until it is ' +
        'answered with 2xx within ten seconds, at least once and in the order of its stream; a ' +
        'repetition has the same `webhook-id`. 410 pauses the subscription.',
      parameters: { url: { description: 'As it was subscribed' } },
      messages: channelMessages(),
    },
  },
  operations: {
    deliverEvents: {
      action: 'send',
      channel: { $ref: '#/channels/webhook' },
      summary: 'An event that a subscription wants',
      description:
        'Signed as the Standard Webhooks specification says, with the headers of WebhookHeaders.',
      bindings: { http: { method: 'POST', bindingVersion: '0.3.0' } },
    },
  },
  schemas: {
    WebhookHeaders: {
      type: 'object',
      required: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
      properties: {
        'webhook-id': text('The `id` of the event, by which repetitions are told'),
        'webhook-timestamp': text('Of this attempt, in seconds of the epoch'),
        'webhook-signature': text(
          '`v1,` and the HMAC-SHA256 of `<id>.<timestamp>.<body>` in base64; of two secrets, with a ' +
            'space between, while a rotation overlaps',
        ),
      },
    },
  },
});
