import { createHmac, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY_BYTES = 32;
const KEY_FILE = 'webhook-key';

/**
 * The master key that the secrets of all webhooks are derived from, so that no secret is stored
 * anywhere. Who changes it changes every secret; `id` finds that out before a receiver does.
 */
export class WebhookKey {
  private readonly bytes: Buffer;
  /** Of the key, without saying anything about it; recorded beside each version of a secret. */
  readonly id: string;

  /** @param base64 32 random bytes or more. */
  constructor(base64: string) {
    this.bytes = Buffer.from(base64, 'base64');
    if (this.bytes.length < KEY_BYTES) {
      throw new Error(`The webhook key has fewer than ${KEY_BYTES} bytes`);
    }
    this.id = this.derive('key id').toString('hex', 0, 8);
  }

  /** In the form of the Standard Webhooks specification, `whsec_` and base64. */
  secretOf(webhookId: string, version: number): string {
    return `whsec_${this.derive('secret', webhookId, version).toString('base64')}`;
  }

  private derive(...purpose: readonly (string | number)[]): Buffer {
    return createHmac('sha256', this.bytes)
      .update(JSON.stringify(['hostledger/webhook', ...purpose]))
      .digest();
  }
}

/** The key of an embedded system, made once and kept in `<dataDir>/webhook-key` (0600). */
export const ensureWebhookKey = (dataDir: string): string => {
  const file = join(dataDir, KEY_FILE);
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const key = randomBytes(KEY_BYTES).toString('base64');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // Under another name first: the file is there with the whole key or not at all.
  writeFileSync(`${file}.new`, `${key}\n`, { mode: 0o600 });
  chmodSync(`${file}.new`, 0o600);
  renameSync(`${file}.new`, file);
  return key;
};
