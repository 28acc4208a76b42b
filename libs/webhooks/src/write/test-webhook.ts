import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, Roles } from '@hostledger/http';
import { isLive, webhookAggregate, webhookUnknown } from '../domain/webhook.js';
import { WebhookParams } from '../http/forms.js';
import { keyOf, Settings, type WebhookSettings } from '../http/settings.js';
import { Receiver, type FailureCause } from '../outbound/receiver.js';
import { secretsInForce } from '../outbound/secrets-in-force.js';
import { signed } from '../outbound/signature.js';

const CAUSES = ['status', 'redirect', 'timeout', 'connection', 'tls', 'address'] as const;

export class WebhookTestReply {
  /** Whether the receiver answered 2xx in time. */
  delivered: boolean;
  /** HTTP status of the answer, whose content is not shown; null where there was none. */
  status: number | null;
  cause: FailureCause | null;
  /** @example 81 */
  durationMs: number;
}

@ApiTags('webhooks')
@Controller('webhooks/:webhookId/test')
export class TestWebhookController {
  constructor(
    private readonly store: AggregateStore,
    @Settings() private readonly settings: WebhookSettings,
  ) {}

  @ApiOperation({
    summary: 'Send a test event to a webhook now, once',
    description:
      `A CloudEvent of type hostledger.webhook.test, signed as all others. Waits for the answer, ten ` +
      `seconds at most. Causes of failure are ${CAUSES.join(', ')}.`,
  })
  @Post()
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: WebhookTestReply })
  async test(
    @Param() { webhookId }: WebhookParams,
    @ActContext() { commandId, at }: CommandContext,
  ): Promise<WebhookTestReply> {
    const key = keyOf(this.settings);
    const { state } = await this.store.load(webhookAggregate, webhookId, { fresh: true });
    if (!isLive(state)) throw webhookUnknown();
    const body = JSON.stringify({
      specversion: '1.0',
      id: commandId,
      source: this.settings.source,
      type: 'hostledger.webhook.test',
      subject: `webhook-${webhookId}`,
      time: at,
      datacontenttype: 'application/json',
      data: { webhookId },
    });
    const now = new Date();
    const headers = signed(commandId, now, body, secretsInForce(key, webhookId, state, now));
    const receiver = new Receiver(this.settings.guard);
    const started = performance.now();
    try {
      const attempt = await receiver.post(state.url, body, headers, new AbortController().signal);
      return {
        delivered: attempt.delivered,
        status: attempt.status,
        cause: attempt.delivered ? null : attempt.cause,
        durationMs: Math.round(performance.now() - started),
      };
    } finally {
      await receiver.close();
    }
  }
}

export const testWebhook = { controllers: [TestWebhookController], providers: [] };
