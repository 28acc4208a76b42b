import { createWriteStream, existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError, type Command } from 'commander';
import {
  begunIn,
  exportToFile,
  keptLeaves,
  parseVerifierKey,
  verdictText,
  verifyBundle,
  type ExportRequest,
  type KeptLeaves,
} from '@hostledger/audit';
import { loadConfig } from '@hostledger/config';
import { openDatabase, type Database } from '@hostledger/eventsourcing/postgres';
import { eventSchemas } from '@hostledger/feed';
import { readModelsDirectory } from '../../../composition/system.js';
import { connectionOf, withConnection, type ConnectionFlags } from '../connection.js';
import { terminal } from '../play/command.js';
import { count } from '../play/format.js';
import { warn, withLog } from '../replay/stores.js';

interface ExportFlags extends ConnectionFlags {
  readonly to: string;
  readonly fromPosition?: bigint;
  readonly until?: bigint | 'end';
}

interface VerifyFlags {
  readonly key: readonly string[];
  readonly checkpoint?: readonly string[];
  readonly witness?: readonly string[];
  readonly allowUncovered: boolean;
  readonly json: boolean;
}

const NOT_WHOLE = 1;
const TROUBLE = 2;

/** Adds `audit export` and `audit verify`. */
export const bundleCommands = (audit: Command): void => {
  withConnection(
    audit
      .command('export')
      .description(
        'Write the history into a bundle that is verified offline. Of the stores themselves, where an ' +
          'export that was cut off is continued; so it is with --url of a running API',
      )
      .requiredOption('--to <file>', 'the bundle, a tar file')
      .option(
        '--from-position <position>',
        'only what is at this position of the log and after',
        position,
      )
      .option('--until <position>', 'up to and with this position, or end', positionOrEnd),
  ).action((flags: ExportFlags) => (flags.url === undefined ? exportLog(flags) : download(flags)));

  const verify = audit
    .command('verify')
    .description(
      'Verify a bundle, offline: exit 0 it is whole, 1 it is not or not proved to its end, 2 it could not be told',
    )
    .argument('<bundle>')
    .requiredOption(
      '--key <key...>',
      'verifier keys of the notary that you believe, or files of them',
    )
    .option('--checkpoint <file...>', 'checkpoints that you have kept, or folders of them')
    .option('--witness <key...>', 'verifier keys of witnesses that must have seen the history')
    .option(
      '--allow-uncovered',
      'exit 0 although events after the last checkpoint are proved by nothing',
      false,
    )
    .option('--json', 'the verdict as JSON', false);
  verify.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : TROUBLE));
  verify.action(async (bundle: string, flags: VerifyFlags) => {
    try {
      process.exitCode = await verifyFile(bundle, flags);
    } catch (error) {
      warn((error as Error).message);
      process.exitCode = TROUBLE;
    }
  });
};

const requestOf = ({ fromPosition = 0n, until = 'end' }: ExportFlags): ExportRequest => ({
  after: fromPosition === 0n ? 0n : fromPosition - 1n,
  ...(until !== 'end' && { until }),
});

const exportLog = async (flags: ExportFlags): Promise<void> => {
  const output = terminal(process.stdout);
  const schemas = new Map([...eventSchemas].map(([type, { schema }]) => [type, schema as object]));
  const exported = await withLog((log) =>
    withTree((kept) =>
      exportToFile(
        flags.to,
        { log, schemas, ...(kept && { kept }) },
        requestOf(flags),
        new Date().toISOString(),
        (bytes) => output.progress(`${count(bytes)} bytes`),
      ),
    ),
  );
  const { path, bytes, kept } = exported;
  output.line(
    `${path}: ${count(bytes)} bytes${kept > 0 ? `, ${count(kept)} were there before` : ''}`,
  );
};

/** The notary's tree lies beside the read models; the embedded database is the running system's alone. */
const withTree = async <T>(work: (kept: KeptLeaves | undefined) => Promise<T>): Promise<T> => {
  const database = await databaseOfTree();
  if (!database) return work(undefined);
  try {
    return await work(await keptLeaves((query) => query(database.for())));
  } finally {
    await database.close();
  }
};

const databaseOfTree = async (): Promise<Database | undefined> => {
  const { databaseUrl, dataDir, eventStoreUrl } = loadConfig(process.env);
  if (databaseUrl) return openDatabase({ url: databaseUrl, onWarning: warn });
  const directory = readModelsDirectory(dataDir);
  if (eventStoreUrl || !existsSync(directory)) return undefined;
  try {
    return await openDatabase({ directory, onWarning: warn });
  } catch (error) {
    if ((error as Error).name !== 'DirectoryInUse') throw error;
    warn(
      "The running system has the database with the notary's leaves open, which nobody else can read then: " +
        'leaves are made of the lines as they are now. Take the bundle with --url http://… for those that ' +
        'the notary has kept, or stop the system',
    );
    return undefined;
  }
};

/** Where the file is the beginning of this export, from where it ends. */
const download = async (flags: ExportFlags): Promise<void> => {
  const begun = await begunIn(flags.to, requestOf(flags));
  if (begun?.isWhole) {
    process.stdout.write(`${flags.to}: ${count(begun.bytes)} bytes, which were there before\n`);
    return;
  }
  const { url, token } = connectionOf(flags);
  const address = new URL(`${url}/v1/audit/export`);
  const { fromPosition, until } = flags;
  if (fromPosition !== undefined) address.searchParams.set('fromPosition', `${fromPosition}`);
  if (typeof until === 'bigint') address.searchParams.set('until', `${until}`);
  if (begun) {
    const head = Buffer.from(JSON.stringify(begun.head)).toString('base64url');
    address.searchParams.set('resume', head);
    address.searchParams.set('skip', `${begun.bytes}`);
  }
  const answer = await fetch(address, { headers: { authorization: `Bearer ${await token()}` } });
  if (!answer.ok || !answer.body) {
    const { origin, pathname } = address;
    throw new Error(`${origin}${pathname} answered ${answer.status}: ${await answer.text()}`);
  }
  const kept = begun?.bytes ?? 0;
  const file = createWriteStream(flags.to, { flags: begun ? 'a' : 'w', mode: 0o600 });
  await pipeline(Readable.fromWeb(answer.body), file).catch((error: unknown) => {
    throw new Error(`${flags.to} is not whole; the same command goes on with it`, { cause: error });
  });
  const before = kept > 0 ? `, ${count(kept)} were there before` : '';
  process.stdout.write(`${flags.to}: ${count(kept + file.bytesWritten)} bytes${before}\n`);
};

const verifyFile = async (bundle: string, flags: VerifyFlags): Promise<number> => {
  const output = terminal(process.stdout);
  const checkpoints = (await Promise.all((flags.checkpoint ?? []).map(notesIn))).flat();
  const verdict = await verifyBundle(
    bundle,
    {
      keys: await Promise.all(flags.key.map(keyIn)),
      witnesses: await Promise.all((flags.witness ?? []).map(keyIn)),
      checkpoints,
    },
    (events) => {
      if (!flags.json) output.progress(`${count(events)} events`);
    },
  );
  if (flags.json) output.line(JSON.stringify(verdict, null, 2));
  else for (const line of verdictText(verdict)) output.line(line);
  const isAllowed = verdict.verdict === 'whole-up-to' && flags.allowUncovered;
  return verdict.verdict === 'whole' || isAllowed ? 0 : NOT_WHOLE;
};

/** A key as it is written, or a file with one. */
const keyIn = async (text: string) =>
  parseVerifierKey(text.includes('+') ? text : (await readFile(text, 'utf8')).trim());

const notesIn = async (path: string) => {
  if (!(await stat(path)).isDirectory()) return [await noteIn(path)];
  const names = (await readdir(path)).sort();
  return Promise.all(names.map((name) => noteIn(join(path, name))));
};

const noteIn = async (path: string) => ({ name: path, note: await readFile(path, 'utf8') });

const position = (text: string): bigint => {
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError('A position of the log is a whole number.');
};

const positionOrEnd = (text: string): bigint | 'end' => (text === 'end' ? text : position(text));
