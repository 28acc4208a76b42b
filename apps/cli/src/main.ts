import '../../composition/require-node.js';
import { Command } from 'commander';
import { auditCommands } from './audit/command.js';
import { clusterCommands } from './cluster/command.js';
import { notaryCommands } from './notary.js';
import { playCommand } from './play/command.js';
import { projectionCommands } from './projections.js';
import { replayCommands } from './replay/command.js';
import { diffCommand } from './replay/diff-command.js';
import { tokenCommands } from './tokens.js';

const program = new Command('hostledger').description('Operate a Hostledger installation');
tokenCommands(program);
playCommand(program);
projectionCommands(program);
replayCommands(program);
diffCommand(program);
auditCommands(program);
notaryCommands(program);
clusterCommands(program);
program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
