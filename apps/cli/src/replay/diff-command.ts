import { InvalidArgumentError, type Command } from 'commander';
import { diffSchemas, LIVE, type SchemaDiff } from '@hostledger/eventsourcing/postgres';
import { READ_MODELS } from '../../../composition/rooms.js';
import { terminal } from '../play/command.js';
import { diffAsJson, diffAsText } from './report.js';
import { Databases } from './stores.js';

interface DiffFlags {
  readonly table?: readonly string[];
  readonly limit: number;
  readonly json: boolean;
}

/** As `diff` of files has it. */
const DIFFERENT = 1;
const TROUBLE = 2;

const MAX_ROWS = 10_000;

/** Adds `diff <a> <b>`. */
export const diffCommand = (program: Command): void => {
  program
    .command('diff')
    .description('Compare two replays, or one with the live tables, row by row')
    .argument('<a>', `schema of a replay, or ${LIVE}`)
    .argument('<b>', `schema of a replay, or ${LIVE}`)
    .option('--table <table...>', 'these tables instead of all')
    .option('--limit <rows>', 'that are told of each table', rows, 20)
    .option('--json', 'for programs, with whole values', false)
    .addHelpText('after', '\nThe exit code is 0 for the same, 1 for different, 2 for trouble.')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : TROUBLE))
    .action(async (a: string, b: string, flags: DiffFlags) => {
      try {
        const { same } = await diff(a, b, flags);
        if (!same) process.exitCode = DIFFERENT;
      } catch (error) {
        process.stderr.write(`${(error as Error).message}\n`);
        process.exitCode = TROUBLE;
      }
    });
};

const diff = async (a: string, b: string, flags: DiffFlags): Promise<SchemaDiff> => {
  // Progress does not go among what a program reads.
  const progress = terminal(process.stderr);
  const output = terminal(process.stdout);
  const found = await Databases.during(async (databases) =>
    diffSchemas(
      { database: await databases.of(a), schema: a },
      { database: await databases.of(b), schema: b },
      {
        group: READ_MODELS,
        limit: flags.limit,
        ...(flags.table ? { tables: flags.table } : {}),
        onTable: (table) => progress.progress(`Comparing ${table}`),
      },
    ),
  );
  const lines = flags.json ? [diffAsJson(found)] : diffAsText(found);
  for (const line of lines) output.line(line);
  return found;
};

const rows = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= MAX_ROWS) return value;
  throw new InvalidArgumentError(`A whole number from 0 to ${MAX_ROWS}.`);
};
