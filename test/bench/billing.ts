import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { socketEndpoint, startEmbeddedNode } from '@hostledger/embedded-node';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { eventsDirectory } from '../../apps/composition/system.js';
import { BillingHistory, chargedFor, CONTRACT, MONTH } from './billing-history.js';
import type { Finding } from './measure.js';
import { RunningSystem } from './system.js';
import { MACHINES } from './workload.js';

// A month of the announced 27,000 machines: from the request to close it until its statement is
// issued, and the same once more with the process killed in the middle.

const POLL_MS = 50;
const CLOSED_WITHIN_MS = 300_000;
/** Read models are filled from the history at the first start. */
const READY_WITHIN_MS = 600_000;
/** Of what the first close took: when the second one is killed. */
const KILLED_AFTER = 0.4;

export const measureBilling = async (
  home: string,
  settings: Readonly<Record<string, string>>,
  note: (text: string) => void,
  machines = MACHINES,
): Promise<Finding[]> => {
  const first = join(home, 'first', 'data');
  const second = join(home, 'second', 'data');
  mkdirSync(first, { recursive: true });
  mkdirSync(join(home, 'second'));
  const { events, head } = await written(first, machines);
  note(`history of ${machines} machines under one contract: ${events} events`);
  const filling = await started(first, settings);
  await caughtUp(filling, head).finally(() => filling.stop());
  note('read models filled');
  cpSync(first, second, { recursive: true });

  const whole = await started(first, settings);
  const close = await measured(whole).finally(() => whole.stop());
  note(`closed in ${close.ms.toFixed(0)} ms`);
  const resumed = await killedAndResumed(second, settings, close.ms * KILLED_AFTER);
  note(`killed, started again and closed in ${resumed.ms.toFixed(0)} ms`);
  const due = chargedFor(machines);
  if (close.amount !== due) throw new Error(`The month comes to ${close.amount}, not ${due}`);
  if (resumed.linesDigest !== close.linesDigest) {
    throw new Error('The close that was killed came to other lines');
  }
  return [
    {
      what: `close of a month of ${machines} machines, request to statement issued`,
      measured: { values: [close.ms], unit: 'ms' },
      target: '< 30,000 ms',
    },
    {
      what: 'event loop stall during the close, longest',
      measured: { values: [close.maxStallMs], unit: 'ms' },
      target: '',
    },
    {
      what: 'memory at its highest, with the close',
      measured: { values: [close.peakRssMb], unit: 'MB' },
      target: '',
    },
    {
      what: 'killed in the middle: start again to statement issued, same lines',
      measured: { values: [resumed.ms], unit: 'ms' },
      target: '',
    },
  ];
};

const written = async (dataDir: string, machines: number) => {
  const directory = eventsDirectory(dataDir);
  const node = await startEmbeddedNode({ directory });
  const connection = { endpoint: socketEndpoint(directory) };
  const eventStore = new EventStore({ connection, callTimeoutMs: 60_000 });
  try {
    const history = new BillingHistory(eventStore, 'billing bench');
    await history.write(machines);
    return { events: history.events, head: await eventStore.head() };
  } finally {
    await eventStore.close();
    await node.stop();
  }
};

const started = (dataDir: string, settings: Readonly<Record<string, string>>) =>
  RunningSystem.start(dataDir, settings, READY_WITHIN_MS);

/** The read models are at the end of the history. */
const caughtUp = async (system: RunningSystem, head: bigint): Promise<void> => {
  const deadline = performance.now() + READY_WITHIN_MS;
  const atLeast = { 'min-log-position': head.toString() };
  while (performance.now() < deadline) {
    // Refused with 503 as long as they are behind.
    const answered = await system.call('GET', '/v1/billing/periods', undefined, atLeast).then(
      () => true,
      () => false,
    );
    if (answered) return;
  }
  throw new Error(`The read models are behind after ${READY_WITHIN_MS} ms`);
};

const begin = async (system: RunningSystem): Promise<void> => {
  await system.call('POST', `/v1/billing/periods/${CONTRACT}/${MONTH}/close`, {});
};

interface Issued {
  readonly linesDigest: string;
  readonly totals: readonly { readonly amount: string }[];
}

const issued = async (system: RunningSystem): Promise<Issued> => {
  const of = `contractId=${CONTRACT}&month=${MONTH}`;
  const deadline = performance.now() + CLOSED_WITHIN_MS;
  while (performance.now() < deadline) {
    const periods = await listed<{ status: string }>(system, `/v1/billing/periods?${of}`);
    if (periods[0]?.status === 'refused') throw new Error('The close was refused');
    const statements = await listed<Issued>(system, `/v1/statements?${of}`);
    if (statements[0]) return statements[0];
    await sleep(POLL_MS);
  }
  throw new Error(`Not closed within ${CLOSED_WITHIN_MS} ms`);
};

const listed = async <Item>(system: RunningSystem, path: string): Promise<readonly Item[]> =>
  ((await system.call('GET', path)).body as { readonly items: readonly Item[] }).items;

const measured = async (system: RunningSystem) => {
  await system.probe();
  const from = performance.now();
  await begin(system);
  const { linesDigest, totals } = await issued(system);
  const ms = performance.now() - from;
  const { maxMs: maxStallMs, peakRssMb } = await system.probe();
  return { ms, linesDigest, amount: totals[0]?.amount, maxStallMs, peakRssMb };
};

const killedAndResumed = async (
  dataDir: string,
  settings: Readonly<Record<string, string>>,
  afterMs: number,
) => {
  const killed = await started(dataDir, settings);
  await begin(killed);
  await sleep(afterMs);
  await killed.kill();
  const from = performance.now();
  const again = await started(dataDir, settings);
  try {
    const { linesDigest } = await issued(again);
    return { ms: performance.now() - from, linesDigest };
  } finally {
    await again.stop();
  }
};
