import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { play, type Output } from './play.js';

interface Flags {
  readonly url?: string;
  readonly token?: string;
  readonly patience: number;
}

const PROGRESS_EVERY_MS = 3_000;
const MAX_PATIENCE_SECONDS = 3_600;

/** Adds `play <scenario>` to the command line. */
export const playCommand = (program: Command): void => {
  program
    .command('play')
    .description('Play a scenario into a running system through its API, and ask what came of it')
    .argument('<scenario>', 'name of a directory in scenarios/, or the path of one')
    .option('--url <url>', 'of the API (HOSTLEDGER_URL)')
    .option('--token <token>', 'access token (HOSTLEDGER_TOKEN, or the file the first start made)')
    .option('--patience <seconds>', 'to wait for a server that does not answer', seconds, 60)
    .action(async (scenario: string, { url, token, patience }: Flags) => {
      const { env } = process;
      const base = url ?? env['HOSTLEDGER_URL'] ?? `http://127.0.0.1:${env['PORT'] || '3000'}`;
      const given = token ?? env['HOSTLEDGER_TOKEN'];
      try {
        await play({
          scenario,
          url: base.replace(/\/+$/, ''),
          token: async () => given ?? (await firstToken(env['DATA_DIR'] || 'data')),
          patienceMs: patience * 1000,
          output: terminal(process.stdout),
        });
      } catch (error) {
        process.stderr.write(`\n${(error as Error).message}\n`);
        process.exitCode = 1;
      }
    });
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

/** Progress rewrites its line on a terminal; elsewhere it is a line every few seconds. */
const terminal = (stream: NodeJS.WriteStream): Output => {
  let last = performance.now();
  // A reader that goes away, like `head`, is no reason to stop.
  stream.on('error', () => undefined);
  const clear = stream.isTTY ? '\r\x1b[K' : '';
  return {
    line: (text) => {
      last = performance.now();
      stream.write(`${clear}${text}\n`);
    },
    progress: (text) => {
      const now = performance.now();
      if (stream.isTTY) stream.write(`${clear}${text.slice(0, stream.columns - 1)}`);
      else if (now - last > PROGRESS_EVERY_MS) {
        last = now;
        stream.write(`${text}\n`);
      }
    },
  };
};
