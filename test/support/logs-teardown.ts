import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Secrets by their form, whoever made them. */
const FORMS: Readonly<Record<string, RegExp>> = {
  'an issued token': /\bhl_[0-9a-f-]{36}_[\w-]{43}/,
  'a token of an issuer': /\beyJ[\w-]{8,}\.eyJ[\w-]+\.[\w-]+/,
  'a secret of a webhook': /\bwhsec_[\w+/=-]{8,}/,
  'a private key': /PRIVATE\+KEY\+|-----BEGIN [A-Z ]*PRIVATE KEY/,
  'a password of an address': /:\/\/[^\s/:@"\\]*:[^\s/@"\\…]+@/,
};

/** Where the logs of a folder hold a secret, by form or because a spec said it is one; without it. */
export const leaksIn = (folder: string): readonly string[] => {
  const files = readdirSync(folder).toSorted();
  const textOf = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const secrets = new Set(
    files
      .filter((file) => file.endsWith('.jsonl'))
      .flatMap((file) => textOf(file).split('\n').filter(Boolean))
      .map((line) => JSON.parse(line) as string),
  );
  const whatIn = (line: string): string | undefined => {
    const form = Object.entries(FORMS).find(([, pattern]) => pattern.test(line));
    if (form) return form[0];
    return [...secrets].some((secret) => line.includes(secret)) ? 'a secret of a spec' : undefined;
  };
  return files
    .filter((file) => file.endsWith('.log'))
    .flatMap((file) =>
      textOf(file)
        .split('\n')
        .flatMap((line, index) => {
          const what = whatIn(line);
          return what === undefined ? [] : [`${file}:${index + 1} holds ${what}`];
        }),
    );
};

const MAX_TOLD = 20;

/** After the suite: it fails where a log of it holds a secret, and the logs stay to be looked at. */
const tearDown = (): void => {
  const folder = process.env['KEPT_LOGS'];
  if (folder === undefined) return;
  const leaks = leaksIn(folder);
  if (leaks.length > 0) {
    const told = leaks.slice(0, MAX_TOLD).join('\n  ');
    throw new Error(`${leaks.length} lines of the logs in ${folder} hold secrets:\n  ${told}`);
  }
  rmSync(folder, { recursive: true, force: true });
};

export default tearDown;
