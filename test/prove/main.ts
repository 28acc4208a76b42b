import { loadConfig } from '@hostledger/config';
import { Command, Option } from 'commander';
import { addressesOf, lookAtServers, withTrialDatabase } from './store.js';
import { failover, scenarios, specs, type Proven } from './suites.js';

// Everything that can be said of a given event store and PostgreSQL, in one command: the contract
// they are held to, and the scenarios played on them.

const SUITES = ['scenarios', 'contract', 'conformance', 'read-models'] as const;
type Suite = (typeof SUITES)[number];
const SCENARIOS = ['pass-through', 'core-scientific-bitmain'];

interface Flags {
  readonly iKnow: boolean;
  readonly failover: boolean;
  readonly faultCommand?: string;
  readonly only: readonly Suite[];
  readonly scenario: readonly string[];
}

const prove = async (flags: Flags): Promise<void> => {
  const { iKnow, only, scenario } = flags;
  const { eventStoreUrl, databaseUrl } = addressesOf(loadConfig(process.env));
  const servers = await lookAtServers(eventStoreUrl, databaseUrl);
  say(`Event store ${servers.eventStore}, PostgreSQL ${servers.database}`);
  if (!servers.isLogEmpty && !iKnow) {
    throw new Error(
      'The log is not empty, and what is tried stays in it for ever. Take an event store that nobody ' +
        'needs, or say --i-know',
    );
  }
  const proven: Proven[] = [];
  const note = (...found: readonly Proven[]): void => {
    for (const one of found) {
      proven.push(one);
      say(line(one));
    }
  };
  if (flags.failover) {
    // The first, since it counts what is in the log.
    await withTrialDatabase(databaseUrl, async (trialUrl) => {
      note(await failover(eventStoreUrl, trialUrl, flags.faultCommand));
    });
  }
  await withTrialDatabase(databaseUrl, async (trialUrl) => {
    // Files would stand beside what is given here.
    const files = { EVENTSTORE_URL_FILE: '', DATABASE_URL_FILE: '' };
    const env = { ...files, EVENTSTORE_URL: eventStoreUrl, DATABASE_URL: trialUrl };
    // Before specs leave streams in the log that are none of ours.
    if (only.includes('scenarios')) note(...(await scenarios(scenario, env)));
    if (only.includes('contract')) {
      note(await specs('what the system needs of the store', [CONTRACT], env));
    }
    if (only.includes('conformance')) {
      note(await specs('what the embedded node does as well', [CONFORMANCE], env));
    }
    if (only.includes('read-models')) {
      // The store is one of their own here: they are about the database.
      const onServer = { ...files, EVENTSTORE_URL: '', TEST_DATABASE_URL: databaseUrl };
      note(await specs('read models on PostgreSQL', READ_MODELS, onServer, 'PostgreSQL'));
    }
  });
  const failed = proven.filter((one) => one.failed > 0);
  for (const { what, faults } of failed) {
    for (const fault of faults) say(`\n${what}: ${fault}`);
  }
  say(failed.length === 0 ? 'Everything passed' : `${failed.length} of ${proven.length} failed`);
  if (failed.length > 0) process.exitCode = 1;
};

const CONTRACT = 'libs/eventsourcing/src/eventstoredb/contract.int.spec.ts';
const CONFORMANCE = 'libs/embedded-node/src/conformance.spec.ts';
const READ_MODELS = ['libs/eventsourcing/src/postgres', 'libs/[a-z-]+/src/read/'];

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const line = ({ what, passed, failed, seconds }: Proven): string =>
  `  ${what.padEnd(44)} ${String(passed).padStart(4)} passed ${String(failed).padStart(4)} failed ` +
  `${seconds.toFixed(1).padStart(8)} s`;

new Command('prove')
  .description(
    'Hold the event store of EVENTSTORE_URL and the PostgreSQL of DATABASE_URL to everything the ' +
      'system needs of them. The users have to be administrators: of streams, whose metadata is ' +
      'written, and of the server, on which databases are made and dropped.',
  )
  .option('--i-know', 'try it on a log that is not empty', false)
  .option('--failover', 'let the failover harness run against them as well', false)
  .option('--fault-command <command>', 'of the failover harness: how faults are made')
  .addOption(
    new Option('--only <suite...>', 'not all of them').choices(SUITES).default([...SUITES]),
  )
  .option('--scenario <name...>', 'not all of them', SCENARIOS)
  .action(prove)
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  });
