import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStore, EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import { openDatabase, ProjectionRunner } from '@hostledger/eventsourcing/postgres';
import { readModelProjections } from '../../apps/composition/rooms.js';
import { answerOne } from './child.js';

/** All read models from nothing to live, on the embedded database, by the code of the worker. */
export interface Rebuild {
  readonly endpoint: string;
}

export interface RebuildResult {
  readonly ms: number;
}

const WITHIN_MS = 120_000;

const rebuild = async ({ endpoint }: Rebuild): Promise<RebuildResult> => {
  const directory = mkdtempSync(join(tmpdir(), 'hostledger-bench-read-models-'));
  const eventStore = new EventStore({ connection: { endpoint } });
  const database = await openDatabase({ directory });
  // PGlite is opened by its first query; that is start-up, not rebuilding.
  await database.ping(30_000);
  const runner = new ProjectionRunner({
    name: 'rebuild',
    projections: readModelProjections,
    database,
    feeds: new EventStoreFeeds(eventStore),
  });
  try {
    const started = performance.now();
    runner.start();
    await live(runner);
    return { ms: performance.now() - started };
  } finally {
    await runner.stop();
    await database.close();
    await eventStore.close();
    rmSync(directory, { recursive: true, force: true });
  }
};

const live = (runner: ProjectionRunner): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Not rebuilt in time')), WITHIN_MS);
    const unsubscribe = runner.onProgress(() => {
      const { phase, projections, lastError } = runner.status();
      const failed = projections.find(({ failure }) => failure);
      const fault = failed?.failure?.cause ?? lastError?.message;
      if (phase !== 'live' && !fault) return;
      clearTimeout(timer);
      unsubscribe();
      if (fault) reject(new Error(fault));
      else resolve();
    });
  });

answerOne(rebuild);
