import { Command } from 'commander';
import { written } from './report.js';
import { runFailover } from './run.js';

const number = (text: string): number => {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error(`${text} is not a number`);
  return value;
};

interface Given {
  readonly minutes: number;
  readonly clients: number;
  readonly apis: number;
  readonly workers: number;
  readonly seed: number;
  readonly calm: number;
  readonly url?: string;
  readonly database?: string;
  readonly faultCommand?: string;
  readonly faults?: readonly string[];
  readonly faultSeconds: number;
}

/** `npm run failover -- --minutes 10 --clients 32`; see docs/failover.md. */
const main = async (): Promise<void> => {
  const program = new Command('failover')
    .option('--minutes <n>', 'how long faults go on', number, 10)
    .option('--clients <n>', 'that send commands at a time', number, 32)
    .option('--apis <n>', 'processes', number, 2)
    .option('--workers <n>', 'processes', number, 2)
    .option('--seed <n>', 'of the order of faults and of what clients do', number, 1)
    .option('--calm <seconds>', 'between a fault that is over and the next', number, 8)
    .option('--url <esdb>', 'a cluster that is there, empty, instead of fronts over one log')
    .option('--database <postgres>', 'an empty database, with --url')
    .option('--fault-command <command>', 'for the shell; FAULT and PHASE (begin, end) say what')
    .option('--faults <names...>', 'these alone; with a command, those that it knows')
    .option('--fault-seconds <n>', 'from begin to end of each', number, 10)
    .parse();
  const given = program.opts<Given>();
  if (Boolean(given.url) !== Boolean(given.database)) {
    throw new Error('--url and --database come together');
  }
  const report = await runFailover({
    seed: given.seed,
    clients: given.clients,
    apis: given.apis,
    workers: given.workers,
    seconds: given.minutes * 60,
    calmMs: given.calm * 1_000,
    given: given.url ? { eventStoreUrl: given.url, databaseUrl: given.database! } : undefined,
    faultCommand: given.faultCommand,
    faultNames: given.faults,
    faultHoldMs: given.faultSeconds * 1_000,
    say: (line) => console.log(line),
  });
  console.log(`\n${written(report)}`);
  if (report.wrong.length > 0) process.exitCode = 1;
};

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
