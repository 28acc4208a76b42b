import { setTimeout as sleep } from 'node:timers/promises';
import { compareWithLog, connectTo, tablesAtEnd } from '../support/tables.js';
import type { Caller } from './caller.js';
import { checkLog } from './checks.js';
import { faultsByCommand, faultsOfFronts, type Fault } from './faults.js';
import { Ledger } from './ledger.js';
import { randomFrom, shuffled } from './random.js';
import { reportOf, type Befell, type Report } from './report.js';
import { RunningSystem, SUBJECT } from './system.js';
import { Client, operationEnded, prepare } from './work.js';

export interface RunOptions {
  readonly seed: number;
  readonly clients: number;
  readonly apis: number;
  readonly workers: number;
  /** Goes on with one fault after another for so long, and until each was there once. */
  readonly seconds: number;
  /** Between a fault that was mended and the next. */
  readonly calmMs: number;
  readonly given?: { readonly eventStoreUrl: string; readonly databaseUrl: string } | undefined;
  /** Of a cluster that was given. */
  readonly faultCommand?: string | undefined;
  readonly faultNames?: readonly string[] | undefined;
  readonly faultHoldMs?: number;
  readonly say?: (line: string) => void;
}

const MAX_EVENTS = 5_000_000;

/** Clients at work while one fault after another befalls the store; resolves with what was found. */
export const runFailover = async (options: RunOptions): Promise<Report> => {
  const { say = () => undefined } = options;
  const system = await RunningSystem.start(options);
  try {
    const { origins, token, store } = system;
    const ledger = new Ledger(SUBJECT);
    const callerOf = (number: number): Caller => ({
      ...{ origins, token, ledger },
      random: randomFrom(options.seed * 1_000 + number),
    });
    const ground = await prepare(callerOf(-1), options.clients);
    say(`Ready, with ${ground.places.size} machines in ${ground.racks.length} racks`);
    const faults = store
      ? faultsOfFronts(store)
      : faultsByCommand(
          options.faultCommand ?? ':',
          options.faultCommand ? (options.faultNames ?? ['fault']) : [],
          options.faultHoldMs ?? 10_000,
        );
    let going = true;
    const from = Date.now();
    const clients = Array.from({ length: options.clients }, (_, number) =>
      new Client(number, callerOf(number), ground).goOn(() => going),
    );
    // One that fails stops the run, and not the process.
    const working = Promise.all(clients);
    working.catch(() => undefined);
    const befell = await Promise.race([befall(faults, options, from), working.then(() => [])]);
    const until = Date.now();
    going = false;
    await working;
    say(`All clients have their last answer, ${((Date.now() - until) / 1_000).toFixed(1)} s after`);
    const { wrong, checked } = await examine(system, ledger, callerOf(-2));
    return reportOf(ledger, { from, until }, befell, [...ledger.wrong, ...wrong], checked);
  } finally {
    await system.stop();
  }
};

const befall = async (
  faults: readonly Fault[],
  { seed, seconds, calmMs, say = () => undefined }: RunOptions,
  from: number,
): Promise<Befell[]> => {
  const random = randomFrom(seed);
  const befell: Befell[] = [];
  const isOver = (): boolean => Date.now() - from >= seconds * 1_000;
  await sleep(calmMs);
  for (let round = 0; round === 0 || !isOver(); round += 1) {
    if (faults.length === 0) await sleep(1_000);
    for (const { name, holdMs, begin } of shuffled(random, faults)) {
      if (round > 0 && isOver()) break;
      say(`${((Date.now() - from) / 1_000).toFixed(1)} s: ${name}`);
      const at = Date.now();
      const mend = await begin();
      await sleep(holdMs);
      await mend();
      befell.push({ name, at, mendedAt: Date.now() });
      await sleep(calmMs);
    }
  }
  return befell;
};

const examine = async (
  running: RunningSystem,
  ledger: Ledger,
  caller: Caller,
): Promise<{ wrong: readonly string[]; checked: Readonly<Record<string, number>> }> => {
  const wrong: string[] = [];
  const uploads = ledger.entries.filter(
    ({ kind, outcome }) => kind === 'delivery' && outcome === 'accepted',
  );
  for (const entry of uploads) {
    const { done, rejected } = await operationEnded(caller, entry);
    if (done === entry.lines && rejected === 0) continue;
    wrong.push(`${entry.key}: ${done} of ${entry.lines} lines done, ${rejected} rejected`);
  }
  const system = await connectTo(running.env);
  try {
    await tablesAtEnd(system);
    const events = await system.eventStore.readAll(0n, MAX_EVENTS);
    wrong.push(...checkLog(ledger, events));
    const { differences, rows } = await compareWithLog(system);
    wrong.push(...differences);
    return {
      wrong,
      checked: { events: events.length, 'rows of read models': rows, uploads: uploads.length },
    };
  } finally {
    await system.close();
  }
};
