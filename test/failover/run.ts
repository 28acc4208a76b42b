import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { compareWithLog, connectTo, tablesAtEnd } from '../support/tables.js';
import type { Caller } from './caller.js';
import { checkLog, type Findings } from './checks.js';
import { faultsByCommand, faultsOfFronts, TWO_LEAD, type Fault } from './faults.js';
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
  /** These alone; all of the fronts otherwise. */
  readonly faultNames?: readonly string[] | undefined;
  readonly faultHoldMs?: number;
  readonly say?: (line: string) => void;
}

/** Of a fault that is mended. */
const RECOVERED_WITHIN_MS = 30_000;
/** After it is mended: the last of what was asked before. */
const ANSWERED_WITHIN_MS = 5_000;

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
      ? faultsOfFronts(store).filter(({ name }) => options.faultNames?.includes(name) ?? true)
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
    const befell = await Promise.race([
      befall(faults, options, from, ledger),
      working.then(() => []),
    ]);
    const until = Date.now();
    going = false;
    await working;
    say(`All clients have their last answer, ${((Date.now() - until) / 1_000).toFixed(1)} s after`);
    const { findings, checked } = await examine(system, ledger, callerOf(-2), befell);
    return reportOf(ledger, { from, until }, befell, findings, checked);
  } finally {
    await system.stop();
  }
};

const befall = async (
  faults: readonly Fault[],
  { seed, seconds, calmMs, say = () => undefined }: RunOptions,
  from: number,
  ledger: Ledger,
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
      await untilAcknowledged(ledger, name, at);
      await sleep(calmMs);
    }
  }
  return befell;
};

/** Resolves once something was acknowledged that was sent after the fault. */
const untilAcknowledged = async (ledger: Ledger, name: string, at: number): Promise<void> => {
  const deadline = Date.now() + RECOVERED_WITHIN_MS;
  const isDone = (): boolean =>
    ledger.entries.some(({ outcome, lastSentAt }) => outcome === 'accepted' && lastSentAt >= at);
  while (!isDone()) {
    if (Date.now() > deadline) return ledger.fault(`Nothing was acknowledged again after: ${name}`);
    await sleep(50);
  }
};

const examine = async (
  running: RunningSystem,
  ledger: Ledger,
  caller: Caller,
  befell: readonly Befell[],
): Promise<{ findings: Findings; checked: Readonly<Record<string, number>> }> => {
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
    const events: RecordedEvent[] = [];
    for await (const batch of system.eventStore.readLog(0n, await system.eventStore.head())) {
      for (const event of batch) if (!event.type.startsWith('$')) events.push(event);
    }
    const twoLed = (instant: number): boolean =>
      befell.some(
        ({ name, at, mendedAt }) =>
          name === TWO_LEAD && instant >= at && instant <= mendedAt + ANSWERED_WITHIN_MS,
      );
    const { wrong: inLog, stale } = checkLog(ledger, events, twoLed);
    const { differences, rows } = await compareWithLog(system);
    return {
      findings: { wrong: [...ledger.wrong, ...wrong, ...inLog, ...differences], stale },
      checked: { events: events.length, 'rows of read models': rows, uploads: uploads.length },
    };
  } finally {
    await system.close();
  }
};
