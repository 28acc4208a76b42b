import type { LiveWebhook } from '../domain/webhook.js';
import type { WebhookKey } from './secret.js';

/** The secrets that deliveries are signed with at an instant, the newest first. */
export const secretsInForce = (
  key: WebhookKey,
  webhookId: string,
  { secret, previous }: Pick<LiveWebhook, 'secret' | 'previous'>,
  at: Date,
): readonly string[] => {
  const versions = [secret.version];
  // One of another master key cannot be made any more.
  if (previous && previous.keyId === key.id && Date.parse(previous.until) > at.getTime()) {
    versions.push(previous.version);
  }
  return versions.map((version) => key.secretOf(webhookId, version));
};
