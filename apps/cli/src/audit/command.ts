import type { Command } from 'commander';
import { reportCommand } from './report.js';
import { historyCommands } from './history.js';

/** What auditors ask and check, from a shell. */
export const auditCommands = (program: Command): void => {
  const audit = program
    .command('audit')
    .description('Read, export, verify and recompute the history');
  reportCommand(audit);
  historyCommands(audit);
};
