import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';

// Events

/** Which events a subscription wants; what is left out does not restrict. */
export interface WebhookFilter {
  readonly categories?: readonly string[];
  readonly types?: readonly string[];
  readonly contractId?: string;
  readonly customerId?: string;
}

export interface WebhookTarget {
  /** Where events are sent, as the WHATWG URL parser writes it. */
  readonly url: string;
  readonly filter: WebhookFilter;
  readonly description: string;
}

/** An event whose delivery was given up. Positions are decimal strings. */
export interface DeadLetter {
  readonly position: string;
  readonly stream: string;
  readonly revision: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly attempts: number;
  /** HTTP status of the last answer; null where there was none. */
  readonly lastStatus: number | null;
  readonly cause: string;
}

export type WebhookEvent =
  | DomainEvent<
      'WebhookSubscribed',
      WebhookTarget & {
        webhookId: string;
        /** Events after this log position are delivered. */
        after: string;
        /** Tells master keys apart, without saying anything about them. */
        keyId: string;
      }
    >
  | DomainEvent<'WebhookChanged', WebhookTarget & { webhookId: string }>
  | DomainEvent<
      'WebhookPaused',
      {
        webhookId: string;
        /** By somebody, or by the dispatcher itself. */
        by: PausedBy;
        cause: PauseCause;
        detail: string;
      }
    >
  | DomainEvent<'WebhookResumed', { webhookId: string }>
  | DomainEvent<
      'WebhookSecretRotated',
      {
        webhookId: string;
        secretVersion: number;
        keyId: string;
        /** Until then deliveries are signed with the secret before as well. */
        previousUntil: string;
      }
    >
  | DomainEvent<'WebhookDeadLettered', DeadLetter & { webhookId: string }>
  | DomainEvent<'WebhookReplayRequested', { webhookId: string; positions: readonly string[] }>
  | DomainEvent<'WebhookDeadLetterDelivered', { webhookId: string; position: string }>
  | DomainEvent<'WebhookDeadLetterDiscarded', { webhookId: string; position: string }>
  | DomainEvent<'WebhookProgressed', { webhookId: string; position: string }>
  | DomainEvent<
      'WebhookDeleted',
      {
        webhookId: string;
        /** Positions of the dead letters that go with it. */
        deadLetters: readonly string[];
      }
    >;

export type PausedBy = 'operator' | 'system';

/**
 * - `request`: somebody asked for it.
 * - `gone`: the receiver answered 410.
 * - `failing`: nothing was delivered for days.
 * - `deadLetters`: as many wait as may.
 */
export type PauseCause = 'request' | 'gone' | 'failing' | 'deadLetters';

export const webhookEvents: EventCatalogue<WebhookEvent> = {
  WebhookSubscribed: 'An address asked to be sent events from a position of the log on.',
  WebhookChanged: 'A subscription has another address, filter or description.',
  WebhookPaused: 'Nothing more is sent until the subscription is resumed; nothing is lost.',
  WebhookResumed: 'A paused subscription goes on where it stood.',
  WebhookSecretRotated: 'A subscription has a new secret; the one before is valid for a while.',
  WebhookDeadLettered: 'An event was given up after the last attempt to deliver it.',
  WebhookReplayRequested: 'Somebody asked that dead letters be delivered after all.',
  WebhookDeadLetterDelivered: 'A dead letter was accepted by its receiver.',
  WebhookDeadLetterDiscarded: 'A dead letter was put away undelivered.',
  WebhookProgressed: 'All events up to a position are delivered, dead letters or not wanted.',
  WebhookDeleted: 'A subscription ended with all that was left undelivered.',
};

// State

/** A version of the secret, and the master key that it comes from. */
export interface SecretVersion {
  readonly version: number;
  readonly keyId: string;
}

export interface OpenDeadLetter extends DeadLetter {
  /** `replaying` from the request until it is delivered or given up again. */
  readonly status: 'open' | 'replaying';
}

export interface LiveWebhook extends WebhookTarget {
  readonly status: 'active' | 'paused';
  /** The log says that everything up to here is settled; more may be. */
  readonly settled: string;
  readonly secret: SecretVersion;
  readonly previous: (SecretVersion & { readonly until: string }) | null;
  /** By position. */
  readonly deadLetters: ReadonlyMap<string, OpenDeadLetter>;
}

export type Webhook = { readonly status: 'unknown' | 'deleted' } | LiveWebhook;

export const isLive = (webhook: Webhook): webhook is LiveWebhook =>
  webhook.status === 'active' || webhook.status === 'paused';

const evolve = (webhook: Webhook, event: WebhookEvent): Webhook => {
  if (event.type === 'WebhookSubscribed') {
    const { url, filter, description, after, keyId } = event.data;
    return {
      status: 'active',
      ...{ url, filter, description },
      settled: after,
      secret: { version: 1, keyId },
      previous: null,
      deadLetters: new Map(),
    };
  }
  return isLive(webhook) ? evolveLive(webhook, event) : webhook;
};

const evolveLive = (
  webhook: LiveWebhook,
  event: Exclude<WebhookEvent, { type: 'WebhookSubscribed' }>,
): Webhook => {
  switch (event.type) {
    case 'WebhookChanged': {
      const { url, filter, description } = event.data;
      return { ...webhook, url, filter, description };
    }
    case 'WebhookPaused':
      return { ...webhook, status: 'paused' };
    case 'WebhookResumed':
      return { ...webhook, status: 'active' };
    case 'WebhookSecretRotated': {
      const { secretVersion: version, keyId, previousUntil: until } = event.data;
      const previous = { ...webhook.secret, until };
      return { ...webhook, secret: { version, keyId }, previous };
    }
    case 'WebhookDeadLettered': {
      const { webhookId: _, ...letter } = event.data;
      return withLetters(webhook, [{ ...letter, status: 'open' }]);
    }
    case 'WebhookReplayRequested':
      return withLetters(
        webhook,
        event.data.positions.flatMap((position) => {
          const letter = webhook.deadLetters.get(position);
          return letter ? [{ ...letter, status: 'replaying' as const }] : [];
        }),
      );
    case 'WebhookDeadLetterDelivered':
    case 'WebhookDeadLetterDiscarded': {
      const deadLetters = new Map(webhook.deadLetters);
      deadLetters.delete(event.data.position);
      return { ...webhook, deadLetters };
    }
    case 'WebhookProgressed':
      return { ...webhook, settled: event.data.position };
    case 'WebhookDeleted':
      return { status: 'deleted' };
  }
};

const withLetters = (webhook: LiveWebhook, letters: readonly OpenDeadLetter[]): LiveWebhook => ({
  ...webhook,
  deadLetters: new Map([
    ...webhook.deadLetters,
    ...letters.map((letter): [string, OpenDeadLetter] => [letter.position, letter]),
  ]),
});

// Commands

export type WebhookCommand =
  | DomainCommand<
      'SubscribeWebhook',
      WebhookTarget & { webhookId: string; after: string; keyId: string }
    >
  | DomainCommand<'ChangeWebhook', { webhookId: string } & Partial<WebhookTarget>>
  | DomainCommand<
      'PauseWebhook',
      {
        webhookId: string;
        /** By somebody, or by the dispatcher itself. */
        by: PausedBy;
        cause: PauseCause;
        detail: string;
      }
    >
  | DomainCommand<'ResumeWebhook', { webhookId: string }>
  | DomainCommand<
      'RotateWebhookSecret',
      { webhookId: string; keyId: string; previousUntil: string }
    >
  /** After the last attempt; `replayed` where it was a dead letter before. */
  | DomainCommand<'GiveUpDelivery', DeadLetter & { webhookId: string; replayed: boolean }>
  /** Of one dead letter, or of all that wait. */
  | DomainCommand<'RequestReplay', { webhookId: string; position: string | null }>
  | DomainCommand<'SettleDeadLetter', { webhookId: string; position: string }>
  | DomainCommand<'DiscardDeadLetter', { webhookId: string; position: string }>
  | DomainCommand<'RecordProgress', { webhookId: string; position: string }>
  | DomainCommand<'DeleteWebhook', { webhookId: string }>;

// Decide

/** A subscription with more of them is one that nobody looks after: it is paused before. */
export const MAX_DEAD_LETTERS = 1_000;

const decide = (command: WebhookCommand, webhook: Webhook): readonly WebhookEvent[] => {
  if (command.type === 'SubscribeWebhook') {
    if (webhook.status !== 'unknown') throw alreadySubscribed(command.data.webhookId);
    onlyDelivered(command.data.filter);
    return [{ type: 'WebhookSubscribed', data: command.data }];
  }
  if (command.type === 'DeleteWebhook' && webhook.status === 'deleted') return [];
  if (!isLive(webhook)) throw webhookUnknown();
  return decideLive(command, webhook);
};

const decideLive = (
  command: Exclude<WebhookCommand, { type: 'SubscribeWebhook' }>,
  webhook: LiveWebhook,
): readonly WebhookEvent[] => {
  const { webhookId } = command.data;
  switch (command.type) {
    case 'ChangeWebhook':
      return change(webhookId, command.data, webhook);
    case 'PauseWebhook':
      if (webhook.status === 'paused') return [];
      return [{ type: 'WebhookPaused', data: command.data }];
    case 'ResumeWebhook':
      if (webhook.status === 'active') return [];
      return [{ type: 'WebhookResumed', data: { webhookId } }];
    case 'RotateWebhookSecret': {
      const { keyId, previousUntil } = command.data;
      const secretVersion = webhook.secret.version + 1;
      return [
        { type: 'WebhookSecretRotated', data: { webhookId, secretVersion, keyId, previousUntil } },
      ];
    }
    case 'GiveUpDelivery':
      return giveUp(command.data, webhook);
    case 'RequestReplay':
      return replay(webhookId, command.data.position, webhook);
    case 'SettleDeadLetter':
      if (!webhook.deadLetters.has(command.data.position)) return [];
      return [{ type: 'WebhookDeadLetterDelivered', data: command.data }];
    case 'DiscardDeadLetter':
      mustWait(command.data.position, webhook);
      return [{ type: 'WebhookDeadLetterDiscarded', data: command.data }];
    case 'RecordProgress':
      if (BigInt(command.data.position) <= BigInt(webhook.settled)) return [];
      return [{ type: 'WebhookProgressed', data: command.data }];
    case 'DeleteWebhook': {
      const deadLetters = [...webhook.deadLetters.keys()];
      return [{ type: 'WebhookDeleted', data: { webhookId, deadLetters } }];
    }
    default:
      return unreachable(command);
  }
};

const change = (
  webhookId: string,
  wanted: Partial<WebhookTarget>,
  webhook: LiveWebhook,
): WebhookEvent[] => {
  const url = wanted.url ?? webhook.url;
  const filter = wanted.filter ?? webhook.filter;
  const description = wanted.description ?? webhook.description;
  onlyDelivered(filter);
  const same =
    url === webhook.url &&
    description === webhook.description &&
    JSON.stringify(filter) === JSON.stringify(webhook.filter);
  return same ? [] : [{ type: 'WebhookChanged', data: { webhookId, url, filter, description } }];
};

/**
 * A delivery that a crash repeated finds its dead letter there already; one that was discarded while
 * it was replayed does not come back.
 */
const giveUp = (
  { replayed, ...letter }: DeadLetter & { webhookId: string; replayed: boolean },
  webhook: LiveWebhook,
): WebhookEvent[] => {
  const { webhookId } = letter;
  const known = webhook.deadLetters.get(letter.position);
  if (known ? known.status === 'open' : replayed) return [];
  const given: WebhookEvent = { type: 'WebhookDeadLettered', data: letter };
  const waiting = webhook.deadLetters.size + (known ? 0 : 1);
  if (waiting < MAX_DEAD_LETTERS || webhook.status === 'paused') return [given];
  const detail = `${waiting} dead letters wait`;
  return [
    given,
    { type: 'WebhookPaused', data: { webhookId, by: 'system', cause: 'deadLetters', detail } },
  ];
};

const replay = (
  webhookId: string,
  position: string | null,
  webhook: LiveWebhook,
): WebhookEvent[] => {
  if (position !== null) mustWait(position, webhook);
  const positions = [...webhook.deadLetters.values()]
    .filter((letter) => letter.status === 'open')
    .filter((letter) => position === null || letter.position === position)
    .map((letter) => letter.position);
  return positions.length === 0
    ? []
    : [{ type: 'WebhookReplayRequested', data: { webhookId, positions } }];
};

const mustWait = (position: string, webhook: LiveWebhook): void => {
  if (webhook.deadLetters.has(position)) return;
  throw new DomainError(
    'notFound',
    'webhook/dead-letter-unknown',
    `No dead letter of position ${position} waits`,
  );
};

/**
 * Categories that never leave by webhook: what deliveries themselves record, or deliveries would
 * beget deliveries for ever, and how the system is used and guarded.
 */
export const UNDELIVERED_CATEGORIES: readonly string[] = ['webhook', 'accessToken', 'commandKey'];

const onlyDelivered = ({ categories, types }: WebhookFilter): void => {
  const undelivered =
    categories?.some((category) => UNDELIVERED_CATEGORIES.includes(category)) === true ||
    types?.some((type) => Object.hasOwn(webhookEvents, type)) === true;
  if (!undelivered) return;
  const message = `Events of ${UNDELIVERED_CATEGORIES.join(', ')} are not delivered by webhook`;
  throw new DomainError('invalid', 'webhook/events-undelivered', message, {}, '/filter');
};

export const webhookUnknown = (): DomainError =>
  new DomainError('notFound', 'webhook/unknown', 'There is no such webhook');

const alreadySubscribed = (webhookId: string): DomainError =>
  new DomainError('conflict', 'webhook/exists', `Webhook ${webhookId} exists already`);

/** A subscription of an address to events: where they go, since when, and what could not be sent. */
export const webhookAggregate: Aggregate<Webhook, WebhookCommand, WebhookEvent> = {
  category: 'webhook',
  initialState: { status: 'unknown' },
  events: webhookEvents,
  decide,
  evolve,
};
