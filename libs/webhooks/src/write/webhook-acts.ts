import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, MayBeAbsent, reply, Roles } from '@hostledger/http';
import {
  isLive,
  webhookAggregate,
  webhookUnknown,
  type WebhookCommand,
} from '../domain/webhook.js';
import { WebhookParams, WebhookTargetBody } from '../http/forms.js';
import {
  calledAddress,
  filterOf,
  keyOf,
  Settings,
  type WebhookSettings,
} from '../http/settings.js';
import { ActOnWebhookCommand } from './act-on-webhook.js';
import { WebhookSecretReply } from './subscribe-webhook.js';

const HOUR_MS = 3_600_000;
const OVERLAP_HOURS = 24;

export class SecretRotationBody {
  /**
   * How long deliveries are signed with the secret before as well; 24 where left out, 0 when it leaked.
   * @example 24
   */
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(168)
  overlapHours?: number;
}

export class WebhookChangedReply {
  webhookId: string;
}

@ApiTags('webhooks')
@Controller('webhooks/:webhookId')
export class WebhookActsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly store: AggregateStore,
    @Settings() private readonly settings: WebhookSettings,
  ) {}

  @ApiOperation({
    summary: 'Change the address, filter or description of a webhook',
    description: 'What is left out stays. Events that wait already go to the new address.',
  })
  @Post('change')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: WebhookChangedReply })
  async change(
    @Param() { webhookId }: WebhookParams,
    @Body() { url, filter, description }: WebhookTargetBody,
    @ActContext() context: CommandContext,
  ) {
    const data = {
      webhookId,
      ...(url !== undefined && { url: await calledAddress(this.settings.guard, url) }),
      ...(filter !== undefined && { filter: filterOf(filter) }),
      ...(description !== undefined && { description }),
    };
    return this.act({ type: 'ChangeWebhook', data, at: context.at }, context);
  }

  @ApiOperation({ summary: 'Send nothing more until the webhook is resumed; nothing is lost' })
  @Post('pause')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: WebhookChangedReply })
  pause(@Param() { webhookId }: WebhookParams, @ActContext() context: CommandContext) {
    const data = { webhookId, by: 'operator', cause: 'request', detail: '' } as const;
    return this.act({ type: 'PauseWebhook', data, at: context.at }, context);
  }

  @ApiOperation({ summary: 'Go on where a paused webhook stood' })
  @Post('resume')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: WebhookChangedReply })
  resume(@Param() { webhookId }: WebhookParams, @ActContext() context: CommandContext) {
    return this.act({ type: 'ResumeWebhook', data: { webhookId }, at: context.at }, context);
  }

  @ApiOperation({
    summary: 'Give a webhook a new secret',
    description:
      'For a while deliveries are signed with both, so that the receiver can change over.',
  })
  @Post('secret-rotation')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: WebhookSecretReply })
  async rotate(
    @Param() { webhookId }: WebhookParams,
    @Body() { overlapHours = OVERLAP_HOURS }: SecretRotationBody,
    @ActContext() context: CommandContext,
  ) {
    const key = keyOf(this.settings);
    const until = new Date(Date.parse(context.at) + overlapHours * HOUR_MS).toISOString();
    const data = { webhookId, keyId: key.id, previousUntil: until };
    const act = { type: 'RotateWebhookSecret', data, at: context.at } as const;
    const handled = await this.commands.execute(new ActOnWebhookCommand(act, context));
    if (!isLive(handled.state)) throw webhookUnknown();
    const { version } = handled.state.secret;
    const { revision } = await this.store.load(webhookAggregate, webhookId);
    const unchanged = !handled.replayed || revision === handled.revision;
    return reply(handled, {
      body: {
        webhookId,
        secretVersion: version,
        secret: unchanged ? key.secretOf(webhookId, version) : null,
      } satisfies WebhookSecretReply,
    });
  }

  @ApiOperation({
    summary: 'End a webhook; what was not delivered never will be, dead letters included',
  })
  @Post('deletion')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: WebhookChangedReply })
  delete(@Param() { webhookId }: WebhookParams, @ActContext() context: CommandContext) {
    return this.act({ type: 'DeleteWebhook', data: { webhookId }, at: context.at }, context);
  }

  private async act(act: WebhookCommand, context: CommandContext) {
    const { webhookId } = act.data;
    const handled = await this.commands.execute(new ActOnWebhookCommand(act, context));
    return reply(handled, { body: { webhookId } satisfies WebhookChangedReply });
  }
}

export const webhookActs = { controllers: [WebhookActsController], providers: [] };
