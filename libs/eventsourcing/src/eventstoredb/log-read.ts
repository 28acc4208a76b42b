import {
  FORWARDS,
  START,
  type EventStoreDBClient,
  type ResolvedEvent,
} from '@eventstore/db-client';
import type { RecordedEvent } from '../message.js';
import { CallTimedOut } from './failures.js';
import { toRecorded } from './recorded.js';

/** Records that lie ready while the consumer is busy; beyond it the server is held back. */
const HIGH_WATER_RECORDS = 1_024;

/**
 * The log from a position on, as many records at once as are there; ends at the end of the log.
 * @throws CallTimedOut when the store says nothing for so long.
 */
export async function* logBatches(
  client: EventStoreDBClient,
  from: bigint,
  silenceMs: number,
): AsyncGenerator<readonly RecordedEvent[]> {
  const fromPosition = from === 0n ? START : { commit: from, prepare: from };
  const read = client.readAll(
    // A follower's log may end before what was asked for.
    { direction: FORWARDS, fromPosition, requiresLeader: true },
    { highWaterMark: HIGH_WATER_RECORDS },
  );
  let news = (): void => undefined;
  let failure: { readonly error: unknown } | undefined;
  let ended = false;
  read.on('readable', () => news());
  read.on('end', () => {
    ended = true;
    news();
  });
  read.on('error', (error) => {
    failure ??= { error };
    news();
  });
  const take = (): ResolvedEvent | null => read.read() as ResolvedEvent | null;
  try {
    while (!ended) {
      const batch: RecordedEvent[] = [];
      for (let next = take(); next !== null; next = take()) {
        const event = toRecorded(next);
        if (event) batch.push(event);
      }
      if (batch.length > 0) yield batch;
      else if (failure) throw failure.error;
      else if (!ended) {
        await within(silenceMs, (resolve) => (news = resolve));
        // What comes with it is taken together.
        await nextTurn();
      }
    }
  } finally {
    read.removeAllListeners('readable').on('error', () => undefined);
    if (!ended) await read.cancel().catch(() => undefined);
  }
}

const within = (ms: number, begin: (resolve: () => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new CallTimedOut('read of the log', ms)), ms);
    begin(() => {
      clearTimeout(timer);
      resolve();
    });
  });

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
