import type { LogFeed, LogFeeds, Projection, RecordedEvent } from '@hostledger/eventsourcing';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { embeddedDatabase, type TestDatabase } from './databases.js';

/** Catching up takes this long at most before a spec fails. */
const CAUGHT_UP_WITHIN_MS = 15_000;

export interface FilledReadModels {
  readonly readModels: ReadModels;
  /** Lets them see what has come to the log since. @param now the log as it is, if not the same array. */
  readonly catchUp: (now?: readonly RecordedEvent[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Read models on the embedded database, filled from this log as the worker would, for specs of
 * queries. They are true as of the last `catchUp`.
 *
 * @param shared a database in which nothing is, for a file with several logs: to open one takes a
 *   second of processor time. It stays open, and is empty again when the read models are closed.
 */
export const readModelsOf = async (
  projections: readonly Projection[],
  log: readonly RecordedEvent[],
  shared?: TestDatabase,
): Promise<FilledReadModels> => {
  // Loaded here, so that specs without a database do not pay for one.
  const { ProjectionRunner, ReadModels } = await import('@hostledger/eventsourcing/postgres');
  const own = shared ?? (await embeddedDatabase());
  const { database } = own;
  const source = new Source();
  const runner = new ProjectionRunner({ name: 'spec', projections, database, feeds: source });
  const close = async (): Promise<void> => {
    await runner.stop();
    await (shared ? shared.empty() : own.close());
  };
  const catchUp = async (now = log): Promise<void> => {
    source.show(now);
    await runner.waitFor(source.end, CAUGHT_UP_WITHIN_MS);
    const failed = runner.status().projections.find(({ failure }) => failure);
    if (failed) throw new Error(`${failed.name} stopped: ${failed.failure!.cause}`);
  };
  try {
    source.show(log);
    runner.start();
    await catchUp();
    const readModels = new ReadModels(database, { projections, progress: runner });
    return { readModels, catchUp, close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** A log as far as it is shown; each feed hands out what it has not, as one batch. */
class Source implements LogFeeds {
  private events: readonly RecordedEvent[] = [];
  private shown = Promise.withResolvers<void>();

  get end(): bigint {
    return this.events.at(-1)?.position ?? 0n;
  }

  show(log: readonly RecordedEvent[]): void {
    this.events = [...log];
    this.shown.resolve();
    this.shown = Promise.withResolvers();
  }

  open({ from }: { readonly from: bigint }): LogFeed {
    const closed = Promise.withResolvers<never>();
    closed.promise.catch(() => undefined);
    let position = from;
    let saidThatItIsTheEnd = false;
    return {
      next: async () => {
        while (saidThatItIsTheEnd && position >= this.end) {
          await Promise.race([this.shown.promise, closed.promise]);
        }
        const events = this.events.filter((event) => event.position > position);
        if (this.end > position) position = this.end;
        saidThatItIsTheEnd = true;
        return { events, position, caughtUp: true };
      },
      close: () => {
        closed.reject(new DOMException('The feed was closed', 'AbortError'));
        return Promise.resolve();
      },
    };
  }
}
