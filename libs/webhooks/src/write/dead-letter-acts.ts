import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { CommandContext } from '@hostledger/eventsourcing';
import { ActContext, reply, Roles } from '@hostledger/http';
import type { WebhookCommand } from '../domain/webhook.js';
import { DeadLetterParams, WebhookParams } from '../http/forms.js';
import { ActOnWebhookCommand } from './act-on-webhook.js';
import { WebhookChangedReply } from './webhook-acts.js';

@ApiTags('webhooks')
@Controller('webhooks/:webhookId/dead-letters')
export class DeadLetterActsController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Deliver all dead letters that wait after all',
    description:
      'In order within a stream, beside what is delivered meanwhile. One that fails again as often as ' +
      'any event may is a dead letter again.',
  })
  @Post('replay')
  @HttpCode(202)
  @Roles('operator')
  @ApiAcceptedResponse({ type: WebhookChangedReply })
  replayAll(@Param() { webhookId }: WebhookParams, @ActContext() context: CommandContext) {
    const data = { webhookId, position: null };
    return this.act({ type: 'RequestReplay', data, at: context.at }, context, 202);
  }

  @ApiOperation({ summary: 'Deliver a dead letter after all' })
  @Post(':position/replay')
  @HttpCode(202)
  @Roles('operator')
  @ApiAcceptedResponse({ type: WebhookChangedReply })
  replay(
    @Param() { webhookId, position }: DeadLetterParams,
    @ActContext() context: CommandContext,
  ) {
    const data = { webhookId, position };
    return this.act({ type: 'RequestReplay', data, at: context.at }, context, 202);
  }

  @ApiOperation({ summary: 'Put a dead letter away undelivered' })
  @Post(':position/discard')
  @HttpCode(200)
  @Roles('operator')
  @ApiOkResponse({ type: WebhookChangedReply })
  discard(
    @Param() { webhookId, position }: DeadLetterParams,
    @ActContext() context: CommandContext,
  ) {
    const data = { webhookId, position };
    return this.act({ type: 'DiscardDeadLetter', data, at: context.at }, context, 200);
  }

  private async act(act: WebhookCommand, context: CommandContext, status: number) {
    const { webhookId } = act.data;
    const handled = await this.commands.execute(new ActOnWebhookCommand(act, context));
    const body: WebhookChangedReply = { webhookId };
    return reply(handled, { status, location: `/v1/webhooks/${webhookId}/dead-letters`, body });
  }
}

export const deadLetterActs = { controllers: [DeadLetterActsController], providers: [] };
