import { recorded, rowsOf } from '@hostledger/testing';
import type { WebhookEvent } from '../domain/webhook.js';
import { webhooksProjection, type WebhookDeadLetterRow, type WebhookRow } from './projection.js';

const [webhooks, deadLetters] = webhooksProjection.tables;
const webhookId = 'w1';
const target = { url: 'https://erp.example/', filter: { types: ['MinerMoved'] }, description: '' };
const subscribed: WebhookEvent = {
  type: 'WebhookSubscribed',
  data: { webhookId, ...target, after: '500', keyId: 'k1' },
};
const dead = (position: string): WebhookEvent => ({
  type: 'WebhookDeadLettered',
  data: {
    webhookId,
    position,
    stream: 'miner-1',
    revision: '3',
    eventId: 'e1',
    eventType: 'MinerMoved',
    attempts: 12,
    lastStatus: null,
    cause: 'timeout',
  },
});

const webhooksAfter = (...events: WebhookEvent[]): WebhookRow[] =>
  rowsOf<WebhookRow>(webhooks!, recorded('webhook-w1', events));
const lettersAfter = (...events: WebhookEvent[]): WebhookDeadLetterRow[] =>
  rowsOf<WebhookDeadLetterRow>(deadLetters!, recorded('webhook-w1', events));

describe('the webhooks', () => {
  it('show who subscribed what, and at which revision they are', () => {
    expect(webhooksAfter(subscribed, dead('700'))).toMatchObject([
      {
        ...target,
        webhook_id: 'w1',
        after: 500n,
        status: 'active',
        secret_version: 1,
        created_by: 'ada',
        revision: 1n,
      },
    ]);
  });

  it('show a change, a pause with its cause, and a rotation', () => {
    const url = 'https://erp.example/v2';
    const changed: WebhookEvent = {
      type: 'WebhookChanged',
      data: { webhookId, ...target, url },
    };
    const paused: WebhookEvent = {
      type: 'WebhookPaused',
      data: { webhookId, by: 'system', cause: 'gone', detail: 'The receiver answered 410 Gone' },
    };
    const rotated: WebhookEvent = {
      type: 'WebhookSecretRotated',
      data: {
        webhookId,
        secretVersion: 2,
        keyId: 'k1',
        previousUntil: '2024-06-02T00:00:00.000Z',
      },
    };
    const resumed: WebhookEvent = { type: 'WebhookResumed', data: { webhookId } };
    expect(webhooksAfter(subscribed, changed, paused)).toMatchObject([
      { url, status: 'paused', paused_by: 'system', paused_cause: 'gone' },
    ]);
    expect(webhooksAfter(subscribed, paused, resumed, rotated)).toMatchObject([
      {
        status: 'active',
        paused_by: null,
        secret_version: 2,
        previous_secret_until: '2024-06-02T00:00:00.000Z',
      },
    ]);
  });

  it('show nothing of one that was deleted', () => {
    const deleted: WebhookEvent = {
      type: 'WebhookDeleted',
      data: { webhookId, deadLetters: ['700'] },
    };
    expect(webhooksAfter(subscribed, dead('700'), deleted)).toEqual([]);
    expect(lettersAfter(subscribed, dead('700'), deleted)).toEqual([]);
  });
});

describe('the dead letters', () => {
  it('wait, are replayed, and go when they are delivered or discarded', () => {
    const replay: WebhookEvent = {
      type: 'WebhookReplayRequested',
      data: { webhookId, positions: ['700', '800'] },
    };
    const delivered: WebhookEvent = {
      type: 'WebhookDeadLetterDelivered',
      data: { webhookId, position: '700' },
    };
    const discarded: WebhookEvent = {
      type: 'WebhookDeadLetterDiscarded',
      data: { webhookId, position: '800' },
    };
    const two = [subscribed, dead('700'), dead('800')];
    expect(lettersAfter(...two, replay)).toMatchObject([
      { position: 700n, status: 'replaying', last_status: null, cause: 'timeout' },
      { position: 800n, status: 'replaying' },
    ]);
    expect(lettersAfter(...two, replay, delivered)).toMatchObject([{ position: 800n }]);
    expect(lettersAfter(...two, replay, dead('700'))[0]).toMatchObject({ status: 'open' });
    expect(lettersAfter(...two, delivered, discarded)).toEqual([]);
  });
});
