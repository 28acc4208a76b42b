import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Notary, NotaryKeyFiles } from '@hostledger/audit';
import { AggregateStore, noDecisions } from '@hostledger/eventsourcing';
import { EventStore, EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import { openDatabase } from '@hostledger/eventsourcing/postgres';
import { answerOne } from './child.js';

/** A notary from nothing to the first checkpoint of a log, on the embedded database. */
export interface NotaryJob {
  readonly endpoint: string;
}

export interface NotaryResult {
  readonly events: number;
  readonly ms: number;
  /** Of the thread that follows and hashes; the database has one of its own. */
  readonly cpuMs: number;
}

const ORIGIN = 'bench.example/log';
const WITHIN_MS = 240_000;

const follow = async ({ endpoint }: NotaryJob): Promise<NotaryResult> => {
  const home = mkdtempSync(join(tmpdir(), 'hostledger-bench-notary-'));
  const eventStore = new EventStore({ connection: { endpoint } });
  const database = await openDatabase({ directory: join(home, 'read-models') });
  // PGlite is opened by its first query; that is start-up.
  await database.ping(180_000);
  const notary = new Notary({
    store: new AggregateStore(eventStore),
    log: eventStore,
    feeds: new EventStoreFeeds(eventStore),
    database,
    origin: ORIGIN,
    keys: new NotaryKeyFiles({ origin: ORIGIN, dataDir: home }),
    intervalMs: 60_000,
    place: undefined,
    witnesses: [],
    decisions: () => Promise.resolve(noDecisions),
    warned: (message, error) => console.error(message, error),
  });
  try {
    const before = process.threadCpuUsage();
    const started = performance.now();
    notary.start();
    while (notary.status().phase !== 'live') {
      if (performance.now() - started > WITHIN_MS) throw new Error('Not followed in time');
      await sleep(10);
    }
    const ms = performance.now() - started;
    const { user, system } = process.threadCpuUsage(before);
    return { events: notary.status().size, ms, cpuMs: (user + system) / 1000 };
  } finally {
    await notary.stop();
    await database.close();
    await eventStore.close();
    rmSync(home, { recursive: true, force: true });
  }
};

answerOne(follow);
