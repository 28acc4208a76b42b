import { InvalidArgumentError, type Command } from 'commander';
import {
  fileSource,
  recomputeAggregate,
  recomputeRow,
  sourceUpTo,
  StatementRecomputation,
  storeSource,
  type Against,
  type LogSource,
  type Recomputed,
} from '@hostledger/audit';
import { auditCatalogue } from '../../../composition/rooms.js';
import { connectionOf } from '../connection.js';
import { terminal } from '../play/command.js';
import { withLog } from '../replay/stores.js';
import { recomputedAsText } from './recompute-report.js';

interface RecomputeFlags {
  readonly at?: bigint;
  readonly against?: string;
  readonly token?: string;
  readonly json: boolean;
}

/** As `diff` of files has it. */
const DIFFERENT = 1;
const TROUBLE = 2;

const LIVE = 'live';

/** Adds `audit recompute …`: from events alone, without a server, and without its read models. */
export const recomputeCommand = (audit: Command): void => {
  audit
    .command('recompute')
    .description('Compute a state, a row or a statement anew from events alone, and compare it')
    .argument('<source>', `a bundle, a file of its event lines, or ${LIVE} for the store itself`)
    .argument('<what>', 'aggregate, row or statement')
    .argument(
      '<name>',
      'a stream; a table; the number of a statement, a late fee note or a credit note, or all',
    )
    .argument('[key...]', 'of a row: <column>=<value>, for each column of its key')
    .option('--at <position>', 'events up to this position of the log', position)
    .option('--against <where>', 'another bundle or file, or the URL of a running system')
    .option('--token <token>', 'for the URL (HOSTLEDGER_TOKEN, or the file the first start made)')
    .option('--json', 'for programs, with whole values', false)
    .addHelpText(
      'after',
      '\nThe exit code is 0 for equal or nothing to compare with, 1 for different, 2 for trouble.',
    )
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : TROUBLE))
    .action(async (from: string, what: string, name: string, key: string[], flags) => {
      try {
        const isSame = await withSource(from, (source) =>
          recompute(source, { what, name, key }, flags as RecomputeFlags),
        );
        if (!isSame) process.exitCode = DIFFERENT;
      } catch (error) {
        process.stderr.write(`${(error as Error).message}\n`);
        process.exitCode = TROUBLE;
      }
    });
};

interface Asked {
  readonly what: string;
  readonly name: string;
  readonly key: readonly string[];
}

const recompute = async (
  whole: LogSource,
  asked: Asked,
  { at, against, token, json }: RecomputeFlags,
): Promise<boolean> => {
  const source = sourceUpTo(whole, at);
  const output = terminal(process.stdout);
  let isSame = true;
  await withAgainst(against, { at, token }, async (other) => {
    for await (const found of recomputed(source, asked, other)) {
      // Of several, a line for each.
      const lines = json ? [JSON.stringify(found)] : recomputedAsText(found);
      for (const line of lines) output.line(line);
      isSame &&= found.verdict?.equal !== false;
    }
  });
  return isSame;
};

const recomputed = async function* (
  source: LogSource,
  { what, name, key }: Asked,
  against: Against | undefined,
): AsyncGenerator<Recomputed> {
  if (what !== 'row' && key.length > 0) throw new Error(`${key[0]} is one word too many`);
  switch (what) {
    case 'aggregate':
      yield await recomputeAggregate(auditCatalogue, source, name, against);
      return;
    case 'row':
      yield await recomputeRow(auditCatalogue, source, { table: name, key: keyIn(key) }, against);
      return;
    case 'statement':
      if (against) throw new Error('A statement is compared with what its own log has of it');
      yield* statements(source, name);
      return;
    default:
      throw new Error(`${what} is neither aggregate, row nor statement`);
  }
};

const statements = async function* (source: LogSource, name: string): AsyncGenerator<Recomputed> {
  const recomputation = await StatementRecomputation.open();
  try {
    yield* recomputation.recompute(source, name === 'all' ? undefined : [name]);
  } finally {
    await recomputation.close();
  }
};

const withSource = async <T>(
  where: string,
  work: (source: LogSource) => Promise<T>,
): Promise<T> => {
  if (where === LIVE) return withLog(async (log) => work(await storeSource(log)));
  const source = await fileSource(where);
  try {
    return await work(source);
  } finally {
    await source.close();
  }
};

const withAgainst = async <T>(
  where: string | undefined,
  { at, token }: Pick<RecomputeFlags, 'at' | 'token'>,
  work: (against: Against | undefined) => Promise<T>,
): Promise<T> => {
  if (where === undefined) return work(undefined);
  if (!/^https?:\/\//.test(where)) {
    return withSource(where, (source) => work({ source: sourceUpTo(source, at) }));
  }
  const connection = connectionOf({
    url: where,
    patience: 0,
    ...(token !== undefined && { token }),
  });
  return work({ server: { url: connection.url, token: await connection.token() } });
};

const keyIn = (words: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    words.map((word) => {
      const [, column, value] = /^([a-z][a-z0-9_]*)=(.*)$/s.exec(word) ?? [];
      if (column === undefined) throw new Error(`${word} is no <column>=<value>`);
      return [column, value!];
    }),
  );

const position = (text: string): bigint => {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError('A position of the log, a whole number.');
};
