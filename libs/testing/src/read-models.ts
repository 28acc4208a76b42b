import { rm } from 'node:fs/promises';
import type { LogBatch, LogFeeds, Projection, RecordedEvent } from '@hostledger/eventsourcing';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { embeddedDirectory } from './embedded-directory.js';

/** Catching up takes this long at most before a spec fails. */
const CAUGHT_UP_WITHIN_MS = 15_000;

/**
 * Read models on the embedded database, filled from this log as the worker would, for specs of
 * queries. `read` of the result first waits for the end of the log.
 */
export const readModelsOf = async (
  projections: readonly Projection[],
  log: readonly RecordedEvent[],
): Promise<{ readonly readModels: ReadModels; readonly close: () => Promise<void> }> => {
  // Loaded here, so that specs without a database do not pay for one.
  const { openDatabase, ProjectionRunner, ReadModels } =
    await import('@hostledger/eventsourcing/postgres');
  const directory = await embeddedDirectory();
  const database = await openDatabase({ directory });
  const feeds = feedsOf(log);
  const runner = new ProjectionRunner({ name: 'spec', projections, database, feeds });
  const close = async (): Promise<void> => {
    await runner.stop();
    await database.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    runner.start();
    await runner.waitFor(endOf(log), CAUGHT_UP_WITHIN_MS);
    const failed = runner.status().projections.find(({ failure }) => failure);
    if (failed) throw new Error(`${failed.name} stopped: ${failed.failure!.cause}`);
    return { readModels: new ReadModels(database, { projections, progress: runner }), close };
  } catch (error) {
    await close();
    throw error;
  }
};

const endOf = (log: readonly RecordedEvent[]): bigint => log.at(-1)?.position ?? 0n;

/** The whole log as one batch, then nothing more until the feed is closed. */
const feedsOf = (log: readonly RecordedEvent[]): LogFeeds => ({
  open: () => {
    let closed = (_reason: Error): void => undefined;
    const untilClosed = new Promise<LogBatch>((_, reject) => (closed = reject));
    untilClosed.catch(() => undefined);
    let handedOut = false;
    return {
      next: () => {
        if (handedOut) return untilClosed;
        handedOut = true;
        return Promise.resolve({ events: log, position: endOf(log), caughtUp: true });
      },
      close: () => {
        closed(new DOMException('The feed was closed', 'AbortError'));
        return Promise.resolve();
      },
    };
  },
});
