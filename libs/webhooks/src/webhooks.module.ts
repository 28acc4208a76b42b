import { Module, type DynamicModule } from '@nestjs/common';
import './http/asyncapi.js';
import './http/problems.js';
import { settingsProvider, type WebhookSettings } from './http/settings.js';
import { webhooksQuery } from './read/query.js';
import { actOnWebhook } from './write/act-on-webhook.js';
import { deadLetterActs } from './write/dead-letter-acts.js';
import { subscribeWebhook } from './write/subscribe-webhook.js';
import { testWebhook } from './write/test-webhook.js';
import { webhookActs } from './write/webhook-acts.js';

const slices = [
  subscribeWebhook,
  actOnWebhook,
  webhookActs,
  testWebhook,
  deadLetterActs,
  webhooksQuery,
];

@Module({})
export class WebhooksApiModule {
  static with(settings: WebhookSettings): DynamicModule {
    return {
      module: WebhooksApiModule,
      controllers: slices.flatMap(({ controllers }) => [...controllers]),
      providers: [...slices.flatMap(({ providers }) => [...providers]), settingsProvider(settings)],
    };
  }
}
