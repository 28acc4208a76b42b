import { setTimeout as sleep } from 'node:timers/promises';
import { startWorker, type Worker } from '../../apps/worker/src/worker.js';
import type { System } from '../../apps/composition/system.js';
import type { Cluster } from './cluster.js';
import { doorToEventStore, doorToPostgres, type Door } from './door.js';
import { connectTo } from './tables.js';

const BURIED_WITHIN_MS = 20_000;

/**
 * All that a worker process runs, on connections of its own through doors that nobody else uses.
 * It dies by both being shut for ever: its connections break wherever they are, with nothing sent
 * after, and no other is let in. That is all the world sees of `kill -9` of a process that keeps
 * nothing but what it has written through these connections, for a hundredth of the time that it
 * takes to start a process.
 */
export class WorkerLife {
  private constructor(
    private readonly doors: readonly Door[],
    private readonly system: System,
    private readonly worker: Worker,
  ) {}

  static async begin(cluster: Cluster): Promise<WorkerLife> {
    const store = await doorToEventStore(cluster.nodePort);
    const database = await doorToPostgres(cluster.postgres.url);
    const system = await connectTo({
      ...cluster.env,
      EVENTSTORE_URL: store.url,
      DATABASE_URL: database.url,
    });
    return new WorkerLife([store.door, database.door], system, startWorker(system));
  }

  /** Resolves when its connections are broken. What is left of it is cleared away by {@link bury}. */
  async die(): Promise<void> {
    await Promise.all(this.doors.map((door) => door.shut()));
  }

  /** Ends what is left, alive or dead, within bounds. */
  async bury(): Promise<void> {
    const over = new AbortController();
    const late = sleep(BURIED_WITHIN_MS, undefined, { signal: over.signal }).catch(() => undefined);
    const ended = this.worker.stop().then(() => this.system.close());
    await Promise.race([ended.catch(() => undefined), late]);
    over.abort();
    await this.die();
  }
}
