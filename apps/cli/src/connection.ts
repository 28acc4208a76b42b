import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';

/** How a command finds the API, and what it may do there. */
export interface ConnectionFlags {
  readonly url?: string;
  readonly token?: string;
  readonly patience: number;
}

const MAX_PATIENCE_SECONDS = 3_600;

export const withConnection = (command: Command): Command =>
  command
    .option('--url <url>', 'of the API (HOSTLEDGER_URL)')
    .option('--token <token>', 'access token (HOSTLEDGER_TOKEN, or the file the first start made)')
    .option('--patience <seconds>', 'to wait for a server that does not answer', seconds, 60);

/** @throws where there is no token */
export const connectionOf = ({ url, token, patience }: ConnectionFlags) => {
  const { env } = process;
  const base = url ?? env['HOSTLEDGER_URL'] ?? `http://127.0.0.1:${env['PORT'] || '3000'}`;
  const given = token ?? env['HOSTLEDGER_TOKEN'];
  return {
    url: base.replace(/\/+$/, ''),
    token: async () => given ?? (await firstToken(env['DATA_DIR'] || 'data')),
    // Whoever brings a token may not be at home where the server's are.
    kept: given === undefined ? tokensIn(env['DATA_DIR'] || 'data') : undefined,
    patienceMs: patience * 1000,
  };
};

/** Tokens of further subjects, kept from one run to the next. */
export interface KeptTokens {
  read(subject: string): Promise<string | undefined>;
  keep(subject: string, token: string): Promise<void>;
}

/** Beside the first token, and readable by nobody else either. */
const tokensIn = (dataDir: string): KeptTokens => {
  const path = (subject: string) => join(dataDir, `access-token.${subject}`);
  return {
    read: (subject) =>
      readFile(path(subject), 'utf8').then(
        (text) => text.trim(),
        () => undefined,
      ),
    keep: (subject, token) => writeFile(path(subject), `${token}\n`, { mode: 0o600 }),
  };
};

const seconds = (text: string): number => {
  const value = Number(text);
  if (text !== '' && value >= 0 && value <= MAX_PATIENCE_SECONDS) return value;
  throw new InvalidArgumentError(`Not a number from 0 to ${MAX_PATIENCE_SECONDS}.`);
};

const firstToken = async (dataDir: string): Promise<string> => {
  const path = join(dataDir, 'access-token');
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(
      `No access token: ${path} cannot be read. Give one with --token or HOSTLEDGER_TOKEN, or ` +
        'set DATA_DIR as the server has it',
    );
  });
  return text.trim();
};
