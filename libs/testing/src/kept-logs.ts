import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

// What systems under test write is kept for the whole run, and at its end searched for secrets
// (test/support/logs-teardown.ts).

/** The folder, while a suite keeps its logs; named by the setup of the suite. */
const folder = (): string | undefined => process.env['KEPT_LOGS'];

/** Keeps what a system wrote; under a name that tells whose it is. */
export const keepLog = (name: string, text: string): void => {
  const kept = folder();
  if (kept === undefined) return;
  appendFileSync(join(kept, `${name.replaceAll(/[^\w.-]/g, '_')}-${process.pid}.log`), text);
};

/** No log of the run may hold these, whoever writes it; those too short to be told apart are not looked for. */
export const keepSecrets = (...secrets: readonly (string | undefined)[]): void => {
  const kept = folder();
  if (kept === undefined) return;
  const lines = secrets.filter((secret) => secret !== undefined && secret.length >= 6);
  const text = lines.map((secret) => `${JSON.stringify(secret)}\n`).join('');
  if (text !== '')
    appendFileSync(join(kept, `secrets-${process.pid}.jsonl`), text, { mode: 0o600 });
};

const SECRET_SETTINGS = /(_KEY|_TOKEN|_PASSWORD|_SECRET)$/;

/** What an environment holds of secrets: settings that are one, and passwords of addresses. */
export const secretsOf = (env: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Object.entries(env).flatMap(([name, value = '']) => {
    if (SECRET_SETTINGS.test(name)) return [value];
    const [, password] = /^[a-z+]+:\/\/[^/:@]*:([^/@]+)@/.exec(value) ?? [];
    return password === undefined ? [] : [password, decodeURIComponent(password)];
  });
