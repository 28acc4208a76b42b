import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { ensureWebhookKey, WebhookKey } from './secret.js';
import { signed } from './signature.js';

const key = new WebhookKey(Buffer.alloc(32, 7).toString('base64'));
const body = '{"specversion":"1.0","note":"≥ 5 °C"}';

describe('a signature', () => {
  it('is accepted by the library of the Standard Webhooks specification', () => {
    const secret = key.secretOf('w1', 1);
    const headers = signed('e1', new Date(), body, [secret]);
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow();
    expect(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'e2' })).toThrow();
    expect(() => new Webhook(key.secretOf('w2', 1)).verify(body, headers)).toThrow();
  });

  it('is accepted under the old and the new secret while both are valid', () => {
    const [newer, older] = [key.secretOf('w1', 2), key.secretOf('w1', 1)];
    const headers = signed('e1', new Date(), body, [newer, older]);
    for (const secret of [newer, older]) {
      expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    }
  });

  it('is of the instant of the attempt, so that an old one cannot be sent again', () => {
    const secret = key.secretOf('w1', 1);
    const headers = signed('e1', new Date(Date.now() - 3_600_000), body, [secret]);
    expect(() => new Webhook(secret).verify(body, headers)).toThrow(/too old/);
  });
});

describe('a secret', () => {
  it('is another one for each subscription, version and master key', () => {
    const other = new WebhookKey(Buffer.alloc(32, 8).toString('base64'));
    const secrets = [
      key.secretOf('w1', 1),
      key.secretOf('w1', 2),
      key.secretOf('w2', 1),
      other.secretOf('w1', 1),
    ];
    expect(new Set(secrets).size).toBe(4);
    expect(key.secretOf('w1', 1)).toBe(secrets[0]);
    expect(other.id).not.toBe(key.id);
    for (const secret of secrets) expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  });

  it('does not come from a short master key', () => {
    expect(() => new WebhookKey(Buffer.alloc(31).toString('base64'))).toThrow('fewer than 32');
  });
});

describe('the master key of an embedded system', () => {
  it('is made once, for the eyes of its owner', () => {
    const directory = mkdtempSync(join(tmpdir(), 'hostledger-webhook-key-'));
    try {
      const made = ensureWebhookKey(directory);
      const file = join(directory, 'webhook-key');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readFileSync(file, 'utf8')).toBe(`${made}\n`);
      expect(ensureWebhookKey(directory)).toBe(made);
      expect(Buffer.from(made, 'base64')).toHaveLength(32);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
