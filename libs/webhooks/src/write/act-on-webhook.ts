import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import {
  webhookAggregate,
  type Webhook,
  type WebhookCommand,
  type WebhookEvent,
} from '../domain/webhook.js';

export type ChangedWebhook = Handled<Webhook, WebhookEvent>;

export class ActOnWebhookCommand extends Command<ChangedWebhook> {
  constructor(
    readonly act: WebhookCommand,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ActOnWebhookCommand)
export class ActOnWebhookHandler implements ICommandHandler<ActOnWebhookCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ act, context }: ActOnWebhookCommand) {
    return this.store.handle(webhookAggregate, act.data.webhookId, act, context);
  }
}

export const actOnWebhook = { controllers: [], providers: [ActOnWebhookHandler] };
