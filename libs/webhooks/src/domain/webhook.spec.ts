import { specOf } from '@hostledger/testing';
import {
  MAX_DEAD_LETTERS,
  webhookAggregate,
  type DeadLetter,
  type WebhookCommand,
  type WebhookEvent,
} from './webhook.js';

const { given } = specOf(webhookAggregate);
const at = '2024-04-20T00:00:00.000Z';
const webhookId = 'w1';
const target = {
  url: 'https://erp.example/events',
  filter: { categories: ['miner'] },
  description: 'ERP',
};
const subscribed: WebhookEvent = {
  type: 'WebhookSubscribed',
  data: { webhookId, ...target, after: '500', keyId: 'k1' },
};
const letter = (position: string, change: Partial<DeadLetter> = {}): DeadLetter => ({
  position,
  stream: 'miner-1',
  revision: '3',
  eventId: 'e1',
  eventType: 'MinerRelocated',
  attempts: 12,
  lastStatus: 503,
  cause: 'status',
  ...change,
});
const dead = (position: string): WebhookEvent => ({
  type: 'WebhookDeadLettered',
  data: { webhookId, ...letter(position) },
});
const requested = (...positions: string[]): WebhookEvent => ({
  type: 'WebhookReplayRequested',
  data: { webhookId, positions },
});
const delivered = (position: string): WebhookEvent => ({
  type: 'WebhookDeadLetterDelivered',
  data: { webhookId, position },
});
const discarded = (position: string): WebhookEvent => ({
  type: 'WebhookDeadLetterDiscarded',
  data: { webhookId, position },
});
const byHand: WebhookEvent = {
  type: 'WebhookPaused',
  data: { webhookId, by: 'operator', cause: 'request', detail: '' },
};
const resumed: WebhookEvent = { type: 'WebhookResumed', data: { webhookId } };
const deleted: WebhookEvent = { type: 'WebhookDeleted', data: { webhookId, deadLetters: [] } };

const subscribe = (filter: object = target.filter): WebhookCommand => ({
  type: 'SubscribeWebhook',
  data: { webhookId, ...target, filter, after: '500', keyId: 'k1' },
  at,
});
const changeTo = (change: object): WebhookCommand => ({
  type: 'ChangeWebhook',
  data: { webhookId, ...change },
  at,
});
const pause: WebhookCommand = {
  type: 'PauseWebhook',
  data: { webhookId, by: 'operator', cause: 'request', detail: '' },
  at,
};
const resume: WebhookCommand = { type: 'ResumeWebhook', data: { webhookId }, at };
const rotate: WebhookCommand = {
  type: 'RotateWebhookSecret',
  data: { webhookId, keyId: 'k2', previousUntil: '2024-04-21T00:00:00.000Z' },
  at,
};
const giveUp = (position: string, replayed = false): WebhookCommand => ({
  type: 'GiveUpDelivery',
  data: { webhookId, ...letter(position), replayed },
  at,
});
const replay = (position: string | null): WebhookCommand => ({
  type: 'RequestReplay',
  data: { webhookId, position },
  at,
});
const settle = (position: string): WebhookCommand => ({
  type: 'SettleDeadLetter',
  data: { webhookId, position },
  at,
});
const discard = (position: string): WebhookCommand => ({
  type: 'DiscardDeadLetter',
  data: { webhookId, position },
  at,
});
const progress = (position: string): WebhookCommand => ({
  type: 'RecordProgress',
  data: { webhookId, position },
  at,
});
const remove: WebhookCommand = { type: 'DeleteWebhook', data: { webhookId }, at };

describe('a webhook', () => {
  it('is subscribed once, from a position on', () => {
    given().when(subscribe()).then(subscribed);
    given(subscribed).when(subscribe()).thenRejects('webhook/exists');
    given(subscribed, deleted).when(subscribe()).thenRejects('webhook/exists');
  });

  it.each([
    { categories: ['miner', 'webhook'] },
    { types: ['WebhookProgressed'] },
    { categories: ['accessToken'] },
  ])('does not deliver what deliveries record, nor how the system is guarded: %j', (filter) => {
    given().when(subscribe(filter)).thenRejects('webhook/events-undelivered', '/filter');
    given(subscribed)
      .when(changeTo({ filter }))
      .thenRejects('webhook/events-undelivered', '/filter');
  });

  it('changes what is given and keeps the rest', () => {
    given(subscribed)
      .when(changeTo({ url: 'https://erp.example/v2' }))
      .then({
        type: 'WebhookChanged',
        data: { webhookId, ...target, url: 'https://erp.example/v2' },
      });
    given(subscribed).when(changeTo(target)).thenNothing();
  });

  it('is paused and resumed, by whomever first', () => {
    given(subscribed).when(pause).then(byHand);
    given(subscribed, byHand).when(pause).thenNothing();
    given(subscribed, byHand).when(resume).then(resumed);
    given(subscribed).when(resume).thenNothing();
  });

  it('gets a new secret with each rotation, one version after another', () => {
    const rotated = (secretVersion: number): WebhookEvent => ({
      type: 'WebhookSecretRotated',
      data: { webhookId, secretVersion, keyId: 'k2', previousUntil: '2024-04-21T00:00:00.000Z' },
    });
    given(subscribed).when(rotate).then(rotated(2));
    given(subscribed, rotated(2)).when(rotate).then(rotated(3));
  });

  it('records progress that goes forward only', () => {
    given(subscribed)
      .when(progress('600'))
      .then({ type: 'WebhookProgressed', data: { webhookId, position: '600' } });
    given(subscribed).when(progress('500')).thenNothing();
    given(subscribed).when(progress('90')).thenNothing();
  });

  it('is deleted once, with the dead letters that wait', () => {
    given(subscribed, dead('700'), dead('800'), discarded('800'))
      .when(remove)
      .then({ type: 'WebhookDeleted', data: { webhookId, deadLetters: ['700'] } });
    given(subscribed, deleted).when(remove).thenNothing();
    given().when(remove).thenRejects('webhook/unknown');
  });

  it.each([pause, resume, rotate, changeTo({}), giveUp('700'), replay(null), progress('600')])(
    'does not know $type when it is unknown or deleted',
    (command) => {
      given().when(command).thenRejects('webhook/unknown');
      given(subscribed, deleted).when(command).thenRejects('webhook/unknown');
    },
  );
});

describe('a dead letter', () => {
  it('is recorded once, however often a crash repeats its last attempt', () => {
    given(subscribed).when(giveUp('700')).then(dead('700'));
    given(subscribed, dead('700')).when(giveUp('700')).thenNothing();
  });

  it('is replayed alone or with all others that wait', () => {
    const two = [subscribed, dead('700'), dead('800')];
    given(...two)
      .when(replay('700'))
      .then(requested('700'));
    given(...two)
      .when(replay(null))
      .then(requested('700', '800'));
    given(...two, requested('700'))
      .when(replay('700'))
      .thenNothing();
    given(...two, requested('700'))
      .when(replay(null))
      .then(requested('800'));
    given(subscribed).when(replay(null)).thenNothing();
    given(subscribed).when(replay('700')).thenRejects('webhook/dead-letter-unknown');
  });

  it('is delivered by a replay, or given up again', () => {
    const replaying = [subscribed, dead('700'), requested('700')];
    given(...replaying)
      .when(settle('700'))
      .then(delivered('700'));
    given(...replaying, delivered('700'))
      .when(settle('700'))
      .thenNothing();
    given(...replaying)
      .when(giveUp('700'))
      .then(dead('700'));
    given(...replaying, dead('700'))
      .when(replay('700'))
      .then(requested('700'));
  });

  it('is discarded while it waits', () => {
    given(subscribed, dead('700')).when(discard('700')).then(discarded('700'));
    given(subscribed, dead('700'), discarded('700'))
      .when(discard('700'))
      .thenRejects('webhook/dead-letter-unknown');
    given(subscribed, dead('700'), requested('700'), discarded('700'))
      .when(giveUp('700', true))
      .thenNothing();
  });

  it('pauses the subscription when as many wait as may', () => {
    const others = Array.from({ length: MAX_DEAD_LETTERS - 1 }, (_, index) =>
      dead(`${1000 + index}`),
    );
    const detail = `${MAX_DEAD_LETTERS} dead letters wait`;
    given(subscribed, ...others)
      .when(giveUp('700'))
      .then(dead('700'), {
        type: 'WebhookPaused',
        data: { webhookId, by: 'system', cause: 'deadLetters', detail },
      });
    given(subscribed, ...others, byHand)
      .when(giveUp('700'))
      .then(dead('700'));
    given(subscribed, ...others.slice(1))
      .when(giveUp('700'))
      .then(dead('700'));
  });
});
