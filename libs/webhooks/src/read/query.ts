import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  keysetPage,
  Page,
  ReadAt,
  readReply,
  type PageOf,
  type ReadOptions,
} from '@hostledger/http';
import { webhookUnknown } from '../domain/webhook.js';
import { WebhookFilterBody, WebhookParams } from '../http/forms.js';
import { progressOf, type DeliveryProgress } from './progress.js';
import type { WebhookDeadLetterRow, WebhookRow, WebhookTables } from './projection.js';

export class WebhookView {
  webhookId: string;
  url: string;
  description: string;
  filter: WebhookFilterBody;
  /** Log position after which events are delivered. */
  after: string;
  /** @example active */
  status: 'active' | 'paused';
  /** Who paused it: an operator, or the system itself. */
  pausedBy: 'operator' | 'system' | null;
  /** @example failing */
  pausedCause: 'request' | 'gone' | 'failing' | 'deadLetters' | null;
  pausedDetail: string | null;
  /** @example 1 */
  secretVersion: number;
  /** Until then deliveries are signed with the secret before as well. */
  previousSecretUntil: string | null;
  createdAt: string;
  createdBy: string;
  changedAt: string;
}

export class WebhookList {
  items: WebhookView[];
  nextCursor?: string;
}

/** How far deliveries are, as of half a second ago. */
export class WebhookDeliveryView {
  /** Log position up to which all events were taken up. */
  position: string;
  /** Log position up to which all events are delivered or dead letters. */
  settled: string;
  /** How much further the log reaches than `settled`, in its positions, which have gaps; 0 is up to date. */
  lag: string;
  /** Events taken up that wait or are on their way. */
  waiting: number;
  delivered: number;
  failedAttempts: number;
  lastSuccessAt: string | null;
  /** Since when nothing was delivered that was tried; null when all is well. */
  failingSince: string | null;
  lastFailureAt: string | null;
  lastStatus: number | null;
  /** @example timeout */
  lastCause: string | null;
}

export class WebhookDetails extends WebhookView {
  deadLetters: number;
  /** Null before deliveries have begun. */
  delivery: WebhookDeliveryView | null;
}

export class DeadLetterView {
  /** Of the event in the log. */
  position: string;
  /** @example open */
  status: 'open' | 'replaying';
  /** @example miner-HQ2302001 */
  stream: string;
  revision: string;
  /** The `id` of the CloudEvent. */
  eventId: string;
  eventType: string;
  attempts: number;
  lastStatus: number | null;
  cause: string;
  deadLetteredAt: string;
}

export class DeadLetterList {
  items: DeadLetterView[];
  nextCursor?: string;
}

interface Details {
  readonly row: WebhookRow;
  readonly deadLetters: number;
  readonly progress: DeliveryProgress | undefined;
}

@ApiTags('webhooks')
@Controller('webhooks')
export class WebhooksController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly log: EventStore,
  ) {}

  @ApiOperation({ summary: 'List webhooks; their secrets are not kept' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: WebhookList })
  async list(@Query() page: Page, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<WebhookTables, PageOf<WebhookRow>>(
      at,
      (db) => keysetPage(db.selectFrom('webhooks').selectAll(), page, ['webhook_id']),
    );
    return readReply(position, { ...value, items: value.items.map(webhookView) });
  }

  @ApiOperation({ summary: 'A webhook, how far its deliveries are and what is wrong with them' })
  @Get(':webhookId')
  @AnyRole()
  @ApiOkResponse({ type: WebhookDetails })
  async get(@Param() { webhookId }: WebhookParams, @ReadAt() at: ReadOptions) {
    const head = await this.log.head();
    const { position, value } = await this.readModels.read<WebhookTables, Details | undefined>(
      at,
      async (db) => {
        const row = await db
          .selectFrom('webhooks')
          .selectAll()
          .where('webhook_id', '=', webhookId)
          .executeTakeFirst();
        if (!row) return undefined;
        const { letters } = await db
          .selectFrom('webhook_dead_letters')
          .select((of) => of.fn.countAll<bigint>().as('letters'))
          .where('webhook_id', '=', webhookId)
          .executeTakeFirstOrThrow();
        const progress = await progressOf(db, webhookId);
        return { row, deadLetters: Number(letters), progress };
      },
    );
    if (!value) throw webhookUnknown();
    const { row, deadLetters, progress } = value;
    const delivery = progress ? deliveryView(progress, head) : null;
    const body: WebhookDetails = { ...webhookView(row), deadLetters, delivery };
    return readReply(position, body);
  }

  @ApiOperation({ summary: 'List the events that a webhook could not be sent' })
  @Get(':webhookId/dead-letters')
  @AnyRole()
  @ApiOkResponse({ type: DeadLetterList })
  async deadLetters(
    @Param() { webhookId }: WebhookParams,
    @Query() page: Page,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<
      WebhookTables,
      PageOf<WebhookDeadLetterRow> | undefined
    >(at, async (db) => {
      const known = await db
        .selectFrom('webhooks')
        .select('webhook_id')
        .where('webhook_id', '=', webhookId)
        .executeTakeFirst();
      const letters = db
        .selectFrom('webhook_dead_letters')
        .selectAll()
        .where('webhook_id', '=', webhookId);
      return known && keysetPage(letters, page, ['position']);
    });
    if (!value) throw webhookUnknown();
    return readReply(position, { ...value, items: value.items.map(deadLetterView) });
  }
}

/** Those that are not deleted, with the revision that each is known at. */
export const listedWebhooks = async (
  readModels: ReadModels,
): Promise<readonly { webhookId: string; revision: bigint }[]> => {
  const { value } = await readModels.read<
    WebhookTables,
    readonly { webhookId: string; revision: bigint }[]
  >({}, (db) =>
    db.selectFrom('webhooks').select(['webhook_id as webhookId', 'revision']).execute(),
  );
  return value;
};

export const countOfWebhooks = async (readModels: ReadModels): Promise<number> =>
  (await listedWebhooks(readModels)).length;

const webhookView = (row: WebhookRow): WebhookView => ({
  webhookId: row.webhook_id,
  url: row.url,
  description: row.description,
  filter: row.filter as WebhookFilterBody,
  after: row.after.toString(),
  status: row.status,
  pausedBy: row.paused_by,
  pausedCause: row.paused_cause,
  pausedDetail: row.paused_detail,
  secretVersion: row.secret_version,
  previousSecretUntil: row.previous_secret_until,
  createdAt: row.created_at,
  createdBy: row.created_by,
  changedAt: row.changed_at,
});

const deliveryView = (progress: DeliveryProgress, head: bigint): WebhookDeliveryView => {
  const { position, unsettled, ...told } = progress;
  const settled = unsettled[0]?.after ?? position;
  return {
    position: position.toString(),
    settled: settled.toString(),
    lag: (head > settled ? head - settled : 0n).toString(),
    waiting: unsettled.length,
    ...told,
  };
};

const deadLetterView = (row: WebhookDeadLetterRow): DeadLetterView => ({
  position: row.position.toString(),
  status: row.status,
  stream: row.stream,
  revision: row.revision.toString(),
  eventId: row.event_id,
  eventType: row.event_type,
  attempts: row.attempts,
  lastStatus: row.last_status,
  cause: row.cause,
  deadLetteredAt: row.dead_lettered_at,
});

export const webhooksQuery = { controllers: [WebhooksController], providers: [] };
