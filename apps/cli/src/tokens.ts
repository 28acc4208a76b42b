import { InvalidArgumentError, type Command } from 'commander';
import { issueToken, revokeToken, SUBJECT_FORM } from '@hostledger/access';
import { ROLES, type Role } from '@hostledger/http';
import { operatorContext, withStore } from './event-store.js';

interface IssueFlags {
  readonly subject: string;
  readonly role: readonly Role[];
  readonly customer?: readonly string[];
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
    .requiredOption(
      '--subject <subject>',
      'who acts with it, written on every event; for somebody of an OIDC issuer oidc:<issuer>#<name>',
      subjectName,
    )
    .requiredOption('--role <role...>', `one or more of ${ROLES.join(', ')}`, roles)
    .option('--customer <id...>', "whose objects alone it shows; everybody's without it", customers)
    .option('--expires <instant>', 'ISO 8601; without it the token does not expire', instant)
    .option('--note <text>', 'what it is for', '')
    .action(async ({ subject, role, customer, expires, note }: IssueFlags) => {
      await withStore(async (store) => {
        const limit = customer && { customers: customer };
        const request = { subject, roles: role, expiresAt: expires ?? null, note, ...limit };
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

const subjectName = (text: string): string => {
  if (SUBJECT_FORM.test(text)) return text;
  throw new InvalidArgumentError('1 to 200 letters, digits and . _ @ : + / # | = ~ -.');
};

const customers = (value: string, before: readonly string[] = []): readonly string[] => {
  if (!/^[0-9a-f-]{36}$/i.test(value)) throw new InvalidArgumentError('The id of a customer.');
  return [...before, value];
};

const instant = (text: string): string => {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError('Not an ISO 8601 instant.');
  return new Date(time).toISOString();
};
