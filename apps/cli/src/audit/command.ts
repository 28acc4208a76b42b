import type { Command } from 'commander';

/** What auditors ask and check, from a shell. */
export const auditCommands = (program: Command): void => {
  program.command('audit').description('Read, export, verify and recompute the history');
};
