import { registerProblems } from '@hostledger/http';

registerProblems({
  'webhook/unknown': { status: 404, title: 'There is no such webhook' },
  'webhook/exists': { status: 409, title: 'The webhook exists already' },
  'webhook/events-undelivered': {
    status: 422,
    title: 'Events of webhooks themselves, access tokens and command keys are not delivered',
  },
  'webhook/address-refused': { status: 422, title: 'The address may not be called' },
  'webhook/position-unknown': { status: 422, title: 'The log does not reach that position' },
  'webhook/too-many': { status: 409, title: 'There are as many webhooks as may be' },
  'webhook/dead-letter-unknown': { status: 404, title: 'No such dead letter waits' },
  'webhook/key-missing': {
    status: 503,
    title: 'Webhooks cannot be signed: the server has no WEBHOOK_KEY',
  },
});
