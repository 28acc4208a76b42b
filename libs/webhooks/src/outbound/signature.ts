import { createHmac } from 'node:crypto';

/** Headers of the Standard Webhooks specification; the id is what receivers tell repetitions by. */
export type SignedHeaders = Readonly<
  Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>
>;

/** Signs a message with each secret that is valid at present, the newest first. */
export const signed = (
  id: string,
  at: Date,
  body: string,
  secrets: readonly string[],
): SignedHeaders => {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const content = `${id}.${timestamp}.${body}`;
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map((secret) => `v1,${macOf(secret, content)}`).join(' '),
  };
};

const macOf = (secret: string, content: string): string =>
  createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    .update(content)
    .digest('base64');
