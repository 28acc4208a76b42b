import type { Command } from 'commander';
import { historyCommands } from './history.js';
import { reportCommand } from './report.js';
import { recomputeCommand } from './recompute.js';
import { bundleCommands } from './bundle.js';

/** What auditors ask and check, from a shell. */
export const auditCommands = (program: Command): void => {
  const audit = program
    .command('audit')
    .description('Read, export, verify and recompute the history');
  historyCommands(audit);
  reportCommand(audit);
  recomputeCommand(audit);
  bundleCommands(audit);
};
