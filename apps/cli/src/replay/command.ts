import { InvalidArgumentError, type Command } from 'commander';
import { AggregateStore, silentObserver, type Projection } from '@hostledger/eventsourcing';
import { EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import {
  dropReplay,
  replay,
  replayPointOf,
  replays,
  type ReplayPoint,
} from '@hostledger/eventsourcing/postgres';
import { decisionsAbout } from '@hostledger/projections';
import { READ_MODELS, readModelProjections } from '../../../composition/rooms.js';
import { terminal } from '../play/command.js';
import { listOf, Pace, saidOf } from './report.js';
import { Databases, warn, withLog } from './stores.js';

interface ReplayFlags {
  readonly to?: ReplayPoint;
  readonly into?: string;
  readonly only?: readonly string[];
  readonly replace: boolean;
}

/**
 * Adds `replay …`. Like `token`, these work on the stores themselves: whoever may read the log and
 * write to the database needs no other leave.
 */
export const replayCommands = (program: Command): void => {
  const command = program
    .command('replay')
    .description('Fill read models as they were at a point of the log, into a schema of their own')
    .option(
      '--to <point>',
      'a position of the log, an ISO 8601 instant with its zone, or end',
      point,
    )
    .option('--into <schema>', 'name of the schema that is made')
    .option('--only <projection...>', 'these read models instead of all')
    .option('--replace', 'in the place of an earlier replay of that name', false);
  command.action(async ({ to, into, only, replace }: ReplayFlags) => {
    // Not required options: `list` and `drop` would require them as well.
    if (to === undefined || into === undefined)
      return command.error('error: --to and --into are required');
    await fill(to, into, only === undefined ? readModelProjections : named(only), replace);
  });
  command
    .command('list')
    .description('The schemas that replays have made')
    .action(() =>
      Databases.during(async (databases) => {
        const found = databases.hasReplays ? await replays(await databases.replays()) : [];
        print(listOf(found));
      }),
    );
  command
    .command('drop')
    .description('Drop a schema that a replay has made')
    .argument('<schema>')
    .action((schema: string) =>
      Databases.during(async (databases) => {
        if (!databases.hasReplays) throw new Error('There are no replays');
        await dropReplay(await databases.replays(), schema);
        print([`${schema} is dropped`]);
      }),
    );
};

const fill = async (
  to: ReplayPoint,
  schema: string,
  projections: readonly Projection[],
  replace: boolean,
): Promise<void> => {
  const output = terminal(process.stdout);
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort(new Error(`Interrupted: ${schema} is dropped again`));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const made = await withLog((log) =>
    Databases.during(async (databases) => {
      const store = new AggregateStore(log);
      const decisions = await decisionsAbout(store, READ_MODELS)();
      const pace = new Pace();
      const subscriptionReopened = (_: string, reason: string): void =>
        warn(`The log is read on after a fault: ${reason}`);
      return replay({
        database: await databases.replays(),
        feeds: new EventStoreFeeds(log, { ...silentObserver, subscriptionReopened }),
        log,
        projections,
        to,
        schema,
        replace,
        parked: (projection) => decisions.of(projection).parked,
        onProgress: (progress) => output.progress(pace.told(progress)),
        signal: interrupt.signal,
      });
    }),
  );
  process.off('SIGINT', stop).off('SIGTERM', stop);
  for (const line of saidOf(made)) output.line(line);
};

const point = (text: string): ReplayPoint => {
  const found = replayPointOf(text);
  if (found) return found;
  throw new InvalidArgumentError(
    'A position (a whole number), an instant such as 2024-06-01T00:00:00Z, or end.',
  );
};

/** @throws where there is no such read model */
const named = (names: readonly string[]): readonly Projection[] =>
  [...new Set(names)].map((name) => {
    const found = readModelProjections.find((projection) => projection.name === name);
    if (found) return found;
    const known = readModelProjections.map((projection) => projection.name).join(', ');
    throw new Error(`There is no read model ${name}. There are ${known}`);
  });

const print = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`);
};
