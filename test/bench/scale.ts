import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { askChild } from './child.js';
import { identifier, identifierPaths, lookUp, READS, type Fleet } from './fleet-reads.js';
import type { Load, LoadResult } from './load.js';
import { machineLine, median, table, type Finding } from './measure.js';
import { SplitSystem } from './split-system.js';
import { customer, deliver, MACHINES, prepare, relocateByPlan } from './workload.js';

// What a fleet of 600,000 costs: the same things are asked of a small and of a large history, in turns.
// API, worker, node and PostgreSQL are processes of their own, as they would be at that size.

const SMALL = 6_000;
const RUNS = 3;
const LOAD_MS = 4_000;
/** Of one read, of which there are many. */
const READ_MS = 2_000;
const WRITERS = 64;
/** Few enough that what is measured is the answer and not the queue before it. */
const READERS = 4;
const MOVES = 10_000;
/** Of all machines; so many stand at one facility, whatever the size of the history. */
const MOVED_AT_MOST = 1 / 25;
const CHILD_WITHIN_MS = 120_000;
const LIVE_WITHIN_MS = 1_800_000;

interface Flags {
  readonly machines: number;
  readonly from?: string;
}

const bench = async (home: string, { machines, from }: Flags): Promise<Finding[]> => {
  const large = from ? resolve(from) : await generated(home, machines);
  const small = await generated(home, SMALL);
  const systems: SplitSystem[] = [];
  const start = async (dataDir: string): Promise<SplitSystem> => {
    const system = await SplitSystem.start(dataDir, LIVE_WITHIN_MS);
    systems.push(system);
    note(`${dataDir}: live after ${(system.rebuiltAfterMs / 1000).toFixed(1)} s`);
    return system;
  };
  try {
    const empty = await start(join(home, 'empty'));
    const few = await start(small);
    const many = await start(large);
    const rebuilt = many.rebuiltAfterMs;
    const fleets = [
      { system: few, fleet: await lookUp(few, SMALL) },
      { system: many, fleet: await lookUp(many, machines) },
    ] as const;
    note('machines looked up');
    const commands = [await compareCommands(empty, many), await compareMinerCommands(...fleets)];
    const reads = await compareReads(...fleets);
    const bulk = await compareBulk(empty, many, machines);
    const { api, worker, node } = many.memory();
    const again = await many.restart();
    const megabytes = (what: string, value: number, target: string): Finding => ({
      what: `memory of the ${what}, ${count(machines)} machines`,
      measured: { values: [value], unit: 'MB' },
      target,
    });
    const once = (what: string, ms: number): Finding => ({
      what,
      measured: { values: [ms], unit: 'ms' },
      target: '',
    });
    return [
      ...commands,
      ...reads,
      ...bulk,
      once(`rebuild of all read models, ${count(machines)} machines`, rebuilt),
      megabytes('API', api, '<= 1,536 MB'),
      megabytes('worker', worker, '<= 1,536 MB'),
      megabytes('node', node, ''),
      once('start of the API to ready', again.apiMs),
      once('start of the worker to live, warm', again.workerMs),
    ];
  } finally {
    for (const system of systems) await system.stop();
  }
};

const generated = async (home: string, machines: number): Promise<string> => {
  const directory = join(home, `history-${machines}`);
  const script = join(__dirname, '../scale/generate.js');
  const flags = ['--machines', String(machines), '--into', directory];
  await promisify(execFile)(process.execPath, [script, ...flags], { maxBuffer: 2 ** 26 });
  note(`history of ${count(machines)} machines generated`);
  return directory;
};

/** A system with what is asked of its machines. */
interface Measured {
  readonly system: SplitSystem;
  readonly fleet: Fleet;
}

const compareCommands = (empty: SplitSystem, many: SplitSystem): Promise<Finding> => {
  const rate = async (system: SplitSystem): Promise<number> =>
    (await load(system, ['/v1/customers'], WRITERS, { body: customer })).perSecond;
  return compareRates(
    `durable command over HTTP, ${WRITERS} clients`,
    () => rate(many),
    'on an empty store',
    () => rate(empty),
  );
};

/** An act on machines from all over the history, whose streams have to be read first. */
const compareMinerCommands = (few: Measured, many: Measured): Promise<Finding> => {
  const rate = async ({ system, fleet }: Measured): Promise<number> =>
    (await load(system, identifierPaths(fleet), WRITERS, { body: identifier })).perSecond;
  return compareRates(
    `durable command on a machine, ${WRITERS} clients`,
    () => rate(many),
    `at ${count(SMALL)}`,
    () => rate(few),
  );
};

const compareRates = async (
  what: string,
  measure: () => Promise<number>,
  against: string,
  measureOther: () => Promise<number>,
): Promise<Finding> => {
  await measureOther();
  await measure();
  const [others, values]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run += 1) {
    others.push(await measureOther());
    values.push(await measure());
  }
  note(`${what}: ${median(values).toFixed(0)}/s against ${median(others).toFixed(0)}/s`);
  return {
    what,
    measured: { values, unit: '/s' },
    against: { what: against, series: { values: others, unit: '/s' } },
    ratio: median(values) / median(others),
    target: '>= 0.8 (goal 0.9)',
  };
};

const compareReads = async (few: Measured, many: Measured): Promise<Finding[]> => {
  const findings: Finding[] = [];
  for (const [what, paths] of READS) {
    const [small, large]: [number[], number[]] = [[], []];
    const p99 = async ({ system, fleet }: Measured): Promise<number> =>
      (await load(system, paths(fleet), READERS, { ms: READ_MS })).p99Ms;
    await p99(few);
    await p99(many);
    for (let run = 0; run < RUNS; run += 1) {
      small.push(await p99(few));
      large.push(await p99(many));
    }
    note(`${what}: ${median(large).toFixed(1)} ms against ${median(small).toFixed(1)} ms`);
    findings.push({
      what: `${what}, p99`,
      measured: { values: large, unit: 'ms' },
      against: { what: `at ${count(SMALL)}`, series: { values: small, unit: 'ms' } },
      ratio: median(large) / median(small),
      target: '<= 3 (goal 2)',
    });
  }
  return findings;
};

const compareBulk = async (
  empty: SplitSystem,
  many: SplitSystem,
  machines: number,
): Promise<Finding[]> => {
  const moves = Math.min(MOVES, Math.floor(machines * MOVED_AT_MOST));
  const deliveryOn = async (system: SplitSystem): Promise<number> => {
    const { contractId } = await prepare(system);
    return deliver(system, contractId, 0);
  };
  const alone = await deliveryOn(empty);
  const full = await deliveryOn(many);
  note('deliveries measured');
  const moved = await relocateByPlan(many, many.approver, moves);
  note('moves measured');
  return [
    {
      what: `delivery of ${count(MACHINES)} machines, upload to visible`,
      measured: { values: [full], unit: 'ms' },
      against: { what: 'on an empty store', series: { values: [alone], unit: 'ms' } },
      ratio: full / alone,
      target: '',
    },
    {
      what: `relocation plan of ${count(moves)} moves, approval to visible`,
      measured: { values: [moved], unit: 'ms' },
      target: '',
    },
  ];
};

const load = async (
  { origin, token }: SplitSystem,
  paths: readonly string[],
  clients: number,
  more: Partial<Pick<Load, 'body' | 'ms'>> = {},
): Promise<LoadResult> => {
  const job: Load = { origin, token, paths, clients, ms: LOAD_MS, ...more };
  const result = await askChild<LoadResult>('load', job, CHILD_WITHIN_MS);
  const failures = Object.entries(result.failures);
  if (failures.length > 0) throw new Error(`${paths[0]} failed: ${JSON.stringify(failures)}`);
  return result;
};

const count = (value: number): string => value.toLocaleString('en');

const note = (text: string): void => console.error(`  ${text}`);

const main = async (flags: Flags): Promise<void> => {
  if (flags.from && !existsSync(flags.from)) throw new Error(`There is no ${flags.from}`);
  const home = mkdtempSync(join(tmpdir(), 'hostledger-scale-'));
  const started = performance.now();
  try {
    const findings = await bench(home, flags);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(`${machineLine()}; medians [lowest-highest] of one run of ${seconds} s\n`);
    console.log(table(findings));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

new Command('bench:scale')
  .description('Measure a small and a large fleet against each other')
  .option('--machines <count>', 'machines of the large fleet', Number, 600_000)
  .option('--from <directory>', 'a generated history of that size; it is added to')
  .action(main)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
