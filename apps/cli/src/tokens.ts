import { InvalidArgumentError, type Command } from 'commander';
import { issueToken, revokeToken } from '@hostledger/access';
import { ROLES, type Role } from '@hostledger/http';
import { operatorContext, withStore } from './event-store.js';

interface IssueFlags {
  readonly subject: string;
  readonly role: readonly Role[];
  readonly expires?: string;
  readonly note: string;
}

/**
 * Adds `token issue` and `token revoke`. They write to the event store itself, so that the first
 * token of an installation needs no other; whoever may write there is an administrator anyway.
 */
export const tokenCommands = (program: Command): void => {
  const token = program.command('token').description('Issue and revoke access tokens');
  token
    .command('issue')
    .description('Issue a token and print it, once')
    .requiredOption('--subject <subject>', 'who acts with it; written on every event')
    .requiredOption('--role <role...>', `one or more of ${ROLES.join(', ')}`, roles)
    .option('--expires <instant>', 'ISO 8601; without it the token does not expire', instant)
    .option('--note <text>', 'what it is for', '')
    .action(async ({ subject, role, expires, note }: IssueFlags) => {
      await withStore(async (store) => {
        const request = { subject, roles: role, expiresAt: expires ?? null, note };
        const issued = await issueToken(store, request, operatorContext());
        process.stdout.write(`${issued.token}\n`);
      });
    });
  token
    .command('revoke')
    .description('Revoke a token; running processes notice within two seconds')
    .argument('<tokenId>', 'the part of the token between its underscores')
    .action(async (tokenId: string) => {
      await withStore((store) => revokeToken(store, tokenId, operatorContext()));
      process.stdout.write(`Revoked ${tokenId}\n`);
    });
};

const roles = (value: string, before: readonly Role[] = []): readonly Role[] => {
  const role = ROLES.find((candidate) => candidate === value);
  if (!role) throw new InvalidArgumentError(`One of ${ROLES.join(', ')}.`);
  return [...before, role];
};

const instant = (text: string): string => {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError('Not an ISO 8601 instant.');
  return new Date(time).toISOString();
};
