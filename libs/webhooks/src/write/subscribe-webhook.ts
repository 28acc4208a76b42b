import { Body, Controller, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';
import {
  AggregateStore,
  deriveId,
  DomainError,
  type CommandContext,
} from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { ActContext, IsNested, MayBeAbsent, reply, Roles } from '@hostledger/http';
import { webhookAggregate } from '../domain/webhook.js';
import { WebhookFilterBody } from '../http/forms.js';
import {
  calledAddress,
  filterOf,
  keyOf,
  Settings,
  type WebhookSettings,
} from '../http/settings.js';
import { countOfWebhooks } from '../read/query.js';
import { ActOnWebhookCommand } from './act-on-webhook.js';

/** Each has a reader of the log and connections of its own. */
const MAX_WEBHOOKS = 200;

export class SubscribeWebhookBody {
  /**
   * Where events are sent. HTTPS on port 443 or 8443 of a public address; networks of their own that
   * operators allow may be called in other ways.
   * @example https://erp.example.com/hostledger
   */
  @IsString()
  @Length(1, 2_000)
  url: string;

  @MayBeAbsent()
  @IsNested(() => WebhookFilterBody)
  filter?: WebhookFilterBody;

  /** @example Relocations for the ERP */
  @MayBeAbsent()
  @IsString()
  @Length(0, 300)
  description?: string;

  /**
   * `now` (where left out), `beginning`, or a log position after which events are delivered.
   * @example now
   */
  @MayBeAbsent()
  @Matches(/^(now|beginning|\d{1,19})$/, {
    message: '$property is now, beginning or a position of the log',
  })
  from?: string;
}

export class WebhookSecretReply {
  webhookId: string;
  /** @example 1 */
  secretVersion: number;
  /**
   * Shown now and never again; null where the request was a repetition and the webhook has changed since.
   * @example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
   */
  secret: string | null;
}

@ApiTags('webhooks')
@Controller('webhooks')
export class SubscribeWebhookController {
  constructor(
    private readonly commands: CommandBus,
    private readonly store: AggregateStore,
    private readonly log: EventStore,
    private readonly readModels: ReadModels,
    @Settings() private readonly settings: WebhookSettings,
  ) {}

  @ApiOperation({
    summary: 'Subscribe an address to events',
    description:
      'Each event is posted as a CloudEvent (1.0, JSON), signed as the Standard Webhooks specification ' +
      'says. Events of one stream come in order, each at least once: `webhook-id` tells repetitions. ' +
      'Answers of 2xx within ten seconds count; else it is tried twelve times within about a day, then ' +
      'it is a dead letter. 410 pauses the webhook.',
  })
  @Post()
  @Roles('operator')
  @ApiCreatedResponse({ type: WebhookSecretReply })
  async subscribe(@Body() body: SubscribeWebhookBody, @ActContext() context: CommandContext) {
    const key = keyOf(this.settings);
    const webhookId = deriveId(context.commandId, 'webhook');
    const known = await this.store.load(webhookAggregate, webhookId, { fresh: true });
    // A repetition has the outcome it had, whatever the world looks like by now.
    const repeated = known.revision >= 0n;
    if (!repeated) await this.checkCount();
    const url = repeated ? body.url : await calledAddress(this.settings.guard, body.url);
    const after = repeated ? '0' : (await this.positionOf(body.from)).toString();
    const { description = '' } = body;
    const data = { webhookId, url, filter: filterOf(body.filter), description, after };
    const act = {
      type: 'SubscribeWebhook',
      data: { ...data, keyId: key.id },
      at: context.at,
    } as const;
    const handled = await this.commands.execute(new ActOnWebhookCommand(act, context));
    const unchanged = !repeated || known.revision === handled.revision;
    return reply(handled, {
      status: 201,
      location: `/v1/webhooks/${webhookId}`,
      body: {
        webhookId,
        secretVersion: 1,
        secret: unchanged ? key.secretOf(webhookId, 1) : null,
      } satisfies WebhookSecretReply,
    });
  }

  private async checkCount(): Promise<void> {
    if ((await countOfWebhooks(this.readModels)) < MAX_WEBHOOKS) return;
    const message = `${MAX_WEBHOOKS} webhooks are as many as may be; delete one that is not needed`;
    throw new DomainError('conflict', 'webhook/too-many', message);
  }

  private async positionOf(from = 'now'): Promise<bigint> {
    if (from === 'beginning') return 0n;
    const head = await this.log.head();
    if (from === 'now') return head;
    if (BigInt(from) <= head) return BigInt(from);
    const message = `The log ends at position ${head}`;
    throw new DomainError('invalid', 'webhook/position-unknown', message, {}, '/from');
  }
}

export const subscribeWebhook = { controllers: [SubscribeWebhookController], providers: [] };
