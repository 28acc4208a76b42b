import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { socketEndpoint, startEmbeddedNode } from '@hostledger/embedded-node';
import { measureAudit } from './audit.js';
import { measureBilling } from './billing.js';
import { askChild } from './child.js';
import { measureFeed } from './feed.js';
import { measureLag } from './lag.js';
import type { Load, LoadResult } from './load.js';
import { machineLine, median, table, type Finding } from './measure.js';
import { measureNotary } from './notary.js';
import type { Rebuild, RebuildResult } from './rebuild.js';
import { RunningSystem } from './system.js';
import { customer, deliver, install, MACHINES, noop, prepare } from './workload.js';
import type { Reading, Yardstick } from './yardstick.js';

// What the system promises of its speed, as a table. Everything is measured in this run, in turns, and
// each measured thing has a process of its own; what is compared is the ratio, since the figures
// themselves are the machine's.

const COMMAND_RUNS = 5;
const COMMAND_MS = 3_000;
const CLIENTS = 64;
const DELIVERY_RUNS = 3;
const REBUILD_RUNS = 3;
/** Alone: with one installation about 136,000 events. */
const DELIVERIES_TO_REBUILD = 2;
const RAW_IN_FLIGHT = 256;
const CHILD_WITHIN_MS = 120_000;
/** On a slow machine the later repetitions are left out, so that all of it takes under 5 minutes. */
const DELIVERIES_UNTIL_MS = 80_000;
const REBUILDS_UNTIL_MS = 160_000;

/** No limit on requests and a no-op to compare with; else as it is shipped. */
const SETTINGS = { BENCH_NOOP: 'true', RATE_LIMIT_PER_MINUTE: '0' };

const bench = async (home: string): Promise<Finding[]> => {
  const dataDir = join(home, 'data');
  const cold = await RunningSystem.start(dataDir, SETTINGS);
  const bulk = await measureBulk(cold, dataDir, home).finally(() => cold.stop());
  const rebuild = await measureRebuild(dataDir, REBUILDS_UNTIL_MS);
  const warm = await RunningSystem.start(dataDir, SETTINGS);
  const commands = await measureWarm(warm).finally(() => warm.stop());
  return [
    ...commands,
    ...bulk,
    ...rebuild,
    {
      what: 'start to ready, warm, after all that',
      measured: { values: [warm.readyAfterMs], unit: 'ms' },
      target: '< 10,000 ms',
    },
    {
      what: 'start to ready, first',
      measured: { values: [cold.readyAfterMs], unit: 'ms' },
      target: '',
    },
  ];
};

type Measure = (home: string) => Promise<Finding[]>;

/** On an empty log. */
const onItsOwn =
  (measure: (system: RunningSystem) => Promise<Finding[]>): Measure =>
  async (home) => {
    const system = await RunningSystem.start(join(home, 'data'), SETTINGS);
    return measure(system).finally(() => system.stop());
  };

const rebuildAlone: Measure = async (home) => {
  const dataDir = join(home, 'data');
  const system = await RunningSystem.start(dataDir, SETTINGS);
  try {
    const { contractId } = await prepare(system);
    for (let run = 0; run < DELIVERIES_TO_REBUILD; run += 1) await deliver(system, contractId, run);
    await install(system, 0);
  } finally {
    await system.stop();
  }
  note('delivered and installed what is to be rebuilt');
  return measureRebuild(dataDir, Infinity);
};

const customers = (system: RunningSystem) => (): Promise<LoadResult> =>
  load(system, '/v1/customers', customer);

const feed = (system: RunningSystem): Promise<Finding[]> => measureFeed(system, customers(system));
const lag = (system: RunningSystem): Promise<Finding[]> => measureLag(system, customers(system));

/** What can be measured alone: `npm run bench -- lag`. */
const ALONE: Readonly<Record<string, Measure>> = {
  audit: (home) => measureAudit(home, note),
  billing: (home) => measureBilling(home, SETTINGS, note),
  commands: onItsOwn((system) => measureCommands(system)),
  feed: onItsOwn(feed),
  lag: onItsOwn(lag),
  notary: (home) => measureNotary(home, note),
  rebuild: rebuildAlone,
};

const measureWarm = async (system: RunningSystem): Promise<Finding[]> => [
  ...(await measureCommands(system)),
  ...(await lag(system)),
  ...(await feed(system)),
];

const repeats = (run: number, wanted: number, untilMs: number): boolean =>
  run === 0 || (run < wanted && performance.now() < untilMs);

const measureBulk = async (
  system: RunningSystem,
  dataDir: string,
  home: string,
): Promise<Finding[]> => {
  const source = socketEndpoint(join(dataDir, 'events'));
  const rawNode = await startEmbeddedNode({ directory: join(home, 'raw') });
  const delivered: number[] = [];
  const raw: number[] = [];
  let events = 0;
  try {
    const { contractId } = await prepare(system);
    for (let run = 0; repeats(run, DELIVERY_RUNS, DELIVERIES_UNTIL_MS); run += 1) {
      const { head: after } = await yardstick({ measure: 'head', endpoint: source });
      if (run === 0) await system.probe();
      delivered.push(await deliver(system, contractId, run));
      note(`delivery ${run + 1}: ${delivered.at(-1)!.toFixed(0)} ms`);
      const target = rawNode.endpoint;
      const job = {
        measure: 'append',
        source,
        after,
        target,
        inFlight: RAW_IN_FLIGHT,
        run,
      } as const;
      const reading = await yardstick(job);
      raw.push(reading.ms);
      events = reading.events;
      note(`raw appends of its ${events} events: ${reading.ms.toFixed(0)} ms`);
    }
    const { p99Ms, maxMs, rssMb } = await system.probe();
    const installed = await install(system, 0);
    note(`installation: ${installed.toFixed(0)} ms`);
    return [
      {
        what: `delivery of ${MACHINES} machines, upload to visible`,
        measured: { values: delivered, unit: 'ms' },
        against: { what: `its ${events} events appended raw`, series: { values: raw, unit: 'ms' } },
        ratio: median(delivered) / median(raw),
        target: '<= 4 (goal 3)',
      },
      {
        what: `installation of ${MACHINES} machines, upload to visible`,
        measured: { values: [installed], unit: 'ms' },
        target: '',
      },
      ...stalls('deliveries', p99Ms, maxMs),
      {
        what: `memory after ${delivered.length} deliveries`,
        measured: { values: [rssMb], unit: 'MB' },
        target: '< 1,024 MB',
      },
    ];
  } finally {
    await rawNode.stop();
  }
};

const measureRebuild = async (dataDir: string, untilMs: number): Promise<Finding[]> => {
  const node = await startEmbeddedNode({ directory: join(dataDir, 'events') });
  const rebuilt: number[] = [];
  const read: number[] = [];
  let events = 0;
  try {
    const { endpoint } = node;
    for (let run = 0; repeats(run, REBUILD_RUNS, untilMs); run += 1) {
      const reading = await yardstick({ measure: 'readAll', endpoint });
      events = reading.events;
      read.push((events / reading.ms) * 1000);
      const job: Rebuild = { endpoint };
      const { ms } = await askChild<RebuildResult>('rebuild', job, CHILD_WITHIN_MS);
      rebuilt.push((events / ms) * 1000);
      note(`rebuild ${run + 1}: ${ms.toFixed(0)} ms, bare read ${reading.ms.toFixed(0)} ms`);
    }
  } finally {
    await node.stop();
  }
  return [
    {
      what: `rebuild of all read models, ${events} events`,
      measured: { values: rebuilt, unit: 'events/s' },
      against: { what: 'bare readAll', series: { values: read, unit: 'events/s' } },
      ratio: median(rebuilt) / median(read),
      target: '>= 0.5',
    },
  ];
};

const measureCommands = async (system: RunningSystem): Promise<Finding[]> => {
  await load(system, '/v1/noop', noop);
  await load(system, '/v1/customers', customer);
  const noops: LoadResult[] = [];
  const commands: LoadResult[] = [];
  const stallsSeen = [];
  for (let run = 0; run < COMMAND_RUNS; run += 1) {
    noops.push(await load(system, '/v1/noop', noop));
    await system.probe();
    commands.push(await load(system, '/v1/customers', customer));
    stallsSeen.push(await system.probe());
    note(`commands ${run + 1}: ${commands.at(-1)!.perSecond.toFixed(0)}/s`);
  }
  const rates = (results: readonly LoadResult[]) => ({
    values: results.map(({ perSecond }) => perSecond),
    unit: '/s',
  });
  return [
    {
      what: `durable command over HTTP, ${CLIENTS} clients`,
      measured: rates(commands),
      against: { what: 'validated no-op POST', series: rates(noops) },
      ratio: median(rates(commands).values) / median(rates(noops).values),
      target: '>= 0.4 (goal 0.5)',
    },
    {
      what: 'its latency, p50',
      measured: { values: commands.map(({ p50Ms }) => p50Ms), unit: 'ms' },
      target: '',
    },
    {
      what: 'its latency, p99',
      measured: { values: commands.map(({ p99Ms }) => p99Ms), unit: 'ms' },
      target: '',
    },
    ...stalls(
      'commands',
      median(stallsSeen.map(({ p99Ms }) => p99Ms)),
      Math.max(...stallsSeen.map(({ maxMs }) => maxMs)),
    ),
  ];
};

const stalls = (during: string, p99Ms: number, maxMs: number): Finding[] => [
  {
    what: `event loop stall during ${during}, p99`,
    measured: { values: [p99Ms], unit: 'ms' },
    target: '<= 20 ms',
  },
  {
    what: `event loop stall during ${during}, longest`,
    measured: { values: [maxMs], unit: 'ms' },
    target: '',
  },
];

const load = async (
  { origin, token }: RunningSystem,
  path: string,
  body: NonNullable<Load['body']>,
): Promise<LoadResult> => {
  const job: Load = { origin, token, paths: [path], body, clients: CLIENTS, ms: COMMAND_MS };
  const result = await askChild<LoadResult>('load', job, CHILD_WITHIN_MS);
  const failures = Object.entries(result.failures);
  if (failures.length > 0) throw new Error(`${path} failed: ${JSON.stringify(failures)}`);
  return result;
};

const yardstick = (job: Yardstick): Promise<Reading> =>
  askChild<Reading>('yardstick', job, CHILD_WITHIN_MS);

const note = (text: string): void => console.error(`  ${text}`);

const measureNamed = (name: string): Measure => {
  const measure = ALONE[name];
  if (measure) return measure;
  throw new Error(`There is no measure ${name}, only ${Object.keys(ALONE).join(', ')}`);
};

const main = async (): Promise<void> => {
  const [name] = process.argv.slice(2);
  const measure = name === undefined ? bench : measureNamed(name);
  const home = mkdtempSync(join(tmpdir(), 'hostledger-bench-'));
  const started = performance.now();
  try {
    const findings = await measure(home);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(`${machineLine()}; medians [lowest-highest] of one run of ${seconds} s\n`);
    console.log(table(findings));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
