import type { Command } from 'commander';
import { rotateKey, verifierKeyOf } from '@hostledger/audit';
import { loadConfig } from '@hostledger/config';
import { notaryKeyFiles } from '../../composition/notary.js';
import { operatorContext, withStore } from './event-store.js';

/**
 * Adds `notary key`, `next` and `rotate`. Like tokens they are matters of whoever has the event store
 * and the files of the server before them.
 */
export const notaryCommands = (program: Command): void => {
  const notary = program.command('notary').description('See and rotate the key of the notary');
  notary
    .command('key')
    .description('Print the verifier key in force, by which checkpoints are checked')
    .action(() =>
      withStore(async (store, { notary: { origin } }) => {
        const key = await verifierKeyOf(store, origin);
        if (key === undefined) throw new Error(`${origin} has no key yet; has a worker run?`);
        process.stdout.write(`${key}\n`);
      }),
    );
  notary
    .command('next <file>')
    .description(
      'Make a key to rotate to by `rotate --new-key`, unless it is there: where workers are given their ' +
        'key, it is first given to them beside the present one. Needs no event store',
    )
    .action((file: string) => {
      const { verifier } = notaryKeyFiles(loadConfig(process.env)).next(file);
      process.stdout.write(`${verifier.text}\n`);
    });
  notary
    .command('rotate')
    .description(
      'Make a new key, record it signed by the old and the new one, and put it in the place of the ' +
        'old one; a worker that runs takes it up',
    )
    .option(
      '--new-key <file>',
      'the new key, made if it is not there; it stays there, to be set as NOTARY_KEY_FILE or NOTARY_KEY',
    )
    .action(({ newKey: newKeyFile }: { newKey?: string }) =>
      withStore(async (store, config) => {
        const { origin } = config.notary;
        const keys = notaryKeyFiles(config);
        const key = await rotateKey(store, keys, { origin, newKeyFile }, operatorContext());
        process.stdout.write(`${key}\n`);
        if (newKeyFile === undefined) return;
        process.stderr.write(
          `Give the key in ${newKeyFile} to every worker and start them again\n`,
        );
      }),
    );
};
