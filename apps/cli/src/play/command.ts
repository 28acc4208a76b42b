import type { Command } from 'commander';
import { connectionOf, withConnection, type ConnectionFlags } from '../connection.js';
import { play, type Output } from './play.js';

const PROGRESS_EVERY_MS = 3_000;

/** Adds `play <scenario>` to the command line. */
export const playCommand = (program: Command): void => {
  const command = program
    .command('play')
    .description('Play a scenario into a running system through its API, and ask what came of it')
    .argument('<scenario>', 'name of a directory in scenarios/, or the path of one');
  withConnection(command).action(async (scenario: string, flags: ConnectionFlags) => {
    try {
      await play({ scenario, ...connectionOf(flags), output: terminal(process.stdout) });
    } catch (error) {
      process.stderr.write(`\n${(error as Error).message}\n`);
      process.exitCode = 1;
    }
  });
};

/** Progress rewrites its line on a terminal; elsewhere it is a line every few seconds. */
export const terminal = (stream: NodeJS.WriteStream): Output => {
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
