import type { Command } from 'commander';
import { bundleCommands } from './bundle.js';

/** What auditors ask and check, from a shell. */
export const auditCommands = (program: Command): void => {
  const audit = program
    .command('audit')
    .description('Read, export, verify and recompute the history');
  bundleCommands(audit);
};
