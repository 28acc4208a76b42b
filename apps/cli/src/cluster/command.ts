import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadConfig } from '@hostledger/config';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import type { Command } from 'commander';
import { makeIdentities } from './identities.js';
import { managementOf, setUpStoreUsers, USERS } from './store-users.js';

interface IdentityOptions {
  readonly directory: string;
  readonly node: readonly string[];
  readonly database: string;
  readonly alsoReachedAs: readonly string[];
  readonly mountedAt?: string;
  readonly validDays: string;
  readonly renewWithinDays: string;
  readonly notaryOrigin: string;
  readonly nodeUid?: string;
  readonly postgresUid?: string;
  readonly ownUid?: string;
}

/** Adds `cluster identities` and `cluster users`: the two steps before a cluster is used. */
export const clusterCommands = (program: Command): void => {
  const cluster = program.command('cluster').description('Set a cluster up');
  cluster
    .command('identities')
    .description(
      'Make the authority, certificates, passwords and connection strings that are not there yet, ' +
        'and issue again what ends soon',
    )
    .requiredOption('--directory <path>', 'where a folder for each part is made')
    .requiredOption('--node <host...>', 'nodes of the event store, host or host:port')
    .requiredOption('--database <host:port>', 'PostgreSQL')
    .option('--also-reached-as <host...>', 'further names in the certificates', [])
    .option('--mounted-at <path>', 'where every part finds its own folder')
    .option('--valid-days <n>', 'of certificates', '365')
    .option('--renew-within-days <n>', 'before they end', '60')
    .option('--notary-origin <name>', 'of the log in its checkpoints', 'hostledger.local/log')
    .option('--node-uid <id>', 'user that the nodes run as')
    .option('--postgres-uid <id>', 'user that PostgreSQL runs as')
    .option('--own-uid <id>', 'user that our own processes run as')
    .action(async (options: IdentityOptions) => {
      const { directory, node, database, alsoReachedAs, mountedAt, notaryOrigin } = options;
      const told = await makeIdentities(
        {
          directory: resolve(directory),
          nodes: node,
          database,
          alsoReachedAs,
          mountedAt,
          notaryOrigin,
          validDays: Number(options.validDays),
          renewWithinDays: Number(options.renewWithinDays),
          owners: {
            ...(options.nodeUid && { node: Number(options.nodeUid) }),
            ...(options.postgresUid && { postgres: Number(options.postgresUid) }),
            ...(options.ownUid && { own: Number(options.ownUid) }),
          },
        },
        new Date(),
      );
      process.stdout.write(`${told.join('\n')}\n`);
    });
  cluster
    .command('users')
    .description(
      'Make the users of the event store and set who may do what; EVENTSTORE_URL is that of an ' +
        'administrator',
    )
    .requiredOption('--passwords <path>', 'folder with <user>-password of each')
    .option('--wait <seconds>', 'for a cluster that is coming up', '120')
    .action(async ({ passwords, wait }: { passwords: string; wait: string }) => {
      const { eventStoreUrl } = loadConfig(process.env);
      if (!eventStoreUrl) throw new Error('EVENTSTORE_URL is not set');
      const store = new EventStore({ connection: eventStoreUrl, retryWindowMs: 5_000 });
      try {
        const done = await setUpStoreUsers(
          managementOf(eventStoreUrl),
          store,
          passwordsIn(passwords),
          Number(wait) * 1000,
        );
        process.stdout.write(`${done.join('\n') || 'Users and rights are as they should be'}\n`);
      } finally {
        await store.close();
      }
    });
};

const passwordsIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    USERS.map(({ name }) => [name, readFileSync(join(folder, `${name}-password`), 'utf8').trim()]),
  );
